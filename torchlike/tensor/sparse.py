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
from torchlike.ops.registry import Op
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.storage import Storage
from torchlike.tensor.tensor import Tensor

RULES: dict[str, Callable[..., Any]] = {}  # what ops do with sparse operands: torchlike.tensor.sparse_functions


class SparseTensor(Tensor):
    """A tensor of layout `torch.sparse_coo` or `torch.sparse_csr`.

    COO holds indices (sparse dims, n) and values (n, *dense dims); CSR, for matrices, row starts (rows + 1,), columns (n,)
    and values (n,). Gradients flow to and from the values.
    """

    def __new__(cls, *args: Any) -> SparseTensor:
        return object.__new__(cls)

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
    requires_grad = property(lambda self: self._numbers.requires_grad, lambda self, value: self._numbers.requires_grad_(value))
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

    def _coalesced_(self, coalesced: bool) -> SparseTensor:
        """Say that each coordinate is there once and in order, or that it may not be; nobody checks."""
        self._coo_only("_coalesced_")
        self._coalesced = coalesced
        return self

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

    def to_sparse(self, sparse_dim: int | None = None, *, layout: Any = None, **keywords: Any) -> Any:
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
        return RULES["matmul"](self, other)

    def __deepcopy__(self, memo: dict) -> SparseTensor:
        return self.clone()

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        parts = ["indices"] if self._kind is sparse_coo else ["crow_indices", "col_indices"]
        shown = [f"{name}={tensor!r}" for name, tensor in zip([*parts, "values"], [*self._places, self._numbers], strict=True)]
        facts = f"size={tuple(self._size)}, nnz={self._nnz()}, layout={self._kind}"
        return "tensor(" + ",\n       ".join([*shown, facts]) + ")"
