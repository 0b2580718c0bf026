"""torch's process-wide settings that XLA decides for itself: they are kept, answered, and change what is said below.

`float32_matmul_precision` is read by whoever traces programs; threads and deterministic kernels are XLA's own affair (its
programs on CPU and TPU give the same numbers every time; `XLA_FLAGS=--xla_gpu_deterministic_ops=true` does so on GPUs).
"""

from __future__ import annotations

import os
import warnings
from typing import Any

_MODES = ("default", "warn", "error")
_PRECISIONS = ("highest", "high", "medium")


def available_processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Settings:
    threads = interop_threads = available_processors()
    precision: str | None = None  # None: JAX's own default
    deterministic = 0  # an index into _MODES
    warn_always = False


def get_num_threads() -> int:
    """The number that `set_num_threads` was given, or that of the processors."""
    return _Settings.threads


def set_num_threads(num_threads: int) -> None:
    """Remember a number of threads. XLA's pool is as large as the machine: it is set by `XLA_FLAGS`, before the start.

    Raises:
        RuntimeError: for what is no positive integer.
    """
    _Settings.threads = _positive("set_num_threads", num_threads)


def get_num_interop_threads() -> int:
    """The number that `set_num_interop_threads` was given, or that of the processors."""
    return _Settings.interop_threads


def set_num_interop_threads(num_threads: int) -> None:
    """Remember a number of threads; see `set_num_threads`."""
    _Settings.interop_threads = _positive("set_num_interop_threads", num_threads)


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int):
        raise RuntimeError(f"{name} expects an int, but got {type(value).__name__}")
    if value <= 0:
        raise RuntimeError(f"{name} expects a positive integer")
    return value


def set_flush_denormal(mode: bool) -> bool:
    """False: XLA's programs treat denormal numbers as they do, and cannot be told."""
    return False


def get_float32_matmul_precision() -> str:
    """How exactly float32 matrices are multiplied: "highest" unless `set_float32_matmul_precision` changed it.

    Until it is set, accelerators multiply as JAX does by default (in bfloat16 on TPU, in TF32 on recent GPUs).
    """
    return _Settings.precision or "highest"


def matmul_precision() -> str | None:
    """JAX's word for the precision that was set; None where none was."""
    return {"medium": "default"}.get(_Settings.precision or "", _Settings.precision)


def set_float32_matmul_precision(precision: str) -> None:
    """Choose how exactly float32 matrices are multiplied: "highest", "high" or "medium". Warns of any other word."""
    if precision not in _PRECISIONS:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setting is not changed",
            UserWarning,
            stacklevel=2,
        )
        return
    _Settings.precision = precision


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remember whether only deterministic algorithms are wanted. Raises TypeError unless `mode` is a bool."""
    if not isinstance(mode, bool):
        raise TypeError(f"use_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not {type(mode).__name__}")
    _Settings.deterministic = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` asked for them."""
    return _Settings.deterministic > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether `use_deterministic_algorithms` asked for warnings only."""
    return _Settings.deterministic == 1


def get_deterministic_debug_mode() -> int:
    """0 where nothing was asked for, 1 for warnings, 2 for errors."""
    return _Settings.deterministic


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same setting by number or name: 0 "default", 1 "warn", 2 "error". Raises RuntimeError for any other."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError(f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}")
        debug_mode = _MODES.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _Settings.deterministic = debug_mode


def set_warn_always(b: bool, /) -> None:
    """Remember whether warnings should come every time."""
    _Settings.warn_always = b


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was given."""
    return _Settings.warn_always


def compiled_with_cxx11_abi() -> bool:
    """True, as in torch's own builds."""
    return True


def is_vulkan_available() -> bool:
    """False: XLA has no Vulkan devices."""
    return False


NAMES = (
    "are_deterministic_algorithms_enabled", "compiled_with_cxx11_abi", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_vulkan_available", "is_warn_always_enabled",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "use_deterministic_algorithms",
)  # fmt: skip
