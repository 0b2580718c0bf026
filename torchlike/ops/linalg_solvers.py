"""Linear systems: factorizations by elimination, inverses, triangular and least-squares solutions.

Rows whose success depends on the values return `info` per matrix, as LAPACK does: 0, or where it failed (counted from 1).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.linalg_common import (
    adjoint,
    diagonal,
    eye_like,
    need_float,
    need_matrix,
    need_same_dtype,
    need_square,
    own_width,
    real_dtype,
    same_batch,
    times,
)
from torchlike.ops.linalg_spectral import linalg_pinv, singular_values, threshold
from torchlike.ops.registry import op

# --- Cholesky ------------------------------------------------------------------------------------------------------------


@jax.custom_jvp
def cholesky(a):
    """The lower Cholesky factor, from the lower triangle; the gradient is that of a Hermitian matrix."""
    if 0 in a.shape:
        return a
    return lax.linalg.cholesky(a, symmetrize_input=False)


@cholesky.defjvp
def _cholesky_jvp(primals, tangents):
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016)."""
    factor, da = cholesky(primals[0]), tangents[0]
    if 0 in da.shape:
        return factor, da
    middle = triangular(factor, triangular(factor, (da + adjoint(da)) / 2), left=False, adjoint=True)
    half = jnp.tril(middle) - middle * jnp.eye(middle.shape[-1], dtype=middle.dtype) / 2
    return factor, times(factor, half)


def _failed_minor(a):
    """The order of the first leading minor that is not positive, by elimination column by column; 0 where there is none."""

    def eliminate(k, state):
        rest, info = state
        pivot = rest[..., k, k].real
        info = jnp.where((info == 0) & ~(pivot > 0), k + 1, info)
        column = rest[..., :, k]
        step = column[..., :, None] * jnp.conj(column)[..., None, :] / jnp.where(pivot > 0, pivot, 1)[..., None, None]
        return rest - step.astype(rest.dtype), info

    info = jnp.zeros(a.shape[:-2], jnp.int32)
    lower = jnp.tril(a, -1)
    full = lower + adjoint(lower) + diagonal(a)[..., None] * jnp.eye(a.shape[-1], dtype=a.dtype)
    return lax.fori_loop(jnp.int32(0), jnp.int32(a.shape[-1]), eliminate, (full, info))[1]


@op(ns="", method=False, returns=("L", "info"))
def linalg_cholesky_ex(A, *, upper=False):
    """The Cholesky factor L with `A = L L^H` (U with `A = U^H U` where `upper`), and where it failed (0: it did not)."""
    need_square(A, "linalg.cholesky")
    need_float(A, "linalg.cholesky")
    a = adjoint(A) if upper else A
    factor = cholesky(a)
    still = lax.stop_gradient(a)
    bad = jnp.isnan(lax.stop_gradient(diagonal(factor)).real).any(-1)
    none = jnp.zeros(A.shape[:-2], jnp.int32)
    with own_width(A):
        info = lax.cond(bad.any(), lambda: jnp.where(bad, _failed_minor(still), none), lambda: none) if still.size else none
    return adjoint(factor) if upper else factor, info


def _lower(factor, upper: bool):
    return jnp.tril(adjoint(factor) if upper else factor)


@op()
def cholesky_solve(input, L, *, upper=False):
    """`X` with `A X = input`, where `L` is A's Cholesky factor: `(..., n, k), (..., n, n) -> (..., n, k)`."""
    need_matrix(input, "cholesky_solve", "b")
    need_square(L, "cholesky_solve", "u")
    _check_rows(L, input, "cholesky_solve")
    factor, right = same_batch(_lower(L, upper), input)
    return triangular(factor, triangular(factor, right), adjoint=True)


@op()
def cholesky_inverse(L, *, upper=False):
    """The inverse of the matrix whose Cholesky factor is `L`."""
    need_square(L, "cholesky_inverse")
    need_float(L, "cholesky_inverse")
    half = triangular(_lower(L, upper), eye_like(L, L.shape[-1]))
    return times(adjoint(half), half)


