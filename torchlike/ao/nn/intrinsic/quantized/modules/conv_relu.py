"""Convolutions and ReLU on integers: ReLU is the lower end of the range."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.quantized.modules import conv

__all__ = ["ConvReLU1d", "ConvReLU2d", "ConvReLU3d"]


class ConvReLU1d(conv.Conv1d):
    """`relu(conv1d(x))`."""

    relu = True
    _FLOAT_MODULE = fused.ConvReLU1d


class ConvReLU2d(conv.Conv2d):
    """`relu(conv2d(x))`."""

    relu = True
    _FLOAT_MODULE = fused.ConvReLU2d


class ConvReLU3d(conv.Conv3d):
    """`relu(conv3d(x))`."""

    relu = True
    _FLOAT_MODULE = fused.ConvReLU3d
