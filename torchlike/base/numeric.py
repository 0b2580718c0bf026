"""What a dtype can hold: torch.finfo, torch.iinfo, and the check of a number that is to become one of its elements."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

from torchlike.base import dtypes
from torchlike.base.dtypes import dtype

# The decimal digits that each float keeps: 10 ** -digits is numpy's `resolution`.
_DIGITS = {"float16": 3, "bfloat16": 2, "float32": 6, "float64": 15}
_EPS = {"float8_e5m2fnuz": 0.125}  # torch has half of what the format says
C_NAMES = {
    "bool": "bool", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
    "float8_e4m3fn": "c10::Float8_e4m3fn", "float8_e5m2": "c10::Float8_e5m2", "float8_e4m3fnuz": "c10::Float8_e4m3fnuz",
    "float8_e5m2fnuz": "c10::Float8_e5m2fnuz", "float8_e8m0fnu": "c10::Float8_e8m0fnu", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip


class finfo:
    """The limits of a floating dtype (of the parts of a complex one); the default dtype's without an argument.

    Attributes:
        bits, eps, max, min, tiny, smallest_normal, resolution, dtype: as in numpy.

    Raises:
        TypeError: for a dtype that is not floating.
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: Any = None):
        kind = dtypes.get_default_dtype() if type is None else type
        if not isinstance(kind, dtype):
            raise TypeError(f"finfo(): argument 'type' (position 1) must be torch.dtype, not {kind.__class__.__name__}")
        if not kind.is_differentiable:
            raise TypeError("torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'")
        real = kind.to_real()
        found = ml_dtypes.finfo(real.np)
        self.bits, self.dtype = real.itemsize * 8, real.name
        self.eps, self.max, self.min = _EPS.get(real.name, float(found.eps)), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.resolution = float(f"1e-{_DIGITS.get(real.name, 0)}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(("finfo", self.dtype))

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype.

    Raises:
        TypeError: for any other dtype.
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: Any):
        if not isinstance(type, dtype):
            raise TypeError(f"iinfo(): argument 'type' (position 1) must be torch.dtype, not {type.__class__.__name__}")
        if type.is_differentiable:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        if type is dtypes.bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        found = np.iinfo(type.np)
        self.bits, self.max, self.min, self.dtype = found.bits, int(found.max), int(found.min), type.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash(("iinfo", self.dtype))

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def checked(value: Any, kind: dtype) -> Any:
    """`value` as a Python number that `kind` holds: cut to an integer, made a bool, kept.

    Raises:
        RuntimeError: where it does not fit. Negative numbers wrap into unsigned dtypes, as in torch.
    """
    if kind is dtypes.bool_:
        return bool(value)
    if kind.is_complex:
        parts = (value.real, value.imag)
        if any(math.isfinite(part) and abs(part) > finfo(kind).max for part in parts):
            raise _overflow(kind)
        return value
    if isinstance(value, complex):
        if value.imag:
            raise _overflow(kind)
        value = value.real
    if kind.is_floating_point:
        if isinstance(value, float) and not math.isfinite(value):
            return value
        if abs(value) > finfo(kind).max:
            raise _overflow(kind)
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _overflow(kind)
    limits, whole = iinfo(kind), int(value)
    lowest = -limits.max if limits.min == 0 and isinstance(value, int) else limits.min
    if not lowest <= (value if value < 0 else whole) <= limits.max:
        raise _overflow(kind)
    return whole


def _overflow(kind: dtype) -> RuntimeError:
    return RuntimeError(f"value cannot be converted to type {C_NAMES.get(kind.name, f'{kind.name}_t')} without overflow")
