"""Fused layers on integers."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.quantized.modules import *
from torchlike.ao.nn.intrinsic.quantized.modules import __all__ as __all__
