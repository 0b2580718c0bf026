"""`torch._dynamo` as libraries use it: there is no bytecode compiler here, so nothing is compiling and marks change nothing."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any, TypeVar

from torchlike._dynamo import eval_frame
from torchlike.base.errors import absent
from torchlike.compiler import allow_in_graph, assume_constant_result, disable, is_compiling, reset

__all__ = ["allow_in_graph", "assume_constant_result", "config", "disable", "is_compiling", "reset"]

T = TypeVar("T")
# Settings that scripts write; nothing reads them.
config = SimpleNamespace(
    cache_size_limit=8, recompile_limit=8, accumulated_cache_size_limit=256, suppress_errors=False, verbose=False,
    capture_scalar_outputs=False, capture_dynamic_output_shape_ops=False, automatic_dynamic_shapes=True,
    assume_static_by_default=True, optimize_ddp=True,
)  # fmt: skip


def mark_static_address(t: Any, guard: bool = True) -> None:
    """Nothing: XLA's programs take their inputs wherever they lie."""


def mark_dynamic(t: Any, index: Any, **options: Any) -> None:
    """Nothing: each shape has its program."""


mark_static = maybe_mark_dynamic = mark_unbacked = mark_dynamic


def graph_break(msg: str = "") -> None:
    """Nothing."""


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """The one that there is, under the name that scripts ask for: `torch.compile` takes any."""
    return ["inductor"]


def disallow_in_graph(fn: T) -> T:
    """The function itself."""
    return fn


_absent = absent("torch._dynamo")


def __getattr__(name: str) -> Any:
    if name in ("OptimizedModule", "eval_frame"):  # `torch.compile` is loaded when it is first used
        found = import_module("torchlike._dynamo.eval_frame")
        return found if name == "eval_frame" else found.OptimizedModule
    return _absent(name)
