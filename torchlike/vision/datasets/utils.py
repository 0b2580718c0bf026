"""`torchvision.datasets.utils`: downloads, checksums, archives."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from torchlike.base.errors import absent

__all__ = [
    "DownloadError", "calculate_md5", "check_integrity", "check_md5", "download_and_extract_archive", "download_url",
    "extract_archive", "iterable_to_str", "list_dir", "list_files", "verify_str_arg",
]  # fmt: skip

PathLike = str | os.PathLike
USER_AGENT = "torchlike/vision"
_BLOCK = 1 << 20


class DownloadError(urllib.error.URLError, RuntimeError):
    """A file that could not be fetched. The message says where it can be put by hand."""

    def __str__(self) -> str:
        return str(self.reason)


# ---- checksums --------------------------------------------------------------------------------------------------


def calculate_md5(fpath: PathLike, chunk_size: int = _BLOCK) -> str:
    """The MD5 of a file, in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while block := file.read(chunk_size):
            digest.update(block)
    return digest.hexdigest()


def check_md5(fpath: PathLike, md5: str, **kwargs: Any) -> bool:
    """Whether a file has this MD5."""
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath: PathLike, md5: str | None = None) -> bool:
    """Whether a file is there and, where an MD5 is given, has it."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


# ---- downloads --------------------------------------------------------------------------------------------------


def _progress(total: int | None, name: str) -> Any:
    try:
        from tqdm import tqdm  # optional: without it the download is silent
    except ModuleNotFoundError:
        return None
    return tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024, desc=name)


def _fetch(url: str, target: Path) -> None:
    """Download into a file, which appears when it is complete, under a bar of progress."""
    part = target.with_name(target.name + ".part")
    request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
    try:
        with urllib.request.urlopen(request) as source, open(part, "wb") as file:
            bar = _progress(source.length, target.name)
            while block := source.read(_BLOCK):
                file.write(block)
                if bar is not None:
                    bar.update(len(block))
            if bar is not None:
                bar.close()
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def download_url(
    url: str, root: PathLike, filename: PathLike | None = None, md5: str | None = None, max_redirect_hops: int = 3
) -> None:
    """Download a file into the folder `root`; a file that is there already, with the right MD5, is kept.

    Raises:
        DownloadError: where the address cannot be reached. RuntimeError: where the file has another MD5.
    """
    folder = Path(root).expanduser()
    target = folder / (filename or os.path.basename(url))
    folder.mkdir(parents=True, exist_ok=True)
    if check_integrity(target, md5):
        return
    try:
        _fetch(url, target)
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        hint = f" with the MD5 {md5}" if md5 else ""
        raise DownloadError(
            f"could not download {url} ({reason}). Without a network, fetch the file elsewhere and put it at {target}{hint}"
        ) from error
    if not check_integrity(target, md5):
        raise RuntimeError(f"File not found or corrupted: {target} has the MD5 {calculate_md5(target)}, expected {md5}")


# ---- archives ---------------------------------------------------------------------------------------------------

_OPENERS: dict[str, Callable[..., IO[Any]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_TAR_SUFFIXES = {".tgz": ".gz", ".tbz": ".bz2", ".tbz2": ".bz2"}


def _kind(path: Path) -> tuple[str, str]:
    """What an archive is ("tar", "zip" or "" for one compressed file) and the compression's suffix.

    Raises:
        RuntimeError: for a name that says neither.
    """
    last = path.suffix.lower()
    if last in _TAR_SUFFIXES:
        return "tar", _TAR_SUFFIXES[last]
    inner = Path(path.stem).suffix.lower()
    if last in _OPENERS:
        return ("tar", last) if inner == ".tar" else ("zip", last) if inner == ".zip" else ("", last)
    if last in (".tar", ".zip"):
        return last[1:], ""
    known = sorted([*_OPENERS, *_TAR_SUFFIXES, ".tar", ".zip"])
    raise RuntimeError(f"Unknown archive or compression {last!r} of {path.name}; known are {', '.join(known)}")


def extract_archive(from_path: PathLike, to_path: PathLike | None = None, remove_finished: bool = False) -> PathLike:
    """Unpack a tar or zip archive, or one compressed file, into a folder; by default into that of the archive.

    Returns the folder, or the file's path where one file was compressed. Members that would leave the folder are refused.
    """
    source = Path(from_path)
    target: Path = source.parent if to_path is None else Path(to_path)
    kind, compression = _kind(source)
    if kind == "tar":
        mode: Any = "r:" + compression[1:]
        with tarfile.open(source, mode) as archive:
            archive.extractall(target, filter="data")
    elif kind == "zip":
        methods = {".bz2": zipfile.ZIP_BZIP2, ".xz": zipfile.ZIP_LZMA}
        with zipfile.ZipFile(source, compression=methods.get(compression, zipfile.ZIP_STORED)) as zipped:
            zipped.extractall(target)
    else:
        target = source.with_suffix("") if to_path is None else target
        with _OPENERS[compression](source, "rb") as packed, open(target, "wb") as file:
            shutil.copyfileobj(packed, file, _BLOCK)
    if remove_finished:
        source.unlink()
    return target


def download_and_extract_archive(
    url: str,
    download_root: PathLike,
    extract_root: PathLike | None = None,
    filename: PathLike | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """`download_url`, then unpack into `extract_root` (by default `download_root`)."""
    folder = Path(download_root).expanduser()
    name = Path(filename or os.path.basename(url))
    download_url(url, folder, name, md5)
    into = folder if extract_root is None else Path(extract_root)
    kind, _ = _kind(name)
    extract_archive(folder / name, into if kind else into / name.with_suffix("").name, remove_finished)


# ---- small things -----------------------------------------------------------------------------------------------


def list_dir(root: PathLike, prefix: bool = False) -> list[str]:
    """The folders in a folder; with `prefix`, with the path before the name."""
    root = os.path.expanduser(root)
    names = [name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name))]
    return [os.path.join(root, name) for name in names] if prefix else names


def list_files(root: PathLike, suffix: str | tuple[str, ...], prefix: bool = False) -> list[str]:
    """The files in a folder whose names end so."""
    root = os.path.expanduser(root)
    names = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name)) and name.endswith(suffix)]
    return [os.path.join(root, name) for name in names] if prefix else names


def iterable_to_str(iterable: Iterable) -> str:
    """The elements in quotes, after one another."""
    return "'" + "', '".join(str(item) for item in iterable) + "'"


def verify_str_arg(
    value: Any, arg: str | None = None, valid_values: Iterable | None = None, custom_msg: str | None = None
) -> Any:
    """`value`, if it is one of the valid strings.

    Raises:
        ValueError: if it is not.
    """
    if not isinstance(value, str):
        given = f"type {type(value)}"
        raise ValueError(f"Expected type str{f' for argument {arg}' if arg else ''}, but got {given}.")
    if valid_values is not None and value not in valid_values:
        valid = iterable_to_str(valid_values)
        raise ValueError(custom_msg or f"Unknown value '{value}' for argument {arg}. Valid values are {{{valid}}}.")
    return value


__getattr__ = absent("torchvision.datasets.utils")
