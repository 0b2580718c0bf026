"""`torch.cuda.profiler`: marks for a profiler that is attached from outside. JAX's own is `torch.profiler`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def start() -> None:
    """Nothing: no profiler is attached from outside."""


def stop() -> None:
    """Nothing: no profiler is attached from outside."""


@contextmanager
def profile() -> Iterator[None]:
    """A block between `start` and `stop`."""
    start()
    try:
        yield
    finally:
        stop()
