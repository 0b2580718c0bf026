"""Elementwise arithmetic: one number out per number in, operands broadcast."""

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

_BOOL_MINUS = "is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."


def elementwise(name: str | None = None, **options: Any) -> Callable[[Callable], Callable]:
    """Register a row whose operands broadcast; sizes that do not fit raise in torch's words. Promotes to "same" by default."""

    def register(fn: Callable) -> Callable:
        @functools.wraps(fn)
        def checked(*operands: Any, **static: Any) -> Any:
            broadcast_shapes(*(np.shape(x) for x in operands if x is not None))
            return fn(*operands, **static)

        op(name, **{"promote": "same", "layout": "elementwise", **options})(checked)
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


# --- one operand -------------------------------------------------------------------------------------------------------

FLOAT: dict[str, Any] = {"promote": "float", "inplace": True}
SAME: dict[str, Any] = {"promote": "same", "inplace": True}

unary(
    FLOAT,
    exp=lax.exp, log=lax.log, log2=jnp.log2, log10=jnp.log10, sqrt=lax.sqrt, rsqrt=lax.rsqrt, sin=lax.sin, cos=lax.cos,
    tan=lax.tan, sinh=lax.sinh, cosh=lax.cosh, tanh=lax.tanh, sigmoid=lax.logistic, reciprocal=jnp.reciprocal,
)  # fmt: skip
for _name, _fn in {
    "acos": lax.acos, "asin": lax.asin, "atan": lax.atan, "acosh": lax.acosh, "asinh": lax.asinh, "atanh": lax.atanh,
}.items():  # fmt: skip
    unary({**FLOAT, "aliases": (f"arc{_name[1:]}",)}, **{_name: _fn})
unary(SAME, ceil=jnp.ceil, floor=jnp.floor)
unary({**SAME, "aliases": ("fix",)}, trunc=jnp.trunc)


@jax.custom_jvp
def absolute(x):
    """The absolute value; its gradient at 0 (and at nan) is 0."""
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
        raise RuntimeError(f"Negation, the `-` operator, on a bool tensor {_BOOL_MINUS}")
    return -input


@elementwise(linear=True)
def positive(input):
    """The input itself. Raises RuntimeError for bool tensors."""
    if input.dtype == jnp.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@elementwise(inplace=True)
def sign(input):
    """-1, 0 or 1; nan gives 0 as in torch (JAX gives nan)."""
    if input.dtype == jnp.bool_:
        return input
    if jnp.issubdtype(input.dtype, jnp.complexfloating):
        raise RuntimeError("Unlike NumPy, torch.sign doesn't handle complex tensors, please use torch.sgn instead")
    return jnp.where(input != input, jnp.zeros_like(input), jnp.sign(input))


@elementwise(inplace=True)
def sgn(input):
    """`input / abs(input)`, 0 at 0: the sign, also of complex numbers."""
    if not jnp.issubdtype(input.dtype, jnp.complexfloating):
        return input if input.dtype == jnp.bool_ else jnp.where(input != input, jnp.zeros_like(input), jnp.sign(input))
    zero = input == 0
    size = jnp.abs(jnp.where(zero, 1, input))
    return jnp.where(zero, 0, input / size)


@elementwise(inplace=True)
def square(input):
    """`input * input` (int64 for bool)."""
    return input.astype(jnp.int64) if input.dtype == jnp.bool_ else jnp.square(input)


@elementwise(inplace=True)
def frac(input):
    """The part after the point, with the sign of the input."""
    return input - jnp.trunc(input)


@elementwise(inplace=True, ns="torch special")
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


@elementwise(promote="float", inplace=True, linear=True)
def deg2rad(input):
    return input * (math.pi / 180.0)


@elementwise(promote="float", inplace=True, linear=True)
def rad2deg(input):
    return input * (180.0 / math.pi)


@elementwise(inplace=True)
def nan_to_num(input, *, nan=None, posinf=None, neginf=None):
    """nan and the infinities replaced; None stands for 0, the dtype's largest and its smallest number."""
    if not is_inexact(input):
        return input
    return jnp.nan_to_num(input, nan=nan or 0.0, posinf=posinf, neginf=neginf)


# --- arithmetic of two -------------------------------------------------------------------------------------------------


def _scaled(other, alpha):
    """`alpha * other` in the dtype of `other`; the usual alpha, the Python number 1, costs nothing."""
    return other if isinstance(alpha, int) and alpha == 1 else jnp.asarray(alpha).astype(other.dtype) * other


def _kind(operand):
    """The dtype of an operand as `check` gets it: an Aval or the type of a number."""
    return dtypes.of_number_type(operand) if isinstance(operand, type) else operand.dtype


def not_bool(kernel):
    """A check that raises NotImplementedError where all operands are bools; `kernel` is torch's name of what is missing."""

    def check(*operands):
        if all(_kind(o) is dtypes.bool_ for o in operands):
            raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")

    return check


