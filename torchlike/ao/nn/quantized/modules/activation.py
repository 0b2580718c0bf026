"""Activations on integers: floats are computed and rounded to the result's own scale."""

from __future__ import annotations

from typing import Any

from torchlike.ao.nn.quantized import functional as qF
from torchlike.ao.nn.quantized.modules.utils import scale_of
from torchlike.ao.nn.quantized.packed import of, quantized_like
from torchlike.base import dtypes
from torchlike.nn import functional as F
from torchlike.nn.modules import activation
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation
from torchlike.tensor.quantized import QuantizedTensor, one, to_integers

__all__ = ["ELU", "Hardswish", "LeakyReLU", "PReLU", "ReLU6", "Sigmoid", "Softmax"]


class ReLU6(activation.ReLU6):
    """min(max(x, 0), 6) at the input's own scale."""

    def __init__(self, inplace: bool = False):
        super().__init__(inplace)

    def forward(self, input: Tensor) -> Tensor:
        return qF.clamp(input, 0.0, 6.0)

    def _get_name(self) -> str:
        return "QuantizedReLU6"

    @staticmethod
    def from_float(mod: Any, use_precomputed_fake_quant: bool = False) -> ReLU6:
        return ReLU6(mod.inplace)


class Hardswish(activation.Hardswish):
    """x * relu6(x + 3) / 6."""

    scale: Tensor
    zero_point: Tensor

    def __init__(self, scale: float, zero_point: int, device: Any = None, dtype: Any = None):
        super().__init__()
        self.register_buffer("scale", creation.tensor(scale, device=device, dtype=dtype))
        self.register_buffer("zero_point", creation.tensor(zero_point, device=device, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return qF.hardswish(input, self.scale, self.zero_point)

    def _get_name(self) -> str:
        return "QuantizedHardswish"

    @staticmethod
    def from_float(mod: Any, use_precomputed_fake_quant: bool = False) -> Hardswish:
        return Hardswish(*scale_of(mod.activation_post_process))


class ELU(activation.ELU):
    """max(0, x) + min(0, alpha * (e^x - 1))."""

    def __init__(self, scale: float, zero_point: int, alpha: float = 1.0):
        super().__init__(alpha)
        self.scale, self.zero_point = scale, zero_point

    def forward(self, input: Tensor) -> Tensor:
        return qF.elu(input, self.scale, self.zero_point, self.alpha)

    def _get_name(self) -> str:
        return "QuantizedELU"

    @staticmethod
    def from_float(mod: Any, use_precomputed_fake_quant: bool = False) -> ELU:
        return ELU(*scale_of(mod.activation_post_process), mod.alpha)


class LeakyReLU(activation.LeakyReLU):
    """max(0, x) + negative_slope * min(0, x)."""

    scale: Tensor
    zero_point: Tensor

    def __init__(
        self, scale: float, zero_point: int, negative_slope: float = 1e-2, inplace: bool = False, device: Any = None,
        dtype: Any = None,
    ):  # fmt: skip
        super().__init__(negative_slope, inplace)
        self.register_buffer("scale", creation.tensor(scale, device=device, dtype=dtype))
        self.register_buffer("zero_point", creation.tensor(zero_point, device=device, dtype=dtype))

    def forward(self, input: Tensor) -> Tensor:
        return qF.leaky_relu(input, self.negative_slope, False, self.scale, self.zero_point)

    def _get_name(self) -> str:
        return "QuantizedLeakyReLU"

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> LeakyReLU:
        return cls(*scale_of(mod.activation_post_process), mod.negative_slope, mod.inplace)


class Sigmoid(activation.Sigmoid):
    """1 / (1 + e^-x)."""

    def __init__(self, output_scale: float, output_zero_point: int):
        super().__init__()
        self.output_scale, self.output_zero_point = output_scale, output_zero_point

    def forward(self, input: Tensor) -> Tensor:
        x = of(input, "sigmoid")
        return quantized_like(x, x.dequantize().sigmoid(), self.output_scale, self.output_zero_point)

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> Sigmoid:
        return cls(*scale_of(mod.activation_post_process))


class Softmax(activation.Softmax):
    """Shares that add up to 1 along `dim`."""

    def __init__(self, dim: int | None = None, scale: float = 1.0, zero_point: int = 0):
        super().__init__(dim)
        self.scale, self.zero_point = scale, zero_point

    def forward(self, input: Tensor) -> Tensor:
        x = of(input, "softmax")
        return quantized_like(x, F.softmax(x.dequantize(), self.dim), self.scale, self.zero_point)

    def _get_name(self) -> str:
        return "QuantizedSoftmax"

    @staticmethod
    def from_float(mod: Any, use_precomputed_fake_quant: bool = False) -> Softmax:
        return Softmax(mod.dim, *scale_of(mod.activation_post_process))


class PReLU(Module):
    """max(0, x) + weight * min(0, x), with a quantized weight per channel (or one)."""

    def __init__(self, output_scale: float, output_zero_point: int, num_parameters: int = 1):
        super().__init__()
        self.num_parameters = num_parameters
        self.scale, self.zero_point = output_scale, output_zero_point
        room = one(1.0, 0)
        integers = to_integers(creation.zeros(num_parameters), dtypes.quint8, room)
        self.set_weight(QuantizedTensor(integers, dtypes.quint8, room))

    def set_weight(self, w: Any) -> None:
        self.weight = w

    def forward(self, input: Tensor) -> Tensor:
        x = of(input, "prelu")
        return quantized_like(x, F.prelu(x.dequantize(), self.weight.dequantize()), self.scale, self.zero_point)

    def _get_name(self) -> str:
        return "QuantizedPReLU"

    @classmethod
    def from_float(cls, mod: Any, use_precomputed_fake_quant: bool = False) -> PReLU:
        made = cls(*scale_of(mod.activation_post_process), mod.num_parameters)
        weight, observer = mod.weight.detach().to(dtypes.float32), mod.qconfig.weight()
        observer(weight)
        how = one(*scale_of(observer))
        made.set_weight(QuantizedTensor(to_integers(weight, dtypes.quint8, how), dtypes.quint8, how))
        return made
