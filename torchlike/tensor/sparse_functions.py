"""What can be done with sparse tensors: making them, converting them, and the ops that take them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import missing
from torchlike.base.layouts import sparse_coo, sparse_csr
from torchlike.ops.registry import OPS
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.sparse import RULES, SparseTensor
from torchlike.tensor.tensor import Tensor

# ---- operations -------------------------------------------------------------------------------------------------------


def _matmul(mat1: Any, mat2: Any) -> Any:
    if isinstance(mat1, SparseTensor) and isinstance(mat2, SparseTensor):
        return to_sparse(_matmul(mat1, mat2.to_dense()))
    if isinstance(mat1, SparseTensor):
        return ops.sparse_mm(mat1.coordinates(), mat1._numbers, mat2, shape=tuple(mat1._size))
    return _matmul(_coo(mat2).t(), mat1.t()).t() if mat1.ndim == 2 else _matmul(_coo(mat2).t(), mat1)


def _coo(x: SparseTensor) -> SparseTensor:
    return x.to_sparse()


def _addmm(input: Any, mat1: Any, mat2: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
    dense = input.to_dense() if isinstance(input, SparseTensor) else input
    return beta * dense + alpha * _matmul(mat1, mat2)


def _add(input: Any, other: Any, alpha: Any = 1) -> Any:
    if not (isinstance(input, SparseTensor) and isinstance(other, SparseTensor)):
        dense = [x.to_dense() if isinstance(x, SparseTensor) else x for x in (input, other)]
        return ops.add(*dense, alpha=1 if alpha is None else alpha)
    if input._size != other._size:
        raise RuntimeError(f"add: expected sizes {tuple(input._size)} and {tuple(other._size)} to be equal")
    a, b = _coo(input), _coo(other)
    values = [a._numbers, b._numbers if alpha in (1, None) else b._numbers * alpha]
    made = SparseTensor(sparse_coo, (ops.cat([a._places[0], b._places[0]], 1),), ops.cat(values, 0), input._size, False)
    return made if input._kind is sparse_coo else made.to_sparse_csr()


def _sub(input: Any, other: Any, alpha: Any = 1) -> Any:
    return _add(input, other, -(1 if alpha is None else alpha))


def _scaled(row: str) -> Callable[[Any, Any], Any]:
    """A product or quotient with a number keeps the places; with a dense tensor it looks them up."""

    def rule(input: Any, other: Any) -> Any:
        if isinstance(input, SparseTensor) and not isinstance(other, SparseTensor):
            if not isinstance(other, Tensor) or other.ndim == 0:
                return input._with(getattr(ops, row)(input._numbers, other))
            return input._with(getattr(ops, row)(input._numbers, ops.sparse_gather(other, input.coordinates())))
        if isinstance(input, SparseTensor):
            return to_sparse(getattr(ops, row)(input.to_dense(), other.to_dense()))
        return rule(other, input)

    return rule


def _on_values(row: str) -> Callable[[Any], Any]:
    """A function with f(0) = 0 acts on the values, each coordinate counted once."""

    def rule(input: SparseTensor) -> Any:
        once = input.coalesce() if input._kind is sparse_coo else input
        return once._with(getattr(ops, row)(once._numbers))

    return rule


def _sum(input: SparseTensor, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    if dim is None:
        return ops.sum(input._numbers, dtype=dtype)
    return ops.sum(input.to_dense(), dim, keepdim, dtype)


RULES |= {
    "mm": _matmul, "matmul": _matmul, "mv": _matmul, "addmm": _addmm, "add": _add, "sub": _sub, "sum": _sum,
    "mul": _scaled("mul"), "true_divide": _scaled("true_divide"),
}  # fmt: skip
_KEEP_ZERO = "abs asin asinh atan atanh ceil expm1 floor log1p neg relu round sgn sign sin sinh sqrt square tan tanh trunc"
RULES |= {name: _on_values(name) for name in _KEEP_ZERO.split() if name in OPS.rows}


# ---- creation ---------------------------------------------------------------------------------------------------------


def _as_tensor(data: Any, **keywords: Any) -> Tensor:
    return creation.as_tensor(data, **{k: v for k, v in keywords.items() if v is not None})


def sparse_coo_tensor(
    indices: Any, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None, pin_memory: bool = False,
    requires_grad: bool = False, check_invariants: Any = None, is_coalesced: Any = None,
) -> SparseTensor:  # fmt: skip
    """A tensor given by coordinates (sparse dims, n) and values (n, *dense dims); of shape `size`, or just large enough.

    Raises:
        RuntimeError: where indices and values do not fit each other or `size`; with `check_invariants` also for coordinates
            outside of it.
    """
    if values is None:  # sparse_coo_tensor(size): nothing in it
        shape = tuple(indices)
        indices, values, size = np.zeros((len(shape), 0), np.int64), creation.zeros(0, dtype=dtype, device=device), shape
    places = _as_tensor(indices, device=device).to(dtypes.int64)
    numbers = _as_tensor(values, dtype=dtype, device=device)
    if places.ndim != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(places.shape)}")
    if numbers.ndim < 1 or numbers.shape[0] != places.shape[1]:
        raise RuntimeError(
            f"indices and values must have same nnz, but got nnz from indices: {places.shape[1]}, nnz from values: "
            f"{numbers.shape[0] if numbers.ndim else 1}"
        )
    if size is None:
        reach = places.numpy().max(1) + 1 if places.shape[1] else np.zeros(places.shape[0], np.int64)
        size = (*(int(n) for n in reach), *numbers.shape[1:])
    size = tuple(size)
    if len(size) != places.shape[0] + numbers.ndim - 1:
        raise RuntimeError(
            f"number of dimensions must be sparse_dim ({places.shape[0]}) + dense_dim ({numbers.ndim - 1}), but got {len(size)}"
        )
    if check_invariants and places.shape[1]:
        _check_reach(places.numpy(), size)
    made = SparseTensor(sparse_coo, (places,), numbers, size, bool(is_coalesced))
    return made.requires_grad_() if requires_grad else made


def _check_reach(places: np.ndarray, size: tuple[int, ...]) -> None:
    for dim, row in enumerate(places):
        if row.min() < 0:
            raise RuntimeError(f"found negative index {row.min()} for dim {dim}")
        if row.max() >= size[dim]:
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {dim}, size is {size[dim]} but found index {row.max()}"
            )


def sparse_csr_tensor(
    crow_indices: Any, col_indices: Any, values: Any, size: Any = None, *, dtype: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, check_invariants: Any = None,
) -> SparseTensor:  # fmt: skip
    """A matrix given by where its rows start (rows + 1,), columns (n,) and values (n,)."""
    starts, columns = (_as_tensor(x, device=device) for x in (crow_indices, col_indices))
    numbers = _as_tensor(values, dtype=dtype, device=device)
    if starts.ndim != 1 or columns.ndim != 1 or numbers.ndim != 1:
        raise missing("torch.sparse_csr_tensor of batches or blocks")
    if size is None:
        size = (starts.shape[0] - 1, int(columns.numpy().max(initial=-1)) + 1)
    if starts.shape[0] != size[0] + 1:
        raise RuntimeError(f"crow_indices.shape[-1] must be equal to nrows + 1 = {size[0] + 1}, but got {starts.shape[0]}")
    if columns.shape[0] != numbers.shape[0]:
        raise RuntimeError(f"number of non-zero elements: {columns.shape[0]} columns, but {numbers.shape[0]} values")
    made = SparseTensor(sparse_csr, (starts, columns), numbers, tuple(size), True)
    return made.requires_grad_() if requires_grad else made


def sparse_compressed_tensor(*parts: Any, layout: Any = None, **keywords: Any) -> SparseTensor:
    """A compressed tensor; of the compressed layouts only `torch.sparse_csr` exists here."""
    if layout is not sparse_csr:
        raise missing(f"tensors of layout {layout}")
    return sparse_csr_tensor(*parts, **keywords)


def to_sparse(input: Tensor, sparse_dim: int | None = None, *, layout: Any = None, **keywords: Any) -> SparseTensor:
    """The elements that are not zero, by coordinates over the first `sparse_dim` dimensions. Reads the values."""
    if layout is sparse_csr:
        return to_sparse_csr(input)
    if layout not in (None, sparse_coo):
        raise missing(f"tensors of layout {layout}")
    count = input.ndim if sparse_dim is None else sparse_dim
    if not (0 < count <= input.ndim or count == input.ndim == 0):
        raise RuntimeError(f"sparse_dim argument must be in >=1 and <= {input.ndim}, got {count}")
    filled = input.detach()._read().numpy() != 0
    places = np.argwhere(filled.any(tuple(range(count, input.ndim)))).T.astype(np.int64).reshape(count, -1)
    indices = creation.tensor(places, device=input.device)
    values = ops.sparse_gather(input, indices) if count else input.reshape(1)[: places.shape[1]]
    return SparseTensor(sparse_coo, (indices,), values, tuple(input.shape), True)


def to_sparse_csr(input: Tensor, dense_dim: Any = None) -> SparseTensor:
    """The matrix with compressed rows. Reads the values."""
    return to_sparse(input).to_sparse_csr()


def to_dense(input: Tensor, dtype: Any = None, *, masked_grad: Any = None) -> Tensor:
    """The tensor itself: it is dense."""
    return input if dtype is None else input.to(dtype)


def _only_sparse(name: str, kind: str) -> Callable[[Tensor], Any]:
    def refuse(self: Tensor) -> Any:
        raise RuntimeError(f"{name} expected sparse {kind} tensor layout but got Strided")

    return refuse


def _not_of_dense(name: str) -> Callable[..., Any]:
    def refuse(self: Tensor, *args: Any) -> Any:
        kind = self.device.type.upper()
        raise NotImplementedError(
            f"Could not run 'aten::{name}' with arguments from the '{kind}' backend: it is for sparse tensors, and this one "
            "has layout torch.strided"
        )

    return refuse


_PARTS = {
    "values": "or compressed", "indices": "coordinate", "coalesce": "coordinate", "is_coalesced": "coordinate",
    "crow_indices": "row compressed", "col_indices": "row compressed", "ccol_indices": "column compressed",
    "row_indices": "column compressed",
}  # fmt: skip


def sparse_mask(input: Tensor, mask: SparseTensor) -> SparseTensor:
    """The elements of a dense tensor at the places of a sparse one."""
    if not isinstance(mask, SparseTensor):
        raise RuntimeError("sparse_mask: mask must be a sparse tensor")
    return mask._with(ops.sparse_gather(input, mask.coordinates()))


FUNCTIONS: dict[str, Callable] = {
    f.__name__: f for f in (sparse_coo_tensor, sparse_csr_tensor, sparse_compressed_tensor)
} | {"spmm": _matmul, "dsmm": _matmul, "hsmm": _matmul}  # fmt: skip
METHODS: dict[str, Callable] = {name: _only_sparse(name, kind) for name, kind in _PARTS.items()}
METHODS |= {name: _not_of_dense(name) for name in ("_values", "_indices", "_nnz", "_coalesced_")}
METHODS |= {
    "sparse_mask": sparse_mask,
    "sparse_dim": lambda self: 0,
    "dense_dim": lambda self: self.ndim,
    "to_sparse": to_sparse,
    "to_sparse_coo": to_sparse,
    "to_sparse_csr": to_sparse_csr,
    "to_dense": to_dense,
}
