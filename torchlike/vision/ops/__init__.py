"""`torchvision.ops`: so far `FrozenBatchNorm2d`."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.vision.ops import misc
from torchlike.vision.ops.misc import FrozenBatchNorm2d

__all__ = ["FrozenBatchNorm2d", "misc"]

__getattr__ = absent("torchvision.ops")
