"""Anomaly mode: which node of a backward pass made the first NaN."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence
from typing import Any

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class _Mode(threading.local):
    on = False
    check_nan = True


mode = _Mode()


class set_detect_anomaly:
    """Switches anomaly mode at once; as a `with` block, until its end. Backward then runs node by node, which is slow.

    Args:
        check_nan: raise RuntimeError for the first node that returns NaN.
    """

    def __init__(self, mode_: bool, check_nan: bool = True):
        self._before = mode.on, mode.check_nan
        mode.on, mode.check_nan = bool(mode_), check_nan

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        mode.on, mode.check_nan = self._before


class detect_anomaly:
    """Anomaly mode within a `with` block; see `set_detect_anomaly`."""

    def __init__(self, check_nan: bool = True):
        self._check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = mode.on, mode.check_nan
        mode.on, mode.check_nan = True, self._check_nan

    def __exit__(self, *error: object) -> None:
        mode.on, mode.check_nan = self._before


def check(name: str, results: Sequence[Any]) -> None:
    """Raises RuntimeError where a result of a node is not a number."""
    if not mode.check_nan:
        return
    for i, result in enumerate(results):
        if result is not None and bool(result.isnan().any()):
            raise RuntimeError(f"Function '{name}' returned nan values in its {i}th output.")
