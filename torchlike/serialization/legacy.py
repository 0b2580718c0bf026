"""The format before the zip archive (torch 1.5 and older): a chain of pickles, then the raw storages."""

from __future__ import annotations

import io
import pickle
import pickletools
import sys
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from torchlike.serialization.unpickler import loads

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


def read(data: bytes, fetch: Callable[[dict[str, np.ndarray]], Any], weights_only: bool, pickle_module: Any, **options: Any) -> Any:
    """The object of a legacy file.

    The storages stand behind the object that refers to them, so its pickle is first passed over, unread.

    Args:
        fetch: given the bytes behind the pickles and what to find there, returns what `loads` fetches storages with.

    Raises:
        pickle.UnpicklingError: if this is no such file. EOFError: if it is empty. RuntimeError: if it ends too early.
    """
    if not data:
        raise EOFError("Ran out of input: the file is empty")
    stream = io.BytesIO(data)
    try:
        parts = [_next(stream) for _ in range(5)]
        magic, version = (_plain(part) for part in parts[:2])
        if magic != MAGIC:
            raise ValueError("it does not begin with the magic number")
    except Exception as error:
        raise pickle.UnpicklingError(f"Invalid magic number; corrupt file? This is no file that torch.save wrote ({error})") from None
    if version != PROTOCOL:
        raise RuntimeError(f"Invalid protocol version: {version}")
    little = _plain(parts[2]).get("little_endian", True)
    return loads(parts[3], fetch((stream, _plain(parts[4]), little)), weights_only, pickle_module, **options)


def _next(stream: io.BytesIO) -> bytes:
    """The bytes of the next pickle, found without running it."""
    start = stream.tell()
    for _ in pickletools.genops(stream):
        pass
    return stream.getbuffer()[start : stream.tell()].tobytes()


def _plain(data: bytes) -> Any:
    """A pickle of numbers, strings and containers."""

    def refuse(pid: Any) -> Any:
        raise pickle.UnpicklingError("a storage outside of the object")

    return loads(data, refuse, weights_only=True)


class Storages:
    """The storages behind a legacy file's pickles; their sizes are known once the object names their dtypes."""

    def __init__(self, stream: io.BytesIO, keys: list[str]):
        self._stream, self._keys = stream, keys
        self._found: dict[str, np.ndarray] = {}
        self._start = stream.tell()

    def array(self, key: str, sizes: dict[str, int]) -> np.ndarray:
        """The bytes of a storage. `sizes` has the bytes per element of each storage named so far."""
        position = self._start
        buffer = self._stream.getbuffer()
        for other in self._keys:
            count = int.from_bytes(buffer[position : position + _LENGTH], "little")
            end = position + _LENGTH + count * sizes[other]
            if end > len(buffer):
                raise RuntimeError(f"unexpected EOF, expected {end - len(buffer)} more bytes. The file might be corrupted.")
            if other == key:
                return np.frombuffer(buffer, np.uint8, count * sizes[other], position + _LENGTH)
            position = end
        raise RuntimeError(f"storage {key} is missing from the file: it is corrupted")
