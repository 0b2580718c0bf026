"""Type promotion: which dtype an op computes in, given what it received. One function, used by dispatch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from torchlike.base import dtypes
from torchlike.base.dtypes import dtype

# Order inside the floats and the signed integers; the two 16-bit floats meet in float32, uint8 meets intN in the
# next wider signed type.
_FLOATS = {"float16": 0, "bfloat16": 0, "float32": 1, "float64": 2}
_UNSIGNED = {"uint16", "uint32", "uint64"}


@cache
def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest dtype that holds both (torch.promote_types)."""
    if a is b:
        return a
    if a.category > b.category:
        a, b = b, a
    if b is dtypes.complex32 and (a is dtypes.float16 or a.category < dtype.FLOAT):
        return b
    if b.is_complex:
        wide = a.name in ("float64", "complex128") or b.name == "complex128"
        return dtypes.complex128 if wide else dtypes.complex64
    if a.category != b.category:
        return b
    if b.is_floating_point:
        return _promote_floats(a, b)
    return _promote_integers(a, b)


def _promote_floats(a: dtype, b: dtype) -> dtype:
    if a.itemsize == 1 or b.itemsize == 1:
        raise RuntimeError(f"Promotion for Float8 Types is not supported, attempted to promote {a} and {b}")
    if _FLOATS[a.name] == _FLOATS[b.name]:
        return dtypes.float32
    return a if _FLOATS[a.name] > _FLOATS[b.name] else b


def _promote_integers(a: dtype, b: dtype) -> dtype:
    if {a.name, b.name} & _UNSIGNED:
        if a.np.kind == b.np.kind:
            return a if a.itemsize > b.itemsize else b
        raise RuntimeError(f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote {a} and {b}")
    if a.itemsize == b.itemsize:  # uint8 and int8
        return dtypes.int16
    return a if a.itemsize > b.itemsize else b


def result_type(operands: Iterable[tuple[dtype, int] | type]) -> dtype:
    """The dtype of an elementwise op.

    Args:
        operands: per operand `(dtype, ndim)` for a tensor or the Python type of a number. Tensors with dimensions
            win over zero-dim tensors, and those over Python numbers, unless a lower class has a higher category.
    """
    dimensioned: dtype | None = None
    zero_dim: dtype | None = None
    number: dtype | None = None
    for operand in operands:
        if isinstance(operand, type):
            kind = dtypes.of_number_type(operand)
            number = kind if number is None else promote_types(number, kind)
        elif operand[1]:
            dimensioned = operand[0] if dimensioned is None else promote_types(dimensioned, operand[0])
        else:
            zero_dim = operand[0] if zero_dim is None else promote_types(zero_dim, operand[0])
    return _combine(_combine(dimensioned, zero_dim), number, from_number=True)


def _combine(high: dtype | None, low: dtype | None, from_number: bool = False) -> dtype:
    if high is None or low is None:
        return high or low  # type: ignore[return-value]  # callers pass at least one operand
    if low.category <= high.category:
        return high
    if from_number and low.is_complex:
        return high.to_complex() if high.is_floating_point else low
    return promote_types(high, low)


_CASTABLE = {
    dtype.COMPLEX: (dtype.COMPLEX,),
    dtype.FLOAT: (dtype.FLOAT, dtype.COMPLEX),
    dtype.INTEGER: (dtype.INTEGER, dtype.FLOAT, dtype.COMPLEX),
    dtype.BOOL: (dtype.BOOL, dtype.INTEGER, dtype.FLOAT, dtype.COMPLEX),
}


def can_cast(source: dtype, target: dtype) -> bool:
    """Whether a result of `source` may be written into a tensor of `target` (torch.can_cast)."""
    return target.category in _CASTABLE[source.category]


def cast_error(source: dtype, target: dtype) -> RuntimeError:
    return RuntimeError(f"result type {scalar_name(source)} can't be cast to the desired output type {scalar_name(target)}")


_SCALAR_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int", "int64": "Long",
    "float16": "Half", "bfloat16": "BFloat16", "float32": "Float", "float64": "Double",
    "complex32": "ComplexHalf",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
}  # fmt: skip


def scalar_name(d: dtype) -> str:
    """torch's C++ name of a dtype, as its error messages print it."""
    return _SCALAR_NAMES.get(d.name, d.name)


def tensor_type_name(d: dtype, sequence: Sequence[str] = ("torch",)) -> str:
    """The legacy type string of a dtype (`torch.FloatTensor`)."""
    return ".".join([*sequence, f"{scalar_name(d)}Tensor"])
