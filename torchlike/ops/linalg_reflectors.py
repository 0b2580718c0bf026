"""QR and Householder reflectors."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.linalg_common import adjoint, eye_like, need_float, need_matrix, need_same_dtype, own_width, times
from torchlike.ops.registry import op

# --- QR ------------------------------------------------------------------------------------------------------------------


def qr(a, complete: bool = False):
    """`(q, r)` with `a = q @ r`; a square `q` where `complete`. Gradients in any shape."""
    rows, columns = a.shape[-2:]
    if 0 in a.shape:
        short = rows if complete else min(rows, columns)
        return eye_like(a, rows, short), jnp.zeros((*a.shape[:-2], short, columns), a.dtype)
    if rows >= columns:
        with own_width(a):
            return lax.linalg.qr(a, full_matrices=complete)
    # Of a wide matrix the first square part decides q, the rest is only turned.
    with own_width(a):
        q, r = lax.linalg.qr(a[..., :rows], full_matrices=False)
    return q, jnp.concatenate([r, times(adjoint(q), a[..., rows:])], -1)


@op(ns="linalg", method=False, returns=("Q", "R"))
def linalg_qr(A, *, mode="reduced"):
    """`A = Q R`, Q with orthonormal columns, R an upper triangle: `(..., m, n) -> (..., m, k), (..., k, n)`, k = min(m, n).

    With `mode="complete"` k is m; with `mode="r"` Q is empty. Raises RuntimeError for another mode.
    """
    need_matrix(A, "linalg.qr")
    need_float(A, "linalg.qr")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    q, r = qr(A, mode == "complete")
    return (jnp.zeros((0,), A.dtype), r) if mode == "r" else (q, r)


@op(returns=("a", "tau"))
def geqrf(input):
    """LAPACK's QR: R on and above the diagonal, the Householder vectors below it, and their factors `tau`."""
    need_matrix(input, "torch.geqrf", "input")
    need_float(input, "torch.geqrf")
    if 0 in input.shape:
        return input, jnp.zeros((*input.shape[:-2], min(input.shape[-2:])), input.dtype)
    with own_width(input):
        vectors, tau = jnp.linalg.qr(input, mode="raw")
    return jnp.swapaxes(vectors, -1, -2), tau


# --- reflectors -------------------------------------------------------------------------------------------------------------


def _reflect(a, tau, c, turned: bool):
    """`Q c` (`Q^H c` where `turned`) for Q = H_1 ... H_k, H_i = 1 - tau_i v_i v_i^H, v_i below a's diagonal: differentiable."""
    count = tau.shape[-1]
    vectors = jnp.tril(a[..., :count], -1) + jnp.eye(a.shape[-2], count, dtype=a.dtype)
    factors = jnp.conj(tau) if turned else tau

    def step(c, one):
        v, factor = one
        return c - factor[..., None, None] * v[..., None] * times(jnp.conj(v)[..., None, :], c), None

    return lax.scan(step, c, (jnp.moveaxis(vectors, -1, 0), jnp.moveaxis(factors, -1, 0)), reverse=not turned)[0]


@jax.custom_jvp
def _product(a, tau):
    with own_width(a):
        return lax.linalg.householder_product(a, tau)


@_product.defjvp
def _product_jvp(primals, tangents):
    return _product(*primals), jax.jvp(lambda a, tau: _reflect(a, tau, eye_like(a, *a.shape[-2:]), False), primals, tangents)[1]


@op(ns="linalg", method=False)
def linalg_householder_product(input, tau):
    """The first n columns of a product of Householder reflections: `(..., m, n), (..., k) -> (..., m, n)`, m >= n >= k."""
    need_matrix(input, "torch.linalg.householder_product", "input")
    need_float(input, "torch.linalg.householder_product")
    rows, columns = input.shape[-2:]
    if rows < columns:
        raise RuntimeError("torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if columns < tau.shape[-1]:
        raise RuntimeError("torch.linalg.householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if input.shape[:-2] != tau.shape[:-1]:
        raise RuntimeError(
            f"torch.linalg.householder_product: Expected batch dimensions of tau to be equal to input.shape[:-2], but got "
            f"{list(tau.shape[:-1])}"
        )
    need_same_dtype(input, tau, "torch.linalg.householder_product", ("input", "tau"))
    if 0 in input.shape or 0 in tau.shape:
        return eye_like(input, rows, columns)
    return _product(input, tau)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def _turn(a, tau, c, turned):
    with own_width(a):
        return lax.linalg.ormqr(a, tau, c, left=True, transpose=turned)


@_turn.defjvp
def _turn_jvp(turned, primals, tangents):
    return _turn(*primals, turned), jax.jvp(lambda a, tau, c: _reflect(a, tau, c, turned), primals, tangents)[1]


@op()
def ormqr(input, tau, other, *, left=True, transpose=False):
    """`Q other` (`other Q` unless `left`, Q^H in Q's place where `transpose`), Q given by Householder reflections."""
    need_matrix(input, "torch.ormqr", "input")
    need_matrix(other, "torch.ormqr", "other")
    side = other.shape[-2 if left else -1]
    which = "other.shape[-2]" if left else "other.shape[-1]"
    if tau.shape[-1] > side:
        raise RuntimeError(f"torch.ormqr: {which} must be greater than or equal to tau.shape[-1]")
    if side != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: {which} must be equal to input.shape[-2]")
    if tau.shape[-1] != min(side, input.shape[-1]):
        raise RuntimeError("torch.ormqr: tau.shape[-1] must be equal to min(other.shape[-2], input.shape[-1])")
    need_float(input, "torch.ormqr")
    if 0 in other.shape or 0 in tau.shape:
        return other
    a = input[..., : tau.shape[-1]]
    if left:
        return _turn(a, tau, other, transpose)
    return adjoint(_turn(a, tau, adjoint(other), not transpose))  # c Q = (Q^H c^H)^H
