"""`torchvision` under its own names: so far what model libraries import of it."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.vision import datasets, models, ops, transforms, utils

__all__ = ["datasets", "models", "ops", "transforms", "utils"]

__getattr__ = absent("torchvision")
