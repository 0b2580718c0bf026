"""The format before the zip archive (torch 1.5 and older): a chain of pickles, then the raw storages."""

from __future__ import annotations

import io
import pickle
import pickletools
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from torchlike.serialization.names import StorageType, storage_or_dtype

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
_LENGTH = 8  # bytes of the element count before each storage


def write(file: IO[bytes], pickled: bytes, storages: dict[str, np.ndarray], protocol: int) -> None:
    """Write an object's pickle and its storages."""
    system = {
        "protocol_version": PROTOCOL,
        "little_endian": sys.byteorder == "little",
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    for part in (MAGIC, PROTOCOL, system):
        pickle.dump(part, file, protocol=protocol)
    file.write(pickled)
    pickle.dump(sorted(storages), file, protocol=protocol)
    for key in sorted(storages):
        file.write(storages[key].size.to_bytes(_LENGTH, "little"))
        file.write(storages[key].view(np.uint8).data)


def read(data: bytes, load: Callable[[bytes, dict[str, np.ndarray], bool], Any]) -> Any:
    """The object of a legacy file.

    Args:
        load: makes an object of its pickle, the storages by key and whether they are little-endian.

    Raises:
        pickle.UnpicklingError: if this is no such file. EOFError: if it is empty. RuntimeError: if it ends too early.
    """
    if not data:
        raise EOFError("Ran out of input: the file is empty")
    stream = io.BytesIO(data)
    try:
        magic, version, system = (_survey(_next(stream))[0] for _ in range(3))
        if magic != MAGIC:
            raise ValueError("it does not begin with the magic number")
        pickled = _next(stream)
        keys = _survey(_next(stream))[0]
    except Exception as error:
        raise pickle.UnpicklingError(
            f"Invalid magic number; corrupt file? This is not what torch.save writes ({error})"
        ) from None
    if version != PROTOCOL:
        raise RuntimeError(f"Invalid protocol version: {version}")
    # The storages stand behind the object that refers to them, and only it tells how wide their elements are.
    storages = _storages(stream, keys, _survey(pickled)[1])
    return load(pickled, storages, system.get("little_endian", True))


def _next(stream: io.BytesIO) -> bytes:
    """The bytes of the next pickle, found without running it."""
    start = stream.tell()
    for _ in pickletools.genops(stream):
        pass
    return stream.getbuffer()[start : stream.tell()].tobytes()


def _storages(stream: io.BytesIO, keys: list[str], widths: dict[str, int]) -> dict[str, np.ndarray]:
    buffer, position, found = stream.getbuffer(), stream.tell(), {}
    for key in keys:
        start = position + _LENGTH
        size = int.from_bytes(buffer[position:start], "little") * widths[key]
        position = start + size
        if position > len(buffer):
            raise RuntimeError(f"unexpected EOF, expected {position - len(buffer)} more bytes. The file might be corrupted.")
        found[key] = np.frombuffer(buffer, np.uint8, size, start)
    return found


class _Nothing:
    """Takes the place of every object in a survey: accepts whatever a pickle does to it, and does nothing."""

    def __init__(self, *args: Any, **options: Any):
        pass

    def __call__(self, *args: Any) -> _Nothing:
        return self

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    append = extend = add = update = __call__


class _Survey(pickle._Unpickler):  # in Python: the C one wants real containers
    """Reads a pickle for the storages that it names; runs nothing of it."""

    def __init__(self, data: bytes):
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self.widths: dict[str, int] = {}

    def find_class(self, module: str, name: str) -> Any:
        return storage_or_dtype(module, name) or _Nothing

    def persistent_load(self, pid: Any) -> Any:
        if pid[0] == "storage" and isinstance(pid[1], StorageType):
            self.widths[pid[2]] = pid[1].dtype.itemsize if pid[1].dtype else 1
        return _Nothing()


def _survey(data: bytes) -> tuple[Any, dict[str, int]]:
    survey = _Survey(data)
    return survey.load(), survey.widths
