"""Linear algebra whose public form is more than a row: what raises for the values it meets, and several signatures in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from torchlike.base import device as devices
from torchlike.base.errors import LinAlgError
from torchlike.engine.record import local
from torchlike.ops.registry import Op
from torchlike.tensor import functions as ops
from torchlike.tensor import views
from torchlike.tensor.binding import into
from torchlike.tensor.named import named
from torchlike.tensor.overloads.table import NAMESPACES, overload
from torchlike.tensor.tensor import Tensor

NAMESPACES.setdefault("linalg", {})["LinAlgError"] = LinAlgError


def known_values(tensor: Tensor) -> np.ndarray | None:
    """The values of a tensor, for which the program has to run; None where there are none yet (tracing, capture, meta)."""
    value = tensor._read()
    if value.aval.device is devices.META or local.state.capture is not None or isinstance(value.array, jax.core.Tracer):
        return None
    return value.numpy()


def check_info(info: Tensor, words: str, name: str = "", error: type[RuntimeError] = LinAlgError) -> None:
    """Raises `error` where a factorization did not succeed.

    Args:
        words: what to say; `{0}` stands for the first code that is not 0.
        name: the function's name, followed by the failing matrix's place in the batch.
    """
    codes = known_values(info)
    if codes is None or not codes.any():
        return
    flat = codes.reshape(-1)
    first = int(np.flatnonzero(flat)[0])
    place = f"(Batch element {first}): " if codes.ndim else ""
    raise error((f"{name}: {place}" if name else "") + words.format(int(flat[first])))


def given(made: Any, out: Any) -> Any:
    """`made`, written into `out` where one is given."""
    return made if out is None else into(out, made)


def _results(name: str, *fields: str) -> Callable[[tuple], Any]:
    """A named tuple as `torch.return_types` has it."""
    wrap = named(Op(name, lambda: None, returns=fields))
    assert wrap is not None  # there are fields
    return wrap


_SINGULAR = "The diagonal element {0} is zero, the inversion could not be completed because the input matrix is singular."
_UNSOLVABLE = "The solver failed because the input matrix is singular."
_NOT_POSITIVE = (
    "The factorization could not be completed because the input is not positive-definite (the leading minor of order {0} is "
    "not positive-definite)."
)
_ZERO_PIVOT = (
    "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still want to perform the "
    "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
)

# --- Cholesky ----------------------------------------------------------------------------------------------------------


def _cholesky(a: Tensor, upper: bool, name: str) -> Tensor:
    factor, info = ops.linalg_cholesky_ex(a, upper)
    check_info(info, _NOT_POSITIVE, name)
    return factor


@overload("linalg.cholesky")
def linalg_cholesky(A: Tensor, *, upper: bool = False, out: Any = None) -> Tensor:
    """The Cholesky factor L with `A = L L^H` of positive-definite matrices (U with `A = U^H U` where `upper`).

    Raises:
        LinAlgError: where a matrix is not positive-definite. To know, the program has to run: `cholesky_ex` does not wait.
    """
    return given(_cholesky(A, upper, "linalg.cholesky"), out)


@overload("cholesky")
def cholesky(input: Tensor, upper: bool = False, *, out: Any = None) -> Tensor:
    """As `linalg.cholesky`."""
    return given(_cholesky(input, upper, "cholesky"), out)


@overload("linalg.cholesky_ex")
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """`(L, info)`: the Cholesky factor, and the order of the first minor that is not positive (0: none), without raising."""
    made = ops.linalg_cholesky_ex(A, upper)
    if check_errors:
        check_info(made.info, _NOT_POSITIVE, "linalg.cholesky_ex")
    return given(made, out)


# --- inverses and systems ----------------------------------------------------------------------------------------------


def _inverse(a: Tensor, name: str) -> Tensor:
    made, info = ops.linalg_inv_ex(a)
    check_info(info, _SINGULAR, name)
    return made


@overload("linalg.inv")
def inv(A: Tensor, *, out: Any = None) -> Tensor:
    """The inverse of square matrices. Raises LinAlgError for a singular one, which waits for the program to run."""
    return given(_inverse(A, "linalg.inv"), out)


@overload("inverse")
def inverse(input: Tensor, *, out: Any = None) -> Tensor:
    """As `linalg.inv`."""
    return given(_inverse(input, "linalg.inv"), out)


@overload("linalg.inv_ex")
def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """`(inverse, info)`, info the place of the first zero pivot (0: none), without raising."""
    made = ops.linalg_inv_ex(A)
    if check_errors:
        check_info(made.info, _SINGULAR, "linalg.inv_ex")
    return given(made, out)


@overload("linalg.solve")
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Any = None) -> Tensor:
    """`X` with `A X = B` (`X A = B` unless `left`). Raises LinAlgError for a singular A, which waits for the program to run."""
    made, info = ops.linalg_solve_ex(A, B, left)
    check_info(info, _UNSOLVABLE, "torch.linalg.solve")
    return given(made, out)


@overload("linalg.solve_ex")
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """`(X, info)`, info the place of the first zero pivot (0: none), without raising."""
    made = ops.linalg_solve_ex(A, B, left)
    if check_errors:
        check_info(made.info, _UNSOLVABLE, "torch.linalg.solve")
    return given(made, out)


@overload("linalg.tensorinv")
def tensorinv(A: Tensor, ind: int = 2, *, out: Any = None) -> Tensor:
    """The inverse of A as a linear map from its last dimensions to its first `ind`."""
    made, info = ops.linalg_tensorinv(A, ind)
    check_info(info, _SINGULAR, "inv")
    return given(made, out)


@overload("linalg.tensorsolve")
def tensorsolve(A: Tensor, B: Tensor, dims: Any = None, *, out: Any = None) -> Tensor:
    """`X` with `tensordot(A, X, X.ndim) = B`, the dimensions `dims` of A moved to its end first."""
    made, info = ops.linalg_tensorsolve(A, B, dims)
    check_info(info, _UNSOLVABLE, "torch.linalg.solve")
    return given(made, out)


@overload("matrix_power", "linalg.matrix_power")
def matrix_power(A: Tensor, n: int, *, out: Any = None) -> Tensor:
    """The n-th power of square matrices; of the inverse for a negative n. Raises LinAlgError where that does not exist."""
    made, info = ops.linalg_matrix_power(A, n)
    if n < 0:
        check_info(info, _SINGULAR, "linalg.inv")
    return given(made, out)


# --- LU ----------------------------------------------------------------------------------------------------------------

_lu_factor = _results("linalg_lu_factor", "LU", "pivots")


@overload("linalg.lu_factor")
def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """`(LU, pivots)`: the compact LU decomposition. Raises RuntimeError for a zero pivot, which waits for the program."""
    lu, pivots, info = ops.linalg_lu_factor_ex(A, pivot)
    check_info(info, _ZERO_PIVOT, "torch.linalg.lu_factor", RuntimeError)
    return given(_lu_factor((lu, pivots)), out)


@overload("linalg.lu_factor_ex")
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """`(LU, pivots, info)`, info the place of the first zero pivot (0: none), without raising."""
    made = ops.linalg_lu_factor_ex(A, pivot)
    if check_errors:
        check_info(made.info, _ZERO_PIVOT, "torch.linalg.lu_factor_ex", RuntimeError)
    return given(made, out)


@overload("lu")
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, out: Any = None) -> Any:
    """`(LU, pivots)`, and `info` where `get_infos`: the older form of `linalg.lu_factor_ex`."""
    made = tuple(ops.linalg_lu_factor_ex(A, pivot))
    return given(made if get_infos else made[:2], out)


@overload("lu_solve")
def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Any = None) -> Tensor:
    """`X` with `A X = input`, from A's LU decomposition."""
    return ops.linalg_lu_solve(LU_data, LU_pivots, input, out=out)


