"""torch.cuda.amp.grad_scaler: the old spelling of `torch.amp.GradScaler` for GPUs."""

from __future__ import annotations

from typing import Any

from torchlike.amp import grad_scaler
from torchlike.amp.grad_scaler import OptState as OptState
from torchlike.cuda.amp.common import instead

__all__ = ["GradScaler"]


class GradScaler(grad_scaler.GradScaler):
    """Deprecated: `torch.amp.GradScaler("cuda", ...)`, whose arguments these are."""

    def __init__(self, *args: Any, **options: Any) -> None:
        instead("GradScaler(args...)", "GradScaler('cuda', args...)")
        super().__init__("cuda", *args, **options)
