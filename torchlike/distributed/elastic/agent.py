"""The launcher's work on one machine: start its processes, watch them, and stop all when one fails."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from torchlike.distributed import wire
from torchlike.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from torchlike.distributed.store import DistStoreError
from torchlike.distributed.tcp_store import TCPStore


@dataclass
class Job:
    """What to start.

    Attributes:
        nodes, node_rank, processes: machines, this one's number, processes on each.
        host, port: where rank 0 is; port 0 takes a free one. meet: machines number themselves there.
        devices: devices of each process over which batches are spread; 0 leaves that alone.
    """

    command: list[str]
    processes: int = 1
    nodes: int = 1
    node_rank: int = 0
    host: str = "127.0.0.1"
    port: int = 0
    meet: bool = False
    name: str = "none"
    restarts: int = 0
    interval: float = 0.1
    role: str = "default"
    log_dir: str | None = None
    redirects: int = 0
    tee: int = 0
    devices: int = 0


def launch(job: Job) -> None:
    """Run a job on this machine. Raises ChildFailedError where a process fails for the last time."""
    meeting = _meet(job) if job.meet else None
    folder = Path(job.log_dir or tempfile.mkdtemp(prefix="torchlike-run-"))
    try:
        for attempt in range(job.restarts + 1):
            failures = _attempt(job, folder / f"attempt_{attempt}", attempt)
            if not failures:
                return
            error = ChildFailedError(" ".join(job.command[-1:]) if len(job.command) < 3 else job.command[2], failures)
            if attempt == job.restarts:
                raise error
            print(
                f"[torchlike] {error}\n[torchlike] starting all processes again ({attempt + 1} of {job.restarts})",
                file=sys.stderr,
            )
    finally:
        del meeting
        if job.log_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


def _meet(job: Job) -> TCPStore:
    """Number the machines in the order in which they come. The one that can serve the endpoint does."""
    store = None
    with suppress(OSError):
        store = TCPStore(job.host, job.port, is_master=True, wait_for_workers=False, timeout=timedelta(minutes=10))
    if store is None:
        store = TCPStore(job.host, job.port, wait_for_workers=False, timeout=timedelta(minutes=10))
    prefix = f"run/{job.name}"
    job.node_rank = 0 if store.server else store.add(f"{prefix}/machines", 1)
    if job.node_rank >= job.nodes:
        raise DistStoreError(f"more than {job.nodes} machines have come to {job.host}:{job.port}")
    if store.server:
        store.set(f"{prefix}/port", str(wire.free_port()))
    job.port = int(store.get(f"{prefix}/port"))
    return store


def _attempt(job: Job, folder: Path, attempt: int) -> dict[int, ProcessFailure]:
    """Start every process once; returns who failed, by rank."""
    folder.mkdir(parents=True, exist_ok=True)
    port = job.port or wire.free_port()
    processes, threads, files = [], [], []
    for local in range(job.processes):
        environment = _environment(job, local, port, attempt)
        environment["TORCHELASTIC_ERROR_FILE"] = str(folder / f"error_{local}.json")
        streams = {}
        for bit, stream in ((1, "stdout"), (2, "stderr")):
            if (job.redirects | job.tee) & bit:
                (folder / str(local)).mkdir(exist_ok=True)
                files.append(open(folder / str(local) / f"{stream}.log", "wb"))  # noqa: SIM115 - closed below
                streams[stream] = subprocess.PIPE if job.tee & bit else files[-1]
        child = subprocess.Popen(job.command, env=environment, **streams)  # type: ignore[call-overload]  # stdout, stderr
        processes.append(child)
        for bit, stream in ((1, "stdout"), (2, "stderr")):
            if job.tee & bit:
                file = next(f for f in files[::-1] if f.name.endswith(f"{local}/{stream}.log"))
                threads.append(threading.Thread(target=_tee, args=(getattr(child, stream), file, stream, job.role, local)))
                threads[-1].start()
    failures = _watch(job, processes, folder)
    for thread in threads:
        thread.join()
    for file in files:
        file.close()
    return failures


def _tee(source: IO[bytes], file: IO[bytes], stream: str, role: str, local: int) -> None:
    console = getattr(sys, stream)
    for line in source:
        file.write(line)
        console.write(f"[{role}{local}]:{line.decode(errors='replace')}")
        console.flush()


def _environment(job: Job, local: int, port: int, attempt: int) -> dict[str, str]:
    rank, size = job.node_rank * job.processes + local, job.nodes * job.processes
    found = dict(os.environ)
    facts: dict[str, Any] = {
        "RANK": rank, "LOCAL_RANK": local, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": job.processes, "GROUP_RANK": job.node_rank,
        "GROUP_WORLD_SIZE": job.nodes, "ROLE_NAME": job.role, "ROLE_RANK": rank, "ROLE_WORLD_SIZE": size,
        "MASTER_ADDR": job.host, "MASTER_PORT": port, "TORCHELASTIC_RESTART_COUNT": attempt,
        "TORCHELASTIC_MAX_RESTARTS": job.restarts, "TORCHELASTIC_RUN_ID": job.name, "TORCHELASTIC_USE_AGENT_STORE": "False",
    }  # fmt: skip
    found.update({name: str(value) for name, value in facts.items()})
    if job.processes > 1:
        found.setdefault("OMP_NUM_THREADS", "1")
    if job.devices:
        found["TORCHLIKE_DEVICES"] = str(job.devices)
        found["XLA_FLAGS"] = f"{found.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={job.devices}".strip()
    redirect = importlib.util.find_spec("torchlike.compat")
    if redirect is not None and redirect.submodule_search_locations:
        site = Path(next(iter(redirect.submodule_search_locations))) / "path"
        found["PYTHONPATH"] = os.pathsep.join([str(site), *filter(None, [found.get("PYTHONPATH")])])
    return found


def _watch(job: Job, processes: list[subprocess.Popen], folder: Path) -> dict[int, ProcessFailure]:
    """Wait until all have ended well, or one has failed: then stop the others."""
    try:
        while True:
            codes = [p.poll() for p in processes]
            if any(codes):
                time.sleep(job.interval)  # those who fail with it belong to the report
                return _stopped(job, processes, folder)
            if all(code == 0 for code in codes):
                return {}
            time.sleep(job.interval)
    except BaseException:
        _stop(processes)
        raise


def _stopped(job: Job, processes: list[subprocess.Popen], folder: Path) -> dict[int, ProcessFailure]:
    failures = {}
    for local, process in enumerate(processes):
        code = process.poll()
        if code:
            path = str(folder / f"error_{local}.json")
            failures[job.node_rank * job.processes + local] = ProcessFailure(local, process.pid, code, path)
    _stop(processes)
    return failures


def _stop(processes: list[subprocess.Popen]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + 30
    for process in processes:
        try:
            process.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
