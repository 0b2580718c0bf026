"""`torch.futures`: values that somebody will set."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["Future", "collect_all", "wait_all"]

T = TypeVar("T")


class Future(Generic[T]):
    """A value that is set later, and waited for.

    Args:
        devices: where the value's tensors will be; of no consequence here.

    >>> future = Future()
    >>> after = future.then(lambda f: f.wait() + 1)
    >>> future.set_result(1)
    >>> after.wait()
    2
    """

    def __init__(self, *, devices: Any = None):
        self._event, self._lock = threading.Event(), threading.Lock()
        self._value: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Future], Any]] = []

    def done(self) -> bool:
        """Whether it is set."""
        return self._event.is_set()

    def wait(self) -> T:
        """The value, once it is set; an exception that was set is raised."""
        self._event.wait()
        if self._error is not None:
            raise self._error
        return self._value

    def value(self) -> T:
        """The value of a future that is done.

        Raises:
            RuntimeError: if it is not.
        """
        if not self.done():
            raise RuntimeError("Cannot call value() on a future that is not yet done: call wait() first")
        return self.wait()

    def _set(self, value: Any, error: BaseException | None) -> None:
        with self._lock:
            if self.done():
                raise RuntimeError("Future can only be marked completed once: it has its value already")
            self._value, self._error = value, error
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)

    def set_result(self, result: T) -> None:
        """Set the value; callbacks run at once, in this thread."""
        self._set(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Set an exception, which `wait` will raise."""
        if not isinstance(result, BaseException):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._set(None, result)

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Call a function with this future when it is done; at once if it is."""
        with self._lock:
            if not self.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback: Callable[[Future[T]], Any]) -> Future:
        """The future of what a function of this one will give."""
        after: Future = Future()

        def run(done: Future) -> None:
            try:
                result = callback(done)
            except Exception as error:
                after.set_exception(error)
            else:
                after.set_result(result)

        self.add_done_callback(run)
        return after


def collect_all(futures: list[Future]) -> Future[list[Future]]:
    """A future that is done, with the futures as its value, when all of them are."""
    found: Future[list[Future]] = Future()
    left, lock = [len(futures)], threading.Lock()

    def one(_: Future) -> None:
        with lock:
            left[0] -= 1
            last = left[0] == 0
        if last:
            found.set_result(futures)

    if not futures:
        found.set_result(futures)
    for future in futures:
        future.add_done_callback(one)
    return found


def wait_all(futures: list[Future]) -> list:
    """The values of futures, once all are done; the first exception among them is raised."""
    return [future.wait() for future in collect_all(futures).wait()]
