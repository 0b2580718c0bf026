"""Elementwise rows: how they are registered, and those of one operand."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import broadcast_shapes
from torchlike.ops.registry import op

BOOL_MINUS = "is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."


def elementwise(name: str | None = None, **options: Any) -> Callable[[Callable], Callable]:
    """Register a row whose operands broadcast; sizes that do not fit raise in torch's words. Promotes to "same" by default.

    Args:
        name: the row's name; the function's own by default.
        options: the row's, and these. `refuses`: the kinds (letters, see `refuse`) that torch does not have it for, with an
            error of class `refusal`. `widen`: 16-bit floats are computed in float32 and rounded once, at the end (as they
            are wherever operands broadcast: the gradient of what was repeated is a long sum). `tensors`: how many of
            the first operands must be tensors, not numbers.
    """
    refuses, refusal = options.pop("refuses", ""), options.pop("refusal", NotImplementedError)
    widen, tensors = options.pop("widen", False), options.pop("tensors", 0)

    def register(fn: Callable) -> Callable:
        wide = in_float32(fn)
        row = name or fn.__name__

        @functools.wraps(fn)
        def checked(*operands: Any, **static: Any) -> Any:
            shapes = [np.shape(x) for x in operands if x is not None]
            shape = broadcast_shapes(*shapes)
            if refuses:
                refuse(f"{row}_cpu", refuses, *operands, error=refusal)
            return (wide if widen or any(s != shape for s in shapes) else fn)(*operands, **static)

        own = options.get("check")

        def check(*operands: Any) -> None:
            _only_tensors(row, operands[:tensors])
            broadcast_shapes(*(o.shape for o in operands if hasattr(o, "shape")))  # torch complains of sizes first
            if own:
                own(*operands)

        given = {
            "promote": "same",
            "layout": "elementwise",
            "broadcasts": True,
            **options,
            **({"check": check} if own or tensors else {}),
        }
        op(name, **given)(checked)
        return fn

    return register


def unary(options: dict[str, Any], **functions: Callable) -> None:
    """Rows of one operand straight from JAX functions."""
    _many(options, lambda fn: lambda input: fn(input), functions)


def binary(options: dict[str, Any], **functions: Callable) -> None:
    """Rows of two operands that broadcast, straight from JAX functions."""
    _many(options, lambda fn: lambda input, other: fn(input, other), functions)


def _many(options: dict[str, Any], rename: Callable, functions: dict[str, Callable]) -> None:
    for name, fn in functions.items():
        row = rename(fn)
        row.__name__ = row.__qualname__ = name
        row.__doc__ = (fn.__doc__ or "").strip().split("\n\n")[0] or None
        elementwise(name, **options)(row)


def is_number(x: Any) -> bool:
    """Whether an operand of a `raw` row is still a Python number."""
    return isinstance(x, bool | int | float | complex)


def is_inexact(x: jax.Array) -> bool:
    return jnp.issubdtype(x.dtype, jnp.inexact)


def with_slopes(fn: Callable, *slopes: Callable) -> Callable:
    """`fn` with the partial derivatives `slopes`, each a function of the result and the operands."""

    def times(slope: Callable) -> Callable:
        return lambda tangent, out, *operands: tangent * slope(out, *operands)

    sloped = jax.custom_jvp(fn)
    sloped.defjvps(*map(times, slopes))
    return sloped


def in_float32(fn: Callable) -> Callable:
    """`fn` computed in float32 where an operand is a 16-bit float, and rounded once, at the end."""

    @functools.wraps(fn)
    def wide(*operands: Any, **static: Any) -> Any:
        half = next((x.dtype for x in operands if _is_half(x)), None)
        if half is None:
            return fn(*operands, **static)
        out = fn(*(x.astype(jnp.float32) if _is_half(x) else x for x in operands), **static)
        return out.astype(half) if out.dtype == jnp.float32 else out

    return wide


def _is_half(x: Any) -> bool:
    return x is not None and not is_number(x) and _kind_letter(x.dtype) == "h"


def _only_tensors(row: str, kinds: tuple) -> None:
    for place, kind in enumerate(kinds, 1):
        if isinstance(kind, type):
            raise TypeError(f"{row}(): argument {place} must be Tensor, not {kind.__name__}")


def refuse(kernel: str, kinds: str, *operands: Any, error: type[Exception] = NotImplementedError) -> None:
    """Raise where an operand is of one of the `kinds`, a string of the letters of `_kind_letter`."""
    for x in operands:
        if x is not None and not is_number(x) and _kind_letter(x.dtype) in kinds:
            raise error(f"\"{kernel}\" not implemented for '{scalar_name(dtypes.from_numpy(x.dtype))}'")


def _kind_letter(dtype: np.dtype) -> str:
    """b(ool), i(nteger), h(alf: a float of 16 bits), f(loat), c(omplex)."""
    if jnp.issubdtype(dtype, jnp.floating):
        return "h" if dtype.itemsize == 2 else "f"
    return {"b": "b", "c": "c"}.get(dtype.kind, "i")


# --- one operand -------------------------------------------------------------------------------------------------------

FLOAT: dict[str, Any] = {"promote": "float", "inplace": True}
SAME: dict[str, Any] = {"promote": "same", "inplace": True}

unary(
    FLOAT,
    exp=lax.exp, log=lax.log, rsqrt=lax.rsqrt, sin=lax.sin, cos=lax.cos, tan=lax.tan, sinh=lax.sinh,
    cosh=lax.cosh, tanh=lax.tanh, reciprocal=jnp.reciprocal,
)  # fmt: skip
unary({**FLOAT, "widen": True}, log2=jnp.log2, log10=jnp.log10)
unary({**FLOAT, "aliases": ("special.expit",)}, sigmoid=lax.logistic)


def _cut(fn: Callable, side: Callable) -> Callable:
    """`fn` that minds the sign of zero on its branch cut, as C does and XLA does not.

    Args:
        side: from the (complex) operand, a part of the result ("real" or "imag") and a number whose sign that part has.
    """

    @jax.custom_jvp
    def cut(x):
        out = fn(x)
        if not jnp.iscomplexobj(x):
            return out
        real, imag, (which, sign) = out.real, out.imag, side(x)
        flipped = (jnp.copysign(real, sign), imag) if which == "real" else (real, jnp.copysign(imag, sign))
        return jnp.where(jnp.isnan(sign), out, lax.complex(*flipped))

    @cut.defjvp
    def rule(primals, tangents):
        return cut(*primals), jax.jvp(fn, primals, tangents)[1]

    return cut


def _imag(x):
    return "imag", x.imag


unary(FLOAT, sqrt=_cut(lax.sqrt, _imag))
for _name, _fn in {
    "acos": _cut(lax.acos, lambda x: ("imag", -x.imag)), "asin": _cut(lax.asin, _imag), "acosh": _cut(lax.acosh, _imag),
    "atanh": _cut(lax.atanh, _imag), "asinh": _cut(lax.asinh, lambda x: ("real", x.real)),
    "atan": _cut(lax.atan, lambda x: ("real", x.real)),
}.items():  # fmt: skip
    unary({**FLOAT, "aliases": (f"arc{_name[1:]}",)}, **{_name: _fn})
unary({**SAME, "refuses": "bc"}, ceil=jnp.ceil, floor=jnp.floor)
unary({**SAME, "refuses": "bc", "aliases": ("fix",)}, trunc=jnp.trunc)


@jax.custom_jvp
def absolute(x):
    """The absolute value; its gradient at 0 (and at nan) is 0. Infinite where a part is, whatever the other one."""
    if jnp.iscomplexobj(x):
        return jnp.where(jnp.isinf(x.real) | jnp.isinf(x.imag), jnp.inf, jnp.abs(x))
    return jnp.abs(x)


@absolute.defjvp
def _absolute_jvp(primals, tangents):
    x, x_dot = primals[0], tangents[0]
    slope = jnp.conj(sgn(x)) * x_dot
    return absolute(x), slope.real if jnp.iscomplexobj(x) else slope


def _check_abs(input):
    if input.dtype is dtypes.bool_:
        raise NotImplementedError("\"abs_cpu\" not implemented for 'Bool': a bool is its own absolute value")


unary({**SAME, "aliases": ("absolute",), "check": _check_abs}, abs=absolute)


@elementwise(inplace=True, linear=True, aliases=("negative",))
def neg(input):
    """`-input`. Raises RuntimeError for bool tensors."""
    if input.dtype == jnp.bool_:
        raise RuntimeError(f"Negation, the `-` operator, on a bool tensor {BOOL_MINUS}")
    return -input


@elementwise(linear=True)
def positive(input):
    """The input itself. Raises RuntimeError for bool tensors."""
    if input.dtype == jnp.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def _sign(x):
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


@elementwise(inplace=True)
def sign(input):
    """-1, 0 or 1; nan gives 0 as in torch (JAX gives nan)."""
    if input.dtype == jnp.bool_:
        return input
    if jnp.issubdtype(input.dtype, jnp.complexfloating):
        raise NotImplementedError("Unlike NumPy, torch.sign doesn't handle complex tensors, please use torch.sgn instead")
    return _sign(input)


@elementwise(inplace=True)
def sgn(input):
    """`input / abs(input)`, 0 at 0: the sign, also of complex numbers."""
    if not jnp.issubdtype(input.dtype, jnp.complexfloating):
        return input if input.dtype == jnp.bool_ else _sign(input)
    zero = input == 0
    size = jnp.abs(jnp.where(zero, 1, input))
    return jnp.where(zero, 0, input / size)


@elementwise(inplace=True)
def square(input):
    """`input * input` (int64 for bool)."""
    return input.astype(jnp.int64) if input.dtype == jnp.bool_ else jnp.square(input)


@elementwise(inplace=True, refuses="bic")
def frac(input):
    """The part after the point, with the sign of the input."""
    return input - jnp.trunc(input)


@elementwise(inplace=True, ns="torch special", refuses="bc", widen=True)
def round(input, *, decimals=0):
    """Rounded to `decimals` places, halves to even."""
    if not is_inexact(input):
        if decimals:
            raise NotImplementedError("round() with decimals is not implemented for integer tensors")
        return input
    if not decimals:
        return jnp.round(input)
    scale = 10.0 ** abs(decimals)
    return jnp.round(input * scale) / scale if decimals > 0 else jnp.round(input / scale) * scale


@elementwise(promote="float", inplace=True, linear=True, refuses="c", refusal=RuntimeError, widen=True)
def deg2rad(input):
    return input * (math.pi / 180.0)


@elementwise(promote="float", inplace=True, linear=True, refuses="c", refusal=RuntimeError, widen=True)
def rad2deg(input):
    return input * (180.0 / math.pi)


@elementwise(inplace=True)
def nan_to_num(input, *, nan=None, posinf=None, neginf=None):
    """nan and the infinities replaced; None stands for 0, the dtype's largest and its smallest number."""
    if not is_inexact(input):
        return input
    return jnp.nan_to_num(input, nan=nan or 0.0, posinf=posinf, neginf=neginf)
