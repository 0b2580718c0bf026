"""`torch.sparse`: products of sparse and dense matrices. The tensors themselves are in `torchlike.tensor.sparse`."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes
from torchlike.base.errors import missing
from torchlike.base.layouts import sparse_csr
from torchlike.sparse.types import TYPES
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.sparse import SparseTensor
from torchlike.tensor.sparse_functions import to_sparse

__all__ = ["addmm", "log_softmax", "mm", "sampled_addmm", "softmax", "sum"]


def mm(sparse: Any, mat2: Any, reduce: str | None = None) -> Any:
    """The product of a sparse and a dense matrix (or two sparse ones: a sparse product).

    Args:
        reduce: "sum", "mean", "amax" or "amin" of the products of each row; for compressed rows only, as in torch.
    """
    if not isinstance(sparse, SparseTensor):
        raise RuntimeError(f"torch.sparse.mm: expected the first argument to be sparse, but got layout {sparse.layout}")
    if reduce is None:
        return ops.mm(sparse, mat2)
    if sparse.layout is not sparse_csr:
        raise RuntimeError("torch.sparse.mm: reduce needs a matrix of layout torch.sparse_csr")
    return ops.sparse_mm_reduce(sparse.coordinates(), sparse._values(), mat2, shape=tuple(sparse.shape), reduce=reduce)


def addmm(mat: Tensor, mat1: Any, mat2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`beta * mat + alpha * (mat1 @ mat2)` with a sparse `mat1`."""
    return ops.addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def sampled_addmm(input: Any, mat1: Tensor, mat2: Tensor, *, beta: Any = 1.0, alpha: Any = 1.0, out: Any = None) -> Any:
    """`beta * input + alpha * (mat1 @ mat2)` at the places of `input`, a matrix with compressed rows.

    Raises:
        RuntimeError: where shapes, dtypes or layouts do not fit.
    """
    if not isinstance(input, SparseTensor) or input.layout is not sparse_csr:
        raise RuntimeError(f"sampled_addmm: Expected self to have layout SparseCsr but got {getattr(input, 'layout', input)}")
    for name, given in (("mat1", mat1), ("mat2", mat2)):
        if isinstance(given, SparseTensor):
            raise RuntimeError(f"sampled_addmm: Expected {name} to have strided layout, but got {given.layout}")
        if given.dtype is not input.dtype:
            raise RuntimeError(f"sampled_addmm: Expected {name} and self to have the same dtype, got {given.dtype}")
    if mat1.shape[1] != mat2.shape[0] or (mat1.shape[0], mat2.shape[1]) != tuple(input.shape):
        raise RuntimeError(
            f"sampled_addmm: mat1 {tuple(mat1.shape)} @ mat2 {tuple(mat2.shape)} does not give the shape {tuple(input.shape)}"
        )
    made = input._with(ops.sparse_sampled(input.coordinates(), input._values(), mat1, mat2, beta=beta, alpha=alpha))
    if out is None:
        return made
    out._places, out._numbers, out._size = made._places, made._numbers, made._size
    return out


def sum(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """The sum of all elements, or over `dim`: a sparse tensor where sparse dimensions are left."""
    made = ops.sum(input, dim, dtype=dtype)
    return made if dim is None or not made.ndim else to_sparse(made)


def _along_stored(row: str) -> Any:
    def rule(input: Any, dim: int, *, dtype: Any = None) -> Any:
        """Over the stored elements only: what is not stored counts as minus infinity."""
        if input.dim() != 2:
            raise missing(f"torch.sparse.{row} of anything but a matrix")
        once = input.coalesce()
        values = once._values() if dtype is None else once._values().to(dtype)
        there = ops.sparse_to_dense(once._indices(), creation.ones_like(values, dtype=dtypes.bool_), shape=tuple(input.shape))
        dense = ops.sparse_to_dense(once._indices(), values, shape=tuple(input.shape))
        made = getattr(ops, row)(ops.where(there, dense, -float("inf")), dim)
        return once._with(ops.sparse_gather(made, once._indices()))

    rule.__name__ = row
    return rule


globals().update(TYPES)  # FloatTensor and kin
softmax = _along_stored("softmax")
log_softmax = _along_stored("log_softmax")


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'torchlike.sparse' has no attribute {name!r}")
    raise missing(f"torch.sparse.{name}")
