"""`torch.compiler`: questions and marks. No Python is being compiled here at any time, so all answers are no."""

from __future__ import annotations

from typing import Any, TypeVar

from torchlike.base.errors import absent

__all__ = [
    "allow_in_graph", "assume_constant_result", "cudagraph_mark_step_begin", "disable", "is_compiling", "is_dynamo_compiling",
    "is_exporting", "reset", "set_stance", "substitute_in_graph",
]  # fmt: skip

T = TypeVar("T")


def is_compiling() -> bool:
    """False."""
    return False


def is_dynamo_compiling() -> bool:
    """False."""
    return False


def is_exporting() -> bool:
    """False."""
    return False


def reset() -> None:
    """Nothing: programs are found by what they compute, so there is no state to forget."""


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself, or a decorator that gives it back."""
    return (lambda f: f) if fn is None else fn


def allow_in_graph(fn: T) -> T:
    """The function itself."""
    return fn


def assume_constant_result(fn: T) -> T:
    """The function itself."""
    return fn


def substitute_in_graph(original_fn: Any, **options: Any) -> Any:
    """A decorator that gives its function back."""
    return lambda fn: fn


def cudagraph_mark_step_begin() -> None:
    """Nothing: outputs of XLA's programs are not overwritten by the next run."""


class set_stance:
    """Nothing; also as a context manager and decorator."""

    def __init__(self, stance: str = "default", **options: Any):
        self.stance = stance

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass

    def __call__(self, fn: T) -> T:
        return fn


__getattr__ = absent("torch.compiler")