_ldl_factor = _results("linalg_ldl_factor", "LD", "pivots")


@overload("linalg.ldl_factor")
def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """`(LD, pivots)`: the compact `L D L^T` of the lower triangle. Raises RuntimeError where a block of D is 0."""
    ld, pivots, info = ops.linalg_ldl_factor_ex(A, hermitian)
    check_info(info, "D[{0},{0}] is zero: the matrix is singular", "torch.linalg.ldl_factor", RuntimeError)
    return given(_ldl_factor((ld, pivots)), out)


@overload("linalg.ldl_factor_ex")
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """`(LD, pivots, info)`, info the place of the first zero block (0: none), without raising."""
    made = ops.linalg_ldl_factor_ex(A, hermitian)
    if check_errors:
        check_info(made.info, "D[{0},{0}] is zero: the matrix is singular", "torch.linalg.ldl_factor_ex", RuntimeError)
    return given(made, out)


# --- rank, pseudo-inverse, least squares ----------------------------------------------------------------------------------


@overload("linalg.matrix_rank")
def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Tensor:
    """How many singular values are above `max(atol, rtol * the largest)`; `tol` is the older name of `atol`, with rtol 0."""
    if tol is not None:
        atol, rtol = tol, 0.0
    return ops.linalg_matrix_rank(input, atol, rtol, hermitian, out=out)


