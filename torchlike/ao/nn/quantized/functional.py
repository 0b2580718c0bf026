"""Functions of quantized tensors. Those that take `scale` and `zero_point` say how their result is quantized."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.ao.nn.quantized import packed as kernels
from torchlike.ao.nn.quantized.packed import Packed, of, quantized_like
from torchlike.nn import functional as F
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized import QuantizedTensor, one


def _own(input: QuantizedTensor, scale: Any, zero_point: Any) -> tuple[Any, Any]:
    q = input._quantizer
    return q.scale if scale is None else scale, q.zero_point if zero_point is None else zero_point


# ---- layers -----------------------------------------------------------------------------------------------------------


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, scale: Any = None, zero_point: Any = None) -> Tensor:
    """`input @ weight.T + bias`, at the input's scale unless another is given."""
    return kernels.linear(input, Packed(weight, bias), *_own(of(input, "linear"), scale, zero_point))


def _conv(name: str) -> Any:
    def conv(
        input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
        groups: int = 1, padding_mode: str = "zeros", scale: float = 1.0, zero_point: int = 0, dtype: Any = None,
    ) -> Tensor:  # fmt: skip
        if padding_mode != "zeros":
            raise NotImplementedError("Only zero-padding is supported!")
        steps = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        return kernels.conv(input, Packed(weight, bias), scale, zero_point, **steps)

    conv.__name__ = conv.__qualname__ = name
    conv.__doc__ = f"`nn.functional.{name}` of a quantized input and a qint8 weight."
    return conv


conv1d, conv2d, conv3d = map(_conv, ("conv1d", "conv2d", "conv3d"))


# ---- sums, products, joins --------------------------------------------------------------------------------------------


def _of_two(kernel: str, compute: Any) -> Any:
    def call(x: Tensor, y: Tensor, scale: Any, zero_point: Any) -> QuantizedTensor:
        first, second = of(x, kernel), of(y, kernel)
        return quantized_like(first, compute(first.dequantize(), second.dequantize()), scale, zero_point)

    call.__name__ = call.__qualname__ = kernel
    call.__doc__ = f"`{kernel}` of two quantized tensors."
    return call


add = _of_two("add", ops.add)
mul = _of_two("mul", ops.mul)
matmul = _of_two("matmul", ops.matmul)
add_relu = _of_two("add_relu", lambda x, y: F.relu(ops.add(x, y)))


def add_scalar(x: Tensor, y: float) -> QuantizedTensor:
    """x + y without a change of the integers where that is possible: the zero point moves."""
    x = of(x, "add_scalar")
    scale, zero_point = x.q_scale(), x.q_zero_point()
    low, high = (0, 255) if x._kind.name == "quint8" else (-128, 127)
    moved = zero_point - round(y / scale)
    if low <= moved <= high:
        return QuantizedTensor(x._integers, x._kind, one(scale, moved))
    # Beyond the integers' range the numbers are spread anew between the zero point's end and the other.
    least, most = (low - zero_point) * scale + y, (high - zero_point) * scale + y
    least, most = min(least, 0.0), max(most, 0.0)
    wider = (most - least) / (high - low)
    return quantized_like(x, x.dequantize() + y, wider, max(low, min(high, low - round(least / wider))))


def mul_scalar(x: Tensor, y: float) -> QuantizedTensor:
    """x * y without a change of the integers: the scale changes (and for negative y the integers turn around)."""
    x = of(x, "mul_scalar")
    scale, zero_point = x.q_scale(), x.q_zero_point()
    low, high = (0, 255) if x._kind.name == "quint8" else (-128, 127)
    if y > 0:
        return QuantizedTensor(x._integers, x._kind, one(scale * y, zero_point))
    if y == 0:
        return quantized_like(x, x.dequantize() * 0.0, 1.0, 0)
    return QuantizedTensor(low + high - x._integers, x._kind, one(scale * -y, low + high - zero_point))


def cat(x: Sequence[Tensor], dim: int = 0, *, scale: Any = None, zero_point: Any = None) -> QuantizedTensor:
    """Tensors one after the other along `dim`, at the first one's scale unless another is given."""
    parts = [of(t, "cat") for t in x]
    joined = ops.cat([p.dequantize() for p in parts], dim)
    return quantized_like(parts[0], joined, *_own(parts[0], scale, zero_point))


# ---- activations ------------------------------------------------------------------------------------------------------


def hardswish(input: Tensor, scale: Any, zero_point: Any) -> Tensor:
    """x * relu6(x + 3) / 6."""
    x = of(input, "hardswish")
    return quantized_like(x, F.hardswish(x.dequantize()), scale, zero_point)


def elu(input: Tensor, scale: Any, zero_point: Any, alpha: float = 1.0) -> Tensor:
    """max(0, x) + min(0, alpha * (e^x - 1))."""
    x = of(input, "elu")
    return quantized_like(x, F.elu(x.dequantize(), alpha), scale, zero_point)


def celu(input: Tensor, scale: Any, zero_point: Any, alpha: float = 1.0) -> Tensor:
    """max(0, x) + min(0, alpha * (e^(x / alpha) - 1))."""
    x = of(input, "celu")
    return quantized_like(x, F.celu(x.dequantize(), alpha), scale, zero_point)


def leaky_relu(
    input: Tensor, negative_slope: float = 0.01, inplace: bool = False, scale: Any = None, zero_point: Any = None
) -> Tensor:
    """max(0, x) + negative_slope * min(0, x), at the input's scale unless another is given."""
    x = of(input, "leaky_relu")
    return quantized_like(x, F.leaky_relu(x.dequantize(), negative_slope), *_own(x, scale, zero_point))


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """`clamp`."""
    return clamp(input, min_val, max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """relu6(x + 3) / 6."""
    return F.hardsigmoid(of(input, "hardsigmoid"))


def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """`value` where x is not above `threshold`."""
    x = of(input, "threshold")
    return x._requantized(F.threshold(x.dequantize(), threshold, value))


def clamp(input: Tensor, min_: float, max_: float) -> Tensor:
    """x within `min_ ... max_`, at the input's scale."""
    return of(input, "clamp").clamp(min_, max_)


# ---- pooling and resizing ---------------------------------------------------------------------------------------------


def _passed(name: str) -> Any:
    function = getattr(F, name)

    def call(input: Tensor, *args: Any, **keywords: Any) -> Tensor:
        return function(of(input, name), *args, **keywords)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`nn.functional.{name}` of a quantized tensor, at its own scale."
    return call


avg_pool2d, avg_pool3d = _passed("avg_pool2d"), _passed("avg_pool3d")
adaptive_avg_pool2d, adaptive_avg_pool3d = _passed("adaptive_avg_pool2d"), _passed("adaptive_avg_pool3d")
max_pool1d, max_pool2d = _passed("max_pool1d"), _passed("max_pool2d")
interpolate, upsample = _passed("interpolate"), _passed("upsample")
upsample_bilinear, upsample_nearest = _passed("upsample_bilinear"), _passed("upsample_nearest")
