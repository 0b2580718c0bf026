"""Gamma and Dirichlet numbers as functions of their concentrations: implicit reparametrization gradients.

A number x with the cumulative distribution F(x; a) moves by dx/da = -(dF/da) / p(x) (M. Figurnov, S. Mohamed and A. Mnih,
"Implicit reparameterization gradients", NeurIPS 2018). torch's own formulas approximate the same.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.device_random import _key
from torchlike.ops.elementwise import with_slopes
from torchlike.ops.registry import op

_STEPS = 2000  # of the continued fraction at most; it takes about the root of the larger concentration


@op(ns="", method=False, out=False, promote="same", grad_name="NotImplemented")
def standard_gamma_grad(input, output):
    """How a standard gamma number `output` moves with its concentration `input`."""
    kind = jnp.promote_types(input.dtype, jnp.float32)
    concentration, drawn = jnp.broadcast_arrays(input.astype(kind), output.astype(kind))
    return lax.random_gamma_grad(concentration, drawn).astype(input.dtype)


_gamma = with_slopes(
    lambda drawn, alpha: drawn,
    lambda out, drawn, alpha: jnp.zeros_like(out),
    lambda out, drawn, alpha: standard_gamma_grad(alpha, drawn),
)


@op(ns="", method=False, out=False, grad_name="StandardGamma")
def standard_gamma_drawn(drawn, input):
    """`drawn`, gamma numbers of rate 1, as a function of their concentrations."""
    return _gamma(drawn, input)


@op(ns="", method=False, out=False, promote="same", grad_name="NotImplemented")
def dirichlet_grad(x, alpha, total):
    """How a component `x` of a Dirichlet vector moves with its concentration, divided by `1 - x`.

    `alpha` is the component's concentration and `total` the sum of all: x is a beta number of `alpha` and `total - alpha`.
    """
    given = [v.astype(jnp.float64) for v in jnp.broadcast_arrays(x, alpha, total)]
    return _beta_slope(given[0], given[1], given[2] - given[1]).astype(x.dtype)


def _beta_slope(x, a, b):
    """`dx/da / (1 - x)` of a beta number: from the continued fraction that converges, of F or of 1 - F."""
    lower = x <= (a + 1) / (a + b + 2)
    one = jnp.ones_like(a)

    def fraction(a):
        return _continued_fraction(jnp.where(lower, a, b), jnp.where(lower, b, a), jnp.where(lower, x, 1 - x))

    value, slope = jax.jvp(fraction, (a,), (one,))
    # x ** a * (1 - x) ** b / B(a, b) stands before the fraction, over a or b.
    before = jnp.log(x) - lax.digamma(a) + lax.digamma(a + b)
    below = -x / a * (value * (before - 1 / a) + slope)
    above = x / b * (value * before + slope)
    return jnp.where(x <= 0, 0, jnp.where(lower, below, above))


def _continued_fraction(a, b, x):
    """That of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's method."""
    tiny = 1e-300

    def away(v):
        return jnp.where(jnp.abs(v) < tiny, tiny, v)

    def advance(numerator, c, d):
        return away(1 + numerator / c), 1 / away(1 + numerator * d)

    def step(state):
        m, c, d, h, _ = state
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        c, d = advance(even, c, d)
        h = h * c * d
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        c, d = advance(odd, c, d)
        return m + 1, c, d, h * c * d, jnp.abs(c * d - 1)

    def going(state):
        return (state[0] < _STEPS) & ((state[4] > 1e-15).any() | (state[0] < 8))

    d = 1 / away(1 - (a + b) * x / (a + 1))
    start = (jnp.asarray(1.0, a.dtype), jnp.ones_like(x), d, d, jnp.ones_like(x))
    return lax.while_loop(going, step, start)[3]


@jax.custom_jvp
def _dirichlet(drawn, alpha):
    return drawn


@_dirichlet.defjvp
def _dirichlet_slope(primals, tangents):
    drawn, alpha = primals
    moved = tangents[1] * dirichlet_grad(drawn, alpha, alpha.sum(-1, keepdims=True))
    return drawn, moved - drawn * moved.sum(-1, keepdims=True)


@op(ns="", method=False, out=False, grad_name="_Dirichlet")
def dirichlet_drawn(drawn, input):
    """`drawn`, Dirichlet vectors, as a function of their concentrations."""
    return _dirichlet(drawn, input)


@op(ns="", method=False, out=False, dynamic=True)
def device_gamma(key, counter, input):
    """Gamma numbers of rate 1, drawn in the program."""
    kind = jnp.promote_types(input.dtype, jnp.float32)
    drawn = jax.random.gamma(_key(key, counter), lax.stop_gradient(input).astype(kind), dtype=kind)
    return _gamma(jnp.maximum(drawn, jnp.finfo(kind).tiny).astype(input.dtype), input)


@op(ns="", method=False, out=False, dynamic=True)
def device_dirichlet(key, counter, input):
    """Dirichlet vectors, drawn in the program."""
    kind = jnp.promote_types(input.dtype, jnp.float32)
    drawn = jax.random.dirichlet(_key(key, counter), lax.stop_gradient(input).astype(kind), dtype=kind)
    return _dirichlet(jnp.maximum(drawn, jnp.finfo(kind).tiny).astype(input.dtype), input)
