"""The worker process of a loader: takes indices, gives batches."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import jax
import numpy as np

from torchlike.base.errors import ExceptionWrapper
from torchlike.engine import host
from torchlike.engine import random as engine_random
from torchlike.utils.data.fetch import MapFetcher, StreamFetcher
from torchlike.utils.data.transport import Channel

# How often, in seconds, a worker that waits for work looks whether its parent is still there.
MP_STATUS_CHECK_INTERVAL = 5.0


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info()` says in a worker.

    Attributes:
        id: of this worker, from 0. num_workers: how many there are. seed: this worker's own. dataset: its copy.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


@dataclass(frozen=True)
class Job:
    """What a worker is started with."""

    info: WorkerInfo
    stream: bool
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    init_fn: Callable[[int], None] | None
    base_seed: int
    skip: int = 0  # samples of a stream that were given before, by a run that is resumed
    state: Any = None  # what the dataset said then of where it was, in place of `skip`


class Ended:
    """In place of a batch: the worker's stream is at its end."""


class Dismissed:
    """In place of indices: there is nothing more to do."""


class Resume:
    """In place of indices, and then of a batch: a new epoch begins."""


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker process what it should know of itself; None elsewhere."""
    return _worker_info


def numpy_seed(base_seed: int, worker_id: int) -> np.ndarray:
    """The seed of numpy's global generator, as torch makes it."""
    return np.random.SeedSequence([worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]).generate_state(4)


def run(job: Job, tasks: Connection, results: Channel, others: list[Any]) -> None:
    """Fetch what `tasks` ask for until they end.

    Args:
        others: the loading process's ends of the pipes, which a forked worker has a copy of and closes.
    """
    for other in others:
        other.close()
    _begin(job)
    # The loading process may be gone or want nothing more; an interrupt it has itself.
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        _serve(job, tasks, results)


def _begin(job: Job) -> None:
    global _worker_info
    if not host.enabled():  # a fresh process: XLA may be used where numpy does not know how, on the CPU
        jax.config.update("jax_platforms", "cpu")
        host.enable()
    gc.freeze()  # what was there at the fork stays where it is: collecting it would only copy pages
    info = job.info
    random.seed(info.seed)
    engine_random.manual_seed(info.seed)
    np.random.seed(numpy_seed(job.base_seed, info.id))  # noqa: NPY002 - users' code reads the global state
    _worker_info = info


def _serve(job: Job, tasks: Connection, results: Channel) -> None:
    fetch: Any = None
    failed: ExceptionWrapper | None = None
    where = f"in DataLoader worker process {job.info.id}"
    try:
        if job.init_fn is not None:
            job.init_fn(job.info.id)
        fetch = _fetcher(job, job.skip, job.state)
    except Exception:
        failed = ExceptionWrapper(sys.exc_info(), where)
    ended = False
    while not isinstance(task := _next(tasks), Dismissed):
        if isinstance(task, Resume):
            results.send((task, None))
            ended = False
            try:
                fetch, failed = _fetcher(job, 0, None), None
            except Exception:
                failed = ExceptionWrapper(sys.exc_info(), where)
            continue
        if ended:
            continue
        if failed is not None:
            data, failed = failed, None
        else:
            data = _attempt(fetch, task, where, job.stream)
        ended = isinstance(data, Ended)
        state = _state(fetch)
        try:
            results.send((data, state))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception:  # what does not pickle
            results.send((ExceptionWrapper(sys.exc_info(), where), None))
        del data


def _attempt(fetch: Any, indices: Any, where: str, stream: bool) -> Any:
    try:
        return fetch(indices)
    except StopIteration:
        return Ended() if stream else ExceptionWrapper(sys.exc_info(), where)
    except Exception:
        return ExceptionWrapper(sys.exc_info(), where)


def _fetcher(job: Job, skip: int, state: Any) -> Any:
    dataset = job.info.dataset
    if not job.stream:
        if state is not None:
            dataset.load_state_dict(state)
        return MapFetcher(dataset, job.batched, job.collate_fn)
    return resumed_stream(StreamFetcher, (dataset, job.batched, job.collate_fn, job.drop_last), skip, state)


def resumed_stream(kind: type[StreamFetcher], arguments: tuple, skip: int, state: Any) -> StreamFetcher:
    """A fetcher of a stream from where it was: by the state of its iterator or dataset, or behind `skip` samples."""
    dataset = arguments[0]
    if state is not None and not state["iterator"]:
        dataset.load_state_dict(state["state"])
    found = kind(*arguments)
    if state is None:
        found.skip(skip)
    elif state["iterator"]:
        found.samples.load_state_dict(state["state"])
    return found


def _state(fetch: Any) -> Any:
    return None if fetch is None else state_of(fetch)


def state_of(fetch: Any) -> Any:
    """Where the stream (or the dataset) is, if it can say."""
    samples: Any = getattr(fetch, "samples", None)
    if hasattr(samples, "state_dict") and hasattr(samples, "load_state_dict"):
        return {"iterator": True, "state": samples.state_dict()}
    dataset: Any = getattr(fetch, "dataset", None)
    if hasattr(dataset, "state_dict") and hasattr(dataset, "load_state_dict"):
        state = dataset.state_dict()
        return {"iterator": False, "state": state} if samples is not None else state
    return None


def _next(tasks: Connection) -> Any:
    """The next task; that there are no more when the loading process has died."""
    parent = multiprocessing.parent_process()
    while not tasks.poll(MP_STATUS_CHECK_INTERVAL):
        if parent is not None and not parent.is_alive():
            return Dismissed()
    return tasks.recv()
