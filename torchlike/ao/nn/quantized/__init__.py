"""Layers on integers: int8 weights, 8-bit activations, 32-bit sums."""

from __future__ import annotations

from torchlike.ao.nn.quantized import functional
from torchlike.ao.nn.quantized.modules import *
from torchlike.ao.nn.quantized.modules import __all__ as _layers
from torchlike.nn.modules.pooling import MaxPool2d

__all__ = ["MaxPool2d", "functional", *_layers]
