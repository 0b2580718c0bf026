"""The hooks on saved tensors that are in force in this thread."""

from __future__ import annotations

import threading
from collections.abc import Callable


class _State(threading.local):
    def __init__(self) -> None:
        self.hooks: list[tuple[Callable, Callable]] = []
        self.disabled: str | None = None


state = _State()
