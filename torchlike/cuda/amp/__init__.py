"""torch.cuda.amp: the old spellings of `torch.amp` for GPUs."""

from __future__ import annotations

from torchlike.cuda.amp import autocast_mode, common, grad_scaler
from torchlike.cuda.amp.autocast_mode import autocast, custom_bwd, custom_fwd
from torchlike.cuda.amp.common import amp_definitely_not_available
from torchlike.cuda.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "amp_definitely_not_available", "autocast", "custom_bwd", "custom_fwd"]
