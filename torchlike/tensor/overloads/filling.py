"""Filling a copy, and the fills and complex parts whose arguments torch checks before it promotes them."""

from __future__ import annotations

import math
from typing import Any

from torchlike.base.errors import missing
from torchlike.base.promotion import scalar_name
from torchlike.tensor import functions as ops
from torchlike.tensor.conversion import fill_, zero_
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor

overload("fill_", method=False)(fill_)
overload("zero_", method=False)(zero_)


@overload("fill", method=False)
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` with one number (or zero-dim tensor) everywhere. The gradient goes to the number only."""
    return fill_(input.clone(), value)


# ---- complex numbers of two parts -------------------------------------------------------------------------------


def _check_parts(name: str, names: tuple[str, str], first: Any, second: Any) -> None:
    for position, (argument, given) in enumerate(zip(names, (first, second), strict=True), 1):
        if not isinstance(given, Tensor):
            raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {type(given).__name__}")
    kinds = [given.dtype for given in (first, second)]
    if not all(kind.name in ("float16", "float32", "float64") for kind in kinds):
        raise RuntimeError(
            "Expected both inputs to be Half, Float or Double tensors but got "
            f"{scalar_name(kinds[0])} and {scalar_name(kinds[1])}"
        )
    if kinds[0] is not kinds[1]:
        raise RuntimeError(
            f"Expected object of scalar type {scalar_name(kinds[0])} but got scalar type {scalar_name(kinds[1])} for second "
            "argument"
        )
    if kinds[0].itemsize == 2:
        raise missing("torch.complex32", "XLA has no complex numbers of 16-bit floats; use complex64")


def _check_out(out: Any, kind: Any) -> None:
    if isinstance(out, Tensor) and out.dtype is not kind:
        raise RuntimeError(
            f"Expected object of scalar type {scalar_name(kind)} but got scalar type {scalar_name(out.dtype)} for argument "
            "'out'"
        )


@overload("complex", method=False)
def complex_(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers of two real ones.

    Raises:
        RuntimeError: unless both are of one floating dtype. NotImplementedError: for float16, which has no complex dtype here.
    """
    _check_parts("complex", ("real", "imag"), real, imag)
    _check_out(out, real.dtype.to_complex())
    return ops.complex(real, imag, out=out)


@overload("polar", method=False)
def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers of lengths and of angles in radians. Raises as `complex` does."""
    _check_parts("polar", ("abs", "angle"), abs, angle)
    _check_out(out, abs.dtype.to_complex())
    return ops.polar(abs, angle, out=out)


@overload("conj_physical")
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate as a tensor of its own; a real tensor itself."""
    if out is None and not input.dtype.is_complex:
        return input
    return ops.conj_physical(input, out=out)


@overload("resolve_conj")
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself, or a copy where it is a view of another's conjugate."""
    return input.clone() if input.is_conj() else input


@overload("resolve_neg")
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself, or a copy where it is a view of another's negative."""
    return input.clone() if input.is_neg() else input


# ---- closeness ------------------------------------------------------------------------------------------------


@overload("isclose")
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether `|input - other| <= atol + rtol * |other|`; infinities are close to themselves only.

    Raises:
        TypeError: for numbers. RuntimeError: for different dtypes and for negative tolerances.
    """
    for position, (name, given) in enumerate((("input", input), ("other", other)), 1):
        if not isinstance(given, Tensor):
            raise TypeError(f"isclose(): argument '{name}' (position {position}) must be Tensor, not {type(given).__name__}")
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{scalar_name(input.dtype)} did not match {scalar_name(other.dtype)}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0 or math.isnan(tolerance):
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance:g}")
    return ops.isclose(input, other, rtol, atol, equal_nan)
