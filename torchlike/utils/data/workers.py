"""The worker processes of a loader, and the iterator that hands out work to them."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing.connection
import os
import signal
import time
import warnings
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from torchlike.base.errors import ExceptionWrapper
from torchlike.engine import host
from torchlike.utils.data.iterators import _BaseDataLoaderIter, _DatasetKind
from torchlike.utils.data.transport import Channel
from torchlike.utils.data.worker import Dismissed, Ended, Job, Resume, WorkerInfo, run

if TYPE_CHECKING:
    from torchlike.utils.data.dataloader import DataLoader

_PATIENCE = 5.0  # seconds that a worker has to end by itself


class Worker:
    """A process and the two pipes to it. Only it and we hold them, so that its death is the end of its pipe."""

    def __init__(self, context: Any, job: Job, earlier: list[Worker]):
        fork = context.get_start_method() == "fork"
        theirs, self.tasks = context.Pipe(duplex=False)
        ours, child = context.Pipe(duplex=True)
        self.results = Channel(ours)
        inherited = [end for w in earlier for end in (w.tasks, w.results)] + [self.tasks, self.results] if fork else []
        self.process = context.Process(target=run, args=(job, theirs, Channel(child), inherited), daemon=True)
        self.owner = os.getpid()
        with _starting(fork):
            self.process.start()
        theirs.close()
        child.close()
        self.busy = 0  # tasks it has not answered
        self.active = True  # its stream is not at its end

    def send(self, task: Any) -> None:
        try:
            self.tasks.send(task)
        except OSError:
            self.died()

    def receive(self) -> Any:
        try:
            return self.results.receive()
        except (EOFError, ConnectionResetError):
            self.died()

    def died(self) -> NoReturn:
        """Raise the error that says how it ended."""
        self.process.join(_PATIENCE)
        code, pid = self.process.exitcode, self.process.pid
        if code is not None and code < 0:
            name = signal.strsignal(-code) or f"signal {-code}"
            detail = f"DataLoader worker (pid {pid}) is killed by signal: {name}. "
        else:
            detail = (
                f"DataLoader worker (pid {pid}) exited unexpectedly with exit code {code}. Details are lost due to "
                "multiprocessing. Rerunning with num_workers=0 may give better error trace."
            )
        raise RuntimeError(f"DataLoader worker (pid(s) {pid}) exited unexpectedly") from RuntimeError(detail)

    def dismiss(self) -> None:
        """Tell it to end."""
        with contextlib.suppress(OSError):
            self.tasks.send(Dismissed())
        self.tasks.close()
        self.results.close()

    def end(self, until: float) -> None:
        """Wait for its end until a moment of the monotonic clock; make it end then."""
        self.process.join(max(0.0, until - time.monotonic()))
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


@contextlib.contextmanager
def _starting(fork: bool) -> Iterator[None]:
    """What holds while a process is started: no warning of JAX's (a forked worker leaves XLA alone), no accelerator for it."""
    if fork:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"os\.fork\(\) was called", category=RuntimeWarning)
            warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork", category=DeprecationWarning)
            yield
        return
    before = os.environ.get("JAX_PLATFORMS")
    os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        yield
    finally:
        del os.environ["JAX_PLATFORMS"]
        if before is not None:
            os.environ["JAX_PLATFORMS"] = before


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """One pass over a loader whose batches are made by worker processes, in the order in which they were asked for."""

    _workers: list[Worker] = []

    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        if not loader.prefetch_factor:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._limit = loader.prefetch_factor * loader.num_workers
        self._context = loader.multiprocessing_context or multiprocessing.get_context()
        self._workers = []
        host.table()  # what forked workers would each load for themselves
        try:
            for i in range(loader.num_workers):
                self._workers.append(Worker(self._context, self._job(i), self._workers))
        except BaseException:
            self._shutdown()
            raise
        self._start()

    def _job(self, i: int) -> Job:
        loader, resumed = self._loader, self._resumed
        info = WorkerInfo(i, loader.num_workers, self._base_seed + i, loader.dataset)
        stream = loader._dataset_kind == _DatasetKind.Iterable
        skip, state = resumed["workers"][i] if resumed else (0, None)
        return Job(
            info, stream, loader._auto_collation, loader.collate_fn, loader.drop_last, loader.worker_init_fn, self._base_seed,
            skip * (loader.batch_size or 1) if stream else 0, state,
        )  # fmt: skip

    def _start(self) -> None:
        """Give every worker its first tasks."""
        first = self._resumed["next_worker"] if self._resumed else 0
        ring = list(range(len(self._workers)))
        self._turns = itertools.cycle(ring[first:] + ring[:first])
        self._pending: deque[int] = deque()  # whose turn it is, per task that is out
        self._ready: deque[tuple[Any, int]] = deque()  # what has arrived before it was asked for
        self._progress = [tuple(p) for p in self._resumed["workers"]] if self._resumed else [(0, None)] * len(self._workers)
        self._last = (first - 1) % len(self._workers)
        for worker in self._workers:
            worker.busy, worker.active = 0, True
        for _ in range(self._limit):
            self._ask()

    def _reset(self) -> None:
        """Begin another epoch with the same workers."""
        self._begin(again=True)
        for worker in self._workers:
            worker.send(Resume())
        for worker in self._workers:
            while not isinstance(worker.receive()[0], Resume):
                pass  # what was asked for before is not wanted any more
        self._start()

    def _ask(self) -> None:
        """Hand out one more task, if there are both an index and a worker for it."""
        try:
            index = next(self._sampler_iter)
        except StopIteration:
            return
        active = sum(worker.active for worker in self._workers)
        for turn in itertools.islice(self._turns, len(self._workers)):
            worker = self._workers[turn]
            if worker.active and (self._loader.in_order or worker.busy < self._limit // active):
                worker.send(index)
                worker.busy += 1
                self._pending.append(turn)
                return

    def _next_data(self) -> Any:
        while True:
            if self._ready:
                data, turn = self._ready.popleft()
            else:
                turn = self._turn()
                data = self._take(turn, self._loader.timeout or None)
            if isinstance(data, Ended):
                self._workers[turn].active = False
                self._pending = deque(t for t in self._pending if t != turn)
                self._ask()
                continue
            self._ask()
            self._progress[turn] = (self._progress[turn][0] + 1, self._state)
            self._last = turn
            if isinstance(data, ExceptionWrapper):
                data.reraise()
            return data

    def _turn(self) -> int:
        """The worker to listen to next. Raises StopIteration where nothing more will come."""
        if not self._pending:
            if not self._loader.persistent_workers:
                self._shutdown()
            raise StopIteration
        if self._loader.in_order:
            return self._pending.popleft()
        waiting: list[Any] = [self._workers[turn].results for turn in dict.fromkeys(self._pending)]
        arrived = multiprocessing.connection.wait(waiting, self._loader.timeout or None)
        if not arrived:
            self._shutdown(0.0)
            raise self._timed_out()
        turn = next(i for i, worker in enumerate(self._workers) if worker.results is arrived[0])
        self._pending.remove(turn)
        return turn

    def _take(self, turn: int, timeout: float | None) -> Any:
        worker = self._workers[turn]
        try:
            if not worker.results.poll(timeout):
                raise self._timed_out()
            data, self._state = worker.receive()
        except RuntimeError:
            self._shutdown(0.0)
            raise
        worker.busy -= 1
        return data

    def _timed_out(self) -> RuntimeError:
        return RuntimeError(f"DataLoader timed out after {self._loader.timeout} seconds")

    def _ahead(self) -> Any:
        """The next batch, if it is there already: it is placed on the device while this one is used."""
        if self._ready or not self._pending or not self._loader.in_order:
            return None
        turn = self._pending[0]
        if not self._workers[turn].results.poll(0):
            return None
        self._pending.popleft()
        data = self._take(turn, None)
        self._ready.append((data, turn))
        return data

    def _where(self) -> dict:
        return {"workers": [list(p) for p in self._progress], "next_worker": (self._last + 1) % len(self._workers)}

    def _shutdown(self, patience: float = _PATIENCE) -> None:
        workers, self._workers = self._workers, []
        if not workers or workers[0].owner != os.getpid():  # a forked process has no part in them
            return
        self._pending = deque()
        for worker in workers:
            worker.dismiss()
        until = time.monotonic() + patience
        for worker in workers:
            worker.end(until)

    def __del__(self) -> None:
        self._shutdown()
