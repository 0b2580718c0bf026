"""Runs entries of a suite (ops, modules) in worker processes, each with a time limit.

What needs the two libraries is imported by the functions that run in a worker: this module itself stays light, so that
reading results (`report`) and handing out work start no backend.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

LIFETIME = 40  # entries a worker runs before a fresh one takes over: compiled programs fill its memory


@dataclass
class Result:
    """One check of one entry at one dtype.

    Attributes:
        status: "ran", "missing" (no such function or class), "timeout" or "crashed".
        failures: `(sample, what is wrong)` of those that failed.
        suite: which database the entry is of: a key of `SUITES`.
    """

    key: str
    name: str
    family: str
    check: str
    dtype: str
    status: str = "ran"
    total: int = 0
    passed: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)
    suite: str = "ops"

    @property
    def good(self) -> bool:
        return self.status == "ran" and self.passed == self.total


@dataclass(frozen=True)
class Plan:
    """What to run: checks, dtypes (None: each check's own), which samples."""

    checks: tuple[str, ...]
    dtypes: tuple[str, ...] | None = None
    seed: int = 0
    rate: float = 1.0
    sample: int | None = None
    timeout: float = 300.0
    most: int | None = None  # samples at most, per check and dtype
    suite: str = "ops"


# What a suite's module has: `all_entries()`, `dtypes(entry, check)` and `run_check(entry, check, dtype, plan)`.
SUITES = {"ops": ".ops", "modules": ".modules"}


def suite(name: str) -> Any:
    """The module of a suite; importing it imports both libraries."""
    return importlib.import_module(SUITES[name], __package__)


def run_entry(key: str, plan: Plan) -> Iterator[Result]:
    """Every check of one entry, in this process."""
    of = suite(plan.suite)
    entry = of.all_entries()[key]
    for check in plan.checks:
        for dtype in of.dtypes(entry, check, plan.dtypes):
            yield of.run_check(entry, check, dtype, plan)


def _serve(pipe: Connection) -> None:
    """A worker's life: receive `(key, plan)`, send each result, then None."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    torch.set_num_threads(1)
    while True:
        job = pipe.recv()
        if job is None:
            return
        key, plan = job
        try:
            for result in run_entry(key, plan):
                pipe.send(asdict(result))
        except Exception:
            pipe.send(traceback.format_exc(limit=-3))
        pipe.send(None)


class Worker:
    """A process, what it is doing, and until when it may."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.served = 0
        self.key: str | None = None
        self.plan: Plan | None = None
        self.deadline = 0.0

    def give(self, key: str, plan: Plan) -> None:
        self.key, self.plan, self.served = key, plan, self.served + 1
        # A fresh process first imports both libraries.
        self.deadline = time.monotonic() + plan.timeout + (60 if self.served == 1 else 0)
        self.pipe.send((key, plan))

    def stop(self, at_once: bool = False) -> None:
        if at_once:
            self.process.kill()
        else:
            self.pipe.send(None)
        self.process.join()
        self.pipe.close()


def run(keys: Sequence[str], plan: Plan, jobs: int) -> Iterator[list[Result]]:
    """Run entries in `jobs` processes and yield each one's results as it finishes."""
    waiting = list(reversed(keys))
    workers: list[Worker] = []
    found: dict[str, list[Result]] = {key: [] for key in keys}
    try:
        while waiting or any(w.key for w in workers):
            _employ(workers, waiting, plan, jobs)
            busy = {w.pipe: w for w in workers if w.key}
            ready = wait(list(busy), timeout=1.0)
            for pipe in ready:
                worker = busy[pipe]  # type: ignore[index]  # wait gives back what it was given
                key = worker.key
                assert key
                if _receive(worker, found[key]):
                    yield found[key]
            for worker in [w for w in workers if w.key and time.monotonic() > w.deadline]:
                key = worker.key
                assert key
                found[key].append(_stopped(key, "timeout", f"took more than {plan.timeout:.0f} s", plan))
                worker.stop(at_once=True)
                workers.remove(worker)
                yield found[key]
            workers[:] = [w for w in workers if w.key or w.process.is_alive()]
    finally:
        for worker in workers:
            worker.stop(at_once=worker.key is not None)


def _employ(workers: list[Worker], waiting: list[str], plan: Plan, jobs: int) -> None:
    for worker in [w for w in workers if not w.key and w.served >= LIFETIME]:
        worker.stop()
        workers.remove(worker)
    while waiting and len([w for w in workers if w.key]) < jobs:
        idle = next((w for w in workers if not w.key), None)
        if idle is None:
            idle = Worker()
            workers.append(idle)
        idle.give(waiting.pop(), plan)


def _receive(worker: Worker, into: list[Result]) -> bool:
    """Take one message; True when the entry is finished."""
    key = worker.key
    assert key and worker.plan
    try:
        message = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        into.append(_stopped(key, "crashed", f"the process ended with code {worker.process.exitcode}", worker.plan))
        worker.key = None
        worker.process.join()
        return True
    if message is None:
        worker.key = None
        return True
    into.append(Result(**message) if isinstance(message, dict) else _stopped(key, "crashed", message, worker.plan))
    return False


def _stopped(key: str, status: str, why: str, plan: Plan) -> Result:
    entry = suite(plan.suite).all_entries()[key]
    check = plan.checks[0] if status == "timeout" and len(plan.checks) == 1 else "all"
    return Result(key, entry.name, entry.family, check, "", status, 1, 0, [(0, why)], plan.suite)
