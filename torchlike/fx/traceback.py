"""What is noted about nodes while they are made or run, and kept in their `meta`."""

from __future__ import annotations

import copy
import enum
import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from torchlike.base.errors import absent

__all__ = [
    "NodeSource", "NodeSourceAction", "annotate", "annotate_fn", "format_stack", "get_current_meta", "has_preserved_node_meta",
    "preserve_node_meta", "set_current_meta", "set_stack_trace",
]  # fmt: skip

F = TypeVar("F", bound=Callable)

current_meta: dict[str, Any] = {}
should_preserve_node_meta = False


class NodeSourceAction(enum.Enum):
    """What a pass did to a node."""

    CREATE = "create"
    REPLACE = "replace"


class NodeSource:
    """Where a node comes from: the node that a pass made it of.

    Args:
        node: that node.
        pass_name: the pass.
        action: what it did.
    """

    def __init__(self, node: Any, pass_name: str = "", action: Any = None):
        self.pass_name = pass_name
        self.action = list(action) if isinstance(action, (list, tuple)) else [] if action is None else [action]
        self.name = node.name if node is not None else ""
        self.target = node._pretty_print_target(node.target) if node is not None else ""
        self.graph_id = id(node.graph) if node is not None else -1
        self.from_node = copy.copy(node.meta.get("from_node", [])) if node is not None else []

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "name": self.name,
            "target": self.target,
            "graph_id": self.graph_id,
            "pass_name": self.pass_name,
            "action": "+".join(a.name.lower() for a in self.action),
            "from_node": [source.to_dict() for source in self.from_node],
        }

    def __repr__(self) -> str:
        return f"NodeSource({self.to_dict()})"


@contextmanager
def _meta(change: dict[str, Any]) -> Iterator[None]:
    global current_meta
    former = current_meta
    current_meta = {**former, **change}
    try:
        yield
    finally:
        current_meta = former


@contextmanager
def preserve_node_meta(enable: bool = True) -> Iterator[None]:
    """Nodes made in this block take over the `meta` of the node that is being run."""
    global should_preserve_node_meta, current_meta
    former = should_preserve_node_meta, current_meta
    should_preserve_node_meta = enable
    current_meta = dict(current_meta)
    try:
        yield
    finally:
        should_preserve_node_meta, current_meta = former


def annotate(annotation_dict: dict[str, Any]) -> Any:
    """Nodes made in this block have these entries in `meta["custom"]`, where `meta` is preserved."""
    return _meta({"custom": {**current_meta.get("custom", {}), **annotation_dict}})


def annotate_fn(annotation_dict: dict[str, Any]) -> Callable[[F], F]:
    """`annotate` around every call of a function.

    >>> from torchlike.fx.traceback import annotate_fn
    >>> annotate_fn({"stage": 1})(abs)(-2)
    2
    """

    def decorated(fn: F) -> F:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with annotate(annotation_dict):
                return fn(*args, **kwargs)

        return wrapper  # type: ignore[return-value]

    return decorated


def set_stack_trace(stack: list[str]) -> None:
    """Say where the user's code is now."""
    if should_preserve_node_meta and stack:
        current_meta["stack_trace"] = "".join(stack)


def format_stack() -> list[str]:
    """Where the user's code is now, as text."""
    if should_preserve_node_meta:
        return [current_meta.get("stack_trace", "")]
    return traceback.format_list(traceback.extract_stack()[:-1])


def has_preserved_node_meta() -> bool:
    """Whether nodes take over `meta`."""
    return should_preserve_node_meta


def set_current_meta(node: Any, pass_name: str = "") -> Any:
    """In this block `node` is the one that is being run."""
    if not (should_preserve_node_meta and node.meta):
        return _meta({})
    found = dict(node.meta)
    found["from_node"] = [NodeSource(node, pass_name, NodeSourceAction.CREATE)]
    return _meta(found)


def get_current_meta() -> dict[str, Any]:
    """What is noted now."""
    return current_meta


__getattr__ = absent("torch.fx.traceback")
