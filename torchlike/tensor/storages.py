"""Storage objects: what `Tensor.untyped_storage()` gives. `typed_storages.py` has those that count in elements.

A storage object aliases the tensor's memory: writing to it shows in every tensor on it. Elements stand in torch's order of
memory, whatever order XLA keeps them in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.engine.value import host
from torchlike.tensor import conversion, indexing, views
from torchlike.tensor.address import address
from torchlike.tensor.memory import flat_as, memory
from torchlike.tensor.tensor import Tensor, bare


class UntypedStorage:
    """The bytes of a tensor's storage: `UntypedStorage(n)`, `UntypedStorage([0, 255])`, or of a tensor.

    `resize_` only sets the number that `nbytes` answers, except on a storage that no tensor was made with.
    """

    is_sparse = False
    is_sparse_csr = False

    def __init__(self, *args: Any, device: Any = None, dtype: Any = None):
        if len(args) > 1:
            raise TypeError(f"UntypedStorage() takes a size or a sequence, but got {len(args)} arguments")
        self._memory = fresh(args[0] if args else 0, dtypes.uint8, device)
        self._loose = True
        self._part: tuple[int, int] | None = None  # start and count of the bytes, of a slice

    @classmethod
    def _of(cls, tensor: Tensor) -> UntypedStorage:
        self = object.__new__(cls)
        self._memory = memory(tensor._alias())
        self._loose, self._part = False, None
        return self

    def _elements(self, kind: DType) -> Tensor:
        """All whole elements of a dtype that fit, a vector that aliases the storage."""
        spare = self._held() % kind.itemsize
        if not spare and self._part is None:
            return flat_as(self._memory, kind)
        bytes_ = flat_as(self._memory, dtypes.uint8)
        start, count = self._part or (0, self._held())
        part = indexing.narrow(bytes_, 0, start, count - spare)
        return part if kind is dtypes.uint8 else views.view(part, dtype=kind)

    def _held(self) -> int:
        return self._memory.numel() * self._memory.dtype.itemsize if self._part is None else self._part[1]

    # ---- what it is -------------------------------------------------------------------------------------------

    @property
    def device(self) -> devices.device:
        return self._memory.device

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def is_hpu(self) -> bool:
        return False

    @property
    def _cdata(self) -> int:
        return id(self._memory._storage)

    def nbytes(self) -> int:
        """The number of bytes."""
        noted = None if self._part else getattr(self._memory._storage, "room", None)
        return self._held() if noted is None else noted

    size = nbytes
    __len__ = nbytes

    def element_size(self) -> int:
        return 1

    def data_ptr(self) -> int:
        """The address of the first byte: of a copy on the host, made when asked for (see `address.address`)."""
        start = address(self._memory) if self.nbytes() else 0
        return start and start + (self._part or (0, 0))[0]

    def get_device(self) -> int:
        return -1 if self.device.type == "cpu" else self.device.index or 0

    def resizable(self) -> bool:
        return True

    def is_shared(self) -> bool:
        return False

    def is_pinned(self, device: Any = None) -> bool:
        return False

    def pin_memory(self, device: Any = None) -> UntypedStorage:
        return self

    def share_memory_(self) -> UntypedStorage:
        return self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UntypedStorage):
            return False
        return other._memory._storage is self._memory._storage and other._part == self._part

    def __hash__(self) -> int:
        return id(self._memory._storage)

    def __repr__(self) -> str:
        listed = "\n".join(f" {v}" for v in self.tolist())
        return f"{listed}\n[torch.storage.UntypedStorage(device={self.device}) of size {self.nbytes()}]"

    # ---- elements ---------------------------------------------------------------------------------------------

    def tolist(self) -> list[int]:
        """The bytes as numbers from 0 to 255."""
        return self._elements(dtypes.uint8)._read().numpy().tolist()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(self.nbytes())
            if step != 1:
                raise RuntimeError(f"Trying to slice with a step of {step}, but only a step of 1 is supported")
            made = object.__new__(UntypedStorage)
            made._memory, made._loose = self._memory, False
            made._part = ((self._part or (0, 0))[0] + start, max(stop - start, 0))
            return made
        return int(indexing.getitem(self._elements(dtypes.uint8), place_in(index, self.nbytes())).item())

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.setitem(self._elements(dtypes.uint8), index, value)

    def __iter__(self) -> Iterator[int]:
        return iter(self.tolist())

    def fill_(self, value: int) -> UntypedStorage:
        """Every byte set to one number."""
        indexing.setitem(self._elements(dtypes.uint8), slice(None), value)
        return self

    def copy_(self, source: Any, non_blocking: bool = False) -> UntypedStorage:
        """The bytes of another storage written over these. Raises RuntimeError where the sizes differ."""
        given = source.untyped()
        if given._held() != self._held():
            raise RuntimeError(f"size does not match, self was {self.nbytes()} bytes but src was {given.nbytes()} bytes")
        alike = given._memory.dtype is self._memory.dtype and not (given._part or self._part)
        kind = self._memory.dtype if alike else dtypes.uint8
        conversion.copy_(self._elements(kind), given._elements(kind))
        return self

    def resize_(self, size: int) -> UntypedStorage:
        """Another number of bytes; what comes new is not initialised. See the class's text for whose memory changes."""
        if size < 0:
            raise RuntimeError(f"resize_: the size must not be negative, but got {size}")
        cell = self._memory._storage
        if self._loose:
            array = np.zeros(size, np.uint8)
            kept = self._memory._read().numpy()[:size]
            array[: kept.size] = kept
            cell.write(host(array, self.device))
        else:
            cell.room = None if size == self._held() else size
        return self

    def clone(self) -> UntypedStorage:
        """A storage of its own with the same bytes."""
        part = self._memory if self._part is None else self._elements(dtypes.uint8)
        return UntypedStorage._of(conversion.clone(views.contiguous(part)))

    def cpu(self) -> UntypedStorage:
        return self.to(device="cpu")

    def cuda(self, device: Any = None, non_blocking: bool = False) -> UntypedStorage:
        return self.to(device="cuda" if device is None else device)

    def to(self, *, device: Any, non_blocking: bool = False) -> UntypedStorage:
        """This storage, or a copy on another device."""
        where = devices.resolve(device)
        return self if where == self.device else UntypedStorage._of(conversion.to(self.clone()._memory, where))

    def type(self, dtype: Any = None, non_blocking: bool = False) -> str:
        return "torch.storage.UntypedStorage"

    def untyped(self) -> UntypedStorage:
        return self

    def new(self) -> UntypedStorage:
        return UntypedStorage(0, device=self.device)

    def __copy__(self) -> UntypedStorage:
        return self.clone()

    def __deepcopy__(self, memo: dict) -> UntypedStorage:
        made = memo.get(("storage", self._cdata))
        if made is None:
            made = memo["storage", self._cdata] = self.clone()
        return made

    def __reduce__(self) -> tuple:
        return UntypedStorage, (self.tolist(),)

    def byteswap(self, dtype: DType) -> None:
        """The bytes of each element of a dtype in the other order, in place."""
        flat = self._elements(dtypes.uint8)
        swapped = flat._read().numpy().view(dtype.np).byteswap().view(np.uint8)
        conversion.copy_(flat, bare(host(np.array(swapped), self.device)))

    @staticmethod
    def from_file(filename: Any, shared: bool = False, nbytes: int = 0) -> UntypedStorage:
        """A copy of a file's first bytes.

        Raises:
            NotImplementedError: with `shared`, if the file is not there or shorter: no write would reach it.
            RuntimeError: if the file is not there, or shorter than `nbytes`.
        """
        made = UntypedStorage(0)
        made._memory = bare(host(bytes_of_file(filename, nbytes, shared)))
        return made

    @staticmethod
    def from_buffer(buffer: Any, byte_order: str = "native", *, dtype: Any = None) -> UntypedStorage:
        """A copy of a buffer's bytes."""
        made = UntypedStorage(0)
        made._memory = bare(host(np.frombuffer(buffer, np.uint8).copy()))
        if byte_order == "big" and dtype is not None:
            made.byteswap(dtype)
        return made


def bytes_of_file(filename: Any, size: int, shared: bool) -> np.ndarray:
    """The first `size` bytes of a file, uint8 (size,), which are read when they are used."""
    try:
        held = os.stat(filename).st_size
    except FileNotFoundError as error:
        raise RuntimeError(f"unable to open file <{filename}> in read-only mode: No such file or directory (2)") from error
    if held < size:
        raise RuntimeError(f"file <{filename}> size <{held}> is smaller than the required mapping size <{size}>")
    return np.memmap(filename, np.uint8, "r", shape=(size,)).view(np.ndarray) if size else np.empty(0, np.uint8)


def fresh(given: Any, kind: DType, device: Any) -> Tensor:
    where = devices.resolve(device) if device is not None else devices.default_device()
    if isinstance(given, int):
        if given < 0:
            raise RuntimeError(f"Storage size must not be negative, but got {given}")
        return bare(host(np.zeros(given, kind.np), where))
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise TypeError(f"a storage is made of a size or a sequence, but got {type(given).__name__}")
    return bare(host(np.asarray(given).astype(kind.np).reshape(-1), where))


def place_in(index: int, size: int) -> int:
    if not -size <= index < size:
        raise IndexError(f"index {index} out of range for storage of size {size}")
    return index % size
