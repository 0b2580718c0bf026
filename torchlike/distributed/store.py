"""Key-value stores that processes meet at: in memory, in a file, or served over TCP."""

from __future__ import annotations

import fcntl
import os
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

DEFAULT_TIMEOUT = timedelta(minutes=5)


class DistStoreError(RuntimeError):
    """A key did not come in time, or the store's server is gone (torch.distributed.DistStoreError)."""


DistNetworkError = DistStoreError


def encoded(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


class Store:
    """Keys to bytes, shared by processes. Reading a key waits for it.

    Raises:
        DistStoreError: where it does not come within the timeout.

    >>> store = HashStore()
    >>> store.set("a", "1")
    >>> store.add("a", 2)
    3
    >>> store.get("a")
    b'3'
    """

    def __init__(self) -> None:
        self._timeout = DEFAULT_TIMEOUT

    @property
    def timeout(self) -> timedelta:
        return self._timeout

    def set_timeout(self, timeout: timedelta) -> None:
        """How long `get` and `wait` wait."""
        self._timeout = timeout

    def _edit(self, change: Callable[[dict[str, bytes]], Any]) -> Any:
        """Apply `change` to the dictionary while nobody else sees it."""
        raise NotImplementedError

    def set(self, key: str, value: Any) -> None:
        self._edit(lambda data: data.__setitem__(key, encoded(value)))

    def get(self, key: str) -> bytes:
        self.wait([key])
        return self._edit(lambda data: data[key])

    def add(self, key: str, amount: int) -> int:
        """Add to the number at a key, 0 where there is none, and return the sum."""

        def change(data: dict[str, bytes]) -> int:
            total = int(data.get(key, b"0")) + amount
            data[key] = str(total).encode()
            return total

        return self._edit(change)

    def compare_set(self, key: str, expected_value: Any, desired_value: Any) -> bytes:
        """Set the key if it holds what is expected ("": nothing yet); returns what it holds then."""

        def change(data: dict[str, bytes]) -> bytes:
            old = data.get(key)
            if (old is None and not encoded(expected_value)) or old == encoded(expected_value):
                data[key] = encoded(desired_value)
            return data.get(key, encoded(expected_value))

        return self._edit(change)

    def append(self, key: str, value: Any) -> None:
        self._edit(lambda data: data.__setitem__(key, data.get(key, b"") + encoded(value)))

    def check(self, keys: Sequence[str]) -> bool:
        """Whether all keys are there."""
        return self._edit(lambda data: all(k in data for k in keys))

    def delete_key(self, key: str) -> bool:
        return self._edit(lambda data: data.pop(key, None) is not None)

    def num_keys(self) -> int:
        return self._edit(len)

    def multi_get(self, keys: Sequence[str]) -> list[bytes]:
        return [self.get(k) for k in keys]

    def multi_set(self, keys: Sequence[str], values: Sequence[Any]) -> None:
        for key, value in zip(keys, values, strict=True):
            self.set(key, value)

    def has_extended_api(self) -> bool:
        return True

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        """Wait until all keys are there."""
        limit = timeout or self._timeout
        end = time.monotonic() + limit.total_seconds()
        pause = 0.001
        while not self.check(keys):
            if time.monotonic() > end:
                raise DistStoreError(timed_out(self, keys, limit))
            time.sleep(pause)
            pause = min(2 * pause, 0.05)


def timed_out(store: Any, keys: Sequence[str], limit: timedelta) -> str:
    return f"wait timeout after {int(limit.total_seconds() * 1000)}ms, keys: {', '.join(keys)} ({type(store).__name__})"


class HashStore(Store):
    """A store in this process's memory, for its threads."""

    def __init__(self) -> None:
        super().__init__()
        self._data: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def _edit(self, change: Callable[[dict[str, bytes]], Any]) -> Any:
        with self._lock:
            return change(self._data)


class FileStore(Store):
    """A store in a file that all processes reach.

    Args:
        file_name: made where it is not there.
        world_size: how many use it; the last one to go removes it. -1: it stays.
    """

    def __init__(self, file_name: str, world_size: int = -1):
        super().__init__()
        self.path, self._world = os.fspath(file_name), world_size

    def _edit(self, change: Callable[[dict[str, bytes]], Any]) -> Any:
        with open(self.path, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            data = _parsed(file.read())
            before = dict(data)
            out = change(data)
            if data != before:
                file.seek(0)
                file.truncate()
                file.write(_written(data))
                file.flush()
            return out

    def num_keys(self) -> int:
        return self._edit(lambda data: len([k for k in data if k != _GONE]))

    def __del__(self) -> None:
        if self._world > 0 and os.path.exists(self.path) and self.add(_GONE, 1) >= self._world:
            os.unlink(self.path)


_GONE = "\0gone"


def _written(data: dict[str, bytes]) -> bytes:
    parts = [part for key, value in data.items() for part in (key.encode(), value)]
    return b"".join(len(p).to_bytes(8, "big") + p for p in parts)


def _parsed(raw: bytes) -> dict[str, bytes]:
    parts, at = [], 0
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 8], "big")
        parts.append(raw[at + 8 : at + 8 + size])
        at += 8 + size
    return {key.decode(): value for key, value in zip(parts[::2], parts[1::2], strict=True)}


class PrefixStore(Store):
    """Another store, with a prefix before each key."""

    def __init__(self, prefix: str, store: Store):
        super().__init__()
        self.prefix, self.underlying_store = prefix, store
        self._timeout = store.timeout

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{key}"

    def set(self, key: str, value: Any) -> None:
        self.underlying_store.set(self._key(key), value)

    def get(self, key: str) -> bytes:
        return self.underlying_store.get(self._key(key))

    def add(self, key: str, amount: int) -> int:
        return self.underlying_store.add(self._key(key), amount)

    def compare_set(self, key: str, expected_value: Any, desired_value: Any) -> bytes:
        return self.underlying_store.compare_set(self._key(key), expected_value, desired_value)

    def append(self, key: str, value: Any) -> None:
        self.underlying_store.append(self._key(key), value)

    def check(self, keys: Sequence[str]) -> bool:
        return self.underlying_store.check([self._key(k) for k in keys])

    def wait(self, keys: Sequence[str], timeout: timedelta | None = None) -> None:
        self.underlying_store.wait([self._key(k) for k in keys], timeout or self._timeout)

    def delete_key(self, key: str) -> bool:
        return self.underlying_store.delete_key(self._key(key))

    def num_keys(self) -> int:
        return self.underlying_store.num_keys()


def set_object(store: Store, key: str, value: Any) -> None:
    """Keep a Python object. Only processes of one job share a store: what comes back is trusted as they are."""
    store.set(key, pickle.dumps(value))


def get_object(store: Store, key: str, timeout: timedelta | None = None) -> Any:
    store.wait([key], timeout)
    return pickle.loads(store.get(key))
