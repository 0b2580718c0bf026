"""`torch.multiprocessing.spawn`: a function in several processes; the first error ends them all."""

from __future__ import annotations

import ctypes
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

_PR_SET_PDEATHSIG = 1
_GRACE = 30.0  # seconds between SIGTERM and SIGKILL


class ProcessException(Exception):
    """A process of `spawn` failed.

    Attributes:
        error_index, error_pid: which one, as its first argument and as the system counts it.
    """

    def __init__(self, msg: str, error_index: int, error_pid: int):
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = error_pid

    def __reduce__(self) -> tuple:
        return type(self), (self.msg, self.error_index, self.error_pid)


class ProcessRaisedException(ProcessException):
    """The function raised: the message holds its traceback."""


class ProcessExitedException(ProcessException):
    """The process ended without an exception of Python's: by a signal, or by `exit`."""

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> tuple:
        return type(self), (self.msg, self.error_index, self.error_pid, self.exit_code, self.signal_name)


def _wrap(fn: Callable, i: int, args: tuple, error_file: str) -> None:
    """What a process runs: `fn(i, *args)`, its traceback left in a file where it raises."""
    _end_with_parent()
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass  # the parent has it too, and ends us
    except Exception:
        with open(error_file, "wb") as file:
            pickle.dump(traceback.format_exc(), file)
        sys.exit(1)


def _end_with_parent() -> None:
    """Ask Linux for SIGINT when the parent dies, however that comes about."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


class ProcessContext:
    """The processes of a `start_processes(..., join=False)`."""

    def __init__(self, processes: Sequence[Any], error_files: Sequence[str]):
        self.processes = list(processes)
        self.error_files = list(error_files)
        self.sentinels = {process.sentinel: index for index, process in enumerate(self.processes)}

    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until a process ends; whether all have ended.

        Args:
            timeout: seconds to wait; for ever if None.
            grace_period: seconds that the other processes have after an error, before they are killed; 30 if None.

        Raises:
            ProcessRaisedException, ProcessExitedException: where a process failed. The others are stopped first.
        """
        if not self.sentinels:
            return True
        ended = [self.sentinels.pop(s) for s in multiprocessing.connection.wait(list(self.sentinels), timeout)]
        for index in ended:
            self.processes[index].join()
        failed = next((index for index in ended if self.processes[index].exitcode != 0), None)
        if failed is None:
            if not self.sentinels:
                self._tidy()
            return not self.sentinels
        self._stop(_GRACE if grace_period is None else grace_period)
        error = self._error(failed)
        self._tidy()
        raise error

    def _stop(self, grace: float) -> None:
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        end = time.monotonic() + grace
        for process in self.processes:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def _error(self, index: int) -> ProcessException:
        process, code = self.processes[index], self.processes[index].exitcode
        with open(self.error_files[index], "rb") as file:
            left = file.read()
        if left:
            told = pickle.loads(left)
            message = f"\n\n-- Process {index} terminated with the following error:\n{told}"
            return ProcessRaisedException(message, index, process.pid)
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"<Unknown signal {-code}>"
            message = f"process {index} terminated with signal {name}"
            return ProcessExitedException(message, index, process.pid, code, name)
        return ProcessExitedException(f"process {index} terminated with exit code {code}", index, process.pid, code)

    def _tidy(self) -> None:
        for path in self.error_files:
            if os.path.exists(path):
                os.unlink(path)


class SpawnContext(ProcessContext):
    """The name that torch's older versions have for it."""


def start_processes(
    fn: Callable,
    args: tuple = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run `fn(i, *args)` in `nprocs` new processes, i from 0.

    Args:
        join: wait for all of them; otherwise the result is a `ProcessContext` to wait with.
        daemon: whether they end when this process does.
        start_method: "spawn", "forkserver" or "fork". JAX's devices cannot be used in a forked process.

    Raises:
        ProcessRaisedException, ProcessExitedException: for the first that fails; the others are stopped.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, files = [], []
    for i in range(nprocs):
        handle, path = tempfile.mkstemp(prefix="torchlike-errorfile-", suffix=".pickle")
        os.close(handle)
        process = context.Process(target=_wrap, args=(fn, i, args, path), daemon=daemon)
        process.start()
        processes.append(process)
        files.append(path)
    running = ProcessContext(processes, files)
    if not join:
        return running
    while not running.join():
        pass
    return None


def spawn(
    fn: Callable, args: tuple = (), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"
) -> ProcessContext | None:
    """Run `fn(i, *args)` in `nprocs` fresh Python processes, i from 0; see `start_processes`.

    `fn` must be importable by the new processes: defined at the top of a module, the call guarded by `__name__ == "__main__"`.
    """
    if start_method != "spawn":
        warnings.warn(
            f"This method only supports start_method=spawn (got: {start_method}).\n"
            "To use a different start_method use:\n\t\t torch.multiprocessing.start_processes(...)",
            FutureWarning,
            stacklevel=2,
        )
    return start_processes(fn, args, nprocs, join, daemon, start_method="spawn")
