"""`torch._inductor`: torch's own compiler. XLA is the compiler here; settings are taken and change nothing."""

from __future__ import annotations

from typing import Any

from torchlike._inductor import config
from torchlike.base.errors import absent

__all__ = ["config", "list_mode_options", "list_options"]


def list_mode_options(mode: str | None = None, dynamic: bool | None = None) -> dict[str, Any]:
    """No mode changes anything: empty dictionaries."""
    modes = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")
    return {} if mode is not None else {name: {} for name in modes}


def list_options() -> list[str]:
    """No options: an empty list."""
    return []


__getattr__ = absent("torch._inductor")
