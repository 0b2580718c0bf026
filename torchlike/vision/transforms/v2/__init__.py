"""`torchvision.transforms.v2`: so far its functions (`v2.functional`), which image processors of other libraries call."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.vision.transforms.functional import InterpolationMode
from torchlike.vision.transforms.v2 import functional

__all__ = ["InterpolationMode", "functional"]

__getattr__ = absent("torchvision.transforms.v2")
