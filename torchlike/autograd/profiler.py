"""`torch.autograd.profiler`: the older name of what `torch.profiler` has."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from torchlike.base.errors import missing


class emit_nvtx:
    """Marks for NVIDIA's tools. Entering one raises NotImplementedError: `torch.profiler` traces with JAX's."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False):
        self.enabled, self.record_shapes = enabled, record_shapes

    def __enter__(self) -> emit_nvtx:
        raise missing("torch.autograd.profiler.emit_nvtx")

    def __exit__(self, *error: Any) -> None:
        pass


emit_itt = emit_nvtx


def __getattr__(name: str) -> Any:
    """Read from `torch.profiler`, which stands above this package."""
    if name in ("EventList", "FunctionEventAvg", "profile", "record_function"):
        return getattr(import_module("torchlike.profiler"), name)
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.autograd.profiler' has no attribute {name!r}")
    raise missing(f"torch.autograd.profiler.{name}")