# --- triangular systems ---------------------------------------------------------------------------------------------------


def triangular(a, b, *, left=True, upper=False, adjoint=False, transpose=False, unit=False):
    """`x` with `a x = b` (`x a = b` unless `left`), `a` triangular, turned where `adjoint` or `transpose`; same batches."""
    if 0 in b.shape:
        return jnp.zeros_like(b)
    return lax.linalg.triangular_solve(
        a, b, left_side=left, lower=not upper, transpose_a=adjoint or transpose, conjugate_a=adjoint, unit_diagonal=unit
    )


def _check_rows(a: jax.Array, b: jax.Array, name: str, left: bool = True) -> None:
    if a.shape[-2] != b.shape[-2 if left else -1]:
        side = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {side} "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )


@op(ns="linalg", method=False)
def linalg_solve_triangular(A, B, *, upper: bool, left=True, unitriangular=False):
    """`X` with `A X = B` (`X A = B` unless `left`), A triangular: only one triangle of it is read."""
    need_square(A, "linalg.solve_triangular")
    need_matrix(B, "linalg.solve_triangular", "B")
    need_same_dtype(A, B, "linalg.solve_triangular")
    _check_rows(A, B, "linalg.solve_triangular", left)
    a, b = same_batch(A, B)
    return triangular(a, b, left=left, upper=upper, unit=unitriangular)


@op(returns=("solution", "cloned_coefficient"))
def triangular_solve(input, A, *, upper=True, transpose=False, unitriangular=False):
    """`(X, A)` with `A X = input` for a triangular A (the older form of `linalg.solve_triangular`)."""
    need_matrix(input, "triangular_solve", "b")
    need_square(A, "triangular_solve")
    _check_rows(A, input, "triangular_solve")
    a, b = same_batch(A, input)
    return triangular(a, b, upper=upper, transpose=transpose, unit=unitriangular), a


# --- LU ------------------------------------------------------------------------------------------------------------------


def _lu(a):
    """`(lu, pivots, permutation)`, counted from 0: `a[permutation] = L @ U`."""
    if 0 in a.shape:
        rows, short = a.shape[-2], min(a.shape[-2:])
        batch = a.shape[:-2]
        places = [jnp.broadcast_to(jnp.arange(n, dtype=jnp.int32), (*batch, n)) for n in (short, rows)]
        return a, places[0], places[1]
    with own_width(a):
        return lax.linalg.lu(a)


def _zero_pivot(lu):
    """The place (from 1) of the first zero on U's diagonal, 0 where there is none."""
    zero = lax.stop_gradient(diagonal(lu)) == 0
    if not zero.shape[-1]:
        return jnp.zeros(zero.shape[:-1], jnp.int32)
    first = lax.argmax(zero, zero.ndim - 1, jnp.int32) + jnp.int32(1)
    return jnp.where(zero.any(-1), first, jnp.zeros_like(first))


def _need_pivot(pivot: bool, name: str) -> None:
    if not pivot:
        raise RuntimeError(f"{name}: LU without pivoting is not implemented on the CPU")


def _unpacked(lu):
    """L with ones on its diagonal, and U."""
    rows, columns = lu.shape[-2:]
    short = min(rows, columns)
    lower = jnp.tril(lu[..., :short], -1) + jnp.eye(rows, short, dtype=lu.dtype)
    return lower, jnp.triu(lu[..., :short, :])


def _permutation_matrix(permutation, like):
    """P with `A = P L U`."""
    rows = permutation.shape[-1]
    return (permutation[..., None, :] == jnp.arange(rows, dtype=permutation.dtype)[:, None]).astype(like.dtype)


@op(ns="", method=False, returns=("LU", "pivots", "info"))
def linalg_lu_factor_ex(A, *, pivot=True):
    """The compact LU decomposition, the row swaps (from 1, int32), and the place of the first zero pivot (0: none)."""
    need_matrix(A, "torch.lu_factor")
    need_float(A, "torch.lu_factor")
    _need_pivot(pivot, "linalg.lu_factor")
    lu, pivots, _ = _lu(A)
    return lu, pivots.astype(jnp.int32) + jnp.int32(1), _zero_pivot(lu)


