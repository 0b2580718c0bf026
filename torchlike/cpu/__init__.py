"""Questions that scripts ask of the CPU as a device."""

from __future__ import annotations

from typing import Any

from torchlike.cpu import amp
from torchlike.engine import flush

__all__ = ["amp", "current_device", "device_count", "is_available", "synchronize"]


def is_available() -> bool:
    """True."""
    return True


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """The string "cpu", as in torch."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Run what is pending."""
    flush()
