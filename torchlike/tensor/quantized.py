"""Quantized tensors: a tensor of integers beside the scale and the zero point that make real numbers of them.

real = (integer - zero point) * scale. A quantized tensor is dense tensors and numbers, so that recording needs nothing new.
Dispatch hands an op that meets one to `QuantizedTensor._apply`; what has no rule there raises NotImplementedError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from torchlike.base import dtypes, exporting
from torchlike.base.dtypes import dtype as DType
from torchlike.base.dtypes import quint8
from torchlike.base.layouts import strided
from torchlike.base.qschemes import per_tensor_affine, qscheme
from torchlike.engine import dispatch
from torchlike.ops.registry import Op
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.storage import Storage
from torchlike.tensor.tensor import Tensor

RULES: dict[str, Callable[..., Any]] = {}  # what ops do with quantized operands: torchlike.tensor.quantized_functions


class Quantizer(NamedTuple):
    """How integers and real numbers correspond.

    Attributes:
        scale, zero_point: a number each (or a zero-dim tensor of a program that is still being recorded); per channel
            tensors `(C,)`, float64 and int64 (float32 both where the zero point is no integer).
        axis: the dimension of the channels; None where there is one scale.
    """

    scheme: qscheme
    scale: Any
    zero_point: Any
    axis: int | None = None


class QuantizedTensor(Tensor):
    """A tensor of dtype quint8, qint8 or qint32. It has no gradient and is never written to in part."""

    is_quantized = True

    def __new__(cls, *args: Any) -> QuantizedTensor:
        return object.__new__(cls)

    def __init__(self, integers: Tensor, kind: DType, quantizer: Quantizer):
        self._integers, self._kind, self._quantizer = integers, kind, quantizer
        self._storage = Storage(integers._read())
        self._view = ()  # reading goes through _read, which refuses

    def _read(self) -> Any:
        raise dispatch.Elsewhere(self, f"this needs a tensor of numbers, and got one of {self._kind}: use dequantize()")

    def _apply(self, op: Op, args: Any, static: tuple) -> Any:
        """What an op does where one of its operands is quantized."""
        keywords = dict(zip(op.keywords, static, strict=True))
        if op.view is not None:  # the same integers in other places
            return self._like(dispatch.call(op, (self._moved(op.name), *args[1:]), static))
        rule = RULES.get(op.name)
        if rule is None:
            raise NotImplementedError(
                f"Could not run 'aten::{op.name}' with arguments from the 'QuantizedCPU' backend: torchlike has no such "
                "operation on quantized tensors; dequantize() gives the floats"
            )
        return rule(*args, **keywords)

    def _moved(self, name: str) -> Tensor:
        if self._quantizer.axis is not None and name not in ("detach", "alias"):
            raise RuntimeError(f"{name}: only tensors with one scale can be rearranged; this one has one per channel")
        return self._integers

    def _like(self, integers: Tensor) -> QuantizedTensor:
        """A tensor of the same kind and scale around other integers."""
        return QuantizedTensor(integers, self._kind, self._quantizer)

    def _requantized(self, real: Tensor) -> QuantizedTensor:
        """Floats at this tensor's scale."""
        return self._like(to_integers(real, self._kind, self._quantizer))

    # ---- queries ----------------------------------------------------------------------------------------------

    layout = property(lambda self: strided)
    shape = property(lambda self: self._integers.shape)
    dtype = property(lambda self: self._kind)
    device = property(lambda self: self._integers.device)
    ndim = property(lambda self: self._integers.ndim)
    _value = property(lambda self: self._integers._value)  # what only asks for sizes may look

    def qscheme(self) -> qscheme:
        return self._quantizer.scheme

    def q_scale(self) -> float:
        """The scale. Raises RuntimeError where each channel has its own."""
        return float(self._one(self._quantizer.scale))

    def q_zero_point(self) -> int:
        """The integer of the real 0. Raises RuntimeError where each channel has its own."""
        return int(self._one(self._quantizer.zero_point))

    def _one(self, value: Any) -> Any:
        if self._quantizer.axis is not None:
            raise RuntimeError("Expected quantizer->qscheme() == kPerTensorAffine to be true, but got false.")
        return value.item() if isinstance(value, Tensor) else value

    def _each(self, value: Any) -> Any:
        if self._quantizer.axis is None:
            raise RuntimeError("Expected quantizer->qscheme() == kPerChannelAffine to be true, but got false.")
        return value

    def q_per_channel_scales(self) -> Tensor:
        """The channels' scales `(C,)`. Raises RuntimeError where there is one for all."""
        return self._each(self._quantizer.scale)

    def q_per_channel_zero_points(self) -> Tensor:
        """The channels' zero points `(C,)`."""
        return self._each(self._quantizer.zero_point)

    def q_per_channel_axis(self) -> int:
        """The dimension that the channels are."""
        return self._each(self._quantizer.axis)

    def int_repr(self) -> Tensor:
        """The integers: uint8, int8 or int32."""
        return self._integers.clone()

    def dequantize(self) -> Tensor:
        """The real numbers, float32."""
        q = self._quantizer
        if exporting.state.onnx:
            return ops.dequantize_node(self._integers, axis=q.axis, **known_numbers(q))
        return ops.dequantize_affine(self._integers, q.scale, q.zero_point, axis=q.axis)

    def numel(self) -> int:
        return self._integers.numel()

    def element_size(self) -> int:
        return self._kind.itemsize

    def item(self) -> float:
        return self.dequantize().item()

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError(f"Got unsupported ScalarType {printing_name(self._kind)}: use dequantize() or int_repr()")

    def tolist(self) -> Any:
        raise RuntimeError("a quantized tensor is no list of numbers: use dequantize() or int_repr()")

    def equal(self, other: Any) -> bool:
        """Whether both are quantized alike and hold the same integers."""
        if not isinstance(other, QuantizedTensor) or self.shape != other.shape or self._kind is not other._kind:
            return False
        mine, its = self._quantizer, other._quantizer
        if (mine.scheme, mine.axis) != (its.scheme, its.axis):
            return False
        if mine.axis is None:
            alike = (self.q_scale(), self.q_zero_point()) == (other.q_scale(), other.q_zero_point())
        else:
            alike = bool((mine.scale == its.scale).all()) and bool((mine.zero_point == its.zero_point).all())
        return alike and bool((self._integers == other._integers).all())

    # ---- copies and other forms -------------------------------------------------------------------------------

    def clone(self, *, memory_format: Any = None) -> QuantizedTensor:
        return self._like(self._integers.clone())

    def detach(self) -> QuantizedTensor:
        return self._like(self._integers.detach())

    def contiguous(self, memory_format: Any = None) -> QuantizedTensor:
        return self._like(self._integers.contiguous())

    def to(self, *args: Any, **keywords: Any) -> QuantizedTensor:
        for wanted in (*args, keywords.get("dtype")):
            if isinstance(wanted, DType) and wanted is not self._kind:
                raise RuntimeError("a quantized tensor is not cast: dequantize() gives its floats, int_repr() its integers")
        given = tuple(a for a in args if not isinstance(a, DType))
        return self._like(self._integers.to(*given, **{k: v for k, v in keywords.items() if k != "dtype"}))

    def __getitem__(self, index: Any) -> QuantizedTensor:
        return self._like(self._moved("__getitem__")[index])

    def reshape(self, *shape: Any) -> QuantizedTensor:
        return self._like(self._integers.reshape(*shape))

    def copy_(self, src: Tensor, non_blocking: bool = False) -> QuantizedTensor:
        """Take over floats, quantized at this tensor's scale, or another quantized tensor as it is."""
        taken = src if isinstance(src, QuantizedTensor) else self._requantized(src.expand(self.shape))
        if tuple(taken.shape) != tuple(self.shape):
            raise RuntimeError(f"output with shape {list(self.shape)} doesn't match the broadcast shape {list(taken.shape)}")
        QuantizedTensor.__init__(self, taken._integers, taken._kind, taken._quantizer)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> QuantizedTensor:
        if requires_grad:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        return self

    def __deepcopy__(self, memo: dict) -> QuantizedTensor:
        return memo.setdefault(id(self), self.clone())

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return QuantizedTensor, (self._integers, self._kind, self._quantizer)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        q = self._quantizer
        text = repr(self.dequantize().detach())
        body = text[: text.rindex("]") + 1] if "]" in text else text[:-1]
        facts = [f"size={tuple(self.shape)}", f"dtype={self._kind}", f"quantization_scheme={q.scheme}"]
        if q.axis is None:
            facts += [f"scale={self.q_scale()}", f"zero_point={self.q_zero_point()}"]
        else:
            facts += [f"scale={q.scale}", f"zero_point={q.zero_point}", f"axis={q.axis}"]
        rest = [", ".join(facts[2:])] if q.axis is None else [*facts[2:4], ", ".join(facts[4:])]
        lines = [", ".join(facts[:2]), *rest]
        return body + ", " + (",\n" + " " * 7).join(lines) + ")"


