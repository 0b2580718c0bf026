"""Sparse tensors: coordinates (COO) and compressed rows (CSR) beside a dense tensor of values.

A sparse tensor is two or three dense tensors, so that recording and gradients (of the values) need nothing new. Dispatch hands
an op that meets one to `SparseTensor._apply`; what has no rule there raises NotImplementedError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.errors import missing
from torchlike.base.layouts import layout, sparse_coo, sparse_csr
from torchlike.base.size import Size
from torchlike.engine import dispatch
from torchlike.ops.registry import OPS, Op
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.storage import Storage
from torchlike.tensor.tensor import Tensor


class SparseTensor(Tensor):
    """A tensor of layout `torch.sparse_coo` or `torch.sparse_csr`.

    COO holds indices (sparse dims, n) and values (n, *dense dims); CSR, for matrices, row starts (rows + 1,), columns (n,)
    and values (n,). Gradients flow to and from the values.
    """

    def __init__(self, kind: layout, places: tuple[Tensor, ...], values: Tensor, shape: tuple[int, ...], coalesced: bool):
        self._kind, self._places, self._numbers = kind, places, values
        self._size, self._coalesced = Size(shape), coalesced
        self._storage = Storage(values._read())
        self._view = ()  # reading goes through _read, which refuses

    def _read(self) -> Any:
        raise dispatch.Elsewhere(self)

    def _apply(self, op: Op, args: Any, static: tuple) -> Any:
        """What an op does where one of its operands is sparse."""
        rule = RULES.get(op.name)
        if rule is None:
            raise NotImplementedError(
                f"Could not run {op.name!r} with a tensor of layout {self._kind}: torchlike has no such sparse operation; "
                "to_dense() gives the dense tensor"
            )
        return rule(*args, **dict(zip(op.keywords, static, strict=True)))

    def _differentiated(self) -> Tensor:
        return self._numbers

    def _gradient_like(self, gradient: Tensor) -> SparseTensor:
        return self._with(gradient)

    def _cotangent(self, gradient: Any) -> Any:
        if gradient is None or isinstance(gradient, SparseTensor):
            return None if gradient is None else gradient._numbers
        return ops.sparse_gather(gradient, self.coordinates())

    # ---- queries ----------------------------------------------------------------------------------------------

    layout = property(lambda self: self._kind)
    shape = property(lambda self: self._size)
    dtype = property(lambda self: self._numbers.dtype)
    device = property(lambda self: self._numbers.device)
    ndim = property(lambda self: len(self._size))
    is_sparse = property(lambda self: self._kind is sparse_coo)
    is_sparse_csr = property(lambda self: self._kind is sparse_csr)
    requires_grad = property(
        lambda self: self._numbers.requires_grad, lambda self, value: self._numbers.requires_grad_(value)
    )
    grad = property(lambda self: None if self._numbers.grad is None else self._with(self._numbers.grad))
    is_leaf = property(lambda self: self._numbers.is_leaf)
    grad_fn = property(lambda self: self._numbers.grad_fn)
    data = property(lambda self: self._with(self._numbers.data))

    def size(self, dim: int | None = None) -> Any:
        return self._size if dim is None else self._size[dim]

    def dim(self) -> int:
        return len(self._size)

    def numel(self) -> int:
        return int(np.prod(self._size))

    def requires_grad_(self, requires_grad: bool = True) -> SparseTensor:
        self._numbers.requires_grad_(requires_grad)
        return self

    def sparse_dim(self) -> int:
        return self._places[0].shape[0] if self._kind is sparse_coo else 2

    def dense_dim(self) -> int:
        return self._numbers.ndim - 1

    def is_coalesced(self) -> bool:
        return self._coalesced

    def _nnz(self) -> int:
        return self._numbers.shape[0]

    # ---- parts ------------------------------------------------------------------------------------------------

    def _coo_only(self, name: str) -> None:
        if self._kind is not sparse_coo:
            raise RuntimeError(f"{name} expected sparse coordinate tensor layout but got {self._kind.name}")

    def indices(self) -> Tensor:
        """The coordinates (sparse dims, n). Raises RuntimeError where the tensor is not coalesced."""
        self._coo_only("indices")
        self._check_coalesced("indices")
        return self._places[0].detach()

    def values(self) -> Tensor:
        """The values (n, *dense dims). Raises RuntimeError where the tensor is not coalesced."""
        if self._kind is sparse_coo:
            self._check_coalesced("values")
        return self._numbers

    def _check_coalesced(self, what: str) -> None:
        if not self._coalesced:
            raise RuntimeError(f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first")

    def _indices(self) -> Tensor:
        self._coo_only("_indices")
        return self._places[0]

    def _values(self) -> Tensor:
        return self._numbers

    def crow_indices(self) -> Tensor:
        return self._compressed("crow_indices")[0]

    def col_indices(self) -> Tensor:
        return self._compressed("col_indices")[1]

    def _compressed(self, name: str) -> tuple[Tensor, ...]:
        if self._kind is not sparse_csr:
            raise RuntimeError(f"{name} expected sparse row compressed tensor layout but got {self._kind}")
        return self._places

    def coordinates(self) -> Tensor:
        """The coordinates (sparse dims, n) of either layout. Compressed rows are read: their expansion depends on values."""
        if self._kind is sparse_coo:
            return self._places[0]
        starts, columns = self._places
        rows = np.repeat(np.arange(self._size[0]), np.diff(starts.numpy()))
        return ops.stack([creation.tensor(rows, device=self.device), columns.to(dtypes.int64)])

    # ---- conversions ------------------------------------------------------------------------------------------

    def _with(self, values: Tensor) -> SparseTensor:
        return SparseTensor(self._kind, self._places, values, self._size, self._coalesced)

    def coalesce(self) -> SparseTensor:
        """The same tensor with each coordinate once, in order. Reads the coordinates: how many there are depends on them."""
        self._coo_only("coalesce")
        if self._coalesced:
            return self
        places = self._places[0].numpy()
        flat = np.ravel_multi_index(tuple(places), tuple(self._size[: len(places)])) if places.size else np.zeros(0, np.int64)
        unique, at = np.unique(flat, return_inverse=True)
        values = ops.sparse_coalesced(self._numbers, creation.tensor(at.reshape(-1), device=self.device), count=len(unique))
        kept = np.stack(np.unravel_index(unique, tuple(self._size[: len(places)]))) if len(unique) else places[:, :0]
        indices = creation.tensor(kept.astype(np.int64), device=self.device)
        return SparseTensor(sparse_coo, (indices,), values, self._size, True)

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Tensor:
        """The dense tensor; values at the same coordinates add up."""
        made = ops.sparse_to_dense(self.coordinates(), self._numbers, shape=tuple(self._size))
        return made if dtype is None else made.to(dtype)

    def to_sparse(self, sparse_dim: int | None = None, *, layout: Any = None) -> Any:
        if layout is sparse_csr:
            return self.to_sparse_csr()
        return (
            self
            if self._kind is sparse_coo
            else SparseTensor(sparse_coo, (self.coordinates(),), self._numbers, self._size, True)
        )

    to_sparse_coo = to_sparse

    def to_sparse_csr(self, dense_dim: Any = None) -> SparseTensor:
        """The matrix with compressed rows."""
        if self._kind is sparse_csr:
            return self
        if self.ndim != 2 or self.dense_dim():
            raise missing("torch.Tensor.to_sparse_csr of anything but a sparse matrix")
        once = self.coalesce()
        rows, columns = once._places[0].numpy()
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self._size[0]))]).astype(np.int64)
        places = (creation.tensor(starts, device=self.device), creation.tensor(columns, device=self.device))
        return SparseTensor(sparse_csr, places, once._numbers, self._size, True)

    def detach(self) -> SparseTensor:
        return self._with(self._numbers.detach())

    def clone(self, *, memory_format: Any = None) -> SparseTensor:
        return self._with(self._numbers.clone())

    def to(self, *args: Any, **keywords: Any) -> SparseTensor:
        values = self._numbers.to(*args, **keywords)
        return SparseTensor(self._kind, tuple(p.to(values.device) for p in self._places), values, self._size, self._coalesced)

    def t(self) -> SparseTensor:
        """The transposed matrix."""
        return self.transpose(0, 1)

    def transpose(self, dim0: int, dim1: int) -> SparseTensor:
        self._coo_only("transpose")
        order = list(range(self.sparse_dim()))
        dim0, dim1 = dim0 % self.ndim, dim1 % self.ndim
        if max(dim0, dim1) >= len(order):
            raise missing("torch.Tensor.transpose of a dense dimension of a sparse tensor")
        shape = list(self._size)
        order[dim0], order[dim1] = order[dim1], order[dim0]
        shape[dim0], shape[dim1] = shape[dim1], shape[dim0]
        indices = ops.index_select(self._places[0], creation.tensor(order), dim=0)
        return SparseTensor(sparse_coo, (indices,), self._numbers, tuple(shape), False)

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError(f"can't convert {self._kind.name} layout tensor to numpy. Use Tensor.to_dense() first.")

    def __matmul__(self, other: Any) -> Any:
        return _matmul(self, other)

    def __deepcopy__(self, memo: dict) -> SparseTensor:
        return self.clone()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        parts = ["indices"] if self._kind is sparse_coo else ["crow_indices", "col_indices"]
        shown = [f"{name}={tensor!r}" for name, tensor in zip([*parts, "values"], [*self._places, self._numbers], strict=True)]
        facts = f"size={tuple(self._size)}, nnz={self._nnz()}, layout={self._kind}"
        return "tensor(" + ",\n       ".join([*shown, facts]) + ")"


# ---- operations -------------------------------------------------------------------------------------------------------


def _matmul(mat1: Any, mat2: Any) -> Any:
    if isinstance(mat1, SparseTensor) and isinstance(mat2, SparseTensor):
        return to_sparse(_matmul(mat1, mat2.to_dense()))
    if isinstance(mat1, SparseTensor):
        return ops.sparse_mm(mat1.coordinates(), mat1._numbers, mat2, shape=tuple(mat1._size))
    return ops.t(_matmul(_coo(mat2).t(), ops.t(mat1))) if mat1.ndim == 2 else _matmul(_coo(mat2).t(), mat1)


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


RULES: dict[str, Callable[..., Any]] = {
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
        RuntimeError: where indices and values do not fit each other or `size`.
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
    if places.shape[1]:
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


FUNCTIONS: dict[str, Callable] = {
    f.__name__: f for f in (sparse_coo_tensor, sparse_csr_tensor, sparse_compressed_tensor)
}  # fmt: skip
METHODS: dict[str, Callable] = {
    "to_sparse": to_sparse,
    "to_sparse_coo": to_sparse,
    "to_sparse_csr": to_sparse_csr,
    "to_dense": to_dense,
}
