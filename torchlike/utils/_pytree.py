"""`torch.utils._pytree`: containers as trees. As in torch a dict keeps its order and None is a leaf (JAX: neither)."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from torchlike.base.errors import absent

__all__ = [
    "LeafSpec", "PyTree", "TreeSpec", "register_pytree_node", "tree_all", "tree_any", "tree_flatten", "tree_iter",
    "tree_leaves", "tree_map", "tree_map_", "tree_map_only", "tree_structure", "tree_unflatten",
]  # fmt: skip

PyTree = Any
Leaf = Callable[[Any], bool] | None


class MappingKey(NamedTuple):
    """One step of a path to a leaf: a key of a mapping."""

    key: Any


class SequenceKey(NamedTuple):
    """One step of a path to a leaf: a place in a sequence."""

    idx: int


class NodeDef(NamedTuple):
    """How a class of containers is taken apart and put together."""

    type: type
    flatten_fn: Callable[[Any], tuple[list, Any]]
    unflatten_fn: Callable[[Iterable, Any], Any]


SUPPORTED_NODES: dict[type, NodeDef] = {}


class TreeSpec:
    """The shape of a tree.

    Attributes:
        type: the container's class; None for a leaf.
        context: what else it takes to make the container: the keys of a dict.
        num_leaves: how many leaves lie below.
    """

    type: Any = None
    context: Any = None
    num_leaves: int = 1

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]):
        self.type, self.context, self.children_specs = type, context, children_specs
        self.num_leaves = sum(child.num_leaves for child in children_specs)
        self.num_children = len(children_specs)

    def is_leaf(self) -> bool:
        return self.type is None

    def children(self) -> list[TreeSpec]:
        return list(self.children_specs)

    def unflatten(self, leaves: Iterable) -> Any:
        return tree_unflatten(leaves, self)

    def _key(self) -> tuple:
        return self.type, self.context, self.children_specs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TreeSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.type, self.num_leaves, repr(self.context)))

    def __repr__(self) -> str:
        return "*" if self.is_leaf() else f"TreeSpec({self.type.__name__}, {self.context}, {self.children_specs})"


class LeafSpec(TreeSpec):
    """A leaf."""

    def __init__(self) -> None:
        super().__init__(None, None, [])
        self.num_leaves = 1


def register_pytree_node(cls: type, flatten_fn: Callable, unflatten_fn: Callable, **options: Any) -> None:
    """Take a class apart as its functions say.

    Raises:
        ValueError: if that was said before.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn)


_register_pytree_node = register_pytree_node


def _dict_flatten(node: Any) -> tuple[list, Any]:
    return list(node.values()), list(node)


def _dict_unflatten(values: Iterable, context: Any) -> dict:
    return dict(zip(context, values, strict=True))


def _dict_flatten_with_keys(node: Any) -> tuple[list, Any]:
    values, context = _dict_flatten(node)
    return [(MappingKey(k), v) for k, v in zip(context, values, strict=True)], context


for _kind, _apart, _together in (
    (tuple, lambda t: (list(t), None), lambda v, c: tuple(v)),
    (list, lambda t: (t, None), lambda v, c: list(v)),
    (dict, _dict_flatten, _dict_unflatten),
    (OrderedDict, _dict_flatten, lambda v, c: OrderedDict(zip(c, v, strict=True))),
    (
        defaultdict,
        lambda t: (list(t.values()), (t.default_factory, list(t))),
        lambda v, c: defaultdict(c[0], zip(c[1], v, strict=True)),
    ),
    (deque, lambda t: (list(t), t.maxlen), lambda v, c: deque(v, c)),
    (namedtuple, lambda t: (list(t), type(t)), lambda v, c: c(*v)),
):
    register_pytree_node(_kind, _apart, _together)  # type: ignore[arg-type]  # namedtuple stands for its classes


def _kind_of(tree: Any) -> Any:
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree) if type(tree) in SUPPORTED_NODES else namedtuple
    return type(tree)


_get_node_type = _kind_of


def tree_flatten(tree: PyTree, is_leaf: Leaf = None) -> tuple[list, TreeSpec]:
    """The leaves of a tree, and its shape."""
    leaves: list = []
    return leaves, _flatten(tree, is_leaf, leaves)


def _flatten(tree: PyTree, is_leaf: Leaf, leaves: list) -> TreeSpec:
    kind = _kind_of(tree)
    if kind not in SUPPORTED_NODES or (is_leaf is not None and is_leaf(tree)):
        leaves.append(tree)
        return LeafSpec()
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    return TreeSpec(kind, context, [_flatten(child, is_leaf, leaves) for child in children])