@overload("linalg.pinv")
def pinv(
    input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, out: Any = None
) -> Tensor:
    """The Moore-Penrose inverse; singular values up to `max(atol, rtol * the largest)` count as 0 (`rcond` is `rtol`)."""
    if rcond is not None:
        atol, rtol = 0.0, rcond
    return ops.linalg_pinv(input, atol, rtol, hermitian, out=out)


@overload("pinverse")
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """As `linalg.pinv` with `rtol=rcond`."""
    return ops.linalg_pinv(input, 0.0, rcond)


@overload("linalg.lstsq")
def lstsq(input: Tensor, b: Tensor, rcond: Any = None, *, driver: str | None = None, out: Any = None) -> Any:
    """The least-squares solution of `input X = b`, with residuals, rank and singular values as far as the driver gives them.

    All drivers compute the same here, through the pseudo-inverse. With "gelsd" and "gelss" torch tells residuals only where
    all matrices have full rank, which waits for the program to run.
    """
    driver = driver or "gelsy"
    made = ops.linalg_lstsq(input, b, rcond, driver)
    rows, columns = input.shape[-2:]
    residuals = made.residuals
    if rows <= columns or driver == "gelsy" or (driver != "gels" and _deficient(made.rank, columns)):
        residuals = residuals.reshape(-1)[:0]
    rank = made.rank if driver != "gels" else made.rank.new_empty((0,))
    values = made.singular_values.detach() if driver in ("gelsd", "gelss") else made.singular_values.new_empty((0,))
    return given(type(made)(made.solution, residuals, rank, values), out)


def _deficient(rank: Tensor, full: int) -> bool:
    ranks = known_values(rank)
    return ranks is not None and bool((ranks < full).any())


# --- products, norms and the rest -------------------------------------------------------------------------------------------


@overload("linalg.multi_dot")
def multi_dot(tensors: Any, *, out: Any = None) -> Tensor:
    """The product of a chain of matrices (the ends may be vectors), multiplied in the cheapest order."""
    return ops.linalg_multi_dot(tensors, out=out)


@overload("chain_matmul", method=False)
def chain_matmul(*matrices: Tensor, out: Any = None) -> Tensor:
    """The product of a chain of matrices, multiplied in the cheapest order."""
    listed = matrices[0] if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)) else matrices
    return listed[0] if len(listed) == 1 else ops.linalg_multi_dot(listed, out=out)


@overload("linalg.matmul")
def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """As `torch.matmul`."""
    return ops.matmul(input, other, out=out)


@overload("linalg.diagonal")
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A view of the diagonals of the last two dimensions."""
    return views.diagonal(A, offset, dim1, dim2)


@overload("det")
def det(input: Tensor, *, out: Any = None) -> Tensor:
    """The determinant of square matrices."""
    return ops.linalg_det(input, out=out)


_slogdet = _results("slogdet", "sign", "logabsdet")


@overload("slogdet")
def slogdet(input: Tensor, *, out: Any = None) -> Any:
    """The sign and the logarithm of the size of the determinant."""
    return given(_slogdet(tuple(ops.linalg_slogdet(input))), out)


@overload("orgqr")
def orgqr(input: Tensor, input2: Tensor, *, out: Any = None) -> Tensor:
    """As `linalg.householder_product`."""
    return ops.linalg_householder_product(input, input2, out=out)


_qr = _results("qr", "Q", "R")


@overload("qr")
def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """As `linalg.qr`, complete unless `some`."""
    return given(_qr(tuple(ops.linalg_qr(input, "reduced" if some else "complete"))), out)


_svd = _results("svd", "U", "S", "V")


@overload("svd")
def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """`input = U diag(S) V^H`; all columns of U and V unless `some`, and zeros in their place unless `compute_uv`."""
    if compute_uv:
        u, s, vh = ops.linalg_svd(input, not some)
        return given(_svd((u, s, vh.mH)), out)
    batch, (rows, columns) = input.shape[:-2], input.shape[-2:]
    u, v = input.new_zeros((*batch, rows, rows)), input.new_zeros((*batch, columns, columns))
    return given(_svd((u, ops.linalg_svdvals(input), v)), out)
