"""Starting and stopping: the processes meet, JAX's own service joins their devices, and they part without hanging."""

from __future__ import annotations

import atexit
import gc
import glob
import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from types import TracebackType
from typing import Any

import jax
import numpy as np
from jax.extend.backend import clear_backends

from torchlike.base import device as devices
from torchlike.distributed import wire
from torchlike.distributed.control import Desk, Line
from torchlike.distributed.store import DistStoreError, HashStore, PrefixStore, Store
from torchlike.distributed.tcp_store import Server
from torchlike.engine import clear, processes, signature
from torchlike.engine.processes import world
from torchlike.engine.value import Value

groups = 0  # groups made so far, by any process: names must be the same everywhere


class _Running:
    """What there is while processes are together."""

    def __init__(self) -> None:
        self.store: Store = HashStore()
        self.line: Line | None = None
        self.server: Server | None = None
        self.size = 1
        self.joined = False  # JAX's service is up
        self.failed = False


_running = _Running()


def store() -> Store:
    return _running.store


def gone(rank: int) -> str:
    """Why a rank has gone, "" where it has not."""
    line = _running.line
    return line.gone.get(rank, ("", 0.0))[0] if line else ""


def awaiting(what: str) -> AbstractContextManager:
    """While this process waits for all others somewhere else than in a collective: it ends where one of them has gone."""
    line = _running.line
    return nullcontext() if line is None or world.default is None else line.awaiting(world.default, what)


def transport() -> str:
    """What torch calls the transport that is used here."""
    return "nccl" if _wants_gpu() else "gloo"


def local_rank(fallback: int | None = None) -> int:
    found = os.environ.get("LOCAL_RANK", fallback)
    if found is None:
        raise RuntimeError(
            "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow `get_node_local_rank`"
        )
    return int(found)


def local_world_size() -> int:
    return int(os.environ.get("LOCAL_WORLD_SIZE", _running.size))


def start(given: Store, rank: int, size: int, timeout: timedelta, device_index: int | None) -> None:
    """Bring this process together with the others. In a world of one there is nobody to meet."""
    global groups
    groups = 0
    _running.store, _running.size, _running.failed = given, size, False
    world.rank = rank
    if size > 1:
        seconds = timeout.total_seconds()
        meeting = PrefixStore("torchlike", given)
        meeting.set_timeout(timeout)
        if rank == 0:
            _running.server = Server("", 0)
            Desk(_running.server, size)
        hosts = _meet(meeting, rank, size, timeout)
        _running.line = line = Line(hosts[0], hosts[1], rank, seconds)
        world.announce, world.explain = line.announce, line.explain
        _join_devices(f"{hosts[0]}:{hosts[2]}", rank, size, seconds, device_index)
    processes.reset()


def _meet(meeting: Store, rank: int, size: int, timeout: timedelta) -> tuple[str, int, int]:
    """Wait until every rank is there. Returns rank 0's host, the port of its desk and the port of JAX's service."""
    mine = f"{size} {os.getpid()}@{socket.gethostname()}".encode()
    if meeting.compare_set(f"rank{rank}", "", mine) != mine:
        there = meeting.get(f"rank{rank}").decode().split()[1]
        raise ValueError(f"two processes say that they are rank {rank}: {there} is there already")
    name = (
        os.environ.get("MASTER_ADDR") or getattr(getattr(meeting, "underlying_store", None), "host", "") or socket.gethostname()
    )
    if rank == 0:
        assert _running.server is not None
        meeting.set("world", f"{size} {_running.server.port} {wire.free_port()} {socket.gethostname()} {name}")
    try:
        facts = meeting.get("world").decode().split()
    except DistStoreError as error:
        raise DistStoreError(f"rank 0 did not come within {timeout.total_seconds():g} s ({error})") from error
    _await_ranks(meeting, rank, size, {0: int(facts[0])}, timeout.total_seconds())
    return "127.0.0.1" if facts[3] == socket.gethostname() else facts[4], int(facts[1]), int(facts[2])