@op(ns="linalg", method=False, returns=("P", "L", "U"))
def linalg_lu(A, *, pivot=True):
    """`A = P L U`: a permutation, a lower triangle with ones on its diagonal, an upper triangle."""
    need_matrix(A, "linalg.lu")
    need_float(A, "linalg.lu")
    _need_pivot(pivot, "linalg.lu")
    lu, _, permutation = _lu(A)
    return _permutation_matrix(permutation, A), *_unpacked(lu)


def _permutation(pivots, size: int):
    """The row order of row swaps counted from 1."""
    if 0 in pivots.shape or not size:
        return jnp.broadcast_to(jnp.arange(size, dtype=jnp.int32), (*pivots.shape[:-1], size))
    return lax.linalg.lu_pivots_to_permutation(pivots.astype(jnp.int32) - jnp.int32(1), size)


@op(method=False, returns=("P", "L", "U"))
def lu_unpack(LU_data, LU_pivots, *, unpack_data=True, unpack_pivots=True):
    """P, L and U of a compact LU decomposition; empty tensors for what is not asked for."""
    need_matrix(LU_data, "torch.lu_unpack", "LU_data")
    if unpack_pivots and LU_pivots.dtype != jnp.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
            "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    empty = jnp.zeros((0,), LU_data.dtype)
    matrix = _permutation_matrix(_permutation(LU_pivots, LU_data.shape[-2]), LU_data) if unpack_pivots else empty
    return matrix, *(_unpacked(LU_data) if unpack_data else (empty, empty))


def _rows_at(x, places):
    return jnp.take_along_axis(x, places[..., None], axis=-2)


def _solve_factored(lu, permutation, b, turned: str = ""):
    """`x` with `A x = b`, A^T x = b (`turned="transpose"`) or A^H x = b ("adjoint"), from `A[permutation] = L U`."""
    if 0 in b.shape:
        return jnp.zeros_like(b)
    how = {turned: True} if turned else {}
    if not turned:
        return triangular(lu, triangular(lu, _rows_at(b, permutation), unit=True), upper=True)
    half = triangular(lu, triangular(lu, b, upper=True, **how), unit=True, **how)
    return _rows_at(half, jnp.argsort(permutation, -1))


@op(ns="linalg", method=False)
def linalg_lu_solve(LU, pivots, B, *, left=True, adjoint=False):
    """`X` with `A X = B` (`X A = B` unless `left`; `A^H` in A's place where `adjoint`), from A's LU decomposition."""
    need_square(LU, "torch.linalg.lu_solve", "LU")
    need_matrix(B, "torch.linalg.lu_solve", "B")
    need_same_dtype(LU, B, "linalg.lu_solve", ("LU", "B"))
    if pivots.dtype != jnp.int32:
        raise RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    if LU.shape[:-1] != pivots.shape:
        raise RuntimeError("linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix")
    _check_rows(LU, B, "linalg.lu_solve", left)
    lu, b = same_batch(LU, B)
    order = jnp.broadcast_to(_permutation(pivots, LU.shape[-1]), lu.shape[:-1])
    if left:
        return _solve_factored(lu, order, b, "adjoint" if adjoint else "")
    # X A = B is A^H X^H = B^H
    turned = _solve_factored(lu, order, _adjoint(b), "" if adjoint else "adjoint")
    return _adjoint(turned)


_adjoint = adjoint  # where an argument has that name


# --- systems and inverses ---------------------------------------------------------------------------------------------------


def solve(a, b):
    """`x` with `a x = b` for square matrices, batches broadcast, and the info of eliminating `a`."""
    factored, _, order = _lu(lax.stop_gradient(a))
    spread, b = same_batch(a, b)
    if 0 in b.shape:
        return jnp.zeros_like(b), _zero_pivot(factored)
    lu, permutation = jnp.broadcast_to(factored, spread.shape), jnp.broadcast_to(order, spread.shape[:-1])
    x = lax.custom_linear_solve(
        lambda x: times(spread, x),
        b,
        lambda _, right: _solve_factored(lu, permutation, right),
        lambda _, right: _solve_factored(lu, permutation, right, "transpose"),
    )
    return x, _zero_pivot(factored)


