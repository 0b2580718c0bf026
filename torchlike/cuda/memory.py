"""How much memory of a GPU is in use, as XLA's allocator counts it. All is 0 where there is no GPU, as in torch."""

from __future__ import annotations

from typing import Any

from torchlike.base.errors import absent
from torchlike.cuda.queries import index_of, init, is_available, jax_of
from torchlike.engine import flush

_since: dict[int, int] = {}  # the peak that XLA knew when it was last reset here


def _stats(device: Any = None) -> dict[str, int]:
    return dict(jax_of(device).memory_stats() or {}) if is_available() else {}


def memory_allocated(device: Any = None) -> int:
    """Bytes in use."""
    return _stats(device).get("bytes_in_use", 0)


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes in use since `reset_peak_memory_stats`, or since the start.

    XLA's peak cannot be reset: until a new one is reached, this is what is in use now.
    """
    found = _stats(device)
    peak, now = found.get("peak_bytes_in_use", 0), found.get("bytes_in_use", 0)
    return peak if peak > _since.get(index_of(device), 0) else now


def memory_reserved(device: Any = None) -> int:
    """Bytes that XLA's allocator has taken from the GPU."""
    found = _stats(device)
    return found.get("pool_bytes", found.get("bytes_reserved", found.get("bytes_in_use", 0)))


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes that XLA's allocator has taken from the GPU."""
    return max(_stats(device).get("peak_pool_bytes", 0), memory_reserved(device), max_memory_allocated(device))


def reset_peak_memory_stats(device: Any = None) -> None:
    """Count the peak anew."""
    if is_available():
        _since[index_of(device)] = _stats(device).get("peak_bytes_in_use", 0)


def reset_accumulated_memory_stats(device: Any = None) -> None:
    """Nothing is accumulated."""


memory_cached, max_memory_cached = memory_reserved, max_memory_reserved
reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def memory_stats(device: Any = None) -> dict[str, Any]:
    """The figures above under torch's names, then XLA's own."""
    if not is_available():
        return {}
    return {
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
        "num_alloc_retries": 0,
        "num_ooms": 0,
        **_stats(device),
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The figures above as lines."""
    return "\n".join(f"{name:<36}{value:>20}" for name, value in memory_stats(device).items())


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Bytes that are free for XLA, and bytes in all. Raises AssertionError where there is no GPU."""
    init()
    found = _stats(device)
    limit = found.get("bytes_limit", 0)
    return limit - found.get("bytes_in_use", 0), limit


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """Nothing: XLA reads its share from XLA_PYTHON_CLIENT_MEM_FRACTION when it starts."""


def memory_snapshot(*args: Any, **options: Any) -> list:
    """An empty list: XLA does not tell single blocks. `jax.profiler.save_device_memory_profile` writes what it knows."""
    return []


def _record_memory_history(*args: Any, **options: Any) -> None:
    """Nothing: see `memory_snapshot`."""


def empty_cache() -> None:
    """Run what is pending, so that what it alone refers to is freed; XLA keeps its pool."""
    flush()


def ipc_collect() -> None:
    """Nothing: no memory is shared between processes."""


__getattr__ = absent("torch.cuda.memory")