def _await_ranks(meeting: Store, rank: int, size: int, told: dict[int, int], seconds: float) -> None:
    """Wait for every rank, and for what each was told of the world's size.

    Raises:
        ValueError: where they were told different things. DistStoreError: where some do not come.
    """
    end = time.monotonic() + seconds
    while True:
        for other in sorted(set(range(size)) - set(told)):
            if meeting.check([f"rank{other}"]):
                told[other] = int(meeting.get(f"rank{other}").split()[0])
        differs = next((r for r, count in told.items() if count != size), None)
        if differs is not None:
            if rank == 0:
                time.sleep(1.0)  # the store may end with this process: let the others read why
            raise ValueError(
                f"the world size is not the same everywhere: rank {rank} was told {size} processes, and rank {differs} "
                f"{told[differs]}"
            )
        late = [r for r in range(size) if r not in told]
        if not late:
            return
        if time.monotonic() > end:
            raise DistStoreError(
                f"rank {rank} waited {seconds:g} s for ranks {late} of a world of {size}: start them, or correct the world size"
            )
        with suppress(DistStoreError):
            meeting.wait([f"rank{late[0]}"], timedelta(seconds=0.2))


def _wants_gpu() -> bool:
    chosen = jax.config.jax_platforms or ""
    return "cpu" not in chosen.split(",")[:1] and bool(glob.glob("/dev/nvidia[0-9]*"))


def _join_devices(address: str, rank: int, size: int, seconds: float, device_index: int | None) -> None:
    """Start JAX's service between the processes. Arrays that are there already are moved to the devices as they are then."""
    _to_host()
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.config.update("jax_enable_preemption_service", False)  # it would take the signal that ends a process
    own = None
    if _wants_gpu() and len(os.environ.get("CUDA_VISIBLE_DEVICES", ",").split(",")) != 1:
        count = len(glob.glob("/dev/nvidia[0-9]*"))
        own = [device_index if device_index is not None else int(os.environ.get("LOCAL_RANK", rank)) % count]
    clear_backends()
    assert _running.line is not None
    with _running.line.awaiting(processes.Ranks(range(size)), "joining the processes' devices"):
        jax.distributed.initialize(
            address, size, rank, local_device_ids=own, cluster_detection_method="deactivate",
            initialization_timeout=max(int(seconds), 1), heartbeat_timeout_seconds=int(min(max(seconds, 10), 100)),
            shutdown_timeout_seconds=10,
        )  # fmt: skip
    _running.joined = True
    devices.jax_device.cache_clear()
    atexit.register(_at_exit)
    sys.excepthook = _uncaught


def _to_host() -> None:
    """Bring every array to the host, since the devices are about to change."""
    for value in gc.get_objects():
        if type(value) is Value and isinstance(value.array, jax.Array) and not value.array.is_deleted():
            value.array = np.asarray(value.array)
    clear()
    signature.forget()


def stop() -> None:
    """Part from the others in good order."""
    line, _running.line = _running.line, None
    if line is not None:
        line.leave(f"rank {world.rank} has left (destroy_process_group)")
        line.await_leaving(_running.size, line.timeout)
        _shut_down(line)
    world.announce, world.explain, world.default, world.rank = None, lambda error: "", None, 0
    processes.reset()
    _running.store = HashStore()


def _shut_down(line: Line) -> None:
    line.close()
    _to_host()
    clear_backends()
    jax.distributed.shutdown()
    jax.config.update("jax_cpu_collectives_implementation", _previous_collectives)
    devices.jax_device.cache_clear()
    _running.joined = False
    if _running.server is not None:
        time.sleep(0.05)  # answers on their way
        _running.server.close()
        _running.server = None
    atexit.unregister(_at_exit)


_previous_collectives = jax.config.jax_cpu_collectives_implementation
_previous_hook = sys.excepthook


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An exception ends this rank: tell the others why."""
    _previous_hook(kind, error, trace)
    _running.failed = True
    if _running.line is not None:
        first = (str(error).splitlines() or [""])[0]
        _running.line.leave(f"rank {world.rank} has failed with {kind.__name__}: {first}")


def _at_exit() -> None:
    """The interpreter ends without `destroy_process_group`.

    JAX would wait for all others here, who may wait for this one: whoever failed goes at once, and the others hear of it.
    """
    line = _running.line
    if line is None:
        return
    if not _running.failed:
        line.leave(f"rank {world.rank} has ended")
        # Rank 0 keeps the others together: it stays until they are gone. The others give them a moment to end, too.
        if line.await_leaving(_running.size, 1e9 if world.rank == 0 else 2.0) and not _died(line):
            _running.line = None
            _shut_down(line)
            return
    line.close()
    _let_go()


def _died(line: Line) -> Sequence[int]:
    return [r for r, (why, _) in line.gone.items() if "has died" in why or "has failed" in why or "has stopped" in why]


def _let_go() -> None:
    """Leave JAX's service without waiting for anybody; nothing public does."""
    from jax._src import distributed

    state: Any = distributed.global_state
    if _running.failed:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)
    state.client = None
    state.service = None


def launched() -> bool:
    """Whether torchlike's launcher started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ
