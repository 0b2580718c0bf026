"""The normal distribution's functions, error functions, and entropies."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.elementwise import elementwise, with_slopes
from torchlike.ops.special_bessel import special_row


def _erfcx_slope(out, x):
    return 2 * x * out - 2 / math.sqrt(math.pi)


erfcx = with_slopes(jax.scipy.special.erfcx, _erfcx_slope)


def _ndtr(x):
    z = x * math.sqrt(0.5)
    # Near 0 the sum is exact enough; far from it erfc keeps the small tail's digits.
    return jnp.where(jnp.abs(z) < 0.7, 0.5 + 0.5 * lax.erf(z), 0.5 * lax.erfc(-z))


def _log_ndtr(x):
    low = jnp.where(x < -1, x, -1)
    high = jnp.where(x < -1, 0, x)
    tail = jnp.log(erfcx(low * -math.sqrt(0.5)) / 2) - 0.5 * low * low
    return jnp.where(x < -1, tail, jnp.log1p(-lax.erfc(high * math.sqrt(0.5)) / 2))


ndtr = with_slopes(_ndtr, lambda out, x: jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))
log_ndtr = with_slopes(_log_ndtr, lambda out, x: math.sqrt(2 / math.pi) / erfcx(x * -math.sqrt(0.5)))
ndtri = with_slopes(jax.scipy.special.ndtri, lambda out, p: jnp.exp(0.5 * out * out) * math.sqrt(2 * math.pi))
entr = with_slopes(
    lambda x: jnp.where(x == 0, 0, jnp.where(x < 0, -jnp.inf, -x * jnp.log(jnp.where(x <= 0, 1, x)))),
    lambda out, x: -jnp.log(x) - 1,
)

special_row("erfcx", erfcx, "The scaled complementary error function, `exp(x^2) erfc(x)`.", refuses="hc")
special_row("ndtr", ndtr, "The area under the normal density left of `input`.", refuses="c", widen=True)
special_row("log_ndtr", log_ndtr, "The logarithm of `ndtr`, exact far down the tail.", refuses="hc")
special_row("ndtri", ndtri, "The inverse of `ndtr`; nan outside [0, 1].", refuses="hc")
special_row("entr", entr, "The entropy `-x log(x)`; 0 at 0, -inf below.", refuses="c", widen=True)


@elementwise(promote="float", ns="special", method=False, refuses="c", widen=True)
def xlog1py(input, other):
    """`input * log1p(other)`, 0 where `input` is 0 (nan where `other` is nan)."""
    return _xlog1py(input, other)


_xlog1py = with_slopes(
    lambda x, y: jnp.where((x == 0) & (y == y), 0, x * jnp.log1p(y)),
    lambda out, x, y: jnp.where((x == 0) & (y <= -1), 0, jnp.log1p(y)),
    lambda out, x, y: x / (y + 1),
)
