"""Which names a checkpoint needs that are not allowed: `get_unsafe_globals_in_checkpoint`."""

from __future__ import annotations

import os
import pickletools
from pathlib import Path
from typing import IO

from torchlike.serialization import allowed, names, rebuild
from torchlike.serialization.archive import Reader

_WORDS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING"})


def get_unsafe_globals_in_checkpoint(f: str | os.PathLike | IO[bytes]) -> list[str]:
    """The classes and functions that a file names and `load` with `weights_only` refuses. Nothing is run to find out.

    Args:
        f: a path or a file of a checkpoint in the zip format.

    Raises:
        ValueError: if it is no checkpoint of that format.

    Example:
        >>> import io, argparse
        >>> import torchlike as torch
        >>> file = io.BytesIO()
        >>> torch.save({"w": torch.ones(2), "arguments": argparse.Namespace(lr=0.1)}, file)
        >>> torch.serialization.get_unsafe_globals_in_checkpoint(file)
        ['argparse.Namespace']
    """
    if isinstance(f, (str, os.PathLike)):
        with Path(f).open("rb") as file:
            return get_unsafe_globals_in_checkpoint(file)
    f.seek(0)
    if f.read(4) != b"PK\x03\x04":
        raise ValueError("Expected input to be a checkpoint returned by torch.save")
    f.seek(0)
    known = allowed.table()
    unsafe: dict[str, None] = {}
    for module, name in _named(Reader(f).read("data.pkl")):
        full = f"{module}.{name}"
        torchs = module.partition(".")[0] == names.THEIRS and names.storage_or_dtype(module, name) is not None
        if full not in known and (module, name) not in rebuild.BY_NAME and not torchs:
            unsafe[full] = None
    return list(unsafe)


def _named(data: bytes) -> list[tuple[str, str]]:
    """Module and name of every global that a pickle looks up."""
    found: list[tuple[str, str]] = []
    words: list[str] = []  # the strings that were pushed, as STACK_GLOBAL takes the last two of them
    memo: dict[int, str] = {}
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in ("GLOBAL", "INST"):
            module, _, name = str(argument).partition(" ")
            found.append((module, name))
        elif opcode.name == "STACK_GLOBAL":
            found.append((words[-2], words[-1]))
        elif opcode.name in _WORDS:
            words.append(str(argument))
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = words[-1] if words else ""
        elif opcode.name in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[int(str(argument))] = words[-1] if words else ""
        elif opcode.name in ("BINGET", "LONG_BINGET", "GET"):
            words.append(memo.get(int(str(argument)), ""))
    return found