def printing_name(kind: DType) -> str:
    return {"quint8": "QUInt8", "qint8": "QInt8", "qint32": "QInt32"}.get(kind.name, kind.name)


def to_integers(real: Tensor, kind: DType, quantizer: Quantizer, low: int | None = None, high: int | None = None) -> Tensor:
    """Floats as the integers that `quantizer` gives them."""
    if exporting.state.onnx:
        return ops.quantize_node(real, axis=quantizer.axis, dtype=plain(kind), **known_numbers(quantizer))
    numbers = ops.quantize_affine(
        real, quantizer.scale, quantizer.zero_point, axis=quantizer.axis, dtype=plain(kind), low=low, high=high
    )
    return numbers.detach()


def known_numbers(quantizer: Quantizer) -> dict[str, tuple]:
    """Scale and zero point as numbers."""
    values = {"scale": quantizer.scale, "zero_point": quantizer.zero_point}
    return {name: tuple(np.asarray(_host(v)).reshape(-1).tolist()) for name, v in values.items()}


def _host(value: Any) -> Any:
    return value._read().numpy() if isinstance(value, Tensor) else value


def plain(kind: DType) -> DType:
    """The dtype of the integers of a quantized dtype.

    Raises:
        RuntimeError: for a dtype that is not quantized, or has integers of less than 8 bits.
    """
    if kind not in _PLAIN:
        raise RuntimeError(f"Creation of quantized tensor requires quantized dtype like torch.quint8, got {kind}")
    return _PLAIN[kind]


