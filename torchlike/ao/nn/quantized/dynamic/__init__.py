"""Layers of floats with int8 weights: what comes in is quantized by its own range."""

from __future__ import annotations

from torchlike.ao.nn.quantized.dynamic.modules import *
from torchlike.ao.nn.quantized.dynamic.modules import __all__ as __all__
