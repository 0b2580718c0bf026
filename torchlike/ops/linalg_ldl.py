"""`A = L D L^T` with D in blocks of one and two: the pivoting of J. Bunch and L. Kaufman, "Some stable methods for calculating
inertia and solving symmetric linear systems" (1977), stored as LAPACK's sytrf does. No gradients, as in torch.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.linalg_common import need_float, need_matrix, need_same_dtype, need_square, same_batch
from torchlike.ops.registry import op

_ALPHA = (1 + math.sqrt(17)) / 8  # bounds the growth of the elements best


def _conj(x, hermitian: bool):
    return jnp.conj(x) if hermitian else x


def _swapped(x, i, j, both: bool):
    """Rows (and columns) i and j exchanged."""
    places = jnp.arange(x.shape[0], dtype=jnp.int32)
    order = jnp.where(places == i, j, jnp.where(places == j, i, places))
    return x[order][:, order] if both else x[order]


def _choose(rest, k, hermitian: bool):
    """Bunch and Kaufman's choice at step k: the row to bring up, and whether the block has size two."""
    places = jnp.arange(rest.shape[0], dtype=jnp.int32)
    size = jnp.abs(rest.real) + jnp.abs(rest.imag) if jnp.iscomplexobj(rest) else jnp.abs(rest)  # LAPACK's size
    on = jnp.abs(jnp.diagonal(rest).real) if hermitian else jnp.diagonal(size)
    below = jnp.where(places > k, size[:, k], -1)
    at = jnp.argmax(below).astype(jnp.int32)
    largest = jnp.maximum(below[at], 0)
    row = jnp.max(jnp.where((places >= k) & (places != at), size[at], 0))
    singular = jnp.maximum(on[k], largest) == 0
    keep = singular | (on[k] >= _ALPHA * largest) | (on[k] * row >= _ALPHA * largest * largest)
    one = keep | (on[at] >= _ALPHA * row)
    return jnp.where(keep, k, at), ~one, singular


def _two_by_two(a, b, c, x, y, hermitian: bool):
    """`(u, v)` with `[u v] [[a, b'], [b, c]] = [x y]`, b' the conjugate of b where Hermitian."""
    other = _conj(b, hermitian)
    determinant = a * c - b * other
    return (x * c - y * b) / determinant, (y * a - x * other) / determinant


def _factor(matrix, hermitian: bool):
    n = matrix.shape[0]
    places = jnp.arange(n, dtype=jnp.int32)
    low = jnp.tril(matrix, -1)
    on = jnp.diagonal(matrix)
    on = on.real.astype(matrix.dtype) if hermitian else on
    whole = low + _conj(low, hermitian).T + jnp.diag(on)

    def step(state):
        k, rest, stored, pivots, info = state
        row, double, singular = _choose(rest, k, hermitian)
        last = k + double.astype(jnp.int32)
        rest = _swapped(rest, last, row, True)
        under = places > last
        first, second = rest[:, k], rest[:, jnp.minimum(k + 1, n - 1)]
        pivot = jnp.where(singular, 1, rest[k, k])
        low_one = jnp.where(under, first / pivot, 0)
        u, v = _two_by_two(rest[k, k], first[last], rest[last, last], first, second, hermitian)
        low_u, low_v = jnp.where(under & double, u, 0), jnp.where(under & double, v, 0)
        change = jnp.where(
            double,
            jnp.outer(low_u, _conj(first, hermitian)) + jnp.outer(low_v, _conj(second, hermitian)),
            jnp.outer(low_one, _conj(first, hermitian)),
        )
        column = jnp.where(under, jnp.where(double, low_u, low_one), jnp.where(places >= k, first, 0))
        stored = stored.at[:, k].set(column)
        beside = jnp.where(under, low_v, jnp.where(places == last, second, 0))
        stored = jnp.where((places[None, :] == last) & double, beside[:, None], stored)
        mark = jnp.where(double, -(row + 1), row + 1)
        pivots = jnp.where((places == k) | (places == last), mark, pivots)
        info = jnp.where(singular & (info == 0), k + 1, info)
        return last + 1, rest - change, stored, pivots, info

    start = (jnp.int32(0), whole, jnp.zeros_like(matrix), jnp.zeros(n, jnp.int32), jnp.int32(0))
    _, _, stored, pivots, info = lax.while_loop(lambda state: state[0] < n, step, start)
    return stored, pivots, info


