"""`torch._utils`: names that libraries import from there."""

from __future__ import annotations

from torchlike.base.errors import absent

__getattr__ = absent("torch._utils")
