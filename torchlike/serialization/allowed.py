"""Which names a file may call when only weights are to be loaded."""

from __future__ import annotations

import _codecs
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from torchlike.base.device import device
from torchlike.base.size import Size
from torchlike.serialization import names
from torchlike.tensor import Parameter, Tensor

Entry = Callable | tuple[Callable, str]

_ALWAYS: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict, "collections.Counter": Counter,
    "builtins.set": set, "builtins.bytearray": bytearray, "builtins.complex": complex,
    "_codecs.encode": _codecs.encode, "torch.Size": Size, "torch.device": device, "torch.Tensor": Tensor,
    "torch._tensor.Tensor": Tensor, "torch.nn.parameter.Parameter": Parameter,
}  # fmt: skip
# Python 2's names for the same, which old files have.
_ALWAYS |= {k.replace("builtins", "__builtin__"): v for k, v in _ALWAYS.items() if k.startswith("builtins")}
# Modules whose functions are never let through, not even when someone allowed one: they run commands.
BLOCKED = frozenset({"sys", "os", "posix", "nt", "subprocess", "shutil", "importlib", "pty", "runpy", "ctypes", "socket"})

_user: list[Entry] = []
_lock = threading.Lock()


def add_safe_globals(safe_globals: Iterable[Entry]) -> None:
    """Let `load(..., weights_only=True)` use these classes and functions.

    Args:
        safe_globals: classes and functions, or pairs of one and the full name it has in the file.
    """
    with _lock:
        _user.extend(entry for entry in safe_globals if entry not in _user)


def get_safe_globals() -> list[Entry]:
    """What was added."""
    return list(_user)


def clear_safe_globals() -> None:
    """Forget what was added."""
    with _lock:
        _user.clear()


class safe_globals:
    """`add_safe_globals` for the length of a `with` block."""

    def __init__(self, safe_globals: Iterable[Entry]):
        self._entries = list(safe_globals)

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self._entries)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with _lock:
            _user[:] = self._before


def table() -> dict[str, Any]:
    """Everything allowed now, by the full name it has in files."""
    return _ALWAYS | user_table()


def user_table() -> dict[str, Any]:
    """What the user allowed, by full name: in torch's spelling too where it is torchlike's own."""
    found = {}
    for entry in _user:
        obj, name = entry if isinstance(entry, tuple) else (entry, f"{entry.__module__}.{entry.__qualname__}")
        found[name] = obj
        theirs = names.in_torch(obj)
        if theirs and not isinstance(entry, tuple):
            found[".".join(theirs)] = obj
    return found
