"""What compilations have cost, where they are kept, and a word to the user where they do not come to an end.

Each combination of shapes is a program of its own. Where shapes never repeat (a cache that grows by a row each step, batches
padded to their own longest text) a script would compile for ever and say nothing.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax

from torchlike.base.flags import flags

MANY = 16  # programs that do the same operations: said from here on, at each doubling
SECONDS = 20.0  # and if they have taken so long altogether
_MOST = 4096

_known: dict[int, list[float]] = {}


@dataclass
class Stats:
    """Counters that tests and users read (`torchlike.engine.stats`).

    Attributes:
        compiled: programs built. run: programs run. hits: runs that found their program. nodes: nodes run.
        by_numpy: runs of what never came again (see `engine.seldom`), without a program.
        seconds: what the first runs of programs took, compilation included.
        cold: the last flush compiled; while so, user lines are kept for error messages.
    """

    compiled: int = 0
    run: int = 0
    hits: int = 0
    nodes: int = 0
    by_numpy: int = 0
    seconds: float = 0.0
    cold: bool = True

    def reset(self) -> None:
        self.compiled = self.run = self.hits = self.nodes = self.by_numpy = 0
        self.seconds = 0.0


stats = Stats()


def note(entries: Sequence[tuple], seconds: float, lines: Sequence[str] | None) -> None:
    """A program has been compiled and run for the first time.

    Args:
        entries: its graph's. seconds: how long that took. lines: the user's line of each entry, where they were kept.
    """
    if len(_known) >= _MOST:
        _known.clear()
    entry = _known.setdefault(hash(tuple(_shapeless(e) for e in entries)), [0, 0.0])
    entry[0] += 1
    entry[1] += seconds
    count = int(entry[0])
    if count < MANY or entry[1] < SECONDS or count & (count - 1):
        return
    where = f" (recorded from {lines[0]} to {lines[-1]})" if lines else ""
    warnings.warn(
        f"{count} programs of the same {len(entries)} operations{where} have been compiled for as many different shapes or "
        f"constants, in {entry[1]:.0f} s altogether. Shapes that come from a few sizes, such as batches padded to a multiple "
        "of 64 or a cache of fixed length, are compiled once each. TORCHLIKE_DEBUG=1 tells of each compilation.",
        RuntimeWarning,
        stacklevel=2,
    )


def _shapeless(entry: tuple) -> Any:
    signature, pair, *slots = entry
    return signature.name, pair, len(slots)


def clear() -> None:
    """Forget what has been compiled."""
    _known.clear()


_persistent = False


def persist() -> None:
    """Turn on JAX's persistent compilation cache at the first compilation, unless the user chose one."""
    global _persistent
    if _persistent:
        return
    _persistent = True
    if flags.cache in ("", "0") or jax.config.jax_compilation_cache_dir or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    jax.config.update("jax_compilation_cache_dir", flags.cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
