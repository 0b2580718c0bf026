"""The incomplete gamma functions and the Hurwitz zeta function."""

from __future__ import annotations

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


def _hurwitz(x, q):
    x, q = jnp.broadcast_arrays(lax.stop_gradient(x), q)
    pole = (x == 1) | ((x > 1) & (q <= 0) & (jnp.floor(q) == q))
    value = lax.zeta(jnp.where(pole, 2, x), jnp.where(pole, 1, q))
    return jnp.where(pole, jnp.inf, jnp.where(x < 1, jnp.nan, value))


@elementwise(promote="float", ns="special", method=False, refuses="hc")
def zeta(input, other):
    """The Hurwitz zeta function, the sum of `(k + other) ** -input` over k >= 0; its gradient goes to `other` only."""
    return _zeta(input, other)


_zeta = with_slopes(
    _hurwitz,
    lambda out, x, q: jnp.zeros_like(out),
    lambda out, x, q: -x * _zeta(x + 1, q),
)
