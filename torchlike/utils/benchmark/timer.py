"""Timer: how long a statement takes, its recorded work included."""

from __future__ import annotations

import ast
import enum
import textwrap
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from torchlike.base import settings
from torchlike.base.errors import missing
from torchlike.engine import flush
from torchlike.tensor import Tensor
from torchlike.utils.benchmark.measurement import Measurement, TaskSpec

timer = time.perf_counter


class Language(enum.Enum):
    """What the statement is written in; only Python can be measured here."""

    PYTHON = 0
    CPP = 1


class Timer:
    """Measures a statement. Warm-up runs, in which programs are compiled, are not counted.

    What the statement records is run each time before the next one begins, as if its last value were wanted; the clock is
    stopped when everything has arrived.

    Args:
        stmt, setup: code to measure, and code to run once before.
        globals: names that both see.
        label, sub_label, description, env: what tables are made by.
        num_threads: what `torch.get_num_threads()` says meanwhile; XLA's pool stays as it is.

    Raises:
        ValueError: for a language that there is not. NotImplementedError: for C++.

    >>> Timer("x + 1", globals={"x": 1}).timeit(10).number_per_run
    10
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Language | str = Language.PYTHON,
    ) -> None:
        if language in (Language.CPP, "cpp", "c++"):
            raise missing("torch.utils.benchmark.Timer(language='cpp')", "there is no C++ library behind it")
        if language not in (Language.PYTHON, "py", "python"):
            raise ValueError(f"Invalid language `{language}`.")
        if global_setup:
            raise ValueError("global_setup is C++ only, most likely you wanted setup")
        stmt, setup = textwrap.dedent(stmt).strip("\n").rstrip(), textwrap.dedent(setup).strip("\n").rstrip()
        self._task_spec = TaskSpec(stmt, setup, global_setup, label, sub_label, description, env, num_threads)
        self._globals = {} if globals is None else dict(globals)
        self._timer = timer
        self._loop = _compiled(stmt, setup)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Run the statement `number` times and measure that once."""
        with _Threads(self._task_spec.num_threads):
            self._run(max(number // 100, 2))
            return self._measurement(number, [self._run(number)])

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        """As in torch there is none: use `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Callable[[int, float], Any] | None = None) -> None:
        """As in torch there is none: use `blocked_autorange`."""
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def blocked_autorange(self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2) -> Measurement:
        """Measure blocks of runs, as many as fill `min_run_time` seconds; the clock does not matter beside a block."""
        with _Threads(self._task_spec.num_threads):
            number = self._block(min_run_time)
            times: list[float] = []
            while sum(times) < min_run_time:
                times.append(self._run(number))
                if callback is not None:
                    callback(number, times[-1])
            return self._measurement(number, times)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Measure blocks of runs until the distance between their quartiles is below `threshold` of the median."""
        with _Threads(self._task_spec.num_threads):
            number = self._block(0.05)
            times: list[float] = []
            while sum(times) < max_run_time:
                times.append(self._run(number))
                if callback is not None:
                    callback(number, times[-1])
                found = self._measurement(number, times)
                if sum(times) >= min_run_time and len(times) > 3 and found.meets_confidence(threshold):
                    break
            return self._measurement(number, times)

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError: instructions are not counted here."""
        raise missing("torch.utils.benchmark.Timer.collect_callgrind", "profile with torch.profiler")

    def _run(self, number: int) -> float:
        return self._loop(number, dict(self._globals), self._timer)

    def _block(self, min_run_time: float) -> int:
        """How many runs make a block: the clock's own time is below a ten-thousandth of it."""
        overhead = float(np.median([self._clock() for _ in range(5)]))
        number = 1
        self._run(2)  # compiles
        while True:
            taken = self._run(number)
            if (overhead / max(taken, 1e-12) <= 1e-4 and taken >= min_run_time / 1000) or taken > min_run_time:
                return number
            number *= 10

    def _clock(self) -> float:
        start = self._timer()
        return self._timer() - start

    def _measurement(self, number: int, times: list[float]) -> Measurement:
        return Measurement(number, list(times), self._task_spec)


class _Threads:
    """The number of threads that torch would say, for a while."""

    def __init__(self, number: int):
        self.number = number

    def __enter__(self) -> None:
        self.before = settings.get_num_threads()
        settings.set_num_threads(self.number)

    def __exit__(self, *error: Any) -> None:
        settings.set_num_threads(self.before)


def _compiled(stmt: str, setup: str) -> Callable[[int, dict[str, Any], Callable[[], float]], float]:
    """A function that runs the set-up, then times the statement."""
    body = ast.parse(stmt).body
    if body and isinstance(body[-1], ast.Expr):  # its value is wanted
        body[-1] = ast.copy_location(ast.Assign([ast.Name("_result", ast.Store())], body[-1].value), body[-1])
    source = textwrap.dedent("""
        def _measure(_number, _flush, _wait, _timer):
            _result = None
            _flush()
            _start = _timer()
            for _ in range(_number):
                _flush()
            _wait(_result)
            return _timer() - _start
    """)
    module = ast.parse(source)
    function: Any = module.body[0]
    function.body[1:1] = ast.parse(setup).body
    function.body[-3].body[0:0] = body
    code = compile(ast.fix_missing_locations(module), "<benchmark>", "exec")

    def run(number: int, names: dict[str, Any], clock: Callable[[], float]) -> float:
        exec(code, names)
        return names["_measure"](number, flush, _wait, clock)

    return run


def _wait(result: Any) -> None:
    """Until every tensor of a result is there."""
    if isinstance(result, Tensor):
        jax.block_until_ready(result._read().force())
    elif isinstance(result, (list, tuple)):
        for item in result:
            _wait(item)
