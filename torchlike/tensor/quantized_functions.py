"""What can be done with quantized tensors: making them, fake quantization, and the ops that take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine, per_channel_affine_float_qparams, qscheme
from torchlike.ops.registry import OPS
from torchlike.tensor import functions as ops
from torchlike.tensor.quantized import RULES, QuantizedTensor, Quantizer, one, per_channel, plain, to_integers
from torchlike.tensor.tensor import Tensor

# ---- operations -------------------------------------------------------------------------------------------------------


def _on_integers(row: str) -> Callable[..., Any]:
    """Ops that only choose among the elements act on the integers."""

    def rule(input: QuantizedTensor, *rest: Any, **static: Any) -> Any:
        out = getattr(ops, row)(input._moved(row), *rest, **static)
        if isinstance(out, tuple):  # values and where they were found
            return type(out)(input._like(out[0]), *out[1:]) if hasattr(out, "_fields") else (input._like(out[0]), *out[1:])
        return input._like(out)

    return rule


def _kept(input: QuantizedTensor, **static: Any) -> QuantizedTensor:
    return input._like(input._integers.clone())


def _reshaped(input: QuantizedTensor, *, shape: Any) -> QuantizedTensor:
    return input._like(ops.reshape_copy(input._integers, shape=shape))


def _on_floats(row: str) -> Callable[..., Any]:
    """Ops that mix elements: computed on floats, and rounded to the input's own scale."""

    def rule(input: QuantizedTensor, *rest: Any, **static: Any) -> Any:
        return input._requantized(getattr(ops, row)(input.dequantize(), *rest, **static))

    return rule


def _joined(row: str) -> Callable[..., Any]:
    """cat and stack: all at the scale of the first."""

    def rule(*tensors: Any, dim: int = 0) -> QuantizedTensor:
        first = next(t for t in tensors if isinstance(t, QuantizedTensor))
        same = [
            t._integers if t._quantizer is first._quantizer else first._requantized(t.dequantize())._integers for t in tensors
        ]
        return first._like(getattr(ops, row)(same, dim))

    return rule


def _max_pool(input: QuantizedTensor, ndim: int = 2, **static: Any) -> QuantizedTensor:
    if ndim > 1:
        return input._like(ops.max_pool(input._moved("max_pool"), ndim=ndim, **static))
    return input._requantized(ops.max_pool(input.dequantize(), ndim=1, **static))  # one dimension is for floats only


def _relu(input: QuantizedTensor) -> QuantizedTensor:
    zero = input._quantizer.zero_point
    if isinstance(zero, Tensor):
        return input._like(ops.maximum(input._integers, zero.to(input._integers.dtype)))
    return input._like(ops.clamp(input._integers, zero, None))


def _clamp(input: QuantizedTensor, min: Any = None, max: Any = None, **static: Any) -> QuantizedTensor:
    return input._requantized(ops.clamp(input.dequantize(), min, max))


def _into_range(row: str, scale: float, middle: int) -> Callable[..., Any]:
    """Functions of a known range, which the result's scale is made for."""

    def rule(input: QuantizedTensor, **static: Any) -> QuantizedTensor:
        zero_point = middle - (128 if input._kind is dtypes.qint8 else 0)
        return _quantized(getattr(ops, row)(input.dequantize(), **static), input._kind, one(scale, zero_point))

    return rule


def _compared(row: str) -> Callable[..., Any]:
    def rule(input: Any, other: Any) -> Tensor:
        return getattr(ops, row)(*(x.dequantize() if isinstance(x, QuantizedTensor) else x for x in (input, other)))

    return rule


