"""Addresses: what `data_ptr()` gives. A storage that is asked for its address gets host memory of its own, which stays its
address as torch's does through writes in place, and which holds the bytes of that moment, for those who read them there."""

from __future__ import annotations

import numpy as np

from torchlike.base.layout import is_dense
from torchlike.tensor.tensor import Tensor

_ALIGNED = 64  # bytes, as torch's allocator


class _Room:
    """Host memory of a storage.

    Attributes:
        bytes: an aligned array, uint8 (n,).
        held: the value whose bytes it holds.
    """

    __slots__ = ("bytes", "held")

    def __init__(self, size: int):
        whole = np.empty(size + _ALIGNED, np.uint8)
        start = -whole.ctypes.data % _ALIGNED
        self.bytes = whole[start : start + size]
        self.held: object = None


def address(x: Tensor) -> int:
    """The address of the first byte of the storage of `x`; 0 on the meta device and where the storage is empty.

    The memory can be read there (on the CPU) until the next write. Writing there changes no tensor.
    """
    storage, value = x._storage, x._storage.value
    aval = value.aval
    size = aval.numel * aval.dtype.itemsize
    if not size or x.device.type == "meta":
        return 0
    room = getattr(storage, "address", None)
    if room is None or len(room.bytes) != size:
        room = storage.address = _Room(size)
    if room.held is not value and x.device.type == "cpu" and not aval.traced:
        room.bytes[:] = _in_order(x, value.numpy()).view(np.uint8)
        room.held = value
    return room.bytes.ctypes.data


def _in_order(x: Tensor, array: np.ndarray) -> np.ndarray:
    """The elements of the storage of `x` in torch's order of memory, (n,)."""
    root = x if x._view is None else x._base
    strides = root._strides if root is not None and root._view is None and root._storage is x._storage else None
    if strides is not None and is_dense(array.shape, strides):
        array = array.transpose(sorted(range(array.ndim), key=lambda d: -strides[d]))
    return np.ascontiguousarray(array).reshape(-1)
