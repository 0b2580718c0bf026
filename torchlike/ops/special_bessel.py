"""Bessel functions of orders 0 and 1, and the Airy function.

Near 0 and far from it each is a Chebyshev series times what is not smooth (see `special_tables`). torch has no gradients
of these but for `i0` and `i1`; here they have them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from torchlike.ops import special_tables as tables
from torchlike.ops.elementwise import elementwise, with_slopes
from torchlike.ops.special_tables import chebyshev_sum


def special_row(name: str, fn: Callable, doc: str, **options: Any) -> None:
    """A row of one operand that stands in `torch.special` only."""

    def row(input):
        return fn(input)

    row.__name__ = row.__qualname__ = name
    row.__doc__ = doc
    elementwise(name, promote="float", ns="special", method=False, **options)(row)


# --- J and Y ---------------------------------------------------------------------------------------------------------


def _near(x):
    """The variable of the series up to 8."""
    return jnp.minimum(x * x, 64.0) / 32 - 1


def _wave(x, amplitude, slant):
    """What H_n has beyond 8, but for n quarter turns: the parts of sqrt(2 / (pi x)) exp(i (x - pi/4)) (P + i Q / x)."""
    x = jnp.maximum(x, 8.0)
    t = 2 * (8 / x) ** 2 - 1
    p, q = chebyshev_sum(amplitude, t), chebyshev_sum(slant, t) / x
    # cos(x - pi/4) and sin(x - pi/4) from whole angles: subtracting pi/4 would round x.
    cos, sin = jnp.cos(x) + jnp.sin(x), jnp.sin(x) - jnp.cos(x)
    scale = lax.rsqrt(math.pi * x)
    return scale * (cos * p - sin * q), scale * (sin * p + cos * q)


def _j1_per_x(x):
    """J1(x) / x near 0."""
    return chebyshev_sum(tables.J1, _near(x))


def _j0(x):
    size = jnp.abs(x)
    return jnp.where(size > 8, _wave(size, tables.P0, tables.Q0)[0], chebyshev_sum(tables.J0, _near(x)))


def _j1(x):
    size = jnp.abs(x)
    return jnp.where(size > 8, jnp.sign(x) * _wave(size, tables.P1, tables.Q1)[1], x * _j1_per_x(x))


def _j1_slope(out, x):
    return bessel_j0(x) - jnp.where(jnp.abs(x) > 8, out / jnp.where(x == 0, 1, x), _j1_per_x(x))


bessel_j0: Callable = with_slopes(_j0, lambda out, x: -bessel_j1(x))
bessel_j1: Callable = with_slopes(_j1, _j1_slope)


def _y0(x):
    near = 2 / math.pi * jnp.log(x / 2) * chebyshev_sum(tables.J0, _near(x)) + chebyshev_sum(tables.Y0, _near(x))
    return jnp.where(x > 8, _wave(x, tables.P0, tables.Q0)[1], near)


def _y1(x):
    near = 2 / math.pi * (jnp.log(x / 2) * x * _j1_per_x(x) - 1 / x) + x * chebyshev_sum(tables.Y1, _near(x))
    return jnp.where(x > 8, -_wave(x, tables.P1, tables.Q1)[0], jnp.where(x == 0, -jnp.inf, near))


bessel_y0: Callable = with_slopes(_y0, lambda out, x: -bessel_y1(x))
bessel_y1: Callable = with_slopes(_y1, lambda out, x: bessel_y0(x) - out / x)


def _spherical_j0(x):
    small = jnp.abs(x) < 0.5  # there sin(x) / x would lose its derivative's digits
    square = jnp.where(small, x * x, 0)
    series = sum((-square) ** k / math.factorial(2 * k + 1) for k in range(8))
    safe = jnp.where(small, 1, x)
    return jnp.where(small, series, jnp.where(jnp.isinf(x), 0, jnp.sin(safe) / safe))


# --- I and K ---------------------------------------------------------------------------------------------------------


def _half_at_zero(value, x):
    """`value / x` for odd functions that begin as x / 2."""
    return jnp.where(x == 0, 0.5, value / jnp.where(x == 0, 1, x))


bessel_i0e: Callable = with_slopes(lax.bessel_i0e, lambda out, x: bessel_i1e(x) - jnp.sign(x) * out)
bessel_i1e: Callable = with_slopes(lax.bessel_i1e, lambda out, x: bessel_i0e(x) - jnp.sign(x) * out - _half_at_zero(out, x))
bessel_i0: Callable = with_slopes(lambda x: lax.bessel_i0e(x) * jnp.exp(jnp.abs(x)), lambda out, x: bessel_i1(x))
bessel_i1: Callable = with_slopes(
    lambda x: lax.bessel_i1e(x) * jnp.exp(jnp.abs(x)), lambda out, x: bessel_i0(x) - _half_at_zero(out, x)
)


def _k_near(x):
    return jnp.minimum(x * x, 4.0) / 2 - 1


def _k_far(table, x):
    """exp(x) K(x) beyond 2."""
    x = jnp.maximum(x, 2.0)
    return chebyshev_sum(table, 4 / x - 1) * lax.rsqrt(x)


def _k0_near(x):
    return chebyshev_sum(tables.K0, _k_near(x)) - jnp.log(x / 2) * bessel_i0(jnp.clip(x, 0, 2))


def _k1_near(x):
    small = jnp.minimum(x, 2.0)
    value = jnp.log(small / 2) * bessel_i1(jnp.maximum(small, 0)) + 1 / small + small * chebyshev_sum(tables.K1, _k_near(x))
    return jnp.where(x == 0, jnp.inf, value)


bessel_k0: Callable = with_slopes(
    lambda x: jnp.where(x > 2, _k_far(tables.K0E, x) * jnp.exp(-x), _k0_near(x)), lambda out, x: -bessel_k1(x)
)
bessel_k1: Callable = with_slopes(
    lambda x: jnp.where(x > 2, _k_far(tables.K1E, x) * jnp.exp(-x), _k1_near(x)), lambda out, x: -bessel_k0(x) - out / x
)
bessel_k0e: Callable = with_slopes(
    lambda x: jnp.where(x > 2, _k_far(tables.K0E, x), _k0_near(x) * jnp.exp(jnp.minimum(x, 2.0))),
    lambda out, x: out - bessel_k1e(x),
)
bessel_k1e: Callable = with_slopes(
    lambda x: jnp.where(x > 2, _k_far(tables.K1E, x), _k1_near(x) * jnp.exp(jnp.minimum(x, 2.0))),
    lambda out, x: out - bessel_k0e(x) - out / x,
)


# --- Airy ------------------------------------------------------------------------------------------------------------

_DECAY_FROM, _WAVE_FROM = 1.5, 2.5


def _zeta(x):
    return 2 / 3 * x * jnp.sqrt(x)


def _airy(x):
    middle = chebyshev_sum(tables.AI, jnp.clip(x, -_WAVE_FROM, _DECAY_FROM) / 2 + 0.25)

    right = jnp.maximum(x, _DECAY_FROM)
    z = _zeta(right)
    decay = chebyshev_sum(tables.AI_DECAY, 2 * (2 / 3 * _DECAY_FROM**1.5) / z - 1)
    decay *= jnp.exp(-z) / (2 * math.sqrt(math.pi) * jnp.sqrt(jnp.sqrt(right)))

    left = jnp.maximum(-x, _WAVE_FROM)
    z = _zeta(left)
    t = 2 * (2 / 3 * _WAVE_FROM**1.5 / z) ** 2 - 1
    cos, sin = jnp.cos(z) + jnp.sin(z), jnp.sin(z) - jnp.cos(z)  # sqrt(2) times those of z - pi/4
    wave = cos * chebyshev_sum(tables.AI_COS, t) + sin * chebyshev_sum(tables.AI_SIN, t) / z
    wave /= math.sqrt(2 * math.pi) * jnp.sqrt(jnp.sqrt(left))
    return jnp.where(x > _DECAY_FROM, decay, jnp.where(x < -_WAVE_FROM, wave, middle))


# --- the rows --------------------------------------------------------------------------------------------------------

for _name, _fn, _doc in (
    ("bessel_j0", bessel_j0, "The Bessel function of the first kind, order 0."),
    ("bessel_j1", bessel_j1, "The Bessel function of the first kind, order 1."),
    ("bessel_y0", bessel_y0, "The Bessel function of the second kind, order 0; -inf at 0, nan below."),
    ("bessel_y1", bessel_y1, "The Bessel function of the second kind, order 1; -inf at 0, nan below."),
    ("modified_bessel_i0", bessel_i0, "The modified Bessel function of the first kind, order 0."),
    ("modified_bessel_i1", bessel_i1, "The modified Bessel function of the first kind, order 1."),
    ("modified_bessel_k0", bessel_k0, "The modified Bessel function of the second kind, order 0; inf at 0, nan below."),
    ("modified_bessel_k1", bessel_k1, "The modified Bessel function of the second kind, order 1; inf at 0, nan below."),
    ("scaled_modified_bessel_k0", bessel_k0e, "`exp(x) K0(x)`; inf at 0, nan below."),
    ("scaled_modified_bessel_k1", bessel_k1e, "`exp(x) K1(x)`; inf at 0, nan below."),
    ("spherical_bessel_j0", _spherical_j0, "`sin(x) / x`, 1 at 0."),
    ("airy_ai", _airy, "The Airy function Ai."),
):
    special_row(_name, _fn, _doc, refuses="hc")
for _name, _fn, _doc in (
    ("i0e", bessel_i0e, "`exp(-|x|) I0(x)`, where I0 is the modified Bessel function of the first kind, order 0."),
    ("i1", bessel_i1, "The modified Bessel function of the first kind, order 1."),
    ("i1e", bessel_i1e, "`exp(-|x|) I1(x)`, where I1 is the modified Bessel function of the first kind, order 1."),
):
    special_row(_name, _fn, _doc, refuses="c", widen=True)
