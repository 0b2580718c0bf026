"""Reduction kinds and what an asynchronous collective returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import IntEnum
from typing import Any

from torchlike.base.errors import missing


class RedOpType(IntEnum):
    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR, PREMUL_SUM, UNUSED = range(10)


class ReduceOp:
    """How values are reduced: `ReduceOp.SUM`, `AVG`, `PRODUCT`, `MIN`, `MAX`, `BAND`, `BOR`, `BXOR`."""

    RedOpType = RedOpType
    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR, PREMUL_SUM, UNUSED = RedOpType

    def __new__(cls, op: Any = RedOpType.SUM) -> Any:
        return RedOpType(op)


def kind_of(op: Any) -> str:
    """The reduction's name in the op table."""
    if isinstance(op, str):
        op = RedOpType[op.upper()]
    if op in (RedOpType.PREMUL_SUM, RedOpType.UNUSED):
        raise missing("torch.distributed.ReduceOp.PREMUL_SUM", "multiply before you sum")
    return RedOpType(op).name.lower()


class Work:
    """A collective that was started. Here it is recorded: `wait()` has nothing to wait for, the value has, when it is read."""

    def __init__(self, results: Sequence[Any] = (), finish: Callable[[timedelta | None], Any] | None = None, source: int = -1):
        self._results, self._finish, self._source = list(results), finish, source
        self._error: Exception | None = None

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Return when the result may be used. Raises what went wrong."""
        finish, self._finish = self._finish, None
        if finish is not None:
            try:
                found = finish(timeout)
            except Exception as error:
                self._error = error
                raise
            if isinstance(found, int):
                self._source = found
        return True

    def synchronize(self) -> None:
        self.wait()

    def is_completed(self) -> bool:
        return self._finish is None

    def is_success(self) -> bool:
        return self._finish is None and self._error is None

    def exception(self) -> Exception | None:
        return self._error

    def result(self) -> list[Any]:
        self.wait()
        return self._results

    def source_rank(self) -> int:
        """The rank a receive came from."""
        return self._source

    def get_future(self) -> Future:
        return Future(self)


class Future:
    """The result of a `Work` (torch.futures.Future's reading side)."""

    def __init__(self, work: Work, then: Callable[[Any], Any] | None = None):
        self._work, self._then = work, then

    def wait(self) -> Any:
        self._work.wait()
        return self._work.result() if self._then is None else self._then(self)

    value = wait

    def done(self) -> bool:
        return self._work.is_completed()

    def then(self, callback: Callable[[Any], Any]) -> Future:
        return Future(self._work, lambda _: callback(self))
