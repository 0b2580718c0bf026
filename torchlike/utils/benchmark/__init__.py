"""Timing pieces of code: `Timer`, what it measures (`Measurement`) and tables of that (`Compare`)."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.utils.benchmark.compare import Compare
from torchlike.utils.benchmark.measurement import (
    Measurement,
    TaskSpec,
    ordered_unique,
    select_unit,
    trim_sigfig,
    unit_to_english,
)
from torchlike.utils.benchmark.timer import Language, Timer, timer

__all__ = [
    "Compare",
    "Language",
    "Measurement",
    "TaskSpec",
    "Timer",
    "ordered_unique",
    "select_unit",
    "timer",
    "trim_sigfig",
    "unit_to_english",
]

__getattr__ = absent("torch.utils.benchmark")
