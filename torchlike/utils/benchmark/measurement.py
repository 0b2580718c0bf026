"""What a Timer measures, and how it is written."""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np

_UNITS = {"ns": (1e-9, "nanosecond"), "us": (1e-6, "microsecond"), "ms": (1e-3, "millisecond"), "s": (1.0, "second")}
_MOST_FIGURES = 4
_CLOCK = 25e-9  # seconds: no measurement is known better than this
_FLUCTUATES, _INFLUENCED = 0.1, 0.25  # interquartile ranges, as shares of the median, that are worth a warning


@dataclasses.dataclass(init=True, repr=False, eq=True, frozen=True)
class TaskSpec:
    """What is measured: the code, and the labels that tables are made by."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or the statement where there is none."""
        if self.label is None and "\n" in self.stmt:
            return f"stmt:{f' ({self.sub_label})' if self.sub_label else ''}\n{textwrap.indent(self.stmt, '  ')}"
        return (self.stmt if self.label is None else self.label) + (f": {self.sub_label}" if self.sub_label else "")

    def setup_str(self) -> str:
        """The set-up, if there is any."""
        if self.setup == "pass" or not self.setup:
            return ""
        return f"setup:\n{textwrap.indent(self.setup, '  ')}" if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self) -> str:
        """Everything in a few lines."""
        parts = (self.title, self.description or "", self.setup_str(), self.global_setup)
        return "\n".join(part + ("\n" if "\n" in part else "") for part in parts if part)


@dataclasses.dataclass(init=True, repr=False)
class Measurement:
    """Times of a piece of code.

    Attributes:
        number_per_run: how often it ran for each of `raw_times`, in seconds.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name in ("title", "env", "as_row_name") or name.startswith("__") or name == "task_spec":
            raise AttributeError(name)
        return getattr(self.task_spec, name)

    @property
    def times(self) -> list[float]:
        """Seconds of one execution, one per run."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """The median time in seconds."""
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        """The mean time in seconds."""
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The distance between the quartiles in seconds."""
        return self._quartile(75) - self._quartile(25)

    def _quartile(self, percent: int) -> float:
        return float(np.percentile(self.times, percent))

    @property
    def significant_figures(self) -> int:
        """About how many figures of the median mean something: from the spread of the middle half of the times."""
        ordered = sorted(self.times)
        outer = len(ordered) // 4
        middle = ordered[outer : len(ordered) - outer]
        interval = max(1.645 * float(np.std(middle)) / math.sqrt(len(middle)), _CLOCK)
        return min(max(math.floor(math.log10(self.median / interval)), 1), _MOST_FIGURES)

    @property
    def has_warnings(self) -> bool:
        """Whether the times spread too far."""
        return bool(self._warnings())

    def _warnings(self) -> list[str]:
        if len(self.raw_times) < 2:
            return []
        spread = self.iqr / self.median
        if spread < _FLUCTUATES:
            return []
        reason = "could indicate system fluctuation" if spread < _INFLUENCED else "suggests significant environmental influence"
        return [
            f"  WARNING: Interquartile range is {spread * 100:.1f}% of the median measurement.",
            f"           This {reason}.",
        ]

    def meets_confidence(self, threshold: float = _FLUCTUATES) -> bool:
        """Whether the distance between the quartiles is less than that share of the median."""
        return self.iqr / self.median < threshold

    @property
    def title(self) -> str:
        """The title of what was measured."""
        return self.task_spec.title

    @property
    def env(self) -> str | None:
        """Where it was measured, if somebody said."""
        return self.task_spec.env

    @property
    def as_row_name(self) -> str:
        """What a table's row is called."""
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def __repr__(self) -> str:
        unit, scale = select_unit(self.median)
        n, threads = len(self.raw_times), self.task_spec.num_threads
        lines = [object.__repr__(self), self.task_spec.summarize()]
        lines.append(f"  {'Median: ' if n > 1 else ''}{self.median / scale:.2f} {unit}")
        if n >= 4:
            low, high = self._quartile(25) / scale, self._quartile(75) / scale
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
        runs = f"{self.number_per_run} runs {'per measurement,' if n > 1 else ','}"
        lines.append(f"  {n} measurement{'s' if n > 1 else ''}, {runs} {threads} thread{'s' if threads > 1 else ''}")
        return "\n".join(lines + self._warnings())

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement per task, of all the times that were measured of it."""
        grouped: dict[TaskSpec, list[Measurement]] = {}
        for measurement in measurements:
            grouped.setdefault(measurement.task_spec, []).append(measurement)
        return [Measurement(1, [t for m in group for t in m.times], spec) for spec, group in grouped.items()]


def select_unit(t: float) -> tuple[str, float]:
    """The unit a time in seconds is written in, and that unit in seconds.

    >>> select_unit(0.02)
    ('ms', 0.001)
    """
    power = math.floor(math.log10(t)) // 3 if t > 0 else 0
    unit = {-1: "ms", -2: "us", -3: "ns"}.get(power, "s")
    return unit, _UNITS[unit][0]


def unit_to_english(u: str) -> str:
    """The unit's name."""
    return _UNITS[u][1]


def trim_sigfig(x: float, n: int) -> float:
    """A number with so many significant figures.

    >>> trim_sigfig(123.456, 2)
    120.0
    """
    if x == 0:
        return 0.0
    scale = 10.0 ** (math.ceil(math.log10(abs(x))) - n)
    return float(round(x / scale) * scale)


def ordered_unique(elements: Iterable[Any]) -> list[Any]:
    """The elements without repetitions, in order."""
    return list(dict.fromkeys(elements))
