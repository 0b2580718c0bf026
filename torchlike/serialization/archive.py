"""The outer shape of a `.pth` file: a zip archive of uncompressed records, each aligned to 64 bytes."""

from __future__ import annotations

import mmap
import sys
import zipfile
from types import TracebackType
from typing import IO, Any

import numpy as np

_ALIGNMENT = 64
_LOCAL_HEADER = 30
_ZIP64_EXTRA = 20
_DATE = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes
_CORRUPT = (
    "If you are seeing this error, there is a high likelihood that your checkpoint file is corrupted: it was not saved "
    "completely, was transferred incorrectly, or was modified after saving."
)


class Writer:
    """Writes records into a file object, under one folder name.

    torch finds a record's data by its offset, so the padding that aligns it stands in the header's extra field.
    """

    def __init__(self, file: IO[bytes], folder: str):
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._folder = folder

    def write(self, name: str, data: Any) -> None:
        """Add one record; `data` is a bytes-like object of single bytes."""
        info = zipfile.ZipInfo(f"{self._folder}/{name}", _DATE)
        info.file_size = len(data)
        header = self._zip.fp.tell() + _LOCAL_HEADER + len(info.filename.encode()) + 4  # type: ignore[union-attr]  # open
        if len(data) * 1.05 > zipfile.ZIP64_LIMIT:
            header += _ZIP64_EXTRA
        padding = -header % _ALIGNMENT
        info.extra = b"FB" + padding.to_bytes(2, "little") + b"Z" * padding
        self._zip.writestr(info, data)

    def close(self) -> None:
        self._zip.close()


class Reader:
    """Reads records. With `mapped` (an open file's memory map), arrays are views of the file and nothing is copied.

    Raises:
        RuntimeError: if the file is no complete archive.
    """

    def __init__(self, file: IO[bytes], mapped: mmap.mmap | None = None):
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise RuntimeError(
                f"PytorchStreamReader failed reading zip archive: failed finding central directory ({error}). {_CORRUPT}"
            ) from error
        self._mapped = mapped
        names = self._zip.namelist()
        self._folder = names[0].partition("/")[0] if names else ""
        if f"{self._folder}/data.pkl" not in names:
            raise RuntimeError(f"PytorchStreamReader failed locating file data.pkl: file not found. {_CORRUPT}")
        if f"{self._folder}/constants.pkl" in names:
            raise RuntimeError("this is a TorchScript archive, saved by torch.jit.save: it holds a program, not an object")
        self.byteorder = self.read("byteorder").decode() if f"{self._folder}/byteorder" in names else sys.byteorder

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        """A record's bytes, checked against their checksum."""
        try:
            return self._zip.read(f"{self._folder}/{name}")
        except KeyError:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found. {_CORRUPT}") from None
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
            raise RuntimeError(f"PytorchStreamReader failed reading file {name}: {error}. {_CORRUPT}") from error

    def array(self, name: str) -> np.ndarray:
        """A record as uint8 (n,)."""
        if self._mapped is None:
            return np.frombuffer(self.read(name), np.uint8)
        try:
            info = self._zip.getinfo(f"{self._folder}/{name}")
        except KeyError:
            raise RuntimeError(f"PytorchStreamReader failed locating file {name}: file not found. {_CORRUPT}") from None
        header = self._mapped[info.header_offset : info.header_offset + _LOCAL_HEADER]
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = info.header_offset + _LOCAL_HEADER + lengths
        if start + info.file_size > len(self._mapped) or info.compress_type != zipfile.ZIP_STORED:
            raise RuntimeError(f"PytorchStreamReader failed reading file {name}: it lies outside of the file. {_CORRUPT}")
        return np.frombuffer(self._mapped, np.uint8, info.file_size, start)
