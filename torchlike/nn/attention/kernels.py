"""Names of attention kernels, and which of them are allowed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

WARN_FOR_UNFUSED_KERNELS = False
_log = logging.getLogger(__name__)


class SDPBackend(IntEnum):
    """A kernel that torch has for scaled dot product attention."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


# In torch's order of preference.
_order = [
    SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH, SDPBackend.CUDNN_ATTENTION,
    SDPBackend.OVERRIDEABLE,
]  # fmt: skip
_enabled = set(_order)


def _cur_sdpa_kernel_backends(with_priority: bool = False) -> list[SDPBackend]:
    """The kernels that are allowed, those that are preferred first if `with_priority`."""
    listed = ("CUDNN_ATTENTION", "FLASH_ATTENTION", "EFFICIENT_ATTENTION", "MATH", "OVERRIDEABLE")
    order = _order if with_priority else [SDPBackend[name] for name in listed]
    return [backend for backend in order if backend in _enabled]


def _sdpa_kernel(backends: Iterable[SDPBackend], set_priority: bool = False) -> None:
    chosen = list(backends)
    _enabled.clear()
    _enabled.update(chosen)
    if set_priority:
        _order[:] = [*chosen, *(backend for backend in _order if backend not in chosen)]


@contextmanager
def sdpa_kernel(backends: list[SDPBackend] | SDPBackend, set_priority: bool = False) -> Iterator[dict]:
    """Within the block, allow these kernels only; XLA computes attention whatever is allowed.

    Args:
        set_priority: prefer them in the order of the list.

    Raises:
        AssertionError: for anything else than a backend or a list of them.
    """
    if not isinstance(backends, list | SDPBackend):
        raise AssertionError(
            f"Backend must be an instance of SDPBackend or a list of SDPBackend instances, got {type(backends).__name__}"
        )
    chosen = [backends] if isinstance(backends, SDPBackend) else list(dict.fromkeys(backends))
    before = _cur_sdpa_kernel_backends(with_priority=set_priority)
    try:
        _sdpa_kernel(chosen, set_priority)
        yield {}
    finally:
        _sdpa_kernel(before, set_priority)


# ---- other implementations of flash attention --------------------------------------------------------------------

_implementations: dict[str, Callable[..., Any]] = {}
_active: tuple[str, Any] | None = None


def register_flash_attention_impl(impl: str, *, register_fn: Callable[..., Any]) -> None:
    """Remember a function that installs an implementation and returns a handle whose `remove` takes it out again."""
    _implementations[impl] = register_fn


def activate_flash_attention_impl(impl: str) -> None:
    """Call what was registered under this name. Raises ValueError for an unknown one: none is there from the start."""
    global _active
    restore_flash_attention_impl(_raise_warn=False)
    if impl not in _implementations:
        raise ValueError(f"Unknown flash attention impl '{impl}'. Available implementations: {list_flash_attention_impls()}")
    handle = _implementations[impl]()
    if handle is not None:
        _active = (impl, handle)


def list_flash_attention_impls() -> list[str]:
    """The names that are registered."""
    return sorted(_implementations)


def current_flash_attention_impl() -> str | None:
    """The name of the implementation that is active, or None."""
    return None if _active is None else _active[0]


def restore_flash_attention_impl(_raise_warn: bool = True) -> None:
    """Take out the implementation that is active."""
    global _active
    if _active is not None:
        _active[1].remove()
    elif _raise_warn:
        _log.warning("Trying to restore default FA2 impl when no custom impl was activated")
    _active = None