_PLAIN = {quint8: dtypes.uint8, dtypes.qint8: dtypes.int8, dtypes.qint32: dtypes.int32, dtypes.quint4x2: dtypes.uint8}


def per_channel(scales: Any, zero_points: Any, axis: int, scheme: qscheme) -> Quantizer:
    """A quantizer with a scale per channel, its numbers in the dtypes that torch keeps them in."""
    floats = scheme.name == "per_channel_affine_float_qparams"
    kinds = (dtypes.float32, dtypes.float32) if floats else (dtypes.float64, dtypes.int64)
    scales, zero_points = (creation.as_tensor(v).detach().to(k) for v, k in zip((scales, zero_points), kinds, strict=True))
    return Quantizer(scheme, scales, zero_points, axis)


def made_of(array: np.ndarray, kind: DType, quantizer: Quantizer) -> QuantizedTensor:
    """A quantized tensor around integers that are known."""
    return QuantizedTensor(creation.tensor(array), kind, quantizer)


def one(scale: Any, zero_point: Any) -> Quantizer:
    """A quantizer with one scale: numbers stay numbers, tensors of one element become zero-dim."""
    scale, zero_point = (v.detach().reshape(()) if isinstance(v, Tensor) else v for v in (scale, zero_point))
    return Quantizer(per_tensor_affine, scale, zero_point)
