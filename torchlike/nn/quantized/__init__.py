"""`torch.nn.quantized`: the older name of `torch.ao.nn.quantized`, layers on integers."""

from __future__ import annotations

from torchlike.ao.nn.quantized import *
from torchlike.ao.nn.quantized import __all__ as __all__
