"""Arithmetic and products whose public form is more than a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.base.dtypes import float16
from torchlike.base.promotion import scalar_name
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor

# --- choosing ----------------------------------------------------------------------------------------------------------


@overload("where", method=False)
def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """`input` where the condition holds, else `other`; the condition alone gives the indices of its true elements."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if input is None or other is None:
        raise TypeError("where() takes a condition alone, or a condition and two tensors or numbers")
    return ops.where(condition, input, other, out=out)


@overload("where", function=False)
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    return ops.where(condition, self, other)


@overload("allclose")
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether `|input - other| <= atol + rtol * |other|` everywhere."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{scalar_name(input.dtype)} did not match {scalar_name(other.dtype)}")
    return bool(ops.all(ops.isclose(input, other, rtol, atol, equal_nan)).item())


@overload("equal")
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same elements. Raises TypeError for what is no tensor."""
    for place, given in enumerate((input, other)):
        if not isinstance(given, Tensor):
            name = ("input", "other")[place]
            raise TypeError(f"equal(): argument '{name}' (position {place + 1}) must be Tensor, not {type(given).__name__}")
    return bool(ops.equal_all(input, other).item())


# --- arithmetic --------------------------------------------------------------------------------------------------------

_DIVISIONS = {None: "true_divide", "floor": "floor_divide", "trunc": "div_trunc"}


def _division(rounding_mode: str | None) -> str:
    if rounding_mode not in _DIVISIONS:
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    return _DIVISIONS[rounding_mode]


@overload("div", "divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""
    return getattr(ops, _division(rounding_mode))(input, other, out=out)


@overload("div_", "divide_", function=False)
def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    return getattr(ops, f"{_division(rounding_mode)}_")(self, other)


@overload("pow")
def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """`input ** exponent`. Raises RuntimeError for a tensor of whole numbers and a negative whole exponent."""
    check_power(input, exponent)
    return ops.pow(input, exponent, out=out)


@overload("pow_", function=False)
def pow_(self: Tensor, exponent: Any) -> Tensor:
    check_power(self, exponent)
    return ops.pow_(self, exponent)


def check_power(input: Any, exponent: Any) -> None:
    if not isinstance(input, Tensor) and not isinstance(exponent, Tensor):
        raise TypeError(
            f"pow() takes a tensor and a tensor or number, not {type(input).__name__} and {type(exponent).__name__}"
        )
    if isinstance(exponent, int) and exponent < 0 and isinstance(input, Tensor) and not input.dtype.is_differentiable:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if isinstance(input, Tensor):
        check_held(input, exponent)


def check_held(tensor: Any, number: Any) -> None:
    """Raises RuntimeError for a Python number that the tensor's dtype is too narrow for."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"argument 'input' (position 1) must be Tensor, not {type(tensor).__name__}")
    kind = tensor.dtype
    if kind is float16:
        held = not isinstance(number, (int, float)) or not 65504 < abs(number) < float("inf")
    elif kind.category == kind.INTEGER and type(number) is int:
        limits = np.iinfo(kind.np)
        held = (limits.min or -limits.max) <= number <= limits.max  # torch lets negative numbers wrap into unsigned ones
    else:
        return
    if not held:
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow: {number}")


@overload("clamp", "clip")
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """`input` held inside [min, max]. Raises RuntimeError where both are None, or a number does not fit the tensor's dtype."""
    check_held(input, min)
    check_held(input, max)
    return ops.clamp(input, min, max, out=out)


@overload("clamp_", "clip_")
def clamp_(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """`clamp` in place."""
    check_held(input, min)
    check_held(input, max)
    return ops.clamp_(input, min, max)


@overload("clamp_min")
def clamp_min(input: Tensor, min: Any, *, out: Any = None) -> Tensor:
    """`input`, but at least `min`."""
    check_held(input, min)
    return ops.clamp_min(input, min, out=out)


@overload("clamp_min_")
def clamp_min_(input: Tensor, min: Any) -> Tensor:
    """`clamp_min` in place."""
    check_held(input, min)
    return ops.clamp_min_(input, min)


@overload("clamp_max")
def clamp_max(input: Tensor, max: Any, *, out: Any = None) -> Tensor:
    """`input`, but at most `max`."""
    check_held(input, max)
    return ops.clamp_max(input, max, out=out)


@overload("clamp_max_")
def clamp_max_(input: Tensor, max: Any) -> Tensor:
    """`clamp_max` in place."""
    check_held(input, max)
    return ops.clamp_max_(input, max)


# --- products ----------------------------------------------------------------------------------------------------------


@overload("einsum", method=False)
def einsum(*args: Any) -> Tensor:
    """Einstein's sum convention: `einsum("ij,jk->ik", a, b)`, or each tensor followed by its list of subscript numbers."""
    if isinstance(args[0], str):
        equation, tensors = args[0], list(args[1:])
    else:
        tensors = list(args[0 : len(args) - len(args) % 2 : 2])
        equation = ",".join(map(_letters, args[1::2]))
        if len(args) % 2:
            equation += "->" + _letters(args[-1])
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = list(tensors[0])
    return ops.einsum(tensors, equation)


def _letters(subscripts: Any) -> str:
    return "".join("..." if s is Ellipsis else chr(s + (ord("A") if s < 26 else ord("a") - 26)) for s in subscripts)


@overload("tensordot", method=False)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Any = None) -> Tensor:
    """The product of `a` and `b` summed over the last `dims` dimensions of `a` and the first of `b`, or over listed pairs."""
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (range(-dims, 0), range(dims))
    pairs = tuple((d,) if isinstance(d, int) else tuple(d) for d in dims)
    return ops.tensordot(a, b, pairs, out=out)
