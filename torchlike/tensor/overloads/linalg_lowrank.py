"""Approximate decompositions of large matrices from random products, and a few eigenpairs."""

from __future__ import annotations

from typing import Any

from torchlike.tensor import functions as ops
from torchlike.tensor import random
from torchlike.tensor.overloads.linalg import cholesky
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


def _basis(a: Tensor, size: int, rounds: int) -> Tensor:
    """Orthonormal columns that nearly span the range of `a` (Halko, Martinsson and Tropp 2011, algorithm 4.4)."""
    start = random.randn(a.shape[-1], size, dtype=a.dtype, device=a.device)
    q = ops.linalg_qr(ops.matmul(a, start)).Q
    for _ in range(rounds):
        q = ops.linalg_qr(ops.matmul(a.mH, q)).Q
        q = ops.linalg_qr(ops.matmul(a, q)).Q
    return q


def _low_rank(a: Tensor, q: int, niter: int) -> tuple[Tensor, Tensor, Tensor]:
    wide = a.shape[-2] < a.shape[-1]
    tall = a.mH if wide else a
    basis = _basis(tall, q, niter)
    u, s, vh = ops.linalg_svd(ops.matmul(basis.mH, tall), False)
    left, right = ops.matmul(basis, u), vh.mH
    return (right, s, left) if wide else (left, s, right)


@overload("svd_lowrank", method=False)
def svd_lowrank(A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """`(U, S, V)` with `A - M` nearly `U diag(S) V^H` and q singular values (Halko, Martinsson and Tropp 2011)."""
    return _low_rank(A if M is None else A - M, 6 if q is None else q, 2 if niter is None else niter)


@overload("pca_lowrank", method=False)
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """The first q principal components of the rows of A as `(U, S, V)`; the columns of V are the directions.

    Raises:
        ValueError: for a q outside [0, min(m, n)] and a negative `niter`.
    """
    rows, columns = A.shape[-2:]
    if q is None:
        q = min(6, rows, columns)
    elif not 0 <= q <= min(rows, columns):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(rows, columns)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return _low_rank(A - ops.mean(A, -2, True) if center else A, q, niter)


@overload("lobpcg", method=False)
def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None, n: int | None = None,
    iK: Tensor | None = None, niter: int | None = None, tol: float | None = None, largest: bool | None = None,
    method: str | None = None, tracker: Any = None, ortho_iparams: Any = None, ortho_fparams: Any = None,
    ortho_bparams: Any = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The k largest (or smallest) eigenvalues of a symmetric A, and their vectors; with B those of `A x = e B x`.

    Here by a full decomposition, exact to rounding: what guides torch's iteration (`iK`, `niter`, `tol`, `method`,
    `tracker`, `ortho_*`, and `X` but for its number of columns) has no effect.

    Raises:
        ValueError: for a matrix less than three times as large as k, as torch.
    """
    size = A.shape[-1]
    count = n if n is not None else X.shape[-1] if X is not None else k or 1
    count = k or count
    if size < 3 * count:
        raise ValueError(
            f"LPBPCG algorithm is not applicable when the number of A rows (={size}) is smaller than 3 x k (={count})"
        )
    if B is None:
        values, vectors = ops.linalg_eigh(A)
    else:
        factor = cholesky(B)
        half = ops.linalg_solve_triangular(factor, A, False)
        values, turned = ops.linalg_eigh(ops.linalg_solve_triangular(factor.mH, half, True, False))
        vectors = ops.linalg_solve_triangular(factor.mH, turned, True)
    if largest is None or largest:
        values, vectors = ops.flip(values, (-1,)), ops.flip(vectors, (-1,))
    return values[..., :count], vectors[..., :count]
