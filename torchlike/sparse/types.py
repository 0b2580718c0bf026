"""`torch.sparse.FloatTensor` and kin: torch's old way to make sparse tensors, and to ask for their dtype."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.layouts import sparse_coo
from torchlike.base.promotion import scalar_name
from torchlike.base.size import Size
from torchlike.tensor import creation
from torchlike.tensor.sparse import SparseTensor
from torchlike.tensor.sparse_functions import sparse_coo_tensor


class sparsetype(type):
    """The type of these: calling one makes a sparse tensor, `isinstance` asks for dtype, device and layout."""

    dtype: DType
    is_cuda: bool
    is_sparse = True
    layout = sparse_coo

    def __instancecheck__(cls, instance: Any) -> bool:
        if not isinstance(instance, SparseTensor) or instance.layout is not sparse_coo:
            return False
        return instance.dtype is cls.dtype and (instance.device.type != "cpu") == cls.is_cuda

    def __subclasscheck__(cls, other: Any) -> bool:
        return cls is other

    def __call__(cls, *args: Any, device: Any = None) -> SparseTensor:
        """Of indices (sparse dims, n), values (n, *dense dims) and perhaps a size; or without elements, of sizes."""
        where = device or ("cuda" if cls.is_cuda else "cpu")
        if args and hasattr(args[0], "_read"):
            if len(args) > 1 and args[1].dtype is not cls.dtype:
                raise TypeError(f"expected a tensor of dtype {cls.dtype} for the values (got {args[1].dtype})")
            return sparse_coo_tensor(*args, dtype=cls.dtype, device=where)
        size = tuple(args[0]) if args and isinstance(args[0], (Size, tuple, list)) else args or (0,)
        indices = creation.zeros(len(size), 0, dtype=dtypes.int64, device=where)
        return sparse_coo_tensor(indices, creation.zeros(0, dtype=cls.dtype, device=where), size)

    def __repr__(cls) -> str:
        return f"<class '{cls.__module__}.{cls.__name__}'>"


_NAMED = (
    dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.int64, dtypes.int32, dtypes.int16, dtypes.int8,
    dtypes.uint8,
)  # fmt: skip


def _types(module: str, is_cuda: bool) -> dict[str, sparsetype]:
    names = {f"{scalar_name(kind)}Tensor": kind for kind in _NAMED}
    return {
        name: sparsetype(name, (), {"__module__": module, "dtype": kind, "is_cuda": is_cuda}) for name, kind in names.items()
    }


TYPES, CUDA_TYPES = _types("torch.sparse", False), _types("torch.cuda.sparse", True)