def is_vector(a: jax.Array, b: jax.Array) -> bool:
    """Whether torch takes the right side `b` as a batch of vectors."""
    return b.ndim == 1 or (a.ndim - 1 == b.ndim and a.shape[:-1] == b.shape)


@op(ns="", method=False, returns=("result", "info"))
def linalg_solve_ex(A, B, *, left=True):
    """`X` with `A X = B` (`X A = B` unless `left`), and the place of the first zero pivot (0: none).

    `(..., n, n), (..., n, k) -> (..., n, k)`; a B of shape `(n,)` or A's batch shape and n is a batch of vectors.
    """
    need_square(A, "linalg.solve")
    need_float(A, "linalg.solve")
    need_same_dtype(A, B, "linalg.solve")
    vector = is_vector(A, B)
    if not left and vector:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case "
            "linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    right = B[..., None] if vector else B
    need_matrix(right, "linalg.solve", "B")
    _check_rows(A, right, "linalg.solve", left)
    if left:
        x, info = solve(A, right)
    else:
        x, info = solve(jnp.swapaxes(A, -1, -2), jnp.swapaxes(right, -1, -2))
        x = jnp.swapaxes(x, -1, -2)
    return x[..., 0] if vector else x, info


@jax.custom_jvp
def _inverse(a, lu, permutation):
    return _solve_factored(lu, permutation, eye_like(a, a.shape[-1]))


@_inverse.defjvp
def _inverse_jvp(primals, tangents):
    inverse = _inverse(*primals)
    return inverse, -times(inverse, tangents[0], inverse)


def inverse(a):
    """The inverse of square matrices, and the info of the elimination."""
    lu, _, permutation = _lu(lax.stop_gradient(a))
    return _inverse(a, lu, permutation), _zero_pivot(lu)


@op(ns="", method=False, returns=("inverse", "info"))
def linalg_inv_ex(A):
    """The inverse of square matrices, and the place of the first zero pivot (0: none)."""
    need_square(A, "linalg.inv")
    need_float(A, "linalg.inv")
    return inverse(A)


# --- least squares ------------------------------------------------------------------------------------------------------------

_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@op(ns="", method=False, wide=True, returns=("solution", "residuals", "rank", "singular_values"))
def linalg_lstsq(A, B, rcond=None, *, driver="gelsy"):
    """`(solution, residuals, rank, singular values)` of `min |A X - B|`, through the pseudo-inverse."""
    need_matrix(A, "torch.linalg.lstsq", "input")
    if not B.ndim:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension")
    need_float(A, "torch.linalg.lstsq")
    need_same_dtype(A, B, "torch.linalg.lstsq", ("input", "other"))
    if driver not in _DRIVERS:
        raise RuntimeError(
            f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)\nReceived {driver}"
        )
    vector = B.ndim == A.ndim - 1 and A.shape[:-1] == B.shape
    right = B[..., None] if vector else B
    if right.ndim != A.ndim:
        raise RuntimeError("torch.linalg.lstsq: input.dim() must be greater or equal to other.dim(), by 1 at most")
    if A.shape[-2] != right.shape[-2]:
        raise RuntimeError("torch.linalg.lstsq: input.size(-2) should match other.size(-2)")
    a, b = same_batch(A, right)
    tolerance = rcond if driver != "gels" else None
    x = times(linalg_pinv(A, None, tolerance), b)
    residuals = jnp.square(jnp.abs(times(a, x) - b)).sum(-2)
    sizes = lax.stop_gradient(singular_values(A))
    rank = jnp.sum(sizes > threshold(sizes, A, None, tolerance)[..., None], -1, dtype=jnp.int64)
    return x[..., 0] if vector else x, residuals.astype(real_dtype(A)), rank, sizes
