"""Modules cut by the tags of their nodes."""

from __future__ import annotations

from typing import Any

from torchlike.fx.graph_module import GraphModule
from torchlike.fx.passes.split_module import split_module

__all__ = ["getattr_recursive", "setattr_recursive", "split_by_tags"]


def getattr_recursive(obj: Any, name: str) -> Any:
    """What stands in an object under a dotted name; None where nothing does."""
    for part in name.split("."):
        if not hasattr(obj, part):
            return None
        obj = getattr(obj, part)
    return obj


def setattr_recursive(obj: Any, attr: str, value: Any) -> None:
    """Set what stands in an object under a dotted name."""
    *prefix, field = attr.split(".")
    for part in prefix:
        obj = getattr(obj, part)
    setattr(obj, field, value)


def split_by_tags(
    gm: GraphModule, tags: list[str], return_fqn_mapping: bool = False, return_tuple: bool = False, **options: Any
) -> Any:
    """A module that calls one submodule for each tag; nodes have theirs in the attribute `tag`.

    Args:
        gm: the module.
        tags: the tags, in the order in which their submodules are called.
        return_fqn_mapping: return the new names of what is called too, by the old ones.

    Raises:
        AssertionError: for a node without a tag.
    """
    for node in gm.graph.nodes:
        if node.op not in ("placeholder", "get_attr", "output") and getattr(node, "tag", None) not in tags:
            raise AssertionError(f"Node {node} has no tag among {tags}")
    names: dict[str, str] = {}
    made = split_module(gm, gm, lambda node: node.tag, names)  # type: ignore[attr-defined]
    for tag in tags:  # torch calls the submodules by their tags alone
        name = f"submod_{tag}"
        if hasattr(made, name):
            made.add_module(tag, getattr(made, name))
            for node in made.graph.find_nodes(op="call_module", target=name):
                node.target = tag
            delattr(made, name)
    made.recompile()
    return (made, {old: new.removeprefix("submod_") for new, old in names.items()}) if return_fqn_mapping else made
