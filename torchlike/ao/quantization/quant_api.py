"""`quantize_(model, config)`: linear layers with weights in 8 or 4 bits, in place, as torchao has it.

torchao gives `nn.Linear` a weight of a tensor subclass; here the layer is exchanged for a `SmallLinear`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torchlike.base import dtypes
from torchlike.base.numeric import finfo
from torchlike.nn.modules.linear import Linear
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = [
    "Float8WeightOnlyConfig", "Int4WeightOnlyConfig", "Int8DynamicActivationInt8WeightConfig", "Int8WeightOnlyConfig",
    "SmallLinear", "quantize_",
]  # fmt: skip

_LEAST = 1e-5  # a scale is never smaller


class SmallLinear(Module):
    """A linear map `(*, in_features)` -> `(*, out_features)` whose weight is kept in small numbers.

    Attributes:
        weight: the numbers, a buffer: int8 or float8 `(out, in)`, 4-bit ones two a byte `(out, in / 2)`.
        scale, zero: buffers `(out, groups)`; number * scale + zero is the weight. zero may be None.
        bias: a buffer `(out,)` or None.
    """

    weight: Tensor
    scale: Tensor
    zero: Tensor | None
    bias: Tensor | None

    def __init__(
        self, numbers: Tensor, scale: Tensor, zero: Tensor | None, bias: Tensor | None, bits: int = 8, dynamic: bool = False
    ):  # fmt: skip
        super().__init__()
        self.out_features, self.in_features = numbers.shape[0], numbers.shape[1] * 8 // bits
        self.bits, self.dynamic = bits, dynamic
        for name, value in {"weight": numbers, "scale": scale, "zero": zero, "bias": bias}.items():
            self.register_buffer(name, None if value is None else value.detach())

    def forward(self, input: Tensor) -> Tensor:
        if self.dynamic:
            return ops.dynamic_rows_linear(input, self.weight, self.scale, self.bias)
        return ops.weight_only_linear(input, self.weight, self.scale, self.zero, self.bias, bits=self.bits)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}, "
            f"weight={self.weight.dtype}, bits={self.bits}, groups={self.scale.shape[1]}, dynamic={self.dynamic}"
        )


def _rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """int8 numbers and a scale `(out, 1)` for each row, 0 in the middle."""
    scale = weight.abs().amax(1, keepdim=True).clamp(min=_LEAST) / 127.5
    return (weight / scale).round().clamp(-128, 127).to(dtypes.int8), scale


@dataclass(frozen=True)
class Int8WeightOnlyConfig:
    """int8 weights with a scale per row; products are of floats."""

    def apply(self, layer: Linear) -> SmallLinear:
        return SmallLinear(*_rows(layer.weight.detach()), None, layer.bias)


@dataclass(frozen=True)
class Int8DynamicActivationInt8WeightConfig:
    """int8 weights with a scale per row; each row of the input is quantized by its own range, products are of integers."""

    def apply(self, layer: Linear) -> SmallLinear:
        return SmallLinear(*_rows(layer.weight.detach()), None, layer.bias, dynamic=True)


@dataclass(frozen=True)
class Int4WeightOnlyConfig:
    """4-bit weights with a scale and a zero for each group of columns; products are of floats.

    Attributes:
        group_size: columns a group; it has to divide `in_features` (and be even).
    """

    group_size: int = 128

    def apply(self, layer: Linear) -> SmallLinear:
        rows, columns = layer.weight.shape
        if columns % self.group_size or self.group_size % 2:
            raise ValueError(f"group_size={self.group_size} has to be even and to divide in_features={columns}")
        groups = layer.weight.detach().reshape(rows, -1, self.group_size)
        low, high = groups.amin(2), groups.amax(2)
        scale = ((high - low) / 15).clamp(min=_LEAST)
        zero = low + 8 * scale
        numbers = ((groups - low.unsqueeze(2)) / scale.unsqueeze(2)).round().clamp(0, 15).to(dtypes.uint8)
        pairs = numbers.reshape(rows, columns // 2, 2)
        return SmallLinear(pairs[..., 0] + pairs[..., 1] * 16, scale, zero, layer.bias, bits=4)


@dataclass(frozen=True)
class Float8WeightOnlyConfig:
    """8-bit float weights with a scale per row; products are of floats.

    Attributes:
        weight_dtype: float8_e4m3fn or float8_e5m2.
    """

    weight_dtype: Any = dtypes.float8_e4m3fn

    def apply(self, layer: Linear) -> SmallLinear:
        weight = layer.weight.detach()
        scale = weight.abs().amax(1, keepdim=True).clamp(min=_LEAST) / finfo(self.weight_dtype).max
        return SmallLinear((weight / scale).to(self.weight_dtype), scale, None, layer.bias)


def _is_linear(module: Module, name: str) -> bool:
    return type(module) is Linear


def quantize_(model: Module, config: Any, filter_fn: Callable[[Module, str], bool] | None = None, device: Any = None) -> None:
    """Exchange, in place, a model's linear layers for such with small weights.

    Args:
        config: `Int8WeightOnlyConfig()` and kin.
        filter_fn: of a module and its name: whether it is exchanged. All `nn.Linear` are by default.

    Raises:
        ValueError: where `model` itself is the layer: there is no place to put another.

    >>> import torchlike as torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(4, 2))
    >>> quantize_(model, Int8WeightOnlyConfig())
    >>> model[0].weight.dtype
    torch.int8
    """
    wanted = filter_fn or _is_linear
    if wanted(model, ""):
        raise ValueError("quantize_ exchanges layers inside a model, and was given the layer: wrap it, say in nn.Sequential")
    if device is not None:
        model.to(device)
    for name, module in list(model.named_modules()):
        if name and wanted(module, name):
            above, _, last = name.rpartition(".")
            setattr(model.get_submodule(above), last, config.apply(module))
