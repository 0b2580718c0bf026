"""Streams and events. XLA orders its work by what it reads: all streams are alike, and an event is a moment on the host."""

from __future__ import annotations

import time
from typing import Any

import jax
import numpy as np

from torchlike.base.errors import missing
from torchlike.cuda.queries import is_available, jax_of
from torchlike.engine import flush


class Event:
    """A moment in the stream of work. With `enable_timing` the work before it is run and awaited when it is recorded, so
    that `elapsed_time` between two events is the time of what lies between.

    Args:
        enable_timing: whether it can be asked for times.
        blocking, interprocess, external: accepted.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False, external: bool = False):
        self.enable_timing = enable_timing
        self._at: float | None = None

    def record(self, stream: Any = None) -> None:
        """The moment is now."""
        synchronize()
        self._at = time.perf_counter()

    def wait(self, stream: Any = None) -> None:
        """Nothing: work is ordered by what it reads."""

    def query(self) -> bool:
        """True: what was recorded before has been run."""
        return True

    def synchronize(self) -> None:
        """Run what is pending."""
        flush()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds until another event.

        Raises:
            ValueError: where one was made without `enable_timing`, or not recorded.
        """
        if not (self.enable_timing and end_event.enable_timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._at is None or end_event._at is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return (end_event._at - self._at) * 1e3


class Stream:
    """A stream of work in torch; XLA orders its work itself, so that one stream is as good as another."""

    def __init__(self, device: Any = None, priority: int = 0, **options: Any):
        self.device, self.priority = device, priority
        self.stream_id = self.cuda_stream = 0

    def synchronize(self) -> None:
        """Run what is pending."""
        flush()

    def query(self) -> bool:
        """True."""
        return True

    def wait_stream(self, stream: Any) -> None:
        """Nothing: work is ordered by what it reads."""

    def wait_event(self, event: Any) -> None:
        """Nothing: work is ordered by what it reads."""

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event, a new one unless one is given."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *error: Any) -> None:
        pass


ExternalStream = Stream


class StreamContext:
    """A block whose work goes to a stream; all are alike."""

    def __init__(self, stream: Stream | None):
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass


stream = StreamContext


def current_stream(device: Any = None) -> Stream:
    """A stream; all are alike."""
    return Stream(device)


default_stream = current_stream


def set_stream(stream: Stream) -> None:
    """Nothing: all streams are alike."""


def synchronize(device: Any = None) -> None:
    """Run what is pending, and wait until the device has done it."""
    flush()
    if is_available():
        (jax.device_put(np.zeros(()), jax_of(device)) + 0).block_until_ready()  # work is done in order


class CUDAGraph:
    """Not here: steps are recorded and compiled without it. Making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.cuda.CUDAGraph", "training steps are recorded and compiled without it")

    def replay(self) -> None:
        """Never called: there is none."""

    def capture_begin(self, *args: Any, **options: Any) -> None:
        """Never called: there is none."""

    def capture_end(self) -> None:
        """Never called: there is none."""


class graph:
    """Not here, as `CUDAGraph`. Making one raises NotImplementedError."""

    def __init__(self, *args: Any, **options: Any):
        raise missing("torch.cuda.graph", "training steps are recorded and compiled without it")


def graph_pool_handle() -> tuple[int, int]:
    """A handle that nothing takes."""
    return 0, 0


def make_graphed_callables(callables: Any, *args: Any, **options: Any) -> Any:
    """The callables as they are: what they do is compiled anyway."""
    return callables


def is_current_stream_capturing() -> bool:
    """False."""
    return False
