"""Nested arguments as flat lists, by a structure that is known already."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from torchlike.utils._pytree import LeafSpec, PyTree, TreeSpec

FlattenFuncSpec = Callable[[Any, TreeSpec], list]
FlattenFuncExactMatchSpec = Callable[[Any, TreeSpec], bool]
SUPPORTED_NODES: dict[type, FlattenFuncSpec] = {}
SUPPORTED_NODES_EXACT_MATCH: dict[type, FlattenFuncExactMatchSpec | None] = {}


def register_pytree_flatten_spec(
    cls: type, flatten_fn_spec: FlattenFuncSpec, flatten_fn_exact_match_spec: FlattenFuncExactMatchSpec | None = None
) -> None:
    """Say how a class is taken apart by a structure."""
    SUPPORTED_NODES[cls] = flatten_fn_spec
    SUPPORTED_NODES_EXACT_MATCH[cls] = flatten_fn_exact_match_spec


def tree_flatten_spec(pytree: PyTree, spec: TreeSpec) -> list[Any]:
    """The leaves of a tree that has the structure `spec`.

    Raises:
        RuntimeError: for a container that nobody said how to take apart.

    >>> from torchlike.utils._pytree import tree_structure
    >>> tree_flatten_spec([1, {"a": 2}], tree_structure([0, {"a": 0}]))
    [1, 2]
    """
    if isinstance(spec, LeafSpec) or spec.type is None:
        return [pytree]
    if spec.type not in SUPPORTED_NODES:
        raise RuntimeError(
            f"{type(pytree)} does not have a flatten_fn_spec associated with it. Please register one with "
            "torch.fx._pytree.register_pytree_flatten_spec.  If you have serialized your model, make sure that any custom "
            "pytrees have been registered before loading it."
        )
    children = SUPPORTED_NODES[spec.type](pytree, spec)
    return [
        leaf for child, inside in zip(children, spec.children_specs, strict=False) for leaf in tree_flatten_spec(child, inside)
    ]


def _by_key(tree: Any, spec: TreeSpec) -> list[Any]:
    return [tree[key] for key in spec.context]


def _in_order(tree: Any, spec: TreeSpec) -> list[Any]:
    return [tree[i] for i in range(len(spec.children_specs))]


def _as_long(tree: Any, spec: TreeSpec) -> bool:
    return len(tree) == len(spec.children_specs)


register_pytree_flatten_spec(dict, _by_key, _as_long)
for _kind in (list, tuple, namedtuple):
    register_pytree_flatten_spec(_kind, _in_order, _as_long)  # type: ignore[arg-type]
