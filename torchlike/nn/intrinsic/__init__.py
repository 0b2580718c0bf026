"""`torch.nn.intrinsic`: the older name of `torch.ao.nn.intrinsic`, fused layers."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic import *
from torchlike.ao.nn.intrinsic import __all__ as __all__