def _check_alpha(input, other, alpha=None):
    kinds = (_kind(input), _kind(other))
    if alpha is bool and any(k is not dtypes.bool_ for k in kinds):
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if alpha is float and not any(k.is_differentiable for k in kinds):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")


def _check_minus(input, other, alpha=None):
    kinds = (_kind(input), _kind(other))
    if all(k is dtypes.bool_ for k in kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )
    if dtypes.bool_ in kinds:
        raise RuntimeError(f"Subtraction, the `-` operator, with a bool tensor {_BOOL_MINUS}")
    _check_alpha(input, other, alpha)


def _alpha_is_number(input, other, alpha=False):
    return not alpha


_PAIR = ("input", "other")  # alpha does not take part in promotion


@elementwise(inplace=True, promoted=_PAIR, linear=_alpha_is_number, check=_check_alpha)
def add(input, other, alpha=1):
    """`input + alpha * other`."""
    return jnp.add(input, _scaled(other, alpha))


@elementwise(inplace=True, promoted=_PAIR, linear=_alpha_is_number, check=_check_minus, aliases=("subtract",))
def sub(input, other, alpha=1):
    """`input - alpha * other`. Raises RuntimeError for bool tensors."""
    return jnp.subtract(input, _scaled(other, alpha))


@elementwise(promoted=_PAIR, linear=_alpha_is_number, check=_check_minus)
def rsub(input, other, alpha=1):
    """`other - alpha * input`."""
    return jnp.subtract(other, _scaled(input, alpha))


@elementwise(inplace=True, linear=lambda input, other: not (input and other), aliases=("multiply",))
def mul(input, other):
    """`input * other`."""
    return jnp.multiply(input, other)


@elementwise(promote="float", inplace=True, linear=lambda input, other: not other, grad_name="Div")
def true_divide(input, other):
    """`input / other`; integers become floats."""
    return jnp.true_divide(input, other)


@elementwise(inplace=True, check=not_bool("div_floor_cpu"))
def floor_divide(input, other):
    """`input / other` rounded down, as Python's `//`."""
    if is_inexact(input):
        return _float_floor_divide(input, other)
    return jnp.floor_divide(input, other)


def _float_floor_divide(a, b):
    """Python's `//`: exact where the quotient rounds to the next integer, infinite where b is 0; no gradient."""
    a, b = jnp.broadcast_arrays(lax.stop_gradient(a), lax.stop_gradient(b))
    rest = lax.rem(a, b)
    quotient = (a - rest) / b
    quotient = jnp.where((rest != 0) & ((b < 0) != (rest < 0)), quotient - 1, quotient)
    whole = jnp.floor(quotient)
    whole = jnp.where(quotient - whole > 0.5, whole + 1, whole)
    return jnp.where(b == 0, a / b, jnp.where(quotient == 0, jnp.copysign(jnp.zeros_like(a), a / b), whole))


@elementwise(ns="", inplace=True, grad_name="Div")
def div_trunc(input, other):
    """`input / other` rounded towards zero."""
    return jnp.trunc(input / other) if is_inexact(input) else lax.div(*jnp.broadcast_arrays(input, other))


@elementwise(inplace=True, check=not_bool("remainder_cpu"))
def remainder(input, other):
    """What is left of `input` modulo `other`, with the sign of `other` (Python's `%`)."""
    return jnp.remainder(input, other)


@elementwise(inplace=True, check=not_bool("fmod_cpu"))
def fmod(input, other):
    """What is left of `input` modulo `other`, with the sign of `input` (C's fmod)."""
    return lax.rem(*jnp.broadcast_arrays(input, other))


@elementwise(ns="", method=False, inplace=True, raw=True, check=not_bool("pow"))
def pow(input, exponent):
    """`input ** exponent`.

    Whole numbers to negative powers follow C (0 but for a base of 1 or -1); that torch refuses such numbers is checked
    where numbers are still known.
    """
    if is_number(input):
        input = jnp.asarray(input, exponent.dtype)
    if not is_number(exponent):
        return _pow(input, exponent) if is_inexact(input) else _whole_pow(input, exponent)
    if not is_inexact(input):
        return lax.integer_pow(input, exponent) if exponent >= 0 else _whole_pow(input, jnp.asarray(exponent, input.dtype))
    if exponent in (-2, -1, 0, 1, 2, 3):
        return lax.integer_pow(input, int(exponent))
    if exponent in (0.5, -0.5):
        return lax.sqrt(input) if exponent > 0 else lax.rsqrt(input)
    return _pow(input, jnp.asarray(exponent, input.dtype))


def _whole_pow(base, exponent):
    odd = jnp.where(exponent % 2 == 0, jnp.ones_like(base), base)
    inverse = jnp.where(base == 1, base, jnp.where(base == -1, odd, jnp.zeros_like(base)))
    return jnp.where(exponent < 0, inverse, jnp.power(base, jnp.maximum(exponent, 0)))


@jax.custom_jvp
def _pow(base, exponent):
    return jnp.power(base, exponent)


