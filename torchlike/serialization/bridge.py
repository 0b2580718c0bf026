"""Between tensors and the flat storages of a file. The one place of serialization that knows how tensors are made."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from torchlike.base.device import META, device
from torchlike.base.dtypes import dtype
from torchlike.base.layout import is_contiguous, is_dense
from torchlike.base.size import contiguous_strides
from torchlike.engine.value import Value, aval, host
from torchlike.tensor import Buffer, Parameter, Tensor
from torchlike.tensor.tensor import bare, place

Ints = tuple[int, ...]


class Flat(NamedTuple):
    """A tensor as a window on a flat array.

    Attributes:
        owner: what the tensor shares with its aliases; the same object means the same storage.
        array: the storage's elements in the order of memory, (n,).
    """

    owner: Any
    array: np.ndarray
    offset: int
    size: Ints
    stride: Ints


def storage_of(tensor: Tensor, known: dict[int, Flat]) -> Flat:
    """The storage of a tensor and its place in it.

    Args:
        known: storages met before, by id of their owner; kept up to date. All windows on one storage must see the
            same flat array, and a window that does not fit it gets a storage of its own.
    """
    size, stride, offset = tuple(tensor.shape), tuple(tensor.stride()), tensor.storage_offset()
    owner = tensor._storage
    found = known.get(id(owner))
    if found is None:
        found = Flat(owner, _memory_order(*_whole(tensor)), 0, (), ())
        trusted = tensor._view is None and is_dense(size, stride)
    else:
        trusted = False
    window = Flat(owner, found.array, offset, size, stride)
    if trusted or _fits(window, tensor):
        known[id(owner)] = found
        return window
    own = np.ascontiguousarray(values_of(tensor)).reshape(-1)
    window = Flat(tensor, own, 0, size, contiguous_strides(size))
    known[id(tensor)] = window
    return window


def values_of(tensor: Tensor) -> np.ndarray:
    return tensor._read().numpy()


def _whole(tensor: Tensor) -> tuple[np.ndarray, Ints]:
    """The array that the storage holds, and its strides as far as they can be known."""
    array = tensor._storage.value.numpy()
    base = tensor if tensor._view is None else tensor._base
    if base is not None and base._view is None:
        return array, tuple(base.stride())
    return array, contiguous_strides(array.shape)


def _memory_order(array: np.ndarray, strides: Ints) -> np.ndarray:
    if not is_contiguous(array.shape, strides) and is_dense(array.shape, strides):
        array = array.transpose(_outermost_first(strides))
    return np.ascontiguousarray(array).reshape(-1)


def _outermost_first(strides: Ints) -> list[int]:
    return sorted(range(len(strides)), key=lambda axis: -strides[axis])


def _fits(window: Flat, tensor: Tensor) -> bool:
    """Whether the window on the flat array shows what the tensor holds."""
    if window.array.dtype != tensor.dtype.np or not within(len(window.array), window.offset, window.size, window.stride):
        return False
    return view_of(window.array, window.offset, window.size, window.stride).tobytes() == values_of(tensor).tobytes()


def within(length: int, offset: int, size: Ints, stride: Ints) -> bool:
    """Whether all elements of a window lie inside the storage."""
    if offset < 0 or any(n < 0 for n in size) or any(s < 0 for s in stride) or len(size) != len(stride):
        return False
    return 0 in size or offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) < length


def view_of(flat: np.ndarray, offset: int, size: Ints, stride: Ints) -> np.ndarray:
    """The elements of a window, without a copy."""
    if 0 in size:
        return np.empty(size, flat.dtype)
    width = flat.itemsize
    return np.ndarray(size, flat.dtype, flat.view(np.uint8), offset * width, [s * width for s in stride])


class Loaded:
    """A storage read from a file, of which tensors are rebuilt.

    Attributes:
        data: its bytes, uint8 (n,).
        kind: its dtype; None while only the tensors know.
        tensor: the first tensor made of it; later ones share it.
    """

    def __init__(self, data: np.ndarray, kind: dtype | None, where: device, swap: bool = False):
        self.data, self.kind, self.where, self._swap = data, kind, where, swap
        self.tensor: Tensor | None = None
        self._window: tuple | None = None

    def flat(self, kind: dtype) -> np.ndarray:
        if self.data.nbytes % kind.itemsize:
            raise RuntimeError(
                f"storage of {self.data.nbytes} bytes is no whole number of {kind} elements: the file is corrupted"
            )
        flat = self.data.view(kind.np)
        if self._swap and kind.itemsize > 1:
            flat = _swapped(self.data, kind)
        return flat

    def window(self, kind: dtype, offset: int, size: Ints, stride: Ints) -> Tensor:
        """A tensor on this storage, which shares it with those made before.

        Raises:
            RuntimeError: if the window leaves the storage.
        """
        flat = self.flat(kind)
        if not within(len(flat), offset, size, stride):
            raise RuntimeError(
                f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset} are out of bounds for "
                f"storage of {len(flat)} elements: the file is corrupted"
            )
        if 0 in size and len(flat):
            return self._make(np.empty(size, flat.dtype), contiguous_strides(size))
        if self.tensor is None:
            whole = offset == 0 and math.prod(size) == len(flat) and is_dense(size, stride)
            if whole:
                self._window = (kind, offset, size, stride)
                self.tensor = self._make(view_of(flat, offset, size, stride), stride)
                return self.tensor
            self._window = (kind, 0, (len(flat),), (1,))
            self.tensor = self._make(flat, (1,))
        if self._window == (kind, offset, size, stride):
            return self.tensor.detach()
        shared = self._share(kind, offset, size, stride, len(flat))
        if shared is None:  # another dtype, or a part of a permuted whole: a copy is the best there is
            return self._make(np.ascontiguousarray(view_of(flat, offset, size, stride)), contiguous_strides(size))
        return shared

    def _share(self, kind: dtype, offset: int, size: Ints, stride: Ints, length: int) -> Tensor | None:
        """A window on the storage of the first tensor, as a view of it."""
        assert self.tensor is not None
        first = self.tensor.detach()
        if first.dtype is not kind:
            return None
        if first.is_contiguous():
            return first.as_strided(size, stride, offset)
        if math.prod(size) != length or not is_dense(size, stride):
            return None
        order = _outermost_first(stride)
        memory = first.permute(_outermost_first(first.stride()))
        return memory.view([size[axis] for axis in order]).permute([order.index(axis) for axis in range(len(order))])

    def _make(self, array: np.ndarray, stride: Ints) -> Tensor:
        made = bare(host(np.require(array, requirements="C"), self.where))
        place(made, stride, 0)
        return made


def _swapped(data: np.ndarray, kind: dtype) -> np.ndarray:
    width = kind.itemsize // 2 if kind.is_complex else kind.itemsize
    return np.ascontiguousarray(data.reshape(-1, width)[:, ::-1]).reshape(-1).view(kind.np)


def meta(kind: dtype, size: Ints, stride: Ints) -> Tensor:
    made = bare(Value(aval(tuple(size), kind, META)))
    place(made, tuple(stride), 0)
    return made


def parameter(data: Tensor, requires_grad: bool) -> Parameter:
    return Parameter(data, requires_grad)


_INTERNAL = frozenset({*Tensor.__annotations__, *dir(Tensor), *dir(Parameter), *Buffer.__annotations__})


def attributes_of(tensor: Tensor) -> dict[str, Any]:
    """What the user hung on a tensor: its attributes that are not part of how tensors work."""
    return {k: v for k, v in vars(tensor).items() if k not in _INTERNAL}


def set_attribute(tensor: Tensor, name: str, value: Any) -> None:
    """Hang a user's attribute on a tensor.

    Raises:
        RuntimeError: for a name that is part of how tensors work: no file may change that.
    """
    if not isinstance(tensor, Tensor) or name in _INTERNAL:
        raise RuntimeError(f"a file may not set the attribute {name!r} of {type(tensor).__name__}")
    setattr(tensor, name, value)
