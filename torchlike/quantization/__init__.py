"""`torch.quantization`: the older name of `torch.ao.quantization`."""

from __future__ import annotations

from torchlike.ao.quantization import *
from torchlike.base.errors import absent

__getattr__ = absent("torch.quantization")