@_pow.defjvp
def _pow_jvp(primals, tangents):
    """Where the base is 0 the exponent gets no gradient (for exponents >= 0), and 0 ** 0 gives none to the base."""
    base, exponent = primals
    base_dot, exponent_dot = tangents
    out = _pow(base, exponent)
    slope = jnp.where(exponent == 0, jnp.zeros_like(out), exponent * _pow(base, jnp.where(exponent == 0, 1, exponent - 1)))
    flat = (base == 0) & (exponent.real >= 0)
    growth = jnp.where(flat, jnp.zeros_like(out), out * jnp.log(jnp.where(flat, 1, base)))
    return out, base_dot * slope + exponent_dot * growth


@elementwise(raw=True, inplace=True)
def float_power(input, exponent):
    """`input ** exponent` in double precision."""
    is_complex = any(jnp.iscomplexobj(x) for x in (input, exponent))
    wide = jnp.complex128 if is_complex else jnp.float64
    input, exponent = jnp.asarray(input).astype(wide), jnp.asarray(exponent).astype(wide)
    return _pow(input, exponent)


# --- the larger, the smaller -------------------------------------------------------------------------------------------


def _share(first_loses: Callable) -> Callable:
    """The gradient share of the first of two rivals: all, half on ties, none; nan counts as no loss, as in torch."""
    return lambda out, a, b: jnp.where(a == b, 0.5, jnp.where(first_loses(a, b), 0.0, 1.0)).astype(out.dtype)


_less, _greater = _share(jnp.less), _share(jnp.greater)
binary(
    {"promote": "same"},
    maximum=with_slopes(jnp.maximum, _less, lambda out, a, b: _less(out, b, a)),
    minimum=with_slopes(jnp.minimum, _greater, lambda out, a, b: _greater(out, b, a)),
)


@elementwise()
def fmax(input, other):
    """The larger one; a number wins over nan. On ties the gradient goes to `input`."""
    return jnp.where((input >= other) | (other != other), input, other)


@elementwise()
def fmin(input, other):
    """The smaller one; a number wins over nan. On ties the gradient goes to `input`."""
    return jnp.where((input <= other) | (other != other), input, other)


@elementwise(inplace=True, aliases=("clip",))
def clamp(input, min=None, max=None):
    """`input` held inside [min, max]; at the bounds the gradient passes. nan stays nan.

    Raises:
        RuntimeError: if both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is not None:
        input = jnp.where((input >= min) | (input != input), input, min)
    if max is not None:
        input = jnp.where((input <= max) | (input != input), input, max)
    return input


@elementwise(inplace=True)
def clamp_min(input, min):
    """`input`, but at least `min`."""
    return clamp(input, min, None)


@elementwise(inplace=True)
def clamp_max(input, max):
    """`input`, but at most `max`."""
    return clamp(input, None, max)


# --- of several operands -----------------------------------------------------------------------------------------------


def _check_lerp(input, end, weight):
    for name, other in (("end", end), ("weight", weight)):
        if not isinstance(other, type) and other.dtype is not input.dtype and (name == "end" or other.ndim):
            raise RuntimeError(
                f"expected dtype {_c_name(input.dtype)} for `{name}` but got dtype {_c_name(other.dtype)}: "
                f"convert it with .to({input.dtype})"
            )
    if not _kind(input).is_differentiable:
        raise NotImplementedError(f"\"lerp_kernel_scalar\" not implemented for '{scalar_name(_kind(input))}'")


def _c_name(kind):
    name = scalar_name(kind)
    return {"Long": "long int", "Byte": "unsigned char"}.get(name, name if name in ("Half", "BFloat16") else name.lower())


@elementwise(inplace=True, raw=True, check=_check_lerp)
def lerp(input, end, weight):
    """`input + weight * (end - input)`, exact at both ends."""
    near = input + weight * (end - input)
    far = end - (end - input) * (1 - weight)
    if is_number(weight):
        return near if abs(weight) < 0.5 else far
    return jnp.where(jnp.abs(weight) < 0.5, near, far)


@elementwise(inplace=True, promoted=("input", "tensor1", "tensor2"))
def addcmul(input, tensor1, tensor2, value=1):
    """`input + value * tensor1 * tensor2`."""
    return input + _scaled(tensor1, value) * tensor2


@elementwise(inplace=True, promoted=("input", "tensor1", "tensor2"))
def addcdiv(input, tensor1, tensor2, value=1):
    """`input + value * tensor1 / tensor2`. Raises RuntimeError for integers."""
    if not is_inexact(input):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release addcdiv will perform a true "
            "division of tensor1 and tensor2. Use (input + value * torch.trunc(tensor1 / tensor2)).to(input.dtype) for "
            "the old integer behaviour."
        )
    return input + _scaled(tensor1, value) / tensor2


@elementwise(ns="", method=False, promoted=("input", "other"))
def where(condition, input, other):
    """`input` where the condition holds, else `other`. Raises RuntimeError where the condition is not bool."""
    if condition.dtype not in (jnp.bool_, jnp.uint8):
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            + scalar_name(dtypes.from_numpy(condition.dtype))
        )
    return jnp.where(condition.astype(bool), input, other)
