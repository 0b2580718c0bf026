"""Where storages are, in the words of files, and files as `save` and `load` open them: what libraries take from here."""

from __future__ import annotations

import os
from typing import IO, Any

from torchlike.serialization.files import _ZIP, _where
from torchlike.tensor.storages import UntypedStorage
from torchlike.tensor.typed_storages import LEGACY

DEFAULT_PROTOCOL = 2


def location_tag(storage: Any) -> str:
    """What a file calls the device of a storage: "cpu", "cuda:0", "meta".

    >>> import torchlike as torch
    >>> torch.serialization.location_tag(torch.ones(2).untyped_storage())
    'cpu'
    """
    where = storage.device
    return f"cuda:{where.index or 0}" if where.type == "cuda" else where.type


def default_restore_location(storage: Any, location: str) -> Any:
    """The storage on the device that a file names.

    Raises:
        RuntimeError: where there is no such device here, or nobody knows that name.
    """
    name = str(location).partition(":")[0]
    if name == "meta":
        return UntypedStorage(storage.nbytes(), device="meta")
    if name not in ("cpu", "cuda", "tpu", "xla"):
        kind = type(storage)
        raise RuntimeError(f"don't know how to restore data location of torch.storage.{kind.__name__} (tagged with {location})")
    where = _where(location, None)
    return storage if where == storage.device else storage.to(device=where)


def normalize_storage_type(storage_type: type) -> Any:
    """The class of that name in `torch`, whatever device's it is."""
    return UntypedStorage if storage_type.__name__ == "UntypedStorage" else LEGACY[storage_type.__name__]


def _is_zipfile(f: IO[bytes]) -> bool:
    """Whether a zip archive begins here; the file's position stays."""
    start = f.tell()
    head = f.read(len(_ZIP))
    f.seek(start)
    return head == _ZIP


class _opener:
    """A file in a `with` block, closed at its end if it was opened for that."""

    def __init__(self, file_like: Any):
        self.file_like = file_like

    def __enter__(self) -> Any:
        return self.file_like

    def __exit__(self, *error: object) -> None:
        pass


class _open_file(_opener):
    """A path, opened."""

    def __init__(self, name: Any, mode: str):
        super().__init__(open(name, mode))  # noqa: SIM115 - closed below

    def __exit__(self, *error: object) -> None:
        self.file_like.close()


class _open_buffer_writer(_opener):
    """Somebody's file to write to, flushed at the end."""

    def __exit__(self, *error: object) -> None:
        self.file_like.flush()


def _open_file_like(name_or_buffer: Any, mode: str) -> _opener:
    """A path opened, or a file as it is, for a `with` block.

    Raises:
        RuntimeError: for a mode that neither reads nor writes. AttributeError: for a file to read that cannot seek.
    """
    if isinstance(name_or_buffer, (str, os.PathLike)):
        return _open_file(name_or_buffer, mode)
    if "w" in mode:
        return _open_buffer_writer(name_or_buffer)
    if "r" not in mode:
        raise RuntimeError(f"Expected 'r' or 'w' in mode but got {mode}")
    for method in ("seek", "tell"):
        if not hasattr(name_or_buffer, method):
            raise AttributeError(
                f"'{type(name_or_buffer).__name__}' object has no attribute '{method}'. You can only torch.load from a file "
                "that is seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
            )
    return _opener(name_or_buffer)
