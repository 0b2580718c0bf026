# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""`torch.linalg`: Linear algebra: decompositions, solvers, norms and products of (batches of) matrices."""

from collections.abc import Sequence
from typing import Any

from torchlike.base.dtypes import dtype
from torchlike.base.errors import LinAlgError as LinAlgError
from torchlike.tensor import return_types
from torchlike.tensor.tensor import Tensor

def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The Cholesky factor L with `A = L L^H` of positive-definite matrices (U with `A = U^H U` where `upper`).

    Raises:
        LinAlgError: where a matrix is not positive-definite. To know, the program has to run: `cholesky_ex` does not
        wait.
    """

def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """`(L, info)`: the Cholesky factor, and the order of the first minor that is not positive (0: none), without raising."""

def cond(A: Tensor, p: float | str | None = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number `|A| |A^-1|` in the norm `p` (by default 2: the ratio of the extreme singular values)."""

def cross(input: Tensor, other: Tensor, dim: int = -1, *, out: Tensor | None = None) -> Tensor:
    """The cross products of 3-vectors along `dim`; the other dimensions broadcast."""

def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinant of square matrices: `(..., n, n) -> (...)`."""

def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A view of the diagonals of the last two dimensions."""

def eig(A: Tensor, *, out: Sequence[Tensor] | None = None) -> return_types.linalg_eig:
    """Eigenvalues and eigenvectors (columns of length 1) of square matrices, always complex. Not available on TPUs.

    Returns a named tuple (eigenvalues, eigenvectors).
    """

def eigh(A: Tensor, UPLO: str = "L", *, out: Sequence[Tensor] | None = None) -> return_types.linalg_eigh:
    """Eigenvalues (ascending) and eigenvectors (columns) of Hermitian matrices, read from their lower or upper triangle.

    Returns a named tuple (eigenvalues, eigenvectors).
    """

def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of square matrices, always complex. Not available on TPUs."""

def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of Hermitian matrices, ascending."""

def householder_product(input: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first n columns of a product of Householder reflections: `(..., m, n), (..., k) -> (..., m, n)`, m >= n >= k."""

def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of square matrices. Raises LinAlgError for a singular one, which waits for the program to run."""

def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """`(inverse, info)`, info the place of the first zero pivot (0: none), without raising."""

def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """`(LD, pivots)`: the compact `L D L^T` of the lower triangle. Raises RuntimeError where a block of D is 0."""

def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """`(LD, pivots, info)`, info the place of the first zero block (0: none), without raising."""

def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, hermitian: bool = False, *, out: Tensor | None = None) -> Tensor:
    """`X` with `A X = B`, from what `ldl_factor` returns for A."""

def lstsq(input: Tensor, b: Tensor, rcond: Any = None, *, driver: str | None = None, out: Any = None) -> Any:
    """The least-squares solution of `input X = b`, with residuals, rank and singular values as far as the driver gives them.

    All drivers compute the same here, through the pseudo-inverse. With "gelsd" and "gelss" torch tells residuals only
    where
    all matrices have full rank, which waits for the program to run.
    """

def lu(A: Tensor, pivot: bool = True, *, out: Sequence[Tensor] | None = None) -> return_types.linalg_lu:
    """`A = P L U`: a permutation, a lower triangle with ones on its diagonal, an upper triangle.

    Returns a named tuple (P, L, U).
    """

def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """`(LU, pivots)`: the compact LU decomposition. Raises RuntimeError for a zero pivot, which waits for the program."""

def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """`(LU, pivots, info)`, info the place of the first zero pivot (0: none), without raising."""

def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, left: bool = True, adjoint: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """`X` with `A X = B` (`X A = B` unless `left`; `A^H` in A's place where `adjoint`), from A's LU decomposition."""

def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """As `torch.matmul`."""

