"""Nested containers as flat lists and back. Unlike JAX's own trees, dictionaries keep their order and None is a leaf."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, NamedTuple


class TreeSpec(NamedTuple):
    """The structure of a tree.

    Attributes:
        type: the container's class; None for a leaf.
        context: what rebuilds it besides its children: keys, a default factory, a maximum length.
    """

    type: Any
    context: Any
    children: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        return 1 if self.type is None else sum(child.num_leaves for child in self.children)

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        inside = ", ".join(map(repr, self.children))
        return f"TreeSpec({self.type.__name__}, {self.context}, [{inside}])"


LEAF = TreeSpec(None, None, ())


def _open(tree: Any) -> tuple[Any, list] | None:
    """Context and children of a container; None for a leaf."""
    kind = type(tree)
    if kind in (tuple, list):
        return None, list(tree)
    if kind in (dict, OrderedDict):
        return list(tree), list(tree.values())
    if isinstance(tree, tuple) and hasattr(kind, "_fields"):
        return kind, list(tree)
    if kind is defaultdict:
        return (tree.default_factory, list(tree)), list(tree.values())
    if kind is deque:
        return tree.maxlen, list(tree)
    return None


def _close(spec: TreeSpec, children: list) -> Any:
    kind, context = spec.type, spec.context
    if kind in (tuple, list):
        return kind(children)
    if kind in (dict, OrderedDict):
        return kind(zip(context, children, strict=True))
    if kind is defaultdict:
        return defaultdict(context[0], zip(context[1], children, strict=True))
    return deque(children, context) if kind is deque else kind(*children)


def flatten(tree: Any) -> tuple[list, TreeSpec]:
    """The leaves of nested tuples, named tuples, lists, dictionaries and deques, in order, and the structure."""
    opened = _open(tree)
    if opened is None:
        return [tree], LEAF
    leaves: list = []
    specs = []
    for child in opened[1]:
        found, spec = flatten(child)
        leaves.extend(found)
        specs.append(spec)
    return leaves, TreeSpec(type(tree), opened[0], tuple(specs))


def unflatten(leaves: Any, spec: TreeSpec) -> Any:
    """The tree of this structure with the given leaves."""
    return _build(iter(leaves), spec)


def _build(leaves: Any, spec: TreeSpec) -> Any:
    return next(leaves) if spec.type is None else _close(spec, [_build(leaves, child) for child in spec.children])


def tree_map(fn: Callable, tree: Any, *rest: Any) -> Any:
    """`fn` applied to the leaves of trees of one structure."""
    leaves, spec = flatten(tree)
    others = [flatten(other)[0] for other in rest]
    return unflatten([fn(*each) for each in zip(leaves, *others, strict=True)], spec)


def broadcast(prefix: Any, tree: Any) -> list | None:
    """A tree whose leaves stand for whole branches of `tree`, as one leaf each; None where the two do not fit."""
    opened = _open(tree)
    if opened is None:
        return [prefix] if _open(prefix) is None else None
    given = _open(prefix)
    if given is None:
        return [prefix] * len(flatten(tree)[0])
    if type(prefix) is not type(tree) or given[0] != opened[0] or len(given[1]) != len(opened[1]):
        return None
    found: list = []
    for part, child in zip(given[1], opened[1], strict=True):
        leaves = broadcast(part, child)
        if leaves is None:
            return None
        found.extend(leaves)
    return found
