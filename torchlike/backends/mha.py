"""`torch.backends.mha`: torch's fused attention in modules."""

from __future__ import annotations

from torchlike.base.errors import absent

_fastpath = True


def get_fastpath_enabled() -> bool:
    """The setting, which changes nothing."""
    return _fastpath


def set_fastpath_enabled(value: bool) -> None:
    """Keep the setting, which changes nothing."""
    global _fastpath
    _fastpath = value


__getattr__ = absent("torch.backends.mha")
