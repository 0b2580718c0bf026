"""The store that one process serves to all others over TCP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from torchlike.distributed import wire
from torchlike.distributed.store import DEFAULT_TIMEOUT, DistStoreError, HashStore, Store, encoded, timed_out


class Server:
    """Answers clients, one thread each, until closed."""

    def __init__(self, host: str, port: int):
        self.data = HashStore()
        self.changed = threading.Condition()
        self.socket = wire.listen(host, port)
        self.port = self.socket.getsockname()[1]
        # What takes over a connection that says "join" (see torchlike.distributed.control).
        self.joined: Callable[[socket.socket, list[bytes]], None] | None = None
        threading.Thread(target=self._accept, name="torchlike-store", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while True:
                    command, *args = wire.receive(connection)
                    if command == b"join":
                        while self.joined is None:  # it is set up right after the server
                            time.sleep(0.001)
                        self.joined(connection, args)
                        return
                    wire.send(connection, self._answer(command.decode(), args))
            except wire.Closed:
                return

    def _answer(self, command: str, args: list[bytes]) -> list[bytes]:
        data = self.data
        if command not in ("wait", "get", "check", "keys"):
            with self.changed:
                out = self._write(command, args)
                self.changed.notify_all()
            return [out]
        keys = [a.decode() for a in args]
        if command == "wait":
            end = time.monotonic() + float(keys[0])
            with self.changed:
                while not data.check(keys[1:]):
                    if not self.changed.wait(max(end - time.monotonic(), 0)) and time.monotonic() >= end:
                        return [b"late"]
            return [b"ok"]
        if command == "get":
            return [data._edit(lambda d: d.get(keys[0], b""))]
        if command == "check":
            return [b"1" if data.check(keys) else b"0"]
        return [str(data.num_keys()).encode()]

    def _write(self, command: str, args: list[bytes]) -> bytes:
        key = args[0].decode()
        if command == "set":
            self.data.set(key, args[1])
        elif command == "append":
            self.data.append(key, args[1])
        elif command == "add":
            return str(self.data.add(key, int(args[1]))).encode()
        elif command == "cas":
            return self.data.compare_set(key, args[1], args[2])
        elif command == "delete":
            return b"1" if self.data.delete_key(key) else b"0"
        return b"ok"

    def close(self) -> None:
        """Take no new clients; those that are there are answered until they go."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for clients
        self.socket.close()


class TCPStore(Store):
    """A store served by one process over TCP.

    Args:
        is_master: this process serves it. port: 0 lets the master take any free one (then see `.port`).
        wait_for_workers: the constructor returns once `world_size` processes are there.

    Raises:
        DistStoreError: where the server does not answer within the timeout, or stops.
    """

    def __init__(
        self, host_name: str, port: int, world_size: int | None = None, is_master: bool = False,
        timeout: timedelta = DEFAULT_TIMEOUT, wait_for_workers: bool = True, multi_tenant: bool = False,
        master_listen_fd: int | None = None, use_libuv: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self._timeout, self.host = timeout, host_name
        self.server = Server("", port) if is_master else None
        self.port = self.server.port if self.server else port
        self._lock = threading.Lock()
        self._socket = self._reach()
        if wait_for_workers and world_size:
            self._gather(world_size)

    def _reach(self) -> socket.socket:
        host = "127.0.0.1" if self.server else self.host
        end = time.monotonic() + self._timeout.total_seconds()
        while True:
            try:
                found = wire.connect(host, self.port, max(end - time.monotonic(), 1.0))
            except OSError as error:
                if time.monotonic() > end:
                    raise DistStoreError(
                        f"The client socket has timed out after {int(self._timeout.total_seconds() * 1000)}ms while trying to "
                        f"connect to ({self.host}, {self.port}): is rank 0 running, and are MASTER_ADDR and MASTER_PORT the "
                        f"same everywhere? ({error})"
                    ) from error
                time.sleep(0.05)
            else:
                found.settimeout(None)
                return found

    def _gather(self, world_size: int) -> None:
        """Wait until everybody is there."""
        here = self.add("init/count", 1)
        if here % world_size == 0:
            self.set(f"init/complete{here // world_size}", "1")
        turn = -(-here // world_size)
        try:
            self.wait([f"init/complete{turn}"])
        except DistStoreError as error:
            there = int(self._ask("get", b"init/count")[0] or b"0")
            raise DistStoreError(
                f"Timed out after {int(self._timeout.total_seconds()) + 1} seconds waiting for clients. "
                f"{there}/{world_size} clients joined: is the world size the same everywhere, and has every rank started?"
            ) from error

    def _ask(self, command: str, *args: bytes) -> list[bytes]:
        with self._lock:
            try:
                wire.send(self._socket, [command.encode(), *args])
                return wire.receive(self._socket)
            except wire.Closed as error:
                raise DistStoreError(
                    f"the store at {self.host}:{self.port} is gone: the process that served it (rank 0) has stopped ({error})"
                ) from error

    def close(self) -> None:
        """Hang up, and stop serving."""
        self._socket.close()
        if self.server:
            self.server.close()

    def __del__(self) -> None:
        if hasattr(self, "_socket"):
            self.close()

    def set(self, key: str, value: Any) -> None:
        self._ask("set", key.encode(), encoded(value))

    def get(self, key: str) -> bytes:
        self.wait([key])
        return self._ask("get", key.encode())[0]

    def add(self, key: str, amount: int) -> int:
        return int(self._ask("add", key.encode(), str(amount).encode())[0])

    def compare_set(self, key: str, expected_value: Any, desired_value: Any) -> bytes:
        return self._ask("cas", key.encode(), encoded(expected_value), encoded(desired_value))[0]

    def append(self, key: str, value: Any) -> None:
        self._ask("append", key.encode(), encoded(value))

    def check(self, keys: Sequence[str]) -> bool:
        return self._ask("check", *[k.encode() for k in keys]) == [b"1"]

    def delete_key(self, key: str) -> bool:
        return self._ask("delete", key.encode()) == [b"1"]

    def num_keys(self) -> int:
        return int(self._ask("keys")[0])

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        limit = timeout or self._timeout
        end = time.monotonic() + limit.total_seconds()
        while True:  # in short turns, so that other threads of this process get at the connection
            turn = min(0.2, max(end - time.monotonic(), 0.0))
            if self._ask("wait", str(turn).encode(), *[k.encode() for k in keys]) == [b"ok"]:
                return
            if time.monotonic() >= end:
                raise DistStoreError(timed_out(self, keys, limit))
