"""Linear maps and an activation on integers."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.intrinsic.modules import fused
from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.modules import linear
from torchlike.ao.nn.quantized.packed import of, quantized_like
from torchlike.nn import functional as F
from torchlike.tensor import Tensor

__all__ = ["LinearLeakyReLU", "LinearReLU", "LinearTanh"]


class LinearReLU(linear.Linear):
    """`relu(linear(x))`: ReLU is the lower end of the range."""

    _FLOAT_MODULE = fused.LinearReLU

    def forward(self, x: Tensor) -> Tensor:
        return kernels.linear(x, self._packed_params._packed_params, self.scale, self.zero_point, relu=True)

    def _get_name(self) -> str:
        return "QuantizedLinearReLU"


class _Then(linear.Linear):
    """`after(linear(x))`, rounded once."""

    def _after(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say what follows")

    def forward(self, x: Tensor) -> Tensor:
        x = of(x, "linear")
        real = kernels.linear_real(x, self._packed_params._packed_params)
        return quantized_like(x, self._after(real), self.scale, self.zero_point)

    def _get_name(self) -> str:
        return f"Quantized{type(self).__name__}"


class LinearLeakyReLU(_Then):
    """`leaky_relu(linear(x))`."""

    _FLOAT_MODULE = fused.LinearLeakyReLU
    negative_slope = 0.01

    def _after(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.negative_slope)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LinearLeakyReLU:
        made: Any = super().from_float(mod, use_precomputed_fake_quant)
        made.negative_slope = mod[1].negative_slope
        return made


class LinearTanh(_Then):
    """`tanh(linear(x))`."""

    _FLOAT_MODULE = fused.LinearTanh

    def _after(self, x: Tensor) -> Tensor:
        return x.tanh()
