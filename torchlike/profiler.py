"""`torch.profiler` on JAX's: a trace of the host's calls, of compilations and of what runs on the device."""

from __future__ import annotations

import enum
import gzip
import json
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from torchlike.base.errors import absent
from torchlike.engine import flush

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip


class ProfilerActivity(enum.Enum):
    """What is traced. JAX's trace holds the host and every accelerator, whichever are named."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(enum.Enum):
    """What a step is for."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """The host, and the GPU where JAX has one."""
    return {ProfilerActivity.CPU} | ({ProfilerActivity.CUDA} if jax.default_backend() == "gpu" else set())


def kineto_available() -> bool:
    """True: JAX's profiler is there."""
    return True


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """Which steps are recorded: of each cycle `wait` are not, `warmup` are only traced, `active` are kept.

    Args:
        repeat: cycles; 0 goes on for ever.
        skip_first: steps before the first cycle.
        skip_first_wait: leave out the first cycle's `wait` if it is not 0.

    Raises:
        AssertionError: for negative numbers, or nothing active.

    Example:
        >>> import torchlike as torch
        >>> plan = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
        >>> [plan(step).name for step in range(5)]
        ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    assert wait >= 0 and warmup >= 0 and active > 0 and repeat >= 0 and skip_first >= 0, "Invalid profiler schedule arguments"

    def action(step: int) -> ProfilerAction:
        assert step >= 0
        step -= skip_first
        if step < 0:
            return ProfilerAction.NONE
        step += wait if skip_first_wait else 0
        cycle, place = divmod(step, wait + warmup + active)
        if (repeat and cycle >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if place == wait + warmup + active - 1 else ProfilerAction.RECORD

    return action


class record_function:
    """A context, or a decorator, under whose name its work shows in the trace."""

    def __init__(self, name: str, args: str | None = None):
        self.name = name
        self._span: Any = None

    def __enter__(self) -> record_function:
        self._span = jax.profiler.TraceAnnotation(self.name)
        self._span.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._span.__exit__(*error)

    def __call__(self, fn: Callable) -> Callable:
        def named(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name):
                return fn(*args, **kwargs)

        return named


@dataclass
class FunctionEventAvg:
    """All spans of one name: how many, and how long in microseconds."""

    key: str
    count: int
    cpu_time_total: float

    @property
    def cpu_time(self) -> float:
        return self.cpu_time_total / self.count


class EventList(list):
    """Spans by name, as `table` prints them."""

    def table(self, sort_by: str | None = None, row_limit: int = 100, **options: Any) -> str:
        """The longest first (`sort_by="count"`: the most frequent), `row_limit` of them; -1 for all."""
        by_count = sort_by is not None and "count" in sort_by
        rows = sorted(self, key=lambda e: -(e.count if by_count else e.cpu_time_total))
        rows = rows if row_limit < 0 else rows[:row_limit]
        width = max([len("Name"), *(min(len(e.key), 55) for e in rows)])
        lines = [f"{'Name':>{width}}  {'total us':>12}  {'mean us':>12}  {'# of Calls':>10}"]
        lines += [f"{e.key[:55]:>{width}}  {e.cpu_time_total:12.1f}  {e.cpu_time:12.1f}  {e.count:10d}" for e in rows]
        line = "-" * len(lines[0])
        return "\n".join([line, lines[0], line, *lines[1:], line])

    __str__ = table


class profile:
    """Trace what is inside the context with JAX's profiler.

    Args:
        activities: taken; JAX's trace holds the host and the devices alike.
        schedule: which steps are recorded (see `schedule`); without it all are.
        on_trace_ready: called with the profiler when a cycle of the schedule, or the context, ends.

    The other arguments of torch's are taken and change nothing: JAX's trace has no shapes, stacks or memory.

    Example:
        >>> import torchlike as torch
        >>> with torch.profiler.profile() as p:
        ...     with torch.profiler.record_function("sum"):
        ...         total = torch.ones(3).sum().item()
        >>> [e.count for e in p.key_averages() if e.key == "sum"]
        [1]
    """

    def __init__(
        self, *, activities: Iterable[ProfilerActivity] | None = None, schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None, record_shapes: bool = False, profile_memory: bool = False,
        with_stack: bool = False, with_flops: bool = False, with_modules: bool = False, **options: Any,
    ):  # fmt: skip
        self.activities, self.schedule, self.on_trace_ready = activities, schedule, on_trace_ready
        self.step_num = 0
        self._folder: Path | None = None
        self._running = False

    def _action(self) -> ProfilerAction:
        return ProfilerAction.RECORD if self.schedule is None else self.schedule(self.step_num)

    def start(self) -> None:
        """Begin, as the schedule says."""
        if self._action() is not ProfilerAction.NONE:
            self._begin()

    def stop(self) -> None:
        """End, and call `on_trace_ready` where something was recorded."""
        if self._running:
            self._end()

    def step(self) -> None:
        """Say that the next step of the program begins."""
        before = self._action()
        self.step_num += 1
        now = self._action()
        if self._running and (before is ProfilerAction.RECORD_AND_SAVE or now is ProfilerAction.NONE):
            self._end()
        if not self._running and now is not ProfilerAction.NONE:
            self._begin()
        elif before is ProfilerAction.WARMUP and now is not ProfilerAction.WARMUP:
            self._end(ready=False)  # the warm-up is not kept
            self._begin()

    def _begin(self) -> None:
        flush()
        self._folder = Path(tempfile.mkdtemp(prefix="torchlike-trace-"))
        jax.profiler.start_trace(str(self._folder))
        self._running = True

    def _end(self, ready: bool = True) -> None:
        flush()
        jax.profiler.stop_trace()
        self._running = False
        if ready and self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.stop()

    def __del__(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _trace(self) -> dict[str, Any]:
        found = sorted(self._folder.rglob("*.trace.json.gz")) if self._folder is not None else []
        if self._running or not found:
            raise RuntimeError("the profiler has no trace yet: ask after its context has ended")
        return json.loads(gzip.decompress(found[-1].read_bytes()))

    def export_chrome_trace(self, path: str) -> None:
        """Write the trace for chrome://tracing or Perfetto; compressed where the name ends in .gz."""
        text = json.dumps(self._trace()).encode()
        Path(path).write_bytes(gzip.compress(text) if str(path).endswith(".gz") else text)

    def events(self) -> list[dict[str, Any]]:
        """Every span: a dict with `name`, `ts` and `dur` in microseconds."""
        return [e for e in self._trace()["traceEvents"] if e.get("ph") == "X"]

    def key_averages(self, group_by_input_shape: bool = False, group_by_stack_n: int = 0, **options: Any) -> EventList:
        """The spans by name."""
        total: dict[str, list[float]] = {}
        for event in self.events():
            total.setdefault(event["name"], []).append(float(event.get("dur", 0.0)))
        return EventList(FunctionEventAvg(name, len(times), sum(times)) for name, times in total.items())

    def add_metadata(self, key: str, value: str) -> None:
        """Nothing: JAX's trace takes no notes."""

    add_metadata_json = add_metadata


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[profile], None]:
    """An `on_trace_ready` that writes each trace into a folder."""

    def handle(profiler: profile) -> None:
        folder = Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{worker_name or socket.gethostname()}.{time.time_ns()}.pt.trace.json"
        profiler.export_chrome_trace(str(folder / (name + (".gz" if use_gzip else ""))))

    return handle


__getattr__ = absent("torch.profiler")