RULES |= {
    "clone_like": _kept,
    "reshape_copy": _reshaped,
    "relu": _relu,
    "clamp": _clamp,
    "max_pool": _max_pool,
    "cat": _joined("cat"),
}
RULES |= {"stack": _joined("stack"), "tanh": _into_range("tanh", 2 / 256, 128)}
RULES |= {name: _into_range(name, 1 / 256, 0) for name in ("sigmoid", "hardsigmoid")}
_CHOOSE = "max_pool_with_indices flip roll index_select gather index sort topk max_dim min_dim max_all min_all amax amin median"
RULES |= {name: _on_integers(name) for name in _CHOOSE.split() if name in OPS.rows}
_MIX = "avg_pool adaptive_avg_pool mean std leaky_relu hardtanh relu6 _interpolate upsample pad constant_pad"
RULES |= {name: _on_floats(name) for name in _MIX.split() if name in OPS.rows}
RULES |= {name: _compared(name) for name in "eq ne lt le gt ge".split()}


# ---- creation ---------------------------------------------------------------------------------------------------------


def _quantized(input: Tensor, dtype: Any, quantizer: Quantizer) -> QuantizedTensor:
    plain(dtype)
    if not isinstance(input, Tensor) or isinstance(input, QuantizedTensor) or input.dtype is not dtypes.float32:
        kind = getattr(input, "dtype", type(input).__name__)
        raise RuntimeError(f"Quantize only works on Float Tensor, got {kind}")
    return QuantizedTensor(to_integers(input, dtype, quantizer), dtype, quantizer)


def quantize_per_tensor(input: Any, scale: Any, zero_point: Any, dtype: Any) -> Any:
    """Floats as integers with one scale: round(input / scale) + zero_point, within the range of `dtype`.

    Args:
        input: a float32 tensor; or a list of them, with `(n,)` scales and zero points.
        dtype: quint8, qint8 or qint32.

    Raises:
        RuntimeError: for another dtype.

    >>> import torchlike as torch
    >>> torch.quantize_per_tensor(torch.tensor([0.0, 0.26, 9.0]), 0.1, 10, torch.quint8).int_repr()
    tensor([ 10,  13, 100], dtype=torch.uint8)
    """
    if isinstance(input, (list, tuple)):
        each = zip(input, scale.tolist(), zero_point.tolist(), strict=True)
        return tuple(quantize_per_tensor(x, s, z, dtype) for x, s, z in each)
    return _quantized(input, dtype, one(scale, zero_point))


