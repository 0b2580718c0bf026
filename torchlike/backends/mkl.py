"""`torch.backends.mkl`: Intel's MKL, which XLA does not use."""

from __future__ import annotations

from torchlike.base.errors import absent


def is_available() -> bool:
    """False."""
    return False


__getattr__ = absent("torch.backends.mkl")
