"""`torch.profiler.record_function`: a named span in JAX's profile."""

from __future__ import annotations

from typing import Any

import jax

from torchlike.base.errors import absent

__all__ = ["record_function"]


class record_function:
    """A context under whose name its work shows in a trace of `jax.profiler`."""

    def __init__(self, name: str, args: str | None = None):
        self._span = jax.profiler.TraceAnnotation(name)

    def __enter__(self) -> record_function:
        self._span.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._span.__exit__(*error)


__getattr__ = absent("torch.profiler")
