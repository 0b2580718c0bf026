"""Orthogonal polynomials of a degree per element: Chebyshev (four kinds, and shifted to [0, 1]), Hermite, Laguerre, Legendre.

All follow from their three-term recurrences (Abramowitz and Stegun 22.7), run to the highest degree at hand. Inside
(-1, 1) a Chebyshev polynomial of a high degree is its trigonometric form, which costs nothing more. As in torch a
degree is rounded towards zero, and a negative one gives 0. torch has no gradients of these; here `x` has.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.elementwise import elementwise

_HIGH = 8  # from here on the trigonometric form
_LONGEST = 2.0**24  # float32 has no whole numbers between beyond


def _recurrence(first: Callable, step: Callable, closed: Callable | None = None) -> Callable:
    """`p_n(x)` from `p_1 = first(x)` and `p_(k+1) = step(k, x, p_k, p_(k-1))`.

    Args:
        closed: `p_n` as a function of n and arccos(x), for |x| < 1.
    """

    def value(x, n):
        x, n = jnp.broadcast_arrays(x, jnp.trunc(n))
        inside = (jnp.abs(x) < 1) & (n > _HIGH) if closed else jnp.zeros(x.shape, bool)
        last = jnp.minimum(jnp.where(inside | (n != n), 0, n), _LONGEST)

        def advance(carry):
            k, p, before = carry
            running = k < last
            return k + 1, jnp.where(running, step(k, x, p, before), p), jnp.where(running, p, before)

        one = jnp.ones_like(x)
        k = jnp.ones((), x.dtype)
        p = lax.while_loop(lambda carry: jnp.any(carry[0] < last), advance, (k, jnp.where(last < 1, one, first(x)), one))[1]
        if closed:
            p = jnp.where(inside, closed(n, jnp.arccos(jnp.where(inside, x, 0))), p)
        return jnp.where(n < 0, 0, jnp.where(n == n, p, n))

    return _sloped(value)


def _sloped(fn: Callable) -> Callable:
    """`fn(x, n)` whose slope in x is found forwards: a loop of unknown length cannot be run backwards."""
    sloped = jax.custom_jvp(fn)

    @sloped.defjvp
    def rule(primals, tangents):
        slope = _sloped(lambda x, n: jax.jvp(lambda x: fn(x, n), (x,), (jnp.ones_like(x),))[1])
        return sloped(*primals), slope(*primals) * tangents[0]

    return sloped


def _chebyshev_step(k, x, p, before):
    return 2 * x * p - before


_POLYNOMIALS = {
    "chebyshev_polynomial_t": _recurrence(lambda x: x, _chebyshev_step, lambda n, angle: jnp.cos(n * angle)),
    "chebyshev_polynomial_u": _recurrence(
        lambda x: 2 * x, _chebyshev_step, lambda n, angle: jnp.sin((n + 1) * angle) / jnp.sin(angle)
    ),
    "chebyshev_polynomial_v": _recurrence(
        lambda x: 2 * x - 1, _chebyshev_step, lambda n, angle: jnp.cos((n + 0.5) * angle) / jnp.cos(angle / 2)
    ),
    "chebyshev_polynomial_w": _recurrence(
        lambda x: 2 * x + 1, _chebyshev_step, lambda n, angle: jnp.sin((n + 0.5) * angle) / jnp.sin(angle / 2)
    ),
    "hermite_polynomial_h": _recurrence(lambda x: 2 * x, lambda k, x, p, before: 2 * (x * p - k * before)),
    "hermite_polynomial_he": _recurrence(lambda x: x, lambda k, x, p, before: x * p - k * before),
    "laguerre_polynomial_l": _recurrence(lambda x: 1 - x, lambda k, x, p, before: ((2 * k + 1 - x) * p - k * before) / (k + 1)),
    "legendre_polynomial_p": _recurrence(lambda x: x, lambda k, x, p, before: ((2 * k + 1) * x * p - k * before) / (k + 1)),
}

_TITLES = {
    "chebyshev_polynomial_t": "The Chebyshev polynomial of the first kind",
    "chebyshev_polynomial_u": "The Chebyshev polynomial of the second kind",
    "chebyshev_polynomial_v": "The Chebyshev polynomial of the third kind",
    "chebyshev_polynomial_w": "The Chebyshev polynomial of the fourth kind",
    "hermite_polynomial_h": "The physicist's Hermite polynomial",
    "hermite_polynomial_he": "The probabilist's Hermite polynomial",
    "laguerre_polynomial_l": "The Laguerre polynomial",
    "legendre_polynomial_p": "The Legendre polynomial",
}


def _register(name: str, fn: Callable, doc: str) -> None:
    def polynomial(input, n):
        return fn(input, n)

    polynomial.__name__ = polynomial.__qualname__ = name
    polynomial.__doc__ = doc
    elementwise(name, promote="float", ns="special", method=False, refuses="hc")(polynomial)


for _name, _fn in _POLYNOMIALS.items():
    _register(_name, _fn, f"{_TITLES[_name]} of degree `n` at `input`.")
    if _name.startswith("chebyshev"):
        _register(
            f"shifted_{_name}",
            lambda x, n, fn=_fn: fn(2 * x - 1, n),
            f"{_TITLES[_name]} of degree `n`, shifted to [0, 1], at `input`.",
        )
