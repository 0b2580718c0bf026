"""`torch.ao.nn.quantizable`: networks taken apart into layers, so that each step of them can be observed and quantized."""

from __future__ import annotations

from torchlike.ao.nn.quantizable.modules import *
from torchlike.ao.nn.quantizable.modules import __all__ as __all__
