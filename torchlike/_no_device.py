"""What a kind of device answers that is not here: there are none, none of their memory is in use, and nothing is to be done."""

from __future__ import annotations

from typing import Any

from torchlike.cuda.streams import Event, Stream, StreamContext, current_stream, stream

__all__ = [
    "Event", "Stream", "StreamContext", "current_allocated_memory", "current_stream", "device_count",
    "driver_allocated_memory", "empty_cache", "get_device_name", "get_device_properties", "get_rng_state", "is_available",
    "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "memory_stats", "recommended_max_memory", "reset_peak_memory_stats", "set_device", "stream",
    "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def _none(*args: Any) -> Any:
    """Raises RuntimeError: there is no such device."""
    raise RuntimeError("There is no device of this kind: JAX sees none")


def _zero(*args: Any) -> int:
    """0."""
    return 0


def _nothing(*args: Any) -> None:
    """Nothing to do."""


def memory_stats(device: Any = None) -> dict[str, int]:
    """Nothing to count."""
    return {}


set_device = get_device_properties = get_device_name = get_rng_state = mem_get_info = _none
memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = _zero
current_allocated_memory = driver_allocated_memory = recommended_max_memory = _zero
manual_seed = manual_seed_all = empty_cache = synchronize = reset_peak_memory_stats = _nothing
