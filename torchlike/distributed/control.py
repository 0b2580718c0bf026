"""Who is alive, and whether all do the same: the desk that rank 0 keeps, and each rank's line to it.

Every rank says which collectives it is about to run. The desk compares what the members of a group say, tells each what does
not fit, and who has gone; so nobody waits for a process that will not come, and the message says who it was and why.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from jax.errors import JaxRuntimeError

from torchlike.distributed import wire
from torchlike.distributed.tcp_store import Server
from torchlike.engine.processes import Ranks, warn, world

_KEPT = 64  # collectives of a group whose descriptions are remembered
_GRACE = 4.0  # seconds in which the transport's own error may come before a process is ended


class _Stream:
    """What one rank has said of one group: how many collectives, and the last of them."""

    def __init__(self) -> None:
        self.count = 0
        self.lines: dict[int, str] = {}

    def add(self, line: str) -> int:
        self.lines[self.count] = line
        self.lines.pop(self.count - _KEPT, None)
        self.count += 1
        return self.count - 1


class Desk:
    """The server's side."""

    def __init__(self, server: Server, world_size: int):
        self.world_size = world_size
        self.lock = threading.RLock()
        self.lines: dict[int, socket.socket] = {}
        self.names: dict[int, str] = {}
        self.gone: dict[int, str] = {}
        self.streams: dict[bytes, dict[int, _Stream]] = {}
        self.waiting: list[tuple[bytes, int, int]] = []  # group, how many collectives, rank
        server.joined = self.serve

    def serve(self, connection: socket.socket, hello: list[bytes]) -> None:
        """Listen to one rank until it goes."""
        rank, name = int(hello[0]), hello[1].decode()
        with self.lock:
            self.lines[rank], self.names[rank] = connection, name
            for other, why in self.gone.items():
                self._tell(rank, b"gone", str(other).encode(), why.encode())
        try:
            while True:
                kind, *args = wire.receive(connection)
                with self.lock:
                    if kind == b"said":
                        self._said(rank, args[0], args[1] == b"1", args[2].decode().split("\n") if args[2] else [])
                    elif kind == b"leave":
                        self._gone(rank, args[0].decode())
                    elif kind == b"report":
                        self._tell(rank, b"report", self._report(args[0], rank).encode())
        except wire.Closed:
            with self.lock:
                if rank not in self.gone:
                    self._gone(rank, f"rank {rank} ({name}) has died")

    def _tell(self, rank: int, *parts: bytes) -> None:
        if rank in self.lines:
            with suppress(wire.Closed):  # its own thread will notice
                wire.send(self.lines[rank], parts)

    def _gone(self, rank: int, why: str) -> None:
        self.gone[rank] = why
        for other in self.lines:
            if other != rank:
                self._tell(other, b"gone", str(rank).encode(), why.encode())
        self._settle()

    def _said(self, rank: int, group: bytes, waits: bool, lines: list[str]) -> None:
        members = [int(r) for r in group.split(b",")]
        streams = self.streams.setdefault(group, {r: _Stream() for r in members})
        for line in lines:
            at = streams[rank].add(line)
            for other in members:
                theirs = streams[other].lines.get(at)
                if theirs is not None and theirs != line:
                    text = (
                        f"collective number {at + 1} of ranks {members} is not the same everywhere: rank {other} runs {theirs}"
                        f", and rank {rank} runs {line}; every rank must call the same collectives, with the same shapes and "
                        "dtypes, in the same order"
                    )
                    for member in members:
                        self._tell(member, b"wrong", text.encode())
                    break
        if waits:
            self.waiting.append((group, streams[rank].count, rank))
        self._settle()

    def _settle(self) -> None:
        """Answer those who wait for others, as far as that is known."""
        left = []
        for group, count, rank in self.waiting:
            streams = self.streams[group]
            late = [r for r, s in streams.items() if s.count < count]
            if not late:
                self._tell(rank, b"ready", group, str(count).encode())
            elif any(r in self.gone for r in late):
                self._tell(rank, b"missing", self._report(group, rank).encode())
            else:
                left.append((group, count, rank))
        self.waiting = left

    def _report(self, group: bytes, rank: int) -> str:
        """Who has not come to the collective at which `rank` is."""
        streams = self.streams.get(group, {})
        count = streams[rank].count if rank in streams else 0
        found = []
        for other, stream in streams.items():
            if stream.count >= count:
                continue
            why = self.gone.get(other)
            last = stream.lines.get(stream.count - 1)
            after = f" after {last}" if last else ""
            found.append(f"{why}{after}" if why else f"rank {other} ({self.names.get(other, '?')}) has not come{after}")
        return "; ".join(found) or "; ".join(self.gone[r] for r in streams if r in self.gone) or "every rank has come"


