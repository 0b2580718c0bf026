"""The gamma function's kin: incomplete gamma functions, the Hurwitz zeta function, derivatives of the logarithm."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from torchlike.ops.checks import tensors_only
from torchlike.ops.elementwise import elementwise, with_slopes

_GAMMA: dict[str, Any] = {"promote": "same", "inplace": True, "refuses": "bic", "widen": True, "check": tensors_only}


def _edges(fn, at_zero):
    """`fn(a, x)` with torch's values where a or x is 0 or infinite."""

    def edged(a, x):
        a, x = jnp.broadcast_arrays(a, x)
        at_inf = 1 - at_zero
        bad = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | (jnp.isinf(a) & jnp.isinf(x)) | (a != a) | (x != x)
        zero = ((x == 0) & (a > 0)) | jnp.isinf(a)
        end = ((a == 0) & (x > 0)) | jnp.isinf(x)
        plain = ~(bad | zero | end)
        value = fn(jnp.where(plain, a, 1), jnp.where(plain, x, 1))
        edge = jnp.where(bad, jnp.nan, jnp.where(zero, at_zero, at_inf))
        return jnp.where(plain, value, edge)

    return edged


@elementwise(**_GAMMA, aliases=("special.gammainc",))
def igamma(input, other):
    """The regularized lower incomplete gamma function P(input, other)."""
    return _edges(lax.igamma, 0)(input, other)


@elementwise(**_GAMMA, aliases=("special.gammaincc",))
def igammac(input, other):
    """The regularized upper incomplete gamma function Q(input, other)."""
    return _edges(lax.igammac, 1)(input, other)


def hurwitz_zeta(x, q):
    """The sum of `(k + q) ** -x` over k >= 0 for x > 1; for q < 0 the terms below 0 are another such sum, cut off."""
    x, q = jnp.broadcast_arrays(x, q)
    pole = (x == 1) | ((x > 1) & (q <= 0) & (jnp.floor(q) == q))
    left = (q < 0) & ~pole
    part = jnp.where(left, -q - jnp.floor(-q), 0.5)  # the first term above 0 is 1 - part, the last one below is -part
    value = lax.zeta(jnp.where(pole, 2, x), jnp.where(pole, 1, jnp.where(left, 1 - part, q)))
    below = lax.zeta(jnp.where(pole, 2, x), part) - lax.zeta(jnp.where(pole, 2, x), jnp.where(left, 1 - q, 1))
    sign = jnp.where(jnp.floor(x) != x, jnp.nan, jnp.where(x % 2 == 0, 1, -1)).astype(x.dtype)
    value = value + jnp.where(left, sign * below, 0)
    return jnp.where(pole, jnp.inf, jnp.where(x < 1, jnp.nan, value))


@elementwise(promote="float", ns="special", method=False, refuses="hc")
def zeta(input, other):
    """The Hurwitz zeta function, the sum of `(k + other) ** -input` over k >= 0; its gradient goes to `other` only."""
    return _zeta(input, other)


_zeta: Callable = with_slopes(
    lambda x, q: hurwitz_zeta(lax.stop_gradient(x), q),
    lambda out, x, q: jnp.zeros_like(out),
    lambda out, x, q: -x * _zeta(x + 1, q),
)


@functools.cache
def polygamma_of(n: int) -> Callable:
    """The n-th derivative of digamma as a function with a derivative of its own (Abramowitz and Stegun 6.4.10)."""

    def value(x):
        if n == 0:
            return jnp.where(x == 0, jnp.copysign(jnp.inf, -x).astype(x.dtype), lax.digamma(x))
        return (-1) ** (n + 1) * math.factorial(n) * hurwitz_zeta(jnp.full_like(x, n + 1), x)

    return with_slopes(value, lambda out, x: polygamma_of(n + 1)(x))


# XLA's is not exactly 0 at the zeros, which are asked for most often: log(0!) and log(1!).
log_gamma = with_slopes(lambda x: jnp.where((x == 1) | (x == 2), 0, lax.lgamma(x)), lambda out, x: polygamma_of(0)(x))
