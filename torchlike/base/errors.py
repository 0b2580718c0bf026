"""Errors that more than one layer raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class OutOfMemoryError(RuntimeError):
    """The device ran out of memory (torch.cuda.OutOfMemoryError)."""


class LinAlgError(RuntimeError):
    """A matrix without what was asked for: singular, or not positive definite (torch.linalg.LinAlgError)."""


class MissingAPI(NotImplementedError, AttributeError):
    """A torch API that torchlike does not have. An AttributeError too, so that `hasattr` answers False."""


def missing(api: str, advice: str = "") -> MissingAPI:
    """The error for a torch API that torchlike does not have."""
    return MissingAPI(f"torchlike has no {api}" + (f": {advice}" if advice else " yet"))


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
