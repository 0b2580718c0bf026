"""Methods of a tensor that are more than a row of the op table: reading out, pickling, autograd's properties."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.epoch import Epoch
from torchlike.base.layouts import strided
from torchlike.engine import staging
from torchlike.engine.record import local
from torchlike.engine.value import host, twin
from torchlike.tensor import indexing, printing
from torchlike.tensor.address import address
from torchlike.tensor.shared import array_of
from torchlike.tensor.storage import Storage
from torchlike.tensor.tensor import Tensor, attributes

# ---- reading out ----------------------------------------------------------------------------------------------


def item(self: Tensor) -> Any:
    """The one element as a Python number. Raises RuntimeError where there are more, or none."""
    value = self._read()
    if value.aval.numel != 1:
        raise RuntimeError(f"a Tensor with {value.aval.numel} elements cannot be converted to Scalar")
    if value.aval.device is devices.META:
        raise RuntimeError("Tensor.item() cannot be called on meta tensors")
    return value.numpy().item()


def tolist(self: Tensor) -> Any:
    """Nested lists of Python numbers."""
    return self._read().numpy().tolist()


def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """The elements as a numpy array that shares them with the tensor, as `from_numpy` does.

    The array of a part of a tensor of more than 256 KiB is a copy.

    Raises:
        RuntimeError: where the tensor requires grad. TypeError: where it is not on the CPU (unless `force`).
    """
    self._read()  # a tensor that cannot be read says so before anything else
    if not force:
        if self._rg:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.device.type != "cpu":
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory "
                "first."
            )
    if self.dtype is dtypes.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return array_of(self)


def __array__(self: Tensor, dtype: Any = None, copy: Any = None) -> np.ndarray:
    found = numpy(self) if self.dtype is not dtypes.bfloat16 else np.array(self._read().numpy())
    if dtype is not None and found.dtype != dtype:
        return found.astype(dtype)
    return np.array(found) if copy else found


def __jax_array__(self: Tensor) -> Any:
    return self._read().on_device()


def __dlpack__(self: Tensor, **options: Any) -> Any:
    return self._read().on_device().__dlpack__(**options)


def __dlpack_device__(self: Tensor) -> Any:
    return self._read().on_device().__dlpack_device__()


def __bool__(self: Tensor) -> bool:
    value = self._read()
    if value.aval.numel != 1:
        if value.aval.numel == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    return bool(value.numpy().reshape(())[()])


def _single(self: Tensor) -> Any:
    if self._read().aval.numel != 1:
        raise ValueError(f"only one element tensors can be converted to Python scalars, this has {self._read().aval.numel}")
    return item(self)


def __int__(self: Tensor) -> int:
    return int(_single(self))


def __float__(self: Tensor) -> float:
    return float(_single(self))


def __complex__(self: Tensor) -> complex:
    return complex(_single(self))


def __index__(self: Tensor) -> int:
    if self.dtype.category > DType.INTEGER or self.numel() != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(item(self))


def __len__(self: Tensor) -> int:
    if not self.shape:
        raise TypeError("len() of a 0-d tensor")
    return self.shape[0]


def __iter__(self: Tensor) -> Any:
    if not self.shape:
        raise TypeError("iteration over a 0-d tensor")
    return iter([indexing.select(self, 0, i) for i in range(self.shape[0])])


def __delitem__(self: Tensor, index: Any) -> None:
    raise TypeError("Tensor does not support deleting items")


def __contains__(self: Tensor, element: Any) -> bool:
    if isinstance(element, (Tensor, bool, int, float, complex)):
        return bool((self == element).any())
    raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")


def __repr__(self: Tensor, *, tensor_contents: Any = None) -> str:
    return printing.show(self)


def __format__(self: Tensor, spec: str) -> str:
    if self.ndim == 0 and self.device is not devices.META:
        return format(item(self), spec)
    return object.__format__(self, spec) if spec else repr(self)


def __deepcopy__(self: Tensor, memo: dict) -> Tensor:
    if id(self) in memo:
        return memo[id(self)]
    self._read()
    if self._node is not None:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you "
            "were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    out = type(self).__new__(type(self))
    out._storage = Storage(twin(self._read()))
    out._strides, out._rg, out._part = self._strides, self._rg, self._part
    memo[id(self)] = out
    attributes(out).update({name: copy.deepcopy(value, memo) for name, value in self.__dict__.items()})
    if self._grad is not None:
        out._grad = copy.deepcopy(self._grad, memo)
    return out


def __reduce_ex__(self: Tensor, protocol: Any) -> tuple:
    return _rebuild, (
        type(self),
        np.array(self._read().numpy()),
        self.dtype,
        self._rg and self._node is None,
        self._strides,
        self.__dict__,
    )


def _rebuild(kind: type[Tensor], array: np.ndarray, dtype: DType, requires_grad: bool, strides: Any, own: dict) -> Tensor:
    out = kind.__new__(kind)
    out._storage = Storage(host(array.astype(dtype.np)))
    out._strides, out._rg = strides, requires_grad
    attributes(out).update(own)
    return out


# ---- autograd -------------------------------------------------------------------------------------------------


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Set whether operations on this leaf are recorded for gradients; returns itself.

    Raises:
        RuntimeError: for a tensor that is not a leaf, or one whose dtype has no gradients.
    """
    self._read()
    if requires_grad and not self.dtype.is_differentiable:
        raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
    if self._node is not None and not requires_grad:
        raise RuntimeError(
            "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph "
            "that doesn't require differentiation use var_no_grad = var.detach()."
        )
    if self._rg is not requires_grad and self._node is None:
        Epoch.now += 1
    self._rg = bool(requires_grad)
    return self


