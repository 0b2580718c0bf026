"""Fused layers of floats with int8 weights."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.quantized.dynamic.modules.linear_relu import LinearReLU

__all__ = ["LinearReLU"]
