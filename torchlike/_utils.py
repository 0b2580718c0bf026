"""`torch._utils`: names that libraries import from there."""

from __future__ import annotations

from torchlike.base.errors import ExceptionWrapper, KeyErrorMessage, absent

__all__ = ["ExceptionWrapper", "KeyErrorMessage"]

__getattr__ = absent("torch._utils")
