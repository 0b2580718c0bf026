"""no_grad and its kin: context managers, decorators, and plain switches, per thread."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torchlike.engine.record import local


def is_grad_enabled() -> bool:
    """Whether operations are put on the tape in this thread."""
    return local.state.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return local.state.inference


class _Mode:
    """Sets this thread's grad mode inside a `with` block or a decorated function (a generator's body too)."""

    _mode = True
    _before: tuple[bool, bool]

    def __enter__(self) -> Any:
        self._before = (local.state.grad, local.state.inference)
        local.state.grad = self._mode
        return None

    def __exit__(self, *error: Any) -> None:
        local.state.grad, local.state.inference = self._before

    def _again(self) -> _Mode:
        return type(self)()

    def __call__(self, fn: Any) -> Any:
        if inspect.isclass(fn):
            fn.__init__ = self(fn.__init__)  # type: ignore[method-assign]  # a decorated class: its construction is what is wrapped
            return fn
        if inspect.isgeneratorfunction(fn):
            return self._generator(fn)

        @functools.wraps(fn)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return fn(*args, **kwargs)

        return wrapped

    def _generator(self, fn: Callable) -> Callable:
        @functools.wraps(fn)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            running = fn(*args, **kwargs)
            sent = None
            while True:
                try:
                    with self._again():
                        item = running.send(sent)
                except StopIteration as done:
                    return done.value
                sent = yield item

        return wrapped


class no_grad(_Mode):
    """Operations inside are not put on the tape."""

    _mode = False

    def __new__(cls, fn: Any = None) -> Any:
        self = object.__new__(cls)
        return self if fn is None else self(fn)

    def __init__(self, fn: Any = None) -> None:
        pass


class enable_grad(no_grad):
    """Operations inside are put on the tape, also within `no_grad`."""

    _mode = True


class set_grad_enabled(_Mode):
    """Sets the grad mode at once; as a `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        self._mode = bool(mode)
        self._before = (local.state.grad, local.state.inference)
        local.state.grad = self._mode

    def __enter__(self) -> None:
        local.state.grad = self._mode

    def __call__(self, fn: Any) -> Any:
        local.state.grad, local.state.inference = self._before
        return super().__call__(fn)

    def _again(self) -> _Mode:
        return set_grad_enabled(self._mode)


class inference_mode(_Mode):
    """Like `no_grad` here: XLA's values need no version counters, so there is nothing more to save."""

    _wanted: bool

    def __new__(cls, mode: Any = True) -> Any:
        self = object.__new__(cls)
        self._wanted = True if callable(mode) else bool(mode)
        return self(mode) if callable(mode) else self

    def __init__(self, mode: Any = True) -> None:
        pass

    def _again(self) -> _Mode:
        return inference_mode(self._wanted)

    def __enter__(self) -> None:
        self._mode = not self._wanted
        super().__enter__()
        local.state.inference = self._wanted
