"""Convolutions whose result is added to another tensor, on integers."""

from __future__ import annotations

from typing import Any, ClassVar

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.modules import conv
from torchlike.ao.nn.quantized.packed import of, quantized_like
from torchlike.tensor import Tensor

__all__ = ["ConvAdd2d", "ConvAddReLU2d"]


class ConvAdd2d(conv.Conv2d):
    """`conv2d(x) + y`, rounded once."""

    _FLOAT_MODULE: ClassVar[Any] = fused.ConvAdd2d
    after = False

    def forward(self, input: Tensor, extra_input: Tensor) -> Tensor:  # type: ignore[override]  # two operands
        x, extra = of(input, "conv2d_add"), of(extra_input, "conv2d_add")
        steps = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
        real = kernels.conv_real(x, self._packed_params, **steps) + extra.dequantize()
        return quantized_like(x, real.relu() if type(self).after else real, self.scale, self.zero_point)


class ConvAddReLU2d(ConvAdd2d):
    """`relu(conv2d(x) + y)`."""

    _FLOAT_MODULE = fused.ConvAddReLU2d
    after = True
