"""Every switch of torchlike, read once from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


def _default_cache() -> str:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return os.environ.get("TORCHLIKE_CACHE", str(Path(base) / "torchlike"))


DEVICES = ("auto", "cpu", "gpu", "tpu")


def chosen_device(name: str) -> str:
    """One of DEVICES. Raises ValueError for another name."""
    if name not in DEVICES:
        raise ValueError(f"TORCHLIKE_DEVICE must be one of {', '.join(DEVICES)}, but got {name!r}")
    return name


@dataclass
class Flags:
    """The few switches there are; the README lists them with their levels.

    Attributes:
        device: TORCHLIKE_DEVICE is what "cuda" means: the GPU (auto, gpu), the TPU (tpu), or the CPU, and then no GPU is
            available (cpu).
        eager: TORCHLIKE_EAGER=1 runs each op at once (for debugging).
        debug: TORCHLIKE_DEBUG=1 prints each compilation and why, 2 adds times, 3 the jaxpr.
        cache: TORCHLIKE_CACHE is the folder of compiled programs; "" or "0" turns it off.
        rng: TORCHLIKE_RNG=device draws random numbers on the device instead of torch's own on the host.
        max_pending: TORCHLIKE_MAX_PENDING nodes are recorded at most before they are run.
        max_programs: TORCHLIKE_MAX_PROGRAMS compiled programs are kept in memory.
        scan: TORCHLIKE_SCAN=0 compiles layers that repeat one by one, 1 as a loop wherever they do, auto (the default) where
            there are enough of them and it costs no speed.
    """

    device: str = field(default_factory=lambda: chosen_device(os.environ.get("TORCHLIKE_DEVICE", "") or "auto"))
    eager: bool = field(default_factory=lambda: os.environ.get("TORCHLIKE_EAGER", "0") not in ("", "0"))
    debug: int = field(default_factory=lambda: int(os.environ.get("TORCHLIKE_DEBUG", "0") or 0))
    cache: str = field(default_factory=_default_cache)
    rng: str = field(default_factory=lambda: os.environ.get("TORCHLIKE_RNG", "torch"))
    max_pending: int = field(default_factory=lambda: int(os.environ.get("TORCHLIKE_MAX_PENDING", "4096")))
    max_programs: int = field(default_factory=lambda: int(os.environ.get("TORCHLIKE_MAX_PROGRAMS", "512")))
    scan: str = field(default_factory=lambda: os.environ.get("TORCHLIKE_SCAN", "") or "auto")


flags = Flags()
