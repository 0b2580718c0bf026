"""Messages over sockets: lists of byte strings, each behind its length. Nothing that arrives is ever unpickled here."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

_MOST = 1 << 40


class Closed(ConnectionError):
    """The other side has gone."""


def send(sock: socket.socket, parts: Sequence[bytes]) -> None:
    """Send one message."""
    head = struct.pack(f"!I{len(parts)}Q", len(parts), *map(len, parts))
    try:
        sock.sendall(b"".join([head, *parts]))
    except OSError as error:
        raise Closed(str(error)) from error


def receive(sock: socket.socket) -> list[bytes]:
    """The next message. Raises Closed where there will be none."""
    (count,) = struct.unpack("!I", _exactly(sock, 4))
    if count > 1 << 20:
        raise Closed("not a message of torchlike")
    sizes = struct.unpack(f"!{count}Q", _exactly(sock, 8 * count))
    return [_exactly(sock, size) for size in sizes]


def _exactly(sock: socket.socket, size: int) -> bytes:
    if size > _MOST:
        raise Closed("not a message of torchlike")
    parts = []
    try:
        while size:
            part = sock.recv(min(size, 1 << 20))
            if not part:
                raise Closed("the connection was closed")
            parts.append(part)
            size -= len(part)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed(str(error)) from error
    return b"".join(parts)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(512)
    return sock


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A connection. Raises OSError where nobody answers at once."""
    sock = socket.create_connection((host, port), timeout=timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("", 0))
        return sock.getsockname()[1]