def matrix_exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix exponential of square matrices.

    Shapes: the result has the shape of `input`.
    """

def matrix_norm(
    A: Tensor,
    ord: float | str | None = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A norm of the matrices in the two dimensions `dim`.

    `ord` is "fro" (of all elements), "nuc" (the sum of the singular values), 2 or -2 (the largest and smallest of them),
    inf or
    -inf (the largest and smallest sum of a row's sizes), 1 or -1 (of a column's).

    Raises:
        RuntimeError: for another `ord`, and for a tensor with fewer than two dimensions.

    Shapes: the result has the shape of `A` without `dim` (with size 1 there where `keepdim`).
    """

def matrix_power(A: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The n-th power of square matrices; of the inverse for a negative n. Raises LinAlgError where that does not exist."""

def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Tensor | None = None
) -> Tensor:
    """How many singular values are above `max(atol, rtol * the largest)`; `tol` is the older name of `atol`, with rtol 0."""

def multi_dot(tensors: Any, *, out: Tensor | None = None) -> Tensor:
    """The product of a chain of matrices (the ends may be vectors), multiplied in the cheapest order."""

def norm(
    A: Tensor,
    ord: float | str | None = None,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """A vector norm over one dimension, a matrix norm over two; without `ord` and `dim` the length of all elements.

    Shapes: the result has the shape of `A` without `dim` (with size 1 there where `keepdim`).
    """

def pinv(
    input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Tensor | None = None
) -> Tensor:
    """The Moore-Penrose inverse; singular values up to `max(atol, rtol * the largest)` count as 0 (`rcond` is `rtol`)."""

def qr(A: Tensor, mode: str = "reduced", *, out: Sequence[Tensor] | None = None) -> return_types.linalg_qr:
    """`A = Q R`, Q with orthonormal columns, R an upper triangle: `(..., m, n) -> (..., m, k), (..., k, n)`, k = min(m, n).

    With `mode="complete"` k is m; with `mode="r"` Q is empty. Raises RuntimeError for another mode.

    Returns a named tuple (Q, R).
    """

def slogdet(A: Tensor, *, out: Sequence[Tensor] | None = None) -> return_types.linalg_slogdet:
    """The sign (of complex matrices the phase) and the logarithm of the size of the determinant.

    Returns a named tuple (sign, logabsdet).
    """

def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """`X` with `A X = B` (`X A = B` unless `left`). Raises LinAlgError for a singular A, which waits for the program to run."""

def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """`(X, info)`, info the place of the first zero pivot (0: none), without raising."""

def solve_triangular(
    A: Tensor, B: Tensor, upper: bool, left: bool = True, unitriangular: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """`X` with `A X = B` (`X A = B` unless `left`), A triangular: only one triangle of it is read."""

def svd(
    A: Tensor, full_matrices: bool = True, driver: str | None = None, *, out: Sequence[Tensor] | None = None
) -> return_types.linalg_svd:
    """The singular value decomposition `A = U diag(S) Vh`: `(..., m, n) -> (..., m, m), (..., k), (..., n, n)`, k = min(m,
    n).

    With `full_matrices=False` only k columns of U and rows of Vh. Values that are not finite give nan here, where torch
    raises.

    Raises:
        RuntimeError: for a tensor without two dimensions or of whole numbers, and for a `driver` (they are CUDA's).

    Returns a named tuple (U, S, Vh).
    """

def svdvals(A: Tensor, driver: str | None = None, *, out: Tensor | None = None) -> Tensor:
    """The singular values, largest first: `(..., m, n) -> (..., min(m, n))`."""

def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of A as a linear map from its last dimensions to its first `ind`."""

def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Tensor | None = None) -> Tensor:
    """`X` with `tensordot(A, X, X.ndim) = B`, the dimensions `dims` of A moved to its end first."""

def vander(x: Tensor, N: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The powers 0 to N - 1 of each element: `(..., n) -> (..., n, N)`, N = n by default. Whole numbers give int64."""

def vecdot(x: Tensor, y: Tensor, dim: int = -1, *, out: Tensor | None = None) -> Tensor:
    """The inner products `sum(conj(x) * y)` along `dim`; the other dimensions broadcast."""

def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: dtype | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The `ord`-norm of the elements over `dim` (all of them by default). The gradient at 0 is 0.

    Shapes: the result has the shape of `x` without `dim` (with size 1 there where `keepdim`).
    """
