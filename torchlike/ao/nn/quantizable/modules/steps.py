"""The steps of quantization that these modules take by themselves. `ao.quantization`, which is above, puts them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STEPS: dict[str, Callable[..., Any]] = {}


def prepared(module: Any, training: bool = False) -> Any:
    """The module with observers, or with rounding in training, in its own place."""
    module.train(training)
    return STEPS["prepare_qat" if training else "prepare"](module, inplace=True)


def converted(module: Any, cls: type) -> Any:
    """A copy of an observed module on integers, as one of class `cls`."""
    made = STEPS["convert"](module, inplace=False, remove_qconfig=True)
    made.__class__ = cls
    return made


def no_conversion(kind: str, step: str) -> NotImplementedError:
    """The error for a step that another class takes: float -> observed -> quantized."""
    return NotImplementedError(
        f"It looks like you are trying to convert a {step} {kind} module. Please, see the examples on quantizable {kind}s."
    )