def quantize_per_tensor_dynamic(input: Tensor, dtype: Any, reduce_range: bool = False) -> QuantizedTensor:
    """Floats as integers with one scale that fits their range.

    Args:
        reduce_range: use one bit less.
    """
    kind = {dtypes.quint8: (0, 255), dtypes.qint8: (-128, 127)}.get(dtype)
    if kind is None:
        raise RuntimeError(f"dtype {dtype} not supported")
    low, high = (kind[0] // 2, kind[1] // 2) if reduce_range else kind
    least, most = (input.min(), input.max()) if input.numel() else (0.0, 0.0)
    scale, zero_point = ops.chosen_qparams(least, most, quant_min=low, quant_max=high)
    return _quantized(input, dtype, one(scale, zero_point))


def quantize_per_channel(input: Tensor, scales: Tensor, zero_points: Tensor, axis: int, dtype: Any) -> QuantizedTensor:
    """Floats as integers with a scale `(C,)` and a zero point `(C,)` for each slice along `axis`.

    Zero points that are floats make a tensor of scheme `per_channel_affine_float_qparams`.
    """
    if scales.ndim != 1 or scales.numel() != input.shape[axis] or zero_points.numel() != scales.numel():
        raise RuntimeError(
            f"quantize_per_channel: expected {input.shape[axis]} scales and zero points along dimension {axis}, "
            f"got {scales.numel()} and {zero_points.numel()}"
        )
    floats = zero_points.dtype.is_floating_point
    scheme = per_channel_affine_float_qparams if floats else per_channel_affine
    return _quantized(input, dtype, per_channel(scales, zero_points, axis % input.ndim, scheme))


def dequantize(tensor: Any) -> Any:
    """The real numbers of a quantized tensor as float32; of several tensors one by one. Floats come back as they are."""
    if isinstance(tensor, (list, tuple)):
        return tuple(dequantize(t) for t in tensor)
    return tensor.dequantize() if isinstance(tensor, QuantizedTensor) else tensor.to(dtypes.float32)


def int_repr(input: QuantizedTensor) -> Tensor:
    """The integers of a quantized tensor."""
    return _of_quantized(input, "int_repr").int_repr()


def _of_quantized(input: Any, name: str) -> QuantizedTensor:
    if not isinstance(input, QuantizedTensor):
        raise NotImplementedError(
            f"Could not run 'aten::{name}' with arguments from the 'CPU' backend: it needs a quantized tensor"
        )
    return input


def _asking(name: str) -> Callable[[Any], Any]:
    def ask(input: QuantizedTensor) -> Any:
        return getattr(_of_quantized(input, name), name)()

    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = getattr(QuantizedTensor, name).__doc__
    return ask


def _make_per_tensor_quantized_tensor(input: Tensor, scale: float, zero_point: int) -> QuantizedTensor:
    """Integers (uint8, int8, int32) as a quantized tensor."""
    return QuantizedTensor(input.clone(), _KIND[input.dtype], one(scale, zero_point))


def _make_per_channel_quantized_tensor(input: Tensor, scale: Tensor, zero_point: Tensor, axis: int) -> QuantizedTensor:
    """Integers as a quantized tensor with a scale for each slice along `axis`."""
    scheme: qscheme = per_channel_affine_float_qparams if zero_point.dtype.is_floating_point else per_channel_affine
    return QuantizedTensor(input.clone(), _KIND[input.dtype], per_channel(scale, zero_point, axis, scheme))


_KIND = {dtypes.uint8: dtypes.quint8, dtypes.int8: dtypes.qint8, dtypes.int32: dtypes.qint32}


def _empty_affine_quantized(size: Any, *more: int, scale: float = 1.0, zero_point: int = 0, dtype: Any, **options: Any) -> Any:
    """Room for a quantized tensor (zeros here)."""
    from_zeros = ops.full_of(0, size=tuple(size) if not more else (size, *more), dtype=plain(dtype))
    return QuantizedTensor(from_zeros, dtype, one(scale, zero_point))


# ---- fake quantization ------------------------------------------------------------------------------------------------


def fake_quantize_per_tensor_affine(input: Tensor, scale: Any, zero_point: Any, quant_min: int, quant_max: int) -> Tensor:
    """`input` rounded to the numbers that integers `quant_min ... quant_max` stand for; the gradient goes straight through.

    Args:
        scale, zero_point: numbers, or tensors of one element.
    """
    scale, zero_point = (v.reshape(()) if isinstance(v, Tensor) else v for v in (scale, zero_point))
    return ops.fake_quantize_affine(input, scale, zero_point, quant_min=quant_min, quant_max=quant_max)


def fake_quantize_per_channel_affine(
    input: Tensor, scale: Tensor, zero_point: Tensor, axis: int, quant_min: int, quant_max: int
) -> Tensor:
    """`fake_quantize_per_tensor_affine` with a scale `(C,)` and a zero point `(C,)` for each slice along `axis`."""
    axis = axis % input.ndim
    return ops.fake_quantize_affine(input, scale, zero_point, quant_min=quant_min, quant_max=quant_max, axis=axis)


_ASKED: list[Any] = [
    _asking(n) for n in "q_scale q_zero_point q_per_channel_scales q_per_channel_zero_points q_per_channel_axis".split()
]
FUNCTIONS: dict[str, Callable] = {
    f.__name__: f
    for f in (
        quantize_per_tensor, quantize_per_tensor_dynamic, quantize_per_channel, dequantize, int_repr, *_ASKED,
        fake_quantize_per_tensor_affine, fake_quantize_per_channel_affine, _make_per_tensor_quantized_tensor,
        _make_per_channel_quantized_tensor, _empty_affine_quantized,
    )
}  # fmt: skip
METHODS: dict[str, Any] = {"dequantize": dequantize, "int_repr": int_repr, "qscheme": _asking("qscheme")}
METHODS |= {f.__name__: f for f in _ASKED}
