"""Elementwise arithmetic of several operands, which broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.elementwise import BOOL_MINUS, binary, elementwise, is_inexact, is_number, refuse, with_slopes

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
        raise RuntimeError(f"Subtraction, the `-` operator, with a bool tensor {BOOL_MINUS}")
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


@elementwise(promoted=_PAIR, linear=_alpha_is_number, check=_check_minus, tensors=1)
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


@elementwise(inplace=True, check=not_bool("div_floor_cpu"), refuses="c")
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


@elementwise(ns="", inplace=True, grad_name="Div", refuses="bc")
def div_trunc(input, other):
    """`input / other` rounded towards zero."""
    return jnp.trunc(input / other) if is_inexact(input) else lax.div(*jnp.broadcast_arrays(input, other))


@elementwise(inplace=True, check=not_bool("remainder_cpu"), refuses="c")
def remainder(input, other):
    """What is left of `input` modulo `other`, with the sign of `other` (Python's `%`)."""
    return jnp.remainder(input, other)


@elementwise(inplace=True, check=not_bool("fmod_cpu"), refuses="c", tensors=1)
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
        small = 0 <= exponent < 64
        return (
            lax.integer_pow(input, exponent)
            if small
            else _whole_pow(input, jnp.asarray(exponent, jnp.int64)).astype(input.dtype)
        )
    if exponent in (-2, -1, 0, 1, 2, 3):
        return lax.integer_pow(input, int(exponent))
    if exponent in (0.5, -0.5):
        return lax.sqrt(input) if exponent > 0 else lax.rsqrt(input)
    return _pow(input, jnp.asarray(exponent, input.dtype))


def _whole_pow(base, exponent):
    """By repeated squaring, wrapping around; negative exponents give 0 but for a base of 1 or -1."""
    base, exponent = jnp.broadcast_arrays(base, exponent)

    def square(carry):
        out, power, left = carry
        return jnp.where(left % 2 == 1, out * power, out), power * power, left // 2

    start = (jnp.ones_like(base), base, jnp.maximum(exponent, 0))
    out = lax.while_loop(lambda carry: jnp.any(carry[2] > 0), square, start)[0]
    odd = jnp.where(exponent % 2 == 0, jnp.ones_like(base), base)
    inverse = jnp.where(base == 1, base, jnp.where(base == -1, odd, jnp.zeros_like(base)))
    return jnp.where(exponent < 0, inverse, out)


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
_RIVALS: dict[str, Any] = {"refuses": "c", "refusal": RuntimeError, "tensors": 2}
binary(
    {"promote": "same", **_RIVALS},
    maximum=with_slopes(jnp.maximum, _less, lambda out, a, b: _less(out, b, a)),
    minimum=with_slopes(jnp.minimum, _greater, lambda out, a, b: _greater(out, b, a)),
)


@elementwise(**_RIVALS)
def fmax(input, other):
    """The larger one; a number wins over nan. On ties the gradient goes to `input`."""
    return jnp.where((input >= other) | (other != other), input, other)


@elementwise(**_RIVALS)
def fmin(input, other):
    """The smaller one; a number wins over nan. On ties the gradient goes to `input`."""
    return jnp.where((input <= other) | (other != other), input, other)


@elementwise(inplace=True, aliases=("clip",), refuses="c", tensors=1)
def clamp(input, min=None, max=None):
    """`input` held inside [min, max]; at the bounds the gradient passes. nan stays nan.

    Raises:
        RuntimeError: if both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is not None and max is not None:
        refuse("clamp_cpu", "b", input)
    if min is not None:
        input = jnp.where((input >= min) | (input != input), input, min)
    if max is not None:
        input = jnp.where((input <= max) | (input != input), input, max)
    return input


@elementwise(inplace=True, refuses="c", tensors=1)
def clamp_min(input, min):
    """`input`, but at least `min`."""
    return clamp(input, min, None)


@elementwise(inplace=True, refuses="c", tensors=1)
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


@elementwise(inplace=True, raw=True, check=_check_lerp, widen=True, tensors=2)
def lerp(input, end, weight):
    """`input + weight * (end - input)`, exact at both ends."""
    near = input + weight * (end - input)
    far = end - (end - input) * (1 - weight)
    if is_number(weight):
        return near if abs(weight) < 0.5 else far
    return jnp.where(jnp.abs(weight) < 0.5, near, far)


@elementwise(inplace=True, promoted=("input", "tensor1", "tensor2"), refuses="b", widen=True)
def addcmul(input, tensor1, tensor2, value=1):
    """`input + value * tensor1 * tensor2`."""
    return input + _scaled(tensor1, value) * tensor2


@elementwise(inplace=True, promoted=("input", "tensor1", "tensor2"), widen=True)
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