def _solve(stored, pivots, b, hermitian: bool):
    n = stored.shape[0]
    places = jnp.arange(n, dtype=jnp.int32)[:, None]

    def forward(state):
        k, x = state
        double = pivots[k] < 0
        last = k + double.astype(jnp.int32)
        x = _swapped(x, last, jnp.abs(pivots[k]) - 1, False)
        columns = jnp.where(places > last, stored[:, k, None] * x[k], 0)
        x_last = x[last]
        columns += jnp.where((places > last) & double, stored[:, last, None] * x_last, 0)
        corner = stored[last, k]
        d_last = stored[last, last]
        determinant = stored[k, k] * d_last - corner * _conj(corner, hermitian)
        upper = jnp.where(double, (d_last * x[k] - _conj(corner, hermitian) * x_last) / determinant, x[k] / stored[k, k])
        lower = (stored[k, k] * x_last - corner * x[k]) / determinant
        x = x - columns
        x = jnp.where(places == k, upper, jnp.where((places == last) & double, lower, x))
        return last + 1, x

    def backward(state):
        k, x = state  # the last row of its block
        double = pivots[k] < 0
        first = k - double.astype(jnp.int32)
        rows = jnp.where(places > k, x, 0)
        at_k = x[k] - _conj(stored[:, k], hermitian) @ rows
        at_first = x[first] - _conj(stored[:, first], hermitian) @ rows
        x = jnp.where(places == first, jnp.where(double, at_first, at_k), jnp.where(places == k, at_k, x))
        return first - 1, _swapped(x, k, jnp.abs(pivots[k]) - 1, False)

    _, x = lax.while_loop(lambda state: state[0] < n, forward, (jnp.int32(0), b))
    return lax.while_loop(lambda state: state[0] >= 0, backward, (jnp.int32(n - 1), x))[1]


def _over_batch(fn, *operands):
    """`fn` for one matrix, over all leading dimensions."""
    for _ in range(operands[0].ndim - 2):
        fn = jax.vmap(fn)
    return fn(*operands)


@op(ns="", method=False, returns=("LD", "pivots", "info"))
def linalg_ldl_factor_ex(A, *, hermitian=False):
    """The compact `L D L^T` (`L D L^H` where `hermitian`) of the lower triangle, the row swaps, and the first zero block."""
    need_square(A, "torch.linalg.ldl_factor_ex")
    need_float(A, "torch.linalg.ldl_factor_ex")
    if not A.size:
        return A, jnp.zeros(A.shape[:-1], jnp.int32), jnp.zeros(A.shape[:-2], jnp.int32)
    return _over_batch(functools.partial(_factor, hermitian=hermitian and jnp.iscomplexobj(A)), lax.stop_gradient(A))


@op(ns="linalg", method=False)
def linalg_ldl_solve(LD, pivots, B, *, hermitian=False):
    """`X` with `A X = B`, from what `ldl_factor` returns for A."""
    name = "torch.linalg.ldl_solve"
    need_square(LD, name, "LD")
    need_matrix(B, name, "B")
    need_same_dtype(LD, B, name, ("LD", "B"))
    if LD.shape[:-1] != pivots.shape:
        raise RuntimeError(f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got {pivots.shape}")
    if not jnp.issubdtype(pivots.dtype, jnp.integer):
        raise RuntimeError(f"{name}: Expected pivots to be integers. Got {pivots.dtype}")
    if LD.shape[-2] != B.shape[-2]:
        raise RuntimeError(f"{name}: Incompatible shapes of LD ({LD.shape}) and B ({B.shape})")
    matrix, right = same_batch(LD, B)
    if not right.size:
        return right
    rows = jnp.broadcast_to(pivots.astype(jnp.int32), matrix.shape[:-1])
    operands = (lax.stop_gradient(matrix), rows, lax.stop_gradient(right))
    return _over_batch(functools.partial(_solve, hermitian=hermitian and jnp.iscomplexobj(LD)), *operands)
