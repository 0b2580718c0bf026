"""`torch.backends.cpu`: which instructions torch's own kernels use."""

from __future__ import annotations

from torchlike.base.errors import absent


def get_cpu_capability() -> str:
    """DEFAULT: XLA chooses the instructions."""
    return "DEFAULT"


__getattr__ = absent("torch.backends.cpu")
