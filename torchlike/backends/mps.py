"""`torch.backends.mps`: Apple's GPU, which JAX here does not drive."""

from __future__ import annotations

from torchlike.base.errors import absent


def is_available() -> bool:
    """False."""
    return False


def is_built() -> bool:
    """False."""
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    """False."""
    return False


__getattr__ = absent("torch.backends.mps")
