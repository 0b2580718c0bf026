"""`torch.backends.openmp`: OpenMP; XLA has threads of its own."""

from __future__ import annotations

from torchlike.base.errors import absent


def is_available() -> bool:
    """False."""
    return False


__getattr__ = absent("torch.backends.openmp")
