"""`torch.nn.intrinsic.quantized`: the older name of `torch.ao.nn.intrinsic.quantized`, fused layers on integers."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.quantized import *
from torchlike.ao.nn.intrinsic.quantized import __all__ as __all__
