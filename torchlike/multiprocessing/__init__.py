"""`torch.multiprocessing`: Python's own. Tensors go from process to process by copy (torch: in shared memory)."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
from collections.abc import Callable
from multiprocessing import *
from typing import Any

from torchlike.base.errors import absent, missing

__all__ = [*multiprocessing.__all__, "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn"]

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


def spawn(
    fn: Callable, args: tuple = (), nprocs: int = 1, join: bool = True, daemon: bool = False, start_method: str = "spawn"
) -> None:
    """Run `fn(i, *args)` in `nprocs` new processes and wait for all.

    Raises:
        RuntimeError: if one of them ends with an error; the others are stopped.
    """
    if not join:
        raise missing("torch.multiprocessing.spawn with join=False")
    context: Any = multiprocessing.get_context(start_method)
    children = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for child in children:
        child.start()
    waiting = {child.sentinel: (i, child) for i, child in enumerate(children)}
    while waiting:
        for sentinel in multiprocessing.connection.wait(list(waiting)):
            i, child = waiting.pop(sentinel)
            child.join()
            if child.exitcode:
                for other in children:
                    other.terminate()
                raise RuntimeError(f"process {i} terminated with exit code {child.exitcode}")


__getattr__ = absent("torch.multiprocessing")
