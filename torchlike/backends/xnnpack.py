"""`torch.backends.xnnpack`: XNNPACK, which is not used."""

from __future__ import annotations

from torchlike.base.errors import absent

enabled = False


def is_available() -> bool:
    """False."""
    return False


__getattr__ = absent("torch.backends.xnnpack")
