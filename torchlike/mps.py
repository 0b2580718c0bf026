"""`torch.mps`: a kind of device that is not here."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent

__all__ = ["device_count", "is_available"]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to free."""


def synchronize(device: Any = None) -> None:
    """Nothing to wait for."""


__getattr__ = absent("torch.mps")
