"""`torch.multiprocessing`: Python's own, and `spawn`. Tensors go from process to process by copy (torch: in shared memory)."""

from __future__ import annotations

import multiprocessing
from multiprocessing import *

from torchlike.base.errors import absent
from torchlike.multiprocessing.spawn import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    *multiprocessing.__all__,
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]

_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """The names of torch's ways of sharing memory."""
    return set(_STRATEGIES)


def get_sharing_strategy() -> str:
    """The one that was set, which changes nothing."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Keep the setting, which changes nothing."""
    global _strategy
    assert new_strategy in _STRATEGIES
    _strategy = new_strategy


def init_reductions() -> None:
    """Nothing to do: tensors pickle as they are."""


__getattr__ = absent("torch.multiprocessing")
