"""`torch.jit` as libraries use it to ask and to mark. XLA compiles every program here, so a script is the thing itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from torchlike.base.errors import absent, missing
from torchlike.jit.annotations import Final, annotate

__all__ = [
    "Final", "ScriptFunction", "ScriptModule", "annotate", "export", "fork", "ignore", "interface", "is_scripting",
    "is_tracing", "isinstance", "optimized_execution", "script", "script_if_tracing", "unused", "wait",
]  # fmt: skip

T = TypeVar("T")
_isinstance = isinstance


class ScriptModule:
    """Class of scripted modules in torch. Nothing is of it here."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.jit.ScriptModule")


class ScriptFunction:
    """Class of scripted functions in torch. Nothing is of it here."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.jit.ScriptFunction")


RecursiveScriptModule = TopLevelTracedModule = ScriptModule


def is_scripting() -> bool:
    """False: there is no scripting."""
    return False


def is_tracing() -> bool:
    """False: there is no tracing into TorchScript."""
    return False


def script(obj: T, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None, example_inputs: Any = None) -> T:
    """The function, module or class itself (torch: compiled to TorchScript, which knows less of Python)."""
    return obj


def script_if_tracing(fn: T) -> T:
    """The function itself."""
    return fn


def ignore(drop: Any = False, **options: Any) -> Any:
    """Mark a function that TorchScript leaves to Python. All are left to Python here."""
    return drop if callable(drop) else lambda fn: fn


def unused(fn: T) -> T:
    """The function itself."""
    return fn


def export(fn: T) -> T:
    """The method itself."""
    return fn


def interface(obj: T) -> T:
    """The class itself."""
    return obj


def isinstance(obj: Any, target_type: Any) -> bool:
    """Python's own, for classes (torch: also for `List[int]` and kin)."""
    return _isinstance(obj, target_type)


def fork(func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call it. XLA runs in parallel what can be; `wait` gives the result back."""
    return func(*args, **kwargs)


def wait(future: T) -> T:
    """The result of `fork`."""
    return future


@contextlib.contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """Nothing: XLA optimizes always."""
    yield


@contextlib.contextmanager
def fuser(name: str) -> Iterator[None]:
    """Nothing: XLA is the fuser."""
    yield


__getattr__ = absent("torch.jit")
