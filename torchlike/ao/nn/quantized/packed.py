"""Weights ready for integer arithmetic, and the calls of the kernels with them."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes, exporting
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized import QuantizedTensor, known_numbers, one, to_integers
from torchlike.tensor.quantized_functions import quantize_per_tensor_dynamic


class Packed:
    """A layer's int8 weight and its bias, with what can be known of the weight beforehand.

    Attributes:
        weight: a quantized tensor; or a float one that is rounded to float16.
        sums: the weight's integers summed up for each output channel, int32 `(out,)`.
        offset: whether the zero point is not 0.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, transposed: bool = False):
        self.bias = None if bias is None else bias.detach()
        self.transposed = transposed
        self.sums: Tensor | None = None
        self.offset = False
        if not isinstance(weight, QuantizedTensor):
            self.weight: Any = weight.detach().to(dtypes.float16).to(dtypes.float32)
            return
        self.weight = weight
        integers = weight._integers
        over = tuple(d for d in range(integers.ndim) if d != (1 if transposed else 0))
        self.sums = integers.sum(over, dtype=dtypes.int32) if over else integers.to(dtypes.int32)
        zero = weight._quantizer.zero_point
        self.offset = bool((zero != 0).any()) if isinstance(zero, Tensor) else zero != 0

    def unpacked(self) -> tuple[Any, Any]:
        """The weight and the bias."""
        return self.weight, self.bias

    @property
    def numbers(self) -> tuple[Tensor, Any, Any, Tensor]:
        """What kernels take: integers, scale, zero point, sums."""
        quantizer = self.weight._quantizer
        assert self.sums is not None
        return self.weight._integers, quantizer.scale, quantizer.zero_point, self.sums

    @property
    def nodes(self) -> tuple[Tensor, dict[str, Any]]:
        """What an exporter takes: integers, and scale, zero point and axis as numbers."""
        return self.weight._integers, {"axis": self.weight._quantizer.axis, **known_numbers(self.weight._quantizer)}

    def to(self, *args: Any) -> Packed:
        """On another device."""
        return Packed(self.weight.to(*args), None if self.bias is None else self.bias.to(*args), self.transposed)


def of(x: Any, kernel: str) -> QuantizedTensor:
    """`x`. Raises NotImplementedError where it is not quantized, as torch does, whose wording it has."""
    if not isinstance(x, QuantizedTensor):
        raise NotImplementedError(
            f"Could not run 'quantized::{kernel}' with arguments from the 'CPU' backend: the input has to be quantized "
            "(torch.quantize_per_tensor, or a QuantStub before convert)"
        )
    return x


def linear(x: Tensor, packed: Packed, scale: Any, zero_point: Any, relu: bool = False) -> QuantizedTensor:
    """`(*, in)` -> `(*, out)`, integers all the way."""
    x = of(x, "linear_relu" if relu else "linear")
    if exporting.state.onnx:
        return quantized_like(x, _linear_of_floats(x.dequantize(), packed, relu), scale, zero_point)
    q, to = x._quantizer, one(scale, zero_point)
    out = ops.quantized_linear(
        x._integers, *packed.numbers, q.scale, q.zero_point, to.scale, to.zero_point, packed.bias, relu=relu,
        offset=packed.offset,
    )  # fmt: skip
    return QuantizedTensor(out.detach(), x._kind, to)


def linear_real(x: QuantizedTensor, packed: Packed) -> Tensor:
    """`(*, in)` -> `(*, out)` float32, not rounded."""
    q = x._quantizer
    return ops.quantized_linear(
        x._integers, *packed.numbers, q.scale, q.zero_point, None, None, packed.bias, offset=packed.offset
    ).detach()


def linear_dynamic(x: Tensor, packed: Packed, relu: bool = False, reduce_range: bool = True) -> Tensor:
    """`(*, in)` -> `(*, out)` float32, the input quantized by its own range."""
    if exporting.state.onnx and packed.sums is not None:
        return _linear_of_floats(x, packed, relu)
    if packed.sums is None:
        out = ops.linear(x.to(dtypes.float32), packed.weight, packed.bias)
        return out.relu() if relu else out
    return ops.quantized_linear_dynamic(
        x.detach(), *packed.numbers, packed.bias, relu=relu, offset=packed.offset, reduce_range=reduce_range
    )


def conv(x: Tensor, packed: Packed, scale: Any, zero_point: Any, relu: bool = False, **steps: Any) -> QuantizedTensor:
    """A convolution, integers all the way. `steps`: stride, padding, dilation, groups, output_padding."""
    x = of(x, f"conv{packed.weight.ndim - 2}d{'_relu' * relu}")
    if exporting.state.onnx:
        integers, known = packed.nodes
        real = ops.conv_node(x.dequantize(), integers, packed.bias, **known, **steps)
        return quantized_like(x, real.relu() if relu else real, scale, zero_point)
    q, to = x._quantizer, one(scale, zero_point)
    out = ops.quantized_conv(
        x._integers, *packed.numbers, q.scale, q.zero_point, to.scale, to.zero_point, packed.bias, relu=relu,
        offset=packed.offset, **steps,
    )  # fmt: skip
    return QuantizedTensor(out.detach(), x._kind, to)


def conv_real(x: QuantizedTensor, packed: Packed, **steps: Any) -> Tensor:
    """A convolution of integers to float32, not rounded."""
    q = x._quantizer
    return ops.quantized_conv(
        x._integers, *packed.numbers, q.scale, q.zero_point, None, None, packed.bias, offset=packed.offset, **steps
    ).detach()


def conv_dynamic(x: Tensor, packed: Packed, reduce_range: bool = True, **steps: Any) -> Tensor:
    """A convolution of floats to float32, the input quantized by its own range, and the result with the same scale."""
    if exporting.state.onnx:
        integers, known = packed.nodes
        return ops.conv_node(x, integers, packed.bias, **known, **steps)
    integers = quantize_per_tensor_dynamic(x.detach(), dtypes.quint8, reduce_range)
    return conv(integers, packed, integers._quantizer.scale, integers._quantizer.zero_point, **steps).dequantize()


def _linear_of_floats(x: Tensor, packed: Packed, relu: bool) -> Tensor:
    """What the integers stand for, as floats: an exporter's view of it."""
    integers, known = packed.nodes
    out = ops.linear_node(x, integers, packed.bias, **known)
    return out.relu() if relu else out


def quantized_like(x: QuantizedTensor, real: Tensor, scale: Any, zero_point: Any) -> QuantizedTensor:
    """Floats at a given scale, of the dtype of `x`: how kernels end that compute on floats."""
    to = one(scale, zero_point)
    return QuantizedTensor(to_integers(real, x._kind, to), x._kind, to)
