"""How processes find each other: the URLs that `init_process_group` takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlparse

from torchlike.distributed.store import DEFAULT_TIMEOUT, FileStore, Store
from torchlike.distributed.tcp_store import TCPStore

_HANDLERS: dict[str, Callable[..., Iterator[tuple[Store, int, int]]]] = {}


def register_rendezvous_handler(scheme: str, handler: Callable[..., Iterator[tuple[Store, int, int]]]) -> None:
    """Make `handler(url, timeout=...)`, which yields `(store, rank, world size)`, responsible for a scheme."""
    if scheme in _HANDLERS:
        raise RuntimeError(f"Rendezvous handler for {scheme}:// already registered")
    _HANDLERS[scheme] = handler


def rendezvous(url: str, rank: int = -1, world_size: int = -1, timeout: timedelta = DEFAULT_TIMEOUT) -> tuple[Store, int, int]:
    """The store, the rank and the world size that a URL means: `env://`, `tcp://host:port`, `file:///path`.

    Raises:
        ValueError: where the URL, the environment and the arguments do not say all three.
    """
    if not isinstance(url, str):
        raise RuntimeError(f"`init_method` must be a string. {url}")
    parts = urlparse(url)
    asked = {name: int(values[0]) for name, values in parse_qs(parts.query).items() if name in ("rank", "world_size")}
    rank = asked.get("rank", rank) if rank < 0 else rank
    world_size = asked.get("world_size", world_size) if world_size < 0 else world_size
    if parts.scheme in _HANDLERS:
        return next(iter(_HANDLERS[parts.scheme](url, timeout=timeout)))
    if parts.scheme == "env":
        return _from_environment(rank, world_size, timeout)
    if rank < 0 or world_size < 0:
        name = "rank parameter" if rank < 0 else "world size parameter"
        raise ValueError(f"Error initializing torch.distributed using {parts.scheme}:// rendezvous: {name} missing")
    if parts.scheme == "tcp":
        if not parts.port:
            raise ValueError("Error initializing torch.distributed using tcp:// rendezvous: port number missing")
        store = TCPStore(parts.hostname or "localhost", parts.port, world_size, rank == 0, timeout, wait_for_workers=False)
        return store, rank, world_size
    if parts.scheme == "file":
        if not parts.path:
            raise ValueError("Error initializing torch.distributed using file:// rendezvous: path missing")
        return FileStore(parts.path, world_size), rank, world_size
    raise RuntimeError(f"No rendezvous handler for {parts.scheme}://")


def _from_environment(rank: int, world_size: int, timeout: timedelta) -> tuple[Store, int, int]:
    def needed(name: str) -> str:
        found = os.environ.get(name)
        if not found:
            raise ValueError(
                f"Error initializing torch.distributed using env:// rendezvous: environment variable {name} expected, but not "
                "set (python -m torchlike.distributed.run sets it)"
            )
        return found

    rank = int(needed("RANK")) if rank < 0 else rank
    world_size = int(needed("WORLD_SIZE")) if world_size < 0 else world_size
    host, port = needed("MASTER_ADDR"), int(needed("MASTER_PORT"))
    return TCPStore(host, port, world_size, rank == 0, timeout, wait_for_workers=False), rank, world_size