def tree_unflatten(leaves: Iterable, treespec: TreeSpec) -> PyTree:
    """The tree of a shape with these leaves.

    Raises:
        ValueError: if there are more or fewer than it has.
    """
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten(leaves, treespec): `leaves` has length {len(leaves)} but the spec refers to a pytree that holds "
            f"{treespec.num_leaves} items ({treespec})."
        )
    return _unflatten(iter(leaves), treespec)


def _unflatten(leaves: Any, spec: TreeSpec) -> PyTree:
    if spec.is_leaf():
        return next(leaves)
    return SUPPORTED_NODES[spec.type].unflatten_fn([_unflatten(leaves, s) for s in spec.children_specs], spec.context)


def arg_tree_leaves(*args: PyTree, **kwargs: PyTree) -> list:
    """The leaves of a call's arguments."""
    return [leaf for value in (*args, *kwargs.values()) for leaf in tree_leaves(value)]


def register_constant(cls: type) -> None:
    """Take a class's objects as containers without leaves, which are part of the shape."""
    register_pytree_node(cls, lambda value: ([], value), lambda _, value: value)


def treespec_dumps(treespec: TreeSpec, protocol: int | None = None) -> str:
    """A shape made of Python's own containers as JSON.

    Raises:
        NotImplementedError: for another container, or one whose context is not JSON's.

    >>> treespec_loads(treespec_dumps(tree_structure([1, {"a": (2,)}]))) == tree_structure([0, {"a": (0,)}])
    True
    """
    return json.dumps([1, _spec_to_plain(treespec)])


def _spec_to_plain(spec: TreeSpec) -> Any:
    if spec.is_leaf():
        return None
    if spec.type not in _NAMED:
        raise NotImplementedError(f"Serializing {spec.type} in pytree is not supported: only {', '.join(_BY_NAME)} are")
    context = list(spec.context) if spec.type in (dict, OrderedDict) else spec.context
    return {"type": _NAMED[spec.type], "context": context, "children": [_spec_to_plain(c) for c in spec.children_specs]}


def treespec_loads(serialized: str) -> TreeSpec:
    """The shape that `treespec_dumps` wrote."""
    return _spec_from_plain(json.loads(serialized)[1])


def _spec_from_plain(plain: Any) -> TreeSpec:
    if plain is None:
        return LeafSpec()
    return TreeSpec(_BY_NAME[plain["type"]], plain["context"], [_spec_from_plain(child) for child in plain["children"]])


_NAMED: dict[Any, str] = {tuple: "tuple", list: "list", dict: "dict", OrderedDict: "OrderedDict", deque: "deque"}
_BY_NAME = {name: kind for kind, name in _NAMED.items()}
_get_node_type = _kind_of
Context = Any


def tree_leaves(tree: PyTree, is_leaf: Leaf = None) -> list:
    """The leaves of a tree."""
    return tree_flatten(tree, is_leaf)[0]


tree_iter = tree_leaves


def tree_structure(tree: PyTree, is_leaf: Leaf = None) -> TreeSpec:
    """The shape of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func: Callable, tree: PyTree, *rests: PyTree, is_leaf: Leaf = None) -> PyTree:
    """The tree of a function's values at the leaves of one tree, or of several of the same shape."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [_matching(rest, spec, is_leaf) for rest in rests]
    return tree_unflatten(list(map(func, leaves, *others)), spec)


def _matching(tree: PyTree, spec: TreeSpec, is_leaf: Leaf) -> list:
    leaves, found = tree_flatten(tree, is_leaf)
    if found != spec:
        raise ValueError(f"trees of different shapes: {found} and {spec}")
    return leaves


def tree_map_(func: Callable, tree: PyTree, *rests: PyTree, is_leaf: Leaf = None) -> PyTree:
    """`tree_map` for what the function does; gives the tree back."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(kind: Any, func: Callable, tree: PyTree, is_leaf: Leaf = None) -> PyTree:
    """`tree_map` on the leaves of a class, of one of several, or that a predicate holds for."""
    wanted = (lambda x: isinstance(x, kind)) if isinstance(kind, (type, tuple)) else kind
    return tree_map(lambda x: func(x) if wanted(x) else x, tree, is_leaf=is_leaf)


def tree_all(pred: Callable, tree: PyTree, is_leaf: Leaf = None) -> bool:
    """Whether a predicate holds for all leaves."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred: Callable, tree: PyTree, is_leaf: Leaf = None) -> bool:
    """Whether a predicate holds for one leaf at least."""
    return any(map(pred, tree_leaves(tree, is_leaf)))


__getattr__ = absent("torch.utils._pytree")
