"""Methods of a tensor about its size, its dtype, its place and copies of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes, promotion
from torchlike.base.dtypes import dtype as DType
from torchlike.base.errors import missing
from torchlike.base.layout import is_contiguous, preserve_format
from torchlike.base.numeric import checked
from torchlike.engine import dispatch, staging
from torchlike.engine.record import local
from torchlike.engine.value import Value, aval, host
from torchlike.ops.registry import OPS
from torchlike.tensor import indexing, typed, views
from torchlike.tensor.options import precise
from torchlike.tensor.tensor import Tensor, bare, place

_CAST, _CLONE = OPS["cast"], OPS["clone_like"]


# ---- size -----------------------------------------------------------------------------------------------------


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or one of its sizes."""
    shape = self.shape
    if dim is None:
        return shape
    if not -len(shape) <= dim < len(shape):
        reach = max(len(shape), 1)
        raise IndexError(f"Dimension out of range (expected to be in range of [{-reach}, {reach - 1}], but got {dim})")
    return shape[dim]


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input._read().aval.numel


def dim(self: Tensor) -> int:
    """The number of dimensions."""
    return self.ndim


def contiguous_as(self: Tensor, memory_format: Any = None) -> bool:
    """Whether the strides are row-major without gaps, or in the order of `memory_format`."""
    if memory_format is not None and memory_format.order is not None:
        return memory_format.holds(self.shape, self.stride())
    return self._strides is None or is_contiguous(self.shape, self._strides)


# ---- dtype and place ------------------------------------------------------------------------------------------


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """In another dtype, on another device, or both; itself where nothing changes (unless `copy=True`)."""
    device, dtype = kwargs.pop("device", None), kwargs.pop("dtype", None)
    again = kwargs.pop("copy", False)
    kwargs.pop("non_blocking", None)
    wanted = kwargs.pop("memory_format", None)
    if "other" in kwargs:
        args = (kwargs.pop("other"), *args)
    if kwargs:
        raise TypeError(f"to() received an invalid combination of arguments - got {sorted(kwargs)}")
    for arg in args[:2]:
        if isinstance(arg, (DType, type)):
            dtype = arg
        elif isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif isinstance(arg, (str, int, devices.device)):
            device = device if isinstance(arg, bool) else arg  # a bool is non_blocking or copy, which change nothing here
        elif arg is not None:
            raise TypeError(
                f"to() received an invalid combination of arguments - got ({type(arg).__name__}); it takes a dtype, a device "
                "or a tensor"
            )
    out = self
    if dtype is not None and (dtype := dtypes.given(dtype)) is not self.dtype:
        out = dispatch.call(_CAST, (self,), (dtype,))
    if device is not None:
        where = devices.resolve(device)
        if where is not self.device and where != self.device:
            out = _move(out, where)
    if wanted is not None and wanted is not preserve_format:
        return clone(out, memory_format=wanted) if again and out is self else views.contiguous(out, wanted)
    return clone(out) if again and out is self else out


def _move(tensor: Tensor, where: devices.device) -> Tensor:
    """A copy elsewhere, with the history going along."""
    value = tensor._read()
    if where is devices.META:
        moved = Value(aval(value.aval.shape, value.aval.dtype, where))
    elif (there := staging.take(value, where)) is not None:
        moved = Value(aval(value.aval.shape, value.aval.dtype, where), there)
    else:
        moved = host(np.array(value.numpy()), where)
    out = bare(moved)
    if local.state.grad and tensor._rg:
        from_node = dispatch.call(_CLONE, (tensor,))  # gives the copy a node; the gradient comes back the same way
        out._rg, out._node, out._nr = True, from_node._node, 0
    if tensor._strides is not None:
        place(out, tensor._strides, 0)
    return out


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    return to(self, "cpu")


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Tensor:
    return to(self, "cuda" if device is None else devices.device("cuda", device) if isinstance(device, int) else device)


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy type's name, or this tensor in that dtype or type. Raises ValueError for a name that is no type's."""
    if dtype is None:
        place = () if self.device.type == "cpu" else (self.device.type,)
        return promotion.tensor_type_name(self.dtype, ("torch", *place))
    if isinstance(dtype, (str, typed.tensortype)):
        found = typed.type_of(dtype)
        return to(self, "cuda" if found.is_cuda else "cpu", found.dtype)
    return to(self, dtype)


# ---- copies ---------------------------------------------------------------------------------------------------


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with its own storage, in memory as it was or as `memory_format` says; the gradient flows through."""
    if memory_format is None or memory_format is preserve_format:
        return dispatch.call(_CLONE, (input,))
    return views.copy_in(input, memory_format)


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Overwrite this tensor with the tensor `src`, broadcast and cast."""
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    return indexing.write(self, src)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Overwrite every element with one number, or with a zero-dim tensor, to which the gradient goes.

    Raises:
        RuntimeError: where the dtype cannot hold the number, and for tensors with dimensions.
    """
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.")
    elif isinstance(value, (bool, int, float, complex)):
        value = precise(checked(value, self.dtype), self.dtype)
    self._check_writable(fill=True)
    return self._write(dispatch.call(OPS["fill_into"], (self, value)))


def zero_(self: Tensor) -> Tensor:
    """Overwrite every element with zero."""
    self._check_writable(fill=True)
    return self._write(dispatch.call(OPS["zero_into"], (self,)))


def _cast_to(name: str, dtype: DType) -> Callable:
    def cast(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, dtype, memory_format=memory_format)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"The tensor as {dtype}; itself where it is that already."
    return cast


def chalf(self: Tensor, memory_format: Any = None) -> Tensor:
    """Raises NotImplementedError: XLA has no complex numbers of 16-bit floats."""
    raise missing("torch.complex32", "XLA has no complex numbers of 16-bit floats; use complex64 (`cfloat`)")


_CASTS = {
    "double": dtypes.float64,
    "float": dtypes.float32,
    "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16,
    "long": dtypes.int64,
    "int": dtypes.int32,
    "short": dtypes.int16,
    "char": dtypes.int8,
    "byte": dtypes.uint8,
    "bool": dtypes.bool_,
    "cfloat": dtypes.complex64,
    "cdouble": dtypes.complex128,
}

METHODS: dict[str, Any] = {f.__name__: f for f in (size, numel, dim, to, cpu, cuda, clone, copy_, fill_, zero_, chalf)}
METHODS |= {name: _cast_to(name, dtype) for name, dtype in _CASTS.items()}
METHODS |= {"type": type_, "ndimension": dim, "nelement": numel, "is_contiguous": contiguous_as}
FUNCTIONS: dict[str, Callable] = {"numel": numel, "clone": clone}
