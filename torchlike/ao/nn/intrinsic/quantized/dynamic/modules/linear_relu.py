"""A linear map of floats with an int8 weight, and ReLU."""

from __future__ import annotations

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.quantized.dynamic.modules import linear

__all__ = ["LinearReLU"]


class LinearReLU(linear.Linear):
    """`relu(linear(x))`."""

    _FLOAT_MODULE = fused.LinearReLU
    _relu = True

    def _get_name(self) -> str:
        return "DynamicQuantizedLinearReLU"