class Line:
    """A rank's side: says what it does, hears what is wrong, and ends the process where it would wait for ever.

    Args:
        timeout: seconds that a collective may wait for others.
    """

    def __init__(self, host: str, port: int, rank: int, timeout: float):
        self.rank, self.timeout = rank, timeout
        self.socket = wire.connect(host, port, timeout)
        self.socket.settimeout(None)
        self.news = threading.Condition()
        self.ready: dict[bytes, int] = {}
        self.counts: dict[bytes, int] = {}
        self.wrong = self.missing = self.report = ""
        self.gone: dict[int, tuple[str, float]] = {}
        self.busy: tuple[Ranks, str, float] | None = None
        self.elsewhere = False  # busy with something that is no collective of the ranks' programs
        self.closed = False
        wire.send(self.socket, [b"join", str(rank).encode(), f"process {os.getpid()} on {socket.gethostname()}".encode()])
        for work in (self._listen, self._watch):
            threading.Thread(target=work, name="torchlike-line", daemon=True).start()

    # ---- what the main thread calls ---------------------------------------------------------------------------

    def announce(self, ranks: Ranks, lines: Sequence[str], cold: bool) -> None:
        """Say what is about to run. Where it was compiled just now, wait until all members say the same.

        Raises:
            RuntimeError: where they do not, or not in time; says who and what.
        """
        group = _key(ranks)
        self.counts[group] = self.counts.get(group, 0) + len(lines)
        self._raise_wrong()
        world.inflight = None
        self.busy = None if cold else (ranks, _shown(lines), time.monotonic())
        self._send(b"said", group, b"1" if cold else b"0", "\n".join(lines).encode())
        if cold:
            self._await(group, lines)
            self.busy = (ranks, _shown(lines), time.monotonic())

    @contextmanager
    def awaiting(self, ranks: Ranks, what: str) -> Iterator[None]:
        """Within the block this process waits for others somewhere else, where nothing but its end can interrupt it.

        Raises:
            RuntimeError: for an error of the transport, with who has gone.
        """
        world.inflight = None
        self.busy, self.elsewhere = (ranks, what, time.monotonic()), True
        try:
            yield
        except JaxRuntimeError as error:
            raise RuntimeError(f"{what} failed: {self.explain(error)}{error}") from error
        finally:
            self.busy, self.elsewhere = None, False

    def _await(self, group: bytes, lines: Sequence[str]) -> None:
        count, end = self.counts[group], time.monotonic() + self.timeout
        with self.news:
            while self.ready.get(group, 0) < count:
                self._raise_wrong()
                if self.missing:
                    raise RuntimeError(f"{_shown(lines)} cannot be run: {self.missing}")
                if not self.news.wait(max(end - time.monotonic(), 0.0)) and time.monotonic() >= end:
                    break
            else:
                return
        raise RuntimeError(f"{_shown(lines)} timed out after {self.timeout:g} s: {self.ask(group)}")

    def _raise_wrong(self) -> None:
        if self.wrong:
            raise RuntimeError(self.wrong)

    def ask(self, group: bytes) -> str:
        """Who has not come to where this rank is."""
        with self.news:
            self.report = ""
            self._send(b"report", group)
            self.news.wait_for(lambda: self.report, 5.0)
            return self.report or "rank 0 does not answer"

    def explain(self, error: Exception) -> str:
        """What is known of why a program with collectives failed."""
        end = time.monotonic() + _GRACE / 2
        with self.news:
            while not (self.wrong or self.missing or self._lost()) and time.monotonic() < end:
                self.news.wait(0.1)
        why = self.wrong or self.missing or "; ".join(self._lost())
        return f"{why}\n" if why else ""

    def _lost(self) -> list[str]:
        members = self.busy[0].ranks if self.busy else self.gone
        return [why for rank, (why, _) in self.gone.items() if rank in members]

    def leave(self, why: str) -> None:
        """Say that nothing more is to come from this rank."""
        self._send(b"leave", why.encode())

    def await_leaving(self, world_size: int, seconds: float) -> bool:
        """Wait until all others have left or died; whether they have."""
        with self.news:
            return self.news.wait_for(lambda: len(set(self.gone) - {self.rank}) >= world_size - 1, seconds)

    def close(self) -> None:
        self.closed = True
        self.socket.close()

    def _send(self, *parts: bytes) -> None:
        try:
            wire.send(self.socket, parts)
        except wire.Closed:
            self._hear_gone(0, "rank 0 has stopped")

    # ---- what its threads do ----------------------------------------------------------------------------------

    def _listen(self) -> None:
        handlers: dict[bytes, Callable[..., None]] = {
            b"ready": lambda group, count: self.ready.__setitem__(group, int(count)),
            b"wrong": lambda text: setattr(self, "wrong", text.decode()),
            b"missing": lambda text: setattr(self, "missing", text.decode()),
            b"report": lambda text: setattr(self, "report", text.decode()),
            b"gone": lambda rank, why: self._hear_gone(int(rank), why.decode()),
        }
        while True:
            try:
                kind, *args = wire.receive(self.socket)
            except wire.Closed:
                if not self.closed:
                    self._hear_gone(0, "rank 0, which keeps the processes together, has stopped")
                return
            with self.news:
                handlers[kind](*args)
                self.news.notify_all()

    def _hear_gone(self, rank: int, why: str) -> None:
        with self.news:
            self.gone.setdefault(rank, (why, time.monotonic()))
            self.news.notify_all()

    def _watch(self) -> None:
        """End the process where a running collective waits for what will not come: nothing else can interrupt it."""
        while not self.closed:
            time.sleep(0.25)
            busy, now = self.busy, time.monotonic()
            if busy is None or _finished():
                continue
            ranks, shown, since = busy
            if self.wrong and now - since > _GRACE:
                self._end(shown, self.wrong)
            elif now - since > self.timeout:
                self._end(shown, f"timed out after {self.timeout:g} s: {self.ask(_key(ranks))}")
            elif (lost := self._overdue(ranks, now)) and not _finished():
                self._end(shown, lost)

    def _overdue(self, ranks: Ranks, now: float) -> str:
        """Who has gone some time ago without having come to the collective that runs here, or while it ran."""
        late = [r for r in ranks.ranks if r in self.gone and now - self.gone[r][1] > _GRACE]
        if not late:
            return ""
        report = "" if self.elsewhere or 0 in self.gone else self.ask(_key(ranks))
        if report == "every rank has come":
            return ""
        return report or "; ".join(self.gone[r][0] for r in late)

    def _end(self, shown: str, why: str) -> None:
        if _finished():
            return
        warn(f"rank {self.rank} stops: {shown}: {why}")
        os._exit(1)


def _key(ranks: Ranks) -> bytes:
    return ",".join(map(str, ranks.ranks)).encode()


def _shown(lines: Sequence[str]) -> str:
    rest = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return (lines[0][:200] if lines else "a collective") + rest


def _finished() -> bool:
    """Whether the last program with collectives has run to its end."""
    if world.inflight is None:
        return False
    results = [r for r in (ref() for ref in world.inflight) if r is not None]
    try:
        return all(r.is_ready() for r in results if not r.is_deleted())
    except RuntimeError:  # donated meanwhile: so it was there
        return True
