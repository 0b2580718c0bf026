"""Errors that more than one layer raises."""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, NoReturn

from torchlike.base.advice import advice


class OutOfMemoryError(RuntimeError):
    """The device ran out of memory (torch.cuda.OutOfMemoryError)."""


class LinAlgError(RuntimeError):
    """A matrix without what was asked for: singular, or not positive definite (torch.linalg.LinAlgError)."""


class MissingAPI(NotImplementedError, AttributeError):
    """A torch API that torchlike does not have. An AttributeError too, so that `hasattr` answers False.

    Its text ends with the line of the user's program that asked for the API, once it is known.
    """

    def __str__(self) -> str:
        text = super().__str__()
        place = _user_line(self.__traceback__)
        return f"{text}\n  asked for at {place}" if place else text


def _user_line(trace: TracebackType | None) -> str:
    """The innermost line of a traceback outside torchlike and the import system: "file:line: code"."""
    found = ""
    for frame, line in traceback.walk_tb(trace):
        path, module = frame.f_code.co_filename, frame.f_globals.get("__name__", "")
        if module.partition(".")[0] != "torchlike" and not path.startswith("<frozen"):
            code = linecache.getline(path, line).strip()
            found = f"{path}:{line}" + (f": {code}" if code else "")
    return found


def missing(api: str, instead: str = "") -> MissingAPI:
    """The error for a torch API that torchlike does not have, with what to do instead where that is known."""
    instead = instead or advice(api)
    return MissingAPI(f"torchlike has no {api}" + (f": {instead}" if instead else " yet"))


def absent(module: str) -> Callable[[str], Any]:
    """A module's `__getattr__`: what it does not define is a torch API that torchlike does not have.

    Args:
        module: the module's name in torch.
    """

    def __getattr__(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise missing(f"{module}.{name}")

    return __getattr__


class KeyErrorMessage(str):
    """A message that a KeyError shows as it is, line by line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ExceptionWrapper:
    """An exception of another process or thread, on its way here.

    Args:
        exc_info: as `sys.exc_info()` gives it.
        where: what the message says about the place.
    """

    def __init__(self, exc_info: Any, where: str = "in background"):
        self.exc_type: type[BaseException] = exc_info[0]
        self.exc_msg = "".join(traceback.format_exception(*exc_info))
        self.where = where

    def __reduce__(self) -> tuple:
        return _wrapped, (_class_or_name(self.exc_type), self.exc_msg, self.where)

    def reraise(self) -> NoReturn:
        """Raise an exception of the same class with the original traceback in its message (RuntimeError where that fails)."""
        message: str = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            message = KeyErrorMessage(message)
        elif getattr(self.exc_type, "message", None):
            raise self.exc_type(message=message)  # type: ignore[call-arg]  # those that have one are made so
        try:
            exception = self.exc_type(message)
        except Exception:
            raise RuntimeError(message) from None
        raise exception


def _class_or_name(kind: type) -> type | str:
    """The class if another process can find it by its name."""
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return kind if found is kind else kind.__name__


def _wrapped(kind: type | str, message: str, where: str) -> ExceptionWrapper:
    found = object.__new__(ExceptionWrapper)
    found.exc_type = type(kind, (RuntimeError,), {}) if isinstance(kind, str) else kind
    found.exc_msg, found.where = message, where
    return found
