"""The direction of L-BFGS."""

from __future__ import annotations

import jax


def lbfgs(
    grad: jax.Array, scale: jax.Array, differences: jax.Array, steps: jax.Array, weights: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The approximate inverse Hessian times `-grad`, by the two-loop recursion (Nocedal 1980).

    Args:
        grad: `(n,)`.
        scale: the first guess of the inverse Hessian, a multiple of the identity.
        differences, steps: of gradients and of parameters, `(pairs, n)`, oldest first.
        weights: `1 / (difference . step)` of each pair; nought for a pair that is to count as absent.

    Returns:
        The direction `(n,)`, and the weights of the steps in it `(pairs,)`.
    """
    pairs = differences, steps, weights

    def back(q: jax.Array, pair: tuple) -> tuple:
        y, s, rho = pair
        alpha = s @ q * rho
        return q - alpha * y, alpha

    q, alphas = jax.lax.scan(back, -grad, pairs, reverse=True)

    def forth(r: jax.Array, pair: tuple) -> tuple:
        (y, s, rho), alpha = pair
        return r + s * (alpha - y @ r * rho), None

    direction, _ = jax.lax.scan(forth, q * scale, (pairs, alphas))
    return direction, alphas