def _get_requires_grad(self: Tensor) -> bool:
    if self._view is not None:
        self._read()
    return self._rg


def _set_requires_grad(self: Tensor, value: bool) -> None:
    requires_grad_(self, value)


def _get_grad(self: Tensor) -> Any:
    return self._grad


def _set_grad(self: Tensor, grad: Any) -> None:
    if grad is not None:
        if not isinstance(grad, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(grad).__name__}")
        if grad is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if grad.shape != self.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: {list(grad.shape)} where the tensor has {list(self.shape)}"
            )
        if grad.dtype is not self.dtype:
            raise RuntimeError(f"assigned grad has data of a different type: {grad.dtype} where the tensor is {self.dtype}")
    if local.state.notes is not None:
        local.state.notes.gradient(self)
    self._grad = grad


def _set_data(self: Tensor, other: Tensor) -> None:
    if not isinstance(other, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(other).__name__}")
    self._become(other)


def detach_(self: Tensor) -> Tensor:
    """Cut this tensor from its history."""
    if self._view is not None and self._base is not None:
        raise RuntimeError("Can't detach views in-place. Use detach() instead.")
    self._rg, self._node, self._nr = False, None, 0
    return self


def is_leaf(self: Tensor) -> bool:
    self._read()
    return self._node is None


def data_ptr(self: Tensor) -> int:
    """The address of the first element: of a copy on the host, made when asked for (see `address.address`)."""
    start = address(self) if self.numel() else 0
    return start and start + self._offset * self.dtype.itemsize


def is_set_to(self: Tensor, other: Tensor) -> bool:
    """Whether both are the same elements of the same storage."""
    return self._storage is other._storage and (self.shape, self.stride(), self._offset) == (
        other.shape,
        other.stride(),
        other._offset,
    )


PROPERTIES = {
    "requires_grad": property(_get_requires_grad, _set_requires_grad),
    "grad": property(_get_grad, _set_grad, lambda self: _set_grad(self, None)),
    "data": property(lambda self: self._alias(), _set_data),
    "is_leaf": property(is_leaf),
    "_version": property(lambda self: self._storage.version),
    "itemsize": property(lambda self: self.dtype.itemsize),
    "nbytes": property(lambda self: self.dtype.itemsize * self.numel()),
    "names": property(lambda self: (None,) * self.ndim),
    "layout": property(lambda self: strided),
    "is_cuda": property(lambda self: self.device.type == "cuda"),
    "is_cpu": property(lambda self: self.device.type == "cpu"),
    "is_meta": property(lambda self: self.device.type == "meta"),
    "is_sparse": property(lambda self: False),
    "is_quantized": property(lambda self: False),
    "retains_grad": property(lambda self: self._retains),
}


METHODS: dict[str, Any] = {
    f.__name__: f
    for f in (
        item, tolist, numpy, __array__, __jax_array__, __dlpack__, __dlpack_device__, __bool__, __int__, __float__, __complex__,
        __index__, __len__, __iter__, __contains__, __delitem__, __repr__, __format__, __deepcopy__, __reduce_ex__,
        requires_grad_, detach_, data_ptr, is_set_to,
    )
}  # fmt: skip
METHODS |= {
    "element_size": lambda self: self.dtype.itemsize,
    "is_floating_point": lambda self: self.dtype.is_floating_point,
    "is_complex": lambda self: self.dtype.is_complex,
    "is_signed": lambda self: self.dtype.is_signed,
    "get_device": lambda self: -1 if self.device.type == "cpu" else self.device.index or 0,
    "pin_memory": lambda self, device=None: self,
    "is_pinned": lambda self, device=None: staging.is_staged(self._read()),
    "share_memory_": lambda self: self,
    "is_shared": lambda self: False,
    "__getitem__": indexing.getitem,
    "__setitem__": indexing.setitem,
    "index_put": indexing.index_put,
    "index_put_": indexing.index_put_,
    "__hash__": lambda self: id(self),
}
FUNCTIONS = {
    "index_put": indexing.index_put,
    "index_put_": indexing.index_put_,
    "is_floating_point": METHODS["is_floating_point"],
    "is_complex": METHODS["is_complex"],
    "is_tensor": lambda obj: isinstance(obj, Tensor),
}
