"""Sending tensors from rank to rank. They go over TCP from host to host, so that two ranks alone are enough; within the step's
program use `torchlike.distributed.permute`."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import ml_dtypes  # noqa: F401 - numpy learns the names of its dtypes
import numpy as np

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import dtypes
from torchlike.distributed import lifecycle, wire
from torchlike.distributed import process_group as groups
from torchlike.distributed.work import Work
from torchlike.engine import flush
from torchlike.engine.processes import world
from torchlike.engine.value import host
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare


class Post:
    """Where this rank's letters arrive, and its lines to others."""

    def __init__(self) -> None:
        self.arrived: dict[tuple[str, int, int], deque[np.ndarray]] = {}  # by group, sender and tag
        self.news = threading.Condition()
        self.lines: dict[int, tuple[socket.socket, threading.Lock]] = {}
        self.socket = wire.listen("", 0)
        threading.Thread(target=self._accept, name="torchlike-post", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection:
            try:
                while True:
                    head, data = wire.receive(connection)
                    group, sender, tag, kind, shape = json.loads(head)
                    array = np.frombuffer(data, np.dtype(kind)).reshape(shape)
                    with self.news:
                        self.arrived.setdefault((group, sender, tag), deque()).append(array)
                        self.news.notify_all()
            except wire.Closed:
                return

    def send(self, to: int, group: str, tag: int, array: np.ndarray) -> None:
        connection, lock = self.lines.get(to) or self._reach(to)
        head = json.dumps([group, world.rank, tag, array.dtype.name, array.shape]).encode()
        with lock:
            try:
                wire.send(connection, [head, np.ascontiguousarray(array).tobytes()])
            except wire.Closed as error:
                raise RuntimeError(f"send to rank {to} failed: {lifecycle.gone(to) or error}") from error

    def _reach(self, to: int) -> tuple[socket.socket, threading.Lock]:
        name, port = lifecycle.store().get(f"torchlike/post{to}").decode().rsplit(":", 1)
        host_name = "127.0.0.1" if name == socket.gethostname() else name
        found = self.lines[to] = (wire.connect(host_name, int(port), 60.0), threading.Lock())
        found[0].settimeout(None)
        return found

    def take(self, group: str, sender: int | None, tag: int, limit: timedelta) -> tuple[int, np.ndarray]:
        """The next array of a sender, or of anybody."""
        end = time.monotonic() + limit.total_seconds()
        with self.news:
            while True:
                for key, letters in self.arrived.items():
                    if letters and key[0] == group and key[2] == tag and sender in (None, key[1]):
                        return key[1], letters.popleft()
                gone = None if sender is None else lifecycle.gone(sender)
                if gone:
                    raise RuntimeError(f"recv from rank {sender} failed: {gone}")
                if time.monotonic() > end:
                    whom = "any rank" if sender is None else f"rank {sender}"
                    raise RuntimeError(f"recv from {whom} on rank {world.rank} timed out after {limit.total_seconds():g} s")
                self.news.wait(0.2)


_post: tuple[Any, Post] | None = None


def post() -> Post:
    """This process's post, opened and announced when it is first needed."""
    global _post
    pg = groups.chosen(None)
    if _post is None or _post[0] is not pg:
        _post = pg, Post()
        name = f"{socket.gethostname()}:{_post[1].socket.getsockname()[1]}"
        lifecycle.store().set(f"torchlike/post{world.rank}", name)
    return _post[1]


def _peer(pg: groups.ProcessGroup, rank: int | None, group_rank: int | None, what: str) -> int | None:
    if rank is not None and group_rank is not None:
        raise ValueError("Cannot specify both a global rank and a group rank")
    found = pg.members[group_rank] if group_rank is not None else rank
    if found is not None:
        pg.place(found)
        if found == world.rank:
            raise ValueError(f"Invalid {what} rank: {what} rank should not be the same as the rank of the current process.")
    return found


def isend(tensor: Tensor, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> Work | None:
    """Send a tensor to rank `dst`. Its value is read now; it may be written again at once."""
    if groups.outsider(group, "isend"):
        return None
    pg = groups.chosen(group)
    to = _peer(pg, dst, group_dst, "destination")
    if to is None:
        raise ValueError("a destination rank must be given")
    post()
    flush()
    array = np.array(tensor.detach()._read().numpy())
    errors: list[Exception] = []
    thread = threading.Thread(target=_guarded, args=(errors, lambda: post().send(to, _name(pg), tag, array)), daemon=True)
    thread.start()

    def finish(timeout: timedelta | None) -> None:
        thread.join((timeout or pg.timeout).total_seconds())
        if errors:
            raise errors[0]

    return Work([tensor], finish)


def _guarded(errors: list[Exception], fn: Callable[[], None]) -> None:
    try:
        fn()
    except Exception as error:
        errors.append(error)


def _name(pg: groups.ProcessGroup) -> str:
    return f"{pg.group_name}/{min(pg.members)}"


def irecv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> Work | None:
    """Receive a tensor of this shape and dtype from rank `src`, or from anybody. It is written when `wait()` returns."""
    if groups.outsider(group, "irecv"):
        return None
    pg = groups.chosen(group)
    sender = _peer(pg, src, group_src, "source")
    desk = post()

    def finish(timeout: timedelta | None) -> int:
        flush()  # or the sender may wait for a collective that is pending here
        found, array = desk.take(_name(pg), sender, tag, timeout or pg.timeout)
        if array.size != tensor.numel() or dtypes.from_numpy(array.dtype) is not tensor.dtype:
            raise RuntimeError(
                f"rank {found} sent {array.dtype}{list(array.shape)}, and rank {world.rank} receives into "
                f"{tensor.dtype}{list(tensor.shape)}"
            )
        with no_grad():
            tensor._write(bare(host(array.reshape(tensor.shape).copy(), tensor.device)))
        return found

    return Work([tensor], finish)


def send(tensor: Tensor, dst: int | None = None, group: Any = None, tag: int = 0, group_dst: int | None = None) -> None:
    """Send a tensor to rank `dst`."""
    work = isend(tensor, dst, group, tag, group_dst)
    if work is not None:
        work.wait()


def recv(tensor: Tensor, src: int | None = None, group: Any = None, tag: int = 0, group_src: int | None = None) -> int:
    """Receive into a tensor from rank `src`, or from anybody (None). Returns who sent it, -1 outside of the group."""
    work = irecv(tensor, src, group, tag, group_src)
    if work is None:
        return -1
    work.wait()
    return work.source_rank()


class P2POp:
    """One send or receive of `batch_isend_irecv`: `op` is `isend` or `irecv`."""

    def __init__(
        self, op: Callable, tensor: Tensor, peer: int | None = None, group: Any = None, tag: int = 0,
        group_peer: int | None = None,
    ) -> None:  # fmt: skip
        if op not in (isend, irecv):
            raise ValueError("Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or ``irecv``.")
        self.op, self.tensor, self.peer, self.group, self.tag, self.group_peer = op, tensor, peer, group, tag, group_peer


def batch_isend_irecv(p2p_op_list: Sequence[P2POp]) -> list[Work]:
    """Start sends and receives together."""
    if not p2p_op_list or not all(isinstance(op, P2POp) for op in p2p_op_list):
        raise ValueError("Invalid ``p2p_op_list``. Each op is expected to to be of type ``torch.distributed.P2POp``.")
    found = [p.op(p.tensor, p.peer, p.group, p.tag, p.group_peer) for p in p2p_op_list]
    return [work for work in found if work is not None]
