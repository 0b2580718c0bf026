"""`torch.nn.quantized.dynamic`: the older name of `torch.ao.nn.quantized.dynamic`, layers with integer weights."""

from __future__ import annotations

from torchlike.ao.nn.quantized.dynamic import *
from torchlike.ao.nn.quantized.dynamic import __all__ as __all__
