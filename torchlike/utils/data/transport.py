"""From a worker to the loading process: pickles whose arrays travel in shared memory.

Arrays of a message are written to one anonymous file (memfd), whose descriptor goes through the pipe's socket; the receiver
maps it, and every array is a view of the map. Nothing has a name, so that nothing can be left behind, also by processes that
are killed; and nothing depends on the size of /dev/shm. The memory goes when the last array does.
"""

from __future__ import annotations

import copyreg
import io
import mmap
import os
import pickle
import socket
import tempfile
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from torchlike.base.dtypes import dtype
from torchlike.engine.value import host
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare, place

_SMALL = 2048  # bytes of an array up to which it stays in the pickle
_SHARED = 16384  # bytes of a message from which it goes into shared memory
_STACKED = 1 << 18  # bytes of a batch from which a worker makes it in shared memory at once
_MOST = 8  # such batches in one message; others are copied
_ALIGNED = 64  # so that XLA on the CPU can take the arrays as they are
_PASSES = hasattr(socket, "send_fds") and hasattr(socket, "AF_UNIX")
_NOT_A_LEAF = (
    "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support crossing process "
    "boundaries.  If you just want to transfer the data, call detach() on the tensor before serializing (e.g., putting it on "
    "the queue)."
)


class Channel:
    """One end of a duplex pipe for messages that may be large."""

    def __init__(self, connection: Connection):
        self.connection = connection
        self._socket: socket.socket | None = None

    def send(self, message: Any) -> None:
        text, buffers = dumps(message)
        made: list[Segment | None] = [_segment(buffer) for buffer in buffers] if _PASSES else []
        given = {id(segment): segment for segment in made if segment is not None}
        copied = [buffer for buffer, segment in zip(buffers, made, strict=bool(made)) if segment is None or len(given) > _MOST]
        if not given and (not _PASSES or len(text) + sum(b.nbytes for b in buffers) < _SHARED):
            self.connection.send_bytes(pickle.dumps((text, [bytes(b) for b in buffers])))
            return
        handles = [segment.handle for segment in given.values()] if len(given) <= _MOST else []
        order = [None if segment is None or not handles else handles.index(segment.handle) for segment in made]
        file = _anonymous()
        try:
            sizes = _write(file, [memoryview(text), *copied])
            self.connection.send_bytes(pickle.dumps((sizes, [(at, b.nbytes) for at, b in zip(order, buffers, strict=True)])))
            socket.send_fds(self._passing(), [b"\0"], [file, *handles])
        finally:
            os.close(file)

    def receive(self) -> Any:
        """The next message. Raises EOFError where the other end is closed."""
        first, second = pickle.loads(self.connection.recv_bytes())
        if type(first) is bytes:
            return pickle.loads(first, buffers=[bytearray(b) for b in second])
        _, handles, _, _ = socket.recv_fds(self._passing(), 1, _MOST + 1)
        try:
            if not handles:
                raise EOFError
            mapped, parts, start = memoryview(mmap.mmap(handles[0], sum(map(_padded, first)))), [], 0
            for size in first:
                parts.append(mapped[start : start + size])
                start += _padded(size)
            text, *copied = parts
            rest = iter(copied)
            buffers = [next(rest) if at is None else mmap.mmap(handles[at + 1], size) for at, size in second]
        finally:
            for handle in handles:
                os.close(handle)
        return pickle.loads(text, buffers=buffers)

    def poll(self, timeout: float | None) -> bool:
        return self.connection.poll(timeout)

    def fileno(self) -> int:
        return self.connection.fileno()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.connection.close()

    def _passing(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(fileno=os.dup(self.connection.fileno()))
            self._socket.setblocking(True)
        return self._socket

    def __getstate__(self) -> dict:
        return {"connection": self.connection, "_socket": None}


class Segment(mmap.mmap):
    """Shared memory that an array is made in; `handle` is its descriptor."""

    handle = -1

    def __del__(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)


def empty(shape: tuple[int, ...], kind: np.dtype) -> np.ndarray | None:
    """An array in shared memory, to be sent without a copy; None where it is too small for that."""
    size = int(np.prod(shape)) * kind.itemsize
    if size < _STACKED or not _PASSES:
        return None
    handle = _anonymous()
    os.ftruncate(handle, size)
    segment = Segment(handle, size, flags=mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0))
    segment.handle = handle
    return np.ndarray(shape, kind, buffer=segment)


def _segment(buffer: memoryview) -> Segment | None:
    """The segment of which this buffer is the whole, if there is one."""
    base: Any = buffer.obj
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, Segment) and len(base) == buffer.nbytes else None


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _anonymous() -> int:
    """The descriptor of a file without a name."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("torchlike-batch")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _write(handle: int, parts: list[memoryview]) -> list[int]:
    """Write the parts one after the other, each aligned; returns their sizes."""
    sizes = [part.nbytes for part in parts]
    os.ftruncate(handle, sum(map(_padded, sizes)))
    start = 0
    for part, size in zip(parts, sizes, strict=True):
        done, flat = 0, part.cast("B") if size else part
        while done < size:
            done += os.pwrite(handle, flat[done : done + (1 << 30)], start + done)
        start += _padded(size)
    return sizes


# ---- pickles --------------------------------------------------------------------------------------------------


class _Pickler(pickle.Pickler):
    dispatch_table = copyreg.dispatch_table | ForkingPickler._extra_reducers  # type: ignore[attr-defined]  # Python's own name

    def reducer_override(self, item: Any) -> Any:
        if type(item) is not Tensor or "_apply" in item.__dict__:
            return NotImplemented
        if item._rg and item._node is not None:
            raise RuntimeError(_NOT_A_LEAF)
        array, strides = item._read().numpy(), item._strides
        kind = item.dtype
        if not array.flags.c_contiguous:
            array = array.copy(order="C")
        if array.dtype.kind == "V":  # no type of numpy's own: those do not travel outside of the pickle
            array = array.view(f"u{array.dtype.itemsize}")
        return _tensor, (array, kind, item.device, item._rg, strides)


def _tensor(array: np.ndarray, kind: dtype, where: Any, requires_grad: bool, strides: Any) -> Tensor:
    out = bare(host(array if array.dtype == kind.np else array.view(kind.np), where))
    out._rg = requires_grad
    if strides is not None:
        place(out, strides, 0)
    return out


def dumps(message: Any) -> tuple[bytes, list[memoryview]]:
    """A pickle, and the large arrays that are not in it."""
    buffers: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes <= _SMALL:
            return True
        buffers.append(raw)
        return False

    text = io.BytesIO()
    _Pickler(text, protocol=5, buffer_callback=keep).dump(message)
    return text.getvalue(), buffers
