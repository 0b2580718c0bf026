"""What went wrong in which process."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any


@dataclass
class ProcessFailure:
    """One process that failed: `exitcode` is negative where a signal ended it."""

    local_rank: int
    pid: int
    exitcode: int
    error_file: str
    timestamp: float = 0.0

    def __post_init__(self) -> None:
        self.timestamp = self.timestamp or time.time()

    @property
    def message(self) -> str:
        try:
            with open(self.error_file) as file:
                return json.load(file)["message"]["message"]
        except (OSError, KeyError, ValueError):
            return f"signal {signal.Signals(-self.exitcode).name}" if self.exitcode < 0 else ""


class ChildFailedError(Exception):
    """A process failed; says which was the first, and why, where that is known.

    Args:
        failures: by global rank.
    """

    def __init__(self, name: str, failures: dict[int, ProcessFailure]):
        self.name, self.failures = name, failures
        super().__init__(self.format_msg())

    def get_first_failure(self) -> tuple[int, ProcessFailure]:
        return min(self.failures.items(), key=lambda item: item[1].timestamp)

    def format_msg(self) -> str:
        first, _ = self.get_first_failure()
        lines = [f"{self.name} FAILED"]
        for rank, failure in sorted(self.failures.items(), key=lambda item: item[1].timestamp):
            mark = " (first)" if rank == first else ""
            what = f": {failure.message}" if failure.message else ""
            lines.append(
                f"  rank {rank} (local {failure.local_rank}, pid {failure.pid}): exit code {failure.exitcode}{mark}{what}"
            )
        return "\n".join(lines)


def record(fn: Callable, error_handler: Any = None) -> Callable:
    """`fn`, of which an exception is written where the launcher finds it (TORCHELASTIC_ERROR_FILE)."""

    @wraps(fn)
    def wrapper(*args: Any, **keywords: Any) -> Any:
        try:
            return fn(*args, **keywords)
        except Exception as error:
            path = os.environ.get("TORCHELASTIC_ERROR_FILE")
            if path:
                detail = {"py_callstack": traceback.format_exc(), "timestamp": str(int(time.time()))}
                with open(path, "w") as file:
                    json.dump({"message": {"message": f"{type(error).__name__}: {error}", "extraInfo": detail}}, file)
            raise

    return wrapper
