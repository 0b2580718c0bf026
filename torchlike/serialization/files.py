"""`save` and `load`: torch's `.pth` files, written and read without torch."""

from __future__ import annotations

import contextlib
import mmap as mmaps
import os
import pickle
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from torchlike.base import device as devices
from torchlike.base.device import CPU, device
from torchlike.serialization import legacy
from torchlike.serialization.archive import Reader, Writer
from torchlike.serialization.bridge import Loaded
from torchlike.serialization.names import StorageType
from torchlike.serialization.pickler import dumps
from torchlike.serialization.unpickler import loads

File = str | os.PathLike | IO[bytes]
MAP_LOCATION = Callable[[Any, str], Any] | device | str | dict[str, str] | None  # the type of load's `map_location`
_ZIP = b"PK\x03\x04"


def save(
    obj: Any,
    f: File,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write an object to a file that torch reads too (torch.save).

    A path gets its file in one step, when it is complete: whoever reads it, and whatever breaks off the writing, finds
    the old file or the new one.

    Args:
        obj: anything that pickles. Tensors that share a storage share it in the file.
        f: a path, or an object with `write` (and `flush`, `tell` as files have).
        pickle_module: its pickler is used; one that extends Python's own in Python, as dill's does.

    Raises:
        RuntimeError: if the folder does not exist. AttributeError: if `f` is neither path nor file.
    """
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    path = Path(f) if isinstance(f, (str, os.PathLike)) else None
    if path is not None and not path.parent.is_dir():
        raise RuntimeError(f"Parent directory {path.parent} does not exist.")
    pickled, storages = dumps(obj, pickle_protocol, pickle_module, legacy=not _use_new_zipfile_serialization)
    target: Any = _replacing(path) if path is not None else contextlib.nullcontext(f)
    with target as file:
        if _use_new_zipfile_serialization:
            folder = path.stem if path is not None else "archive"
            _write(file, folder, pickled, storages, byteorder=not _disable_byteorder_record)
        else:
            legacy.write(file, pickled, storages, pickle_protocol)


def _write(file: IO[bytes], folder: str, pickled: bytes, storages: dict[str, np.ndarray], byteorder: bool) -> None:
    archive = Writer(file, folder)
    archive.write("data.pkl", pickled)
    archive.write(".format_version", b"1")
    archive.write(".storage_alignment", b"64")
    if byteorder:
        archive.write("byteorder", sys.byteorder.encode())
    for key, array in storages.items():
        archive.write(f"data/{key}", array.view(np.uint8).data)
    archive.write("version", b"3\n")
    archive.close()


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its place when the block ends well, and goes when it does not."""
    if path.exists() and not path.is_file():  # /dev/null, a pipe
        with path.open("wb") as file:
            yield file
        return
    target = Path(os.path.realpath(path))  # a link stays a link
    name = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with name.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            name.chmod(target.stat().st_mode & 0o7777)
        name.replace(target)
    except BaseException:
        name.unlink(missing_ok=True)
        raise


def load(
    f: File,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save`, here or in torch, wrote (torch.load).

    Args:
        f: a path, or an object with `read`, `seek` and `tell`.
        map_location: where tensors go: a device, a dict from the devices in the file to others, or a function of a
            storage and its device's name. None: where they were.
        weights_only: only tensors, plain containers and what `add_safe_globals` names; the default unless a
            `pickle_module` is given. False unpickles everything: a file can then run any code.
        mmap: leave the tensors' data in the file until they are used (`f` must be a path).

    Raises:
        pickle.UnpicklingError: if the file holds what is not allowed, or no pickle. RuntimeError: if it is cut short or
        damaged. EOFError: if it is empty.
    """
    if weights_only is None:
        weights_only = pickle_module is None
    elif weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    path = Path(f) if isinstance(f, (str, os.PathLike)) else None
    if path is None and not (hasattr(f, "read") and hasattr(f, "seek") and hasattr(f, "tell")):
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only torch.load from a file that is seekable. "
            "Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
        )
    if path is None:
        if mmap:
            raise ValueError("f must be a file path in order to use the mmap argument")
        return _load(cast("IO[bytes]", f), map_location, pickle_module, weights_only, False, pickle_load_args)
    with path.open("rb") as file:
        return _load(file, map_location, pickle_module, weights_only, bool(mmap), pickle_load_args)


def _load(file: IO[bytes], map_location: Any, pickle_module: Any, weights_only: bool, mapped: bool, options: dict) -> Any:
    start = file.tell()
    head = file.read(len(_ZIP))
    file.seek(start)
    if head != _ZIP:
        if mapped:
            raise RuntimeError("mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True)`")

        def of_parts(pickled: bytes, storages: dict[str, np.ndarray], little: bool) -> Any:
            fetch = _Storages(storages.__getitem__, map_location, "little" if little else "big")
            return loads(pickled, fetch, weights_only, pickle_module, **options)

        return legacy.read(file.read(), of_parts)
    memory = mmaps.mmap(file.fileno(), 0, access=mmaps.ACCESS_READ) if mapped else None
    with Reader(file, memory) as archive:
        fetch = _Storages(lambda key: archive.array(f"data/{key}"), map_location, archive.byteorder)
        return loads(archive.read("data.pkl"), fetch, weights_only, pickle_module, **options)


class _Storages:
    """Finds the storage that a persistent id names, once each."""

    def __init__(self, read: Callable[[str], np.ndarray], map_location: Any, byteorder: str):
        self._read, self._map_location, self._swap = read, map_location, byteorder != sys.byteorder
        self._loaded: dict[str, Loaded] = {}

    def __call__(self, pid: Any) -> Loaded:
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage" or not isinstance(pid[1], StorageType):
            raise pickle.UnpicklingError(f"Unknown typename for persistent_load, expected 'storage' but got {pid!r:.80}")
        _, kind, key, location, length = pid[:5]
        if key not in self._loaded:
            data = self._read(key)
            expected = length * (kind.dtype.itemsize if kind.dtype else 1)
            if expected != data.nbytes:
                raise RuntimeError(
                    f"storage {key} has {data.nbytes} bytes where {expected} are expected: the file is corrupted"
                )
            self._loaded[key] = Loaded(data, kind.dtype, _where(location, self._map_location), self._swap)
        return self._loaded[key]


class _Place:
    """What a `map_location` function gets for a storage; it answers with one, moved or not."""

    def __init__(self, where: device):
        self.device = where

    def cpu(self) -> _Place:
        return _Place(CPU)

    def cuda(self, index: int | None = None) -> _Place:
        return _Place(device("cuda", index))

    def to(self, where: Any) -> _Place:
        return _Place(device(where))


def _where(location: str, map_location: Any) -> device:
    """The device that a storage goes to.

    Raises:
        RuntimeError: if that device is not here.
    """
    if map_location is None:
        wanted = device(location)
    elif isinstance(map_location, dict):
        wanted = device(map_location.get(location, location))
    elif isinstance(map_location, (str, device, int)):
        wanted = device(map_location)
    else:
        placed = map_location(_Place(CPU), location)
        if placed is None:
            return _where(location, None)
        wanted = placed.device if hasattr(placed, "device") else device(placed)
    try:
        return devices.resolve(wanted)
    except RuntimeError as error:
        raise RuntimeError(
            f"Attempting to deserialize object on a {wanted.type.upper()} device, which is not available ({error}). "
            "If you are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map "
            "your storages to the CPU."
        ) from error
