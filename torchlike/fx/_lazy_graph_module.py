"""How graph modules are made. torch can put off writing their code; here it is written at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torchlike.fx.graph_module import GraphModule


def _make_graph_module(*args: Any, graph_module_cls: type[GraphModule] | None = None, **kwargs: Any) -> GraphModule:
    """`GraphModule(...)`, or another class's."""
    return (graph_module_cls or GraphModule)(*args, **kwargs)


@contextmanager
def _use_lazy_graph_module(should_use: bool) -> Iterator[None]:
    """Nothing: modules are never lazy."""
    yield


_LazyGraphModule = GraphModule
