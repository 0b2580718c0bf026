"""torch's dtypes as objects, each tied to the numpy dtype that XLA computes with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from torchlike.base.errors import missing


class dtype:
    """A torch dtype (`torchlike.float32`). Interned: compare with `is` or `==`."""

    __slots__ = ("category", "is_complex", "is_floating_point", "itemsize", "name", "np", "short")

    # Promotion moves up these categories before it looks at width: bool < integer < float < complex.
    BOOL, INTEGER, FLOAT, COMPLEX = range(4)

    def __init__(self, name: str, numpy: Any, category: int, short: str | None = None):
        self.name = name
        self.np = np.dtype(numpy)
        self.category = category
        self.short = short  # torch's second spelling (`torch.float` for float32)
        self.itemsize = self.np.itemsize
        self.is_floating_point = category == self.FLOAT
        self.is_complex = category == self.COMPLEX

    @property
    def is_signed(self) -> bool:
        return self.category in (self.FLOAT, self.COMPLEX) or self.np.kind == "i"

    @property
    def is_differentiable(self) -> bool:
        return self.category >= self.FLOAT

    def to_real(self) -> dtype:
        return {"complex32": float16, "complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> dtype:
        return {"float64": complex128, "complex128": complex128}.get(self.name, complex64)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple:
        return _lookup, (self.name,)

    def __copy__(self) -> dtype:
        return self

    def __deepcopy__(self, memo: dict) -> dtype:
        return self


def _lookup(name: str) -> dtype:
    return DTYPES.get(name) or QUANTIZED.get(name) or UNHELD[name]


bool_ = dtype("bool", np.bool_, dtype.BOOL)
uint8 = dtype("uint8", np.uint8, dtype.INTEGER)
int8 = dtype("int8", np.int8, dtype.INTEGER)
int16 = dtype("int16", np.int16, dtype.INTEGER, "short")
int32 = dtype("int32", np.int32, dtype.INTEGER, "int")
int64 = dtype("int64", np.int64, dtype.INTEGER, "long")
uint16 = dtype("uint16", np.uint16, dtype.INTEGER)
uint32 = dtype("uint32", np.uint32, dtype.INTEGER)
uint64 = dtype("uint64", np.uint64, dtype.INTEGER)
float8_e4m3fn = dtype("float8_e4m3fn", ml_dtypes.float8_e4m3fn, dtype.FLOAT)
float8_e5m2 = dtype("float8_e5m2", ml_dtypes.float8_e5m2, dtype.FLOAT)
float8_e4m3fnuz = dtype("float8_e4m3fnuz", ml_dtypes.float8_e4m3fnuz, dtype.FLOAT)
float8_e5m2fnuz = dtype("float8_e5m2fnuz", ml_dtypes.float8_e5m2fnuz, dtype.FLOAT)
float8_e8m0fnu = dtype("float8_e8m0fnu", ml_dtypes.float8_e8m0fnu, dtype.FLOAT)
float16 = dtype("float16", np.float16, dtype.FLOAT, "half")
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, dtype.FLOAT)
float32 = dtype("float32", np.float32, dtype.FLOAT, "float")
float64 = dtype("float64", np.float64, dtype.FLOAT, "double")
complex64 = dtype("complex64", np.complex64, dtype.COMPLEX, "cfloat")
complex128 = dtype("complex128", np.complex128, dtype.COMPLEX, "cdouble")

DTYPES: dict[str, dtype] = {
    d.name: d
    for d in (
        bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64, float8_e4m3fn, float8_e5m2,
        float8_e4m3fnuz, float8_e5m2fnuz, float8_e8m0fnu, float16, bfloat16, float32, float64, complex64, complex128,
    )
}  # fmt: skip
# What quantized tensors are said to hold; `np` is what they do hold. No value of a program ever has one of these.
qint8 = dtype("qint8", np.int8, dtype.INTEGER)
quint8 = dtype("quint8", np.uint8, dtype.INTEGER)
qint32 = dtype("qint32", np.int32, dtype.INTEGER)
quint4x2 = dtype("quint4x2", np.uint8, dtype.INTEGER)
quint2x4 = dtype("quint2x4", np.uint8, dtype.INTEGER)
QUANTIZED: dict[str, dtype] = {d.name: d for d in (qint8, quint8, qint32, quint4x2, quint2x4)}
# What neither numpy nor XLA has: known, and asked about, but no tensor has it.
complex32 = dtype("complex32", [("real", np.float16), ("imag", np.float16)], dtype.COMPLEX, "chalf")
UNHELD: dict[str, dtype] = {complex32.name: complex32}
_BY_NUMPY = {d.np: d for d in DTYPES.values()}
_default = float32


def from_numpy(numpy_dtype: Any) -> dtype:
    """The torch dtype of a numpy (or jax) dtype. Raises TypeError for one that torch does not have."""
    found = _BY_NUMPY.get(np.dtype(numpy_dtype))
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type {numpy_dtype}. The only supported types are: "
            "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, "
            "uint8, and bool."
        )
    return found


def get_default_dtype() -> dtype:
    """The dtype that Python floats become: float32 unless `set_default_dtype` changed it."""
    return _default


def default_float(kind: np.dtype) -> np.dtype:
    """`kind` where that is a float or complex dtype, else the default dtype: what whole numbers become in torch's means."""
    return kind if from_numpy(kind).is_differentiable else get_default_dtype().np


def set_default_dtype(d: dtype) -> None:
    """Make `d` (a floating dtype) what Python floats become.

    Raises:
        TypeError: if `d` is not a floating-point dtype.
    """
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d
    for forget in _listeners:
        forget()


_listeners: list[Callable[[], None]] = []


def on_default_change(forget: Callable[[], None]) -> None:
    """Call `forget` whenever the default dtype changes: for caches of what was inferred under it."""
    _listeners.append(forget)


def of_number(value: Any) -> dtype:
    """The dtype of a Python number standing alone: bool, int64, the default float, or its complex."""
    return of_number_type(type(value))


_PYTHON_TYPES = {bool: bool_, int: int64, float: float64, complex: complex128}


def given(kind: Any) -> dtype:
    """A `dtype=` argument: a dtype, or Python's bool, int, float or complex.

    Raises:
        TypeError: for anything else. NotImplementedError: for a dtype that no tensor can have here.
    """
    if isinstance(kind, dtype):
        if kind is complex32:
            raise missing("tensors of torch.complex32", "XLA has no complex numbers of 16-bit floats; use torch.complex64")
        return kind
    found = _PYTHON_TYPES.get(kind) if isinstance(kind, type) else None
    if found is None:
        raise TypeError(f"argument 'dtype' must be torch.dtype, not {getattr(kind, '__name__', None) or repr(kind)}")
    return found


def of_number_type(kind: type) -> dtype:
    if kind is float:
        return _default
    if kind is bool:
        return bool_
    if kind is int:
        return int64
    return _default.to_complex()
