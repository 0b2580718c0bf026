"""`torchvision.transforms.functional`: so far `to_tensor` and `InterpolationMode`."""

from __future__ import annotations

import enum

from torchlike.base.errors import absent
from torchlike.vision.transforms.to_tensor import to_tensor

__all__ = ["InterpolationMode", "to_tensor"]


class InterpolationMode(enum.Enum):
    """How an image's values between pixels are found."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


__getattr__ = absent("torchvision.transforms.functional")
