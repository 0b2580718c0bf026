"""Comparisons and tests: every result is bool."""

from __future__ import annotations

import jax.numpy as jnp

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.elementwise import binary, elementwise, is_inexact, refuse, unary
from torchlike.ops.registry import op

_COMPARE = {"promote": "same", "inplace": True}
_LOGICAL = {"promote": None, "inplace": True}


def _ordered(name, fn):
    """A comparison that complex numbers do not have."""

    def compare(input, other):
        if jnp.iscomplexobj(input):
            dtype = scalar_name(dtypes.from_numpy(input.dtype))
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{dtype}'")
        return fn(input, other)

    compare.__doc__ = fn.__doc__
    return compare


for _name, _alias, _fn in (
    ("eq", None, jnp.equal),
    ("ne", "not_equal", jnp.not_equal),
    ("lt", "less", _ordered("lt", jnp.less)),
    ("le", "less_equal", _ordered("le", jnp.less_equal)),
    ("gt", "greater", _ordered("gt", jnp.greater)),
    ("ge", "greater_equal", _ordered("ge", jnp.greater_equal)),
):
    binary({**_COMPARE, "tensors": 1, "aliases": (_alias,) if _alias else ()}, **{_name: _fn})

unary({"promote": "same"}, isfinite=jnp.isfinite, isposinf=jnp.isposinf, isneginf=jnp.isneginf, isreal=jnp.isreal)
unary({"promote": "same", "inplace": False}, isnan=jnp.isnan, isinf=jnp.isinf)
unary(_LOGICAL, logical_not=lambda input: ~input.astype(bool))


def _check_tensors(input, other):
    for place, operand in enumerate((input, other), 1):
        if isinstance(operand, type):
            name = "input" if place == 1 else "other"
            raise TypeError(
                f"argument '{name}' (position {place}) of a logical operation must be Tensor, not {operand.__name__}"
            )


binary(
    {**_LOGICAL, "check": _check_tensors},
    logical_and=lambda input, other: input.astype(bool) & other.astype(bool),
    logical_or=lambda input, other: input.astype(bool) | other.astype(bool),
    logical_xor=lambda input, other: input.astype(bool) ^ other.astype(bool),
)


@elementwise(refuses="c")
def signbit(input):
    """Whether the sign bit is set (so -0.0 too)."""
    return jnp.signbit(input) if is_inexact(input) else input < 0


@elementwise(tensors=2)
def isclose(input, other, *, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether `|input - other| <= atol + rtol * |other|`; infinities are close to themselves only."""
    for name, size in (("rtol", rtol), ("atol", atol)):
        if size < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {size:g}")
    close = input == other
    if equal_nan and is_inexact(input):
        close |= (input != input) & (other != other)
    if rtol == 0 and atol == 0:
        return close
    if not is_inexact(input):
        input, other = input.astype(jnp.float64), other.astype(jnp.float64)
    error = jnp.abs(input - other)
    return close | (jnp.isfinite(error) & (error <= atol + jnp.abs(rtol * other)))


@op(ns="", promote=None, method=False)
def equal_all(input, other):
    """One bool: whether both have the same shape and the same elements (nan differs from itself)."""
    if input.shape != other.shape:
        return jnp.asarray(False)
    return jnp.all(input == other)


@op(ns="", promote=None, method=False)
def lies_within(input, *, region):
    """Whether all of `input` lies in `region`, an object whose `check(array)` is pure; it is compared by identity."""
    return jnp.all(region.check(input.astype(jnp.uint8) if input.dtype == jnp.bool_ else input))


@op(promote="same", layout="contiguous")
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Whether each element stands anywhere in `test_elements`. Shape of `elements`."""
    refuse("isin_cpu", "bc", elements, error=RuntimeError)
    return jnp.isin(elements, test_elements.reshape(-1), assume_unique=assume_unique, invert=invert)
