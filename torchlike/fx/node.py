"""`torch.fx.Node`: one step of a graph, and its place among the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, Union

from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.base.layout import memory_format
from torchlike.base.layouts import layout
from torchlike.fx import _names
from torchlike.fx.immutable_collections import immutable_dict, immutable_list
from torchlike.fx.operator_schemas import normalize_function, normalize_module
from torchlike.tensor import Tensor

if TYPE_CHECKING:
    from torchlike.fx.graph import Graph

__all__ = ["Node", "has_side_effect", "map_aggregate", "map_arg"]

BaseArgumentTypes = Union[str, int, float, bool, complex, dtype, Tensor, device, memory_format, layout]  # noqa: UP007
base_types = (str, int, float, bool, complex, dtype, Tensor, device, memory_format, layout)
Target = Union[Callable[..., Any], str]  # noqa: UP007
Argument = Any  # tuples, lists, dictionaries and slices of nodes, tensors and Python's plain values
ArgumentT = TypeVar("ArgumentT")
T = TypeVar("T")

_legal_ops = dict.fromkeys(["placeholder", "call_method", "call_module", "call_function", "get_attr", "output", "root"])
_side_effectful_functions: set[Callable] = set()

_get_qualified_name = _names.qualified_name
_find_module_of_method = _names.find_module_of_method
_type_repr = _names.type_repr


def has_side_effect(fn: T) -> T:
    """Keep calls of this function when dead code is taken out, though nothing uses the result.

    >>> import torchlike.fx as fx
    >>> fx.has_side_effect(print) is print
    True
    """
    _side_effectful_functions.add(fn)  # type: ignore[arg-type]
    return fn


def map_arg(a: ArgumentT, fn: Callable[[Node], Any]) -> ArgumentT:
    """`a` with every node in it exchanged for `fn(node)`; containers are rebuilt as immutable ones."""
    if not callable(fn):
        raise AssertionError("torch.fx.map_arg(a, fn): fn must be a callable")
    return map_aggregate(a, lambda value: fn(value) if isinstance(value, Node) else value)


def map_aggregate(a: Any, fn: Callable[[Any], Any]) -> Any:
    """`a` with `fn` applied to everything inside that is no container; lists and dictionaries become immutable ones."""
    if isinstance(a, tuple):
        inside = tuple([map_aggregate(element, fn) for element in a])
        return type(a)(*inside) if hasattr(a, "_fields") else inside
    if isinstance(a, list):
        return immutable_list([map_aggregate(element, fn) for element in a])
    if isinstance(a, dict):
        return immutable_dict({key: map_aggregate(value, fn) for key, value in a.items()})
    if isinstance(a, slice):
        return slice(map_aggregate(a.start, fn), map_aggregate(a.stop, fn), map_aggregate(a.step, fn))
    return fn(a)


def _format_arg(arg: object, max_list_len: float = float("inf")) -> str:
    """An argument as `Node.format_node` shows it: nodes with a percent sign, strings bare."""
    if isinstance(arg, (list, tuple)):
        shown = [_format_arg(a) for index, a in enumerate(arg) if index < max_list_len]
        if len(arg) > max_list_len:
            shown.append(f"...[total_len={len(arg)}]")
        inside = ", ".join(shown)
        if isinstance(arg, list):
            return f"[{inside}]"
        return f"({inside},)" if len(arg) == 1 else f"({inside})"
    if isinstance(arg, dict):
        return "{" + ", ".join(f"{key}: {_format_arg(value)}" for key, value in arg.items()) + "}"
    return f"%{arg}" if isinstance(arg, Node) else str(arg)


class Node:
    """One step of a `Graph`: where it gets what it works on, what it calls, and who uses the result.

    Args:
        graph: the graph that it belongs to.
        name: its name, unlike all others in the graph.
        op: "placeholder", "get_attr", "call_function", "call_module", "call_method" or "output".
        target: what is called: a function, or the name of a method, module, attribute or input.
        args, kwargs: what it is called with; nodes among them stand for their results.
        return_type: the type that the result is annotated with.
    """

    _prev: Node
    _next: Node
    # Every node has its own; the class has the names, as torch's has.
    graph: Graph = None  # type: ignore[assignment]
    op: str = ""
    name: str = ""
    target: Target = ""
    type: Any = None
    users: dict[Node, None] = None  # type: ignore[assignment]
    meta: dict[str, Any] = None  # type: ignore[assignment]

    def __init__(
        self,
        graph: Graph,
        name: str,
        op: str,
        target: Target,
        args: tuple[Argument, ...],
        kwargs: dict[str, Argument],
        return_type: Any = None,
    ):
        if op not in _legal_ops:
            raise AssertionError(f"op {op!r} is not in _legal_ops")
        if op == "call_function":
            if not callable(target):
                raise ValueError(
                    f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} "
                    "but a Callable is expected"
                )
        elif not isinstance(target, str):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a str is expected"
            )
        self.graph, self.name, self.op, self.target = graph, name, op, target
        self._input_nodes: dict[Node, None] = {}
        self.users = {}
        self._args: tuple = ()
        self._kwargs: dict = {}
        self._update_args_kwargs(args, kwargs)
        self.type = return_type
        self._prev = self._next = self
        self._erased = False
        self.meta = {}
        self._repr_fn: Callable[[Node], str] | None = None

    # --- place -------------------------------------------------------------------------------------------------

    @property
    def next(self) -> Node:
        """The node after it."""
        return self._next

    @property
    def prev(self) -> Node:
        """The node before it."""
        return self._prev

    def prepend(self, x: Node) -> None:
        """Move `x` to stand just before this node.

        Raises:
            AssertionError: if it is of another graph.
        """
        if self.graph is not x.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if self is x:
            return
        x._remove_from_list()
        before = self._prev
        before._next, x._prev = x, before
        x._next, self._prev = self, x

    def append(self, x: Node) -> None:
        """Move `x` to stand just after this node."""
        self._next.prepend(x)

    def _remove_from_list(self) -> None:
        before, after = self._prev, self._next
        before._next, after._prev = after, before

    def _order(self) -> int:
        """How many nodes stand before it."""
        return next(i for i, node in enumerate(self.graph.nodes) if node is self)

    def __lt__(self, other: Node) -> bool:
        return self._order() < other._order()

    def __gt__(self, other: Node) -> bool:
        return self._order() > other._order()

    def __le__(self, other: Node) -> bool:
        return self is other or self < other

    def __ge__(self, other: Node) -> bool:
        return self is other or self > other

    # --- arguments ---------------------------------------------------------------------------------------------

    @property
    def args(self) -> tuple[Argument, ...]:
        """The positional arguments; assign a new tuple to change them."""
        return self._args

    @args.setter
    def args(self, a: tuple[Argument, ...]) -> None:
        self._update_args_kwargs(a, self._kwargs)

    @property
    def kwargs(self) -> dict[str, Argument]:
        """The keyword arguments; assign a new dictionary to change them."""
        return self._kwargs

    @kwargs.setter
    def kwargs(self, k: dict[str, Argument]) -> None:
        self._update_args_kwargs(self._args, k)

    @property
    def all_input_nodes(self) -> list[Node]:
        """Every node among the arguments, once each, in their order."""
        return list(self._input_nodes)

    def _update_args_kwargs(self, args: tuple, kwargs: Mapping[str, Any]) -> None:
        for old in self._input_nodes:
            old.users.pop(self, None)
        found: dict[Node, None] = {}

        def note(node: Node) -> Node:
            found[node] = None
            return node

        self._args, self._kwargs = map_arg(tuple(args), note), map_arg(dict(kwargs), note)
        self._input_nodes = found
        for node in found:
            node.users[self] = None

    def update_arg(self, idx: int, arg: Argument) -> None:
        """Exchange one positional argument."""
        args = list(self.args)
        args[idx] = arg
        self.args = tuple(args)

    def insert_arg(self, idx: int, arg: Argument) -> None:
        """Put another positional argument before the one at `idx`."""
        if not 0 <= idx <= len(self.args):
            raise AssertionError("insert_args index must be between 0 and len(self.args)")
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key: str, arg: Argument) -> None:
        """Set one keyword argument."""
        self.kwargs = {**self.kwargs, key: arg}

    def replace_input_with(self, old_input: Node, new_input: Node) -> None:
        """Exchange one node among the arguments for another, wherever it stands."""
        self._call_replace_hooks(old_input, new_input)
        change = lambda node: new_input if node is old_input else node  # noqa: E731
        self._update_args_kwargs(map_arg(self.args, change), map_arg(self.kwargs, change))

    def replace_all_uses_with(
        self, replace_with: Node, delete_user_cb: Callable[[Node], bool] | None = None, *, propagate_meta: bool = False
    ) -> list[Node]:
        """Let everybody who uses this node use another, and return whom that changed.

        Args:
            replace_with: the other node.
            delete_user_cb: which users are to change; None for all.
            propagate_meta: give the other node this one's `meta`, which it must not have any of yet.
        """
        if propagate_meta:
            if replace_with.meta:
                raise AssertionError(
                    "Called node.replace_all_uses_with(replace_with, propagate_meta=True), "
                    "but replace_with already has .meta keys"
                )
            replace_with.meta.update(self.meta)
        changed = [user for user in self.users if delete_user_cb is None or delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    def _call_replace_hooks(self, old: Node, new: Node) -> None:
        owner = getattr(self.graph, "owning_module", None)
        for hook in getattr(owner, "_replace_hooks", None) or ():
            hook(old=old, new=new.name, user=self)

    # --- what it is --------------------------------------------------------------------------------------------

    @property
    def stack_trace(self) -> str | None:
        """Where in the user's code it was recorded, if the tracer kept that."""
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace: str | None) -> None:
        self.meta["stack_trace"] = trace

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether it does something besides giving a result, so that it must stay though nobody uses that."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            if self.target in _side_effectful_functions:
                return True
            return _names.function_name(self.target) in (_RANDOM | _ASSERTING if impure_random else _ASSERTING)
        if self.op == "call_module":
            owner = self.graph.owning_module
            if owner is None:
                raise AssertionError("self.graph.owning_module not set for purity check")
            return getattr(owner.get_submodule(str(self.target)), "_is_impure", False)
        return False

    def normalized_arguments(
        self, root: Any, arg_types: Any = None, kwarg_types: Any = None, normalize_to_only_use_kwargs: bool = False
    ) -> Any:
        """The arguments with their defaults, as `(args, kwargs)`; None where the target's signature is not known.

        Args:
            root: the module that the targets of `call_module` are in.
            normalize_to_only_use_kwargs: name the positional arguments too.
        """
        names = {"normalize_to_only_use_kwargs": normalize_to_only_use_kwargs}
        if self.op == "call_function":
            return normalize_function(self.target, self.args, self.kwargs, arg_types, kwarg_types, **names)  # type: ignore[arg-type]
        if self.op == "call_module":
            return normalize_module(root, self.target, self.args, self.kwargs, **names)  # type: ignore[arg-type]
        return None

    # --- text --------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return self._repr_fn(self) if self._repr_fn else self.name

    @staticmethod
    def _pretty_print_target(target: object) -> str:
        if isinstance(target, str):
            return target
        if hasattr(target, "__module__"):
            name = getattr(target, "__name__", None)
            if name is None:
                return _names.qualified_name(target)
            if target.__module__ == "builtins":
                return f"builtins.{name}"
            if target.__module__ == "_operator":
                return f"operator.{name}"
        return _names.qualified_name(target)

    def format_node(
        self,
        placeholder_names: list[str] | None = None,
        maybe_return_typename: list[str] | None = None,
        *,
        include_tensor_metadata: bool = False,
    ) -> str | None:
        """One line about it: `%name : [num_users=1] = op[target=...](args = (...), kwargs = {...})`.

        Args:
            placeholder_names: a placeholder's name is added here and None returned.
            maybe_return_typename: a list whose first element becomes the output's type.
        """
        annotation = f"{_names.type_repr(self.type)} " if self.type else ""
        target = self._pretty_print_target(self.target)
        shown = f"%{self.name} : {annotation}[num_users={len(self.users)}] = {self.op}[target={target}]"
        if self.op == "placeholder":
            default = f"(default={self.args[0]})" if self.args else ""
            if placeholder_names:
                placeholder_names.append(f"{self.target}{f' : {_names.type_repr(self.type)}' if self.type else ''}{default}")
                return None
            return shown + default
        if self.op == "get_attr":
            return shown
        if self.op == "output":
            if self.type and maybe_return_typename:
                maybe_return_typename[0] = f" -> {_names.type_repr(self.type)}"
            return f"return {self.args[0]}"
        return f"{shown}(args = {_format_arg(self.args)}, kwargs = {_format_arg(self.kwargs)})"

    def _rename(self, candidate: str) -> None:
        if candidate != self.name:
            self.name = self.graph._graph_namespace.create_name(candidate, None)
            self.graph._graph_namespace._rename_object(self, self.name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "name" and "name" in self.__dict__ and value != self.__dict__["name"]:
            owner = getattr(self.graph, "owning_module", None)
            for hook in getattr(owner, "_replace_hooks", None) or ():
                for user in self.users:
                    hook(old=self, new=value, user=user)
        object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_erased", "_repr_fn")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(_erased=False, _repr_fn=None)
        self.__dict__.update(state)


_ASSERTING = frozenset(("_assert", "_assert_async"))
_RANDOM = frozenset(
    "rand randn randint randperm rand_like randn_like randint_like normal poisson bernoulli multinomial".split()
)
