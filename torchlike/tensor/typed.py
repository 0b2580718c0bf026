"""torch's old way to make tensors: `torch.Tensor(2, 3)`, `torch.FloatTensor([1, 2])`, `x.new(...)`, and the types by dtype.

`torch.FloatTensor` and kin are no classes of tensors: `isinstance(x, torch.FloatTensor)` asks for a dtype and a device.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.layouts import strided
from torchlike.base.numeric import iinfo
from torchlike.base.promotion import scalar_name
from torchlike.base.size import Size
from torchlike.tensor.creation import empty
from torchlike.tensor.from_data import tensor
from torchlike.tensor.tensor import Tensor, attributes

# ---- the old constructor ----------------------------------------------------------------------------------------


def legacy(args: tuple, keywords: dict[str, Any], kind: DType | None, device: Any) -> Tensor:
    """What the old constructors make of their arguments: sizes, a sequence of data, or a tensor, whose alias it is.

    Args:
        kind: the dtype; None takes a tensor's own, and the default dtype for all else.

    Raises:
        TypeError: for what is none of these, and for a tensor of another dtype.
    """
    where = keywords.pop("device", None) or device
    if keywords and not args and set(keywords) <= {"data", "size", "other"}:
        args = (next(iter(keywords.values())),)
    elif keywords:
        raise TypeError(f"new() received an invalid combination of arguments - got ({', '.join(sorted(keywords))})")
    wanted = kind or dtypes.get_default_dtype()
    first = args[0] if args else None
    if len(args) == 1 and isinstance(first, Tensor) and not _is_size(first):
        if kind is not None and first.dtype is not kind:
            raise TypeError(f"expected a tensor of dtype {kind} (got {first.dtype})")
        return first.detach()
    if len(args) == 1 and not isinstance(first, Size) and not _is_size(first):
        if not hasattr(first, "__len__") or isinstance(first, (str, dict)):
            raise TypeError(f"new(): data must be a sequence (got {type(first).__name__})")
        return _of_data(first, wanted, where)
    size = first if isinstance(first, Size) else args
    return empty(size if args else 0, dtype=wanted, device=where)


def _is_size(x: Any) -> bool:
    return not isinstance(x, (Tensor, np.ndarray)) and hasattr(x, "__index__")


def _of_data(data: Any, kind: DType, where: Any) -> Tensor:
    if not isinstance(data, (list, tuple, np.ndarray)):
        data = list(data)
    if isinstance(data, np.ndarray) and not kind.is_differentiable and kind is not dtypes.bool_ and data.size:
        limits = iinfo(kind)
        if data.max() > limits.max:
            raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")
    return tensor(data, dtype=kind, device=where)


def new_(cls: type, *args: Any, **keywords: Any) -> Any:
    """`Tensor.__new__`: an empty shell without arguments, else a tensor made the old way, as an instance of `cls`."""
    made: Any = object.__new__(cls)
    if args or keywords:
        source = legacy(args, keywords, None, None)
        made._become(source)
    return made


def init_(self: Tensor, *args: Any, **keywords: Any) -> None:
    """`Tensor.__init__`: `Tensor()` holds no elements."""
    if "_storage" not in attributes(self):
        self._become(empty(0))


def new(self: Tensor, *args: Any, **keywords: Any) -> Tensor:
    """A tensor in this one's dtype and place, from sizes, data or a tensor of the dtype, made the old way."""
    return legacy(args, keywords, self.dtype, self.device)


METHODS: dict[str, Any] = {"__new__": staticmethod(new_), "__init__": init_, "new": new}


# ---- torch.FloatTensor and kin ------------------------------------------------------------------------------------


class tensortype(type):
    """The type of `torch.FloatTensor` and kin: calling one makes a tensor, `isinstance` asks for dtype and device."""

    dtype: DType
    is_cuda: bool
    is_sparse = False
    layout = strided

    def __instancecheck__(cls, instance: Any) -> bool:
        on_cpu = isinstance(instance, Tensor) and instance.device.type == "cpu"
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype and on_cpu != cls.is_cuda

    def __subclasscheck__(cls, other: Any) -> bool:
        return cls is other

    def __call__(cls, *args: Any, **keywords: Any) -> Tensor:
        return legacy(args, keywords, cls.dtype, "cuda" if cls.is_cuda else "cpu")

    def __repr__(cls) -> str:
        return f"<class '{cls.__module__}.{cls.__name__}'>"


_NAMED = (
    dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.int64, dtypes.int32, dtypes.int16, dtypes.int8,
    dtypes.uint8, dtypes.bool_,
)  # fmt: skip


def _types(module: str, is_cuda: bool) -> dict[str, tensortype]:
    return {
        name: tensortype(name, (), {"__module__": module, "dtype": kind, "is_cuda": is_cuda})
        for kind in _NAMED
        for name in (f"{scalar_name(kind)}Tensor",)
    }


TYPES = _types("torch", False)
CUDA_TYPES = _types("torch.cuda", True)
_BY_NAME = {f"{t.__module__}.{t.__name__}": t for t in (*TYPES.values(), *CUDA_TYPES.values())}


def type_of(name: Any) -> tensortype:
    """The type called so. Raises ValueError where there is none."""
    found = name if isinstance(name, tensortype) else _BY_NAME.get(name)
    if found is None:
        raise ValueError(f"invalid type: '{name}'")
    return found


_told = False


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype and the device of a type ("torch.cuda.FloatTensor", torch.DoubleTensor) those of new tensors.

    Deprecated in torch: use `set_default_dtype` and `set_default_device`. Raises TypeError for what is no floating type.
    """
    global _told
    if not _told:
        _told = True
        warnings.warn(
            "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
            "torch.set_default_device() as alternatives.",
            UserWarning,
            stacklevel=2,
        )
    if not isinstance(t, (str, tensortype)):
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    chosen = type_of(t)
    if not chosen.dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    dtypes.set_default_dtype(chosen.dtype)
    devices.set_default_device("cuda" if chosen.is_cuda else None)
