"""`torch.fx.Graph`: a function as a list of nodes."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torchlike.fx import _names
from torchlike.fx._codegen import (
    CodeGen,
    PythonCode,
    _BoxedCodeGen,
    _PyTreeCodeGen,
    _PyTreeInfo,
    inplace_methods,
    magic_methods,
    reflectable_magic_methods,
)
from torchlike.fx._codegen import format_target as _format_target
from torchlike.fx._lint import lint
from torchlike.fx._namespace import _CustomBuiltin, _Namespace
from torchlike.fx._namespace import snake_case as _snake_case
from torchlike.fx.node import Argument, Node, Target, map_arg

if TYPE_CHECKING:
    from torchlike.fx.graph_module import GraphModule

__all__ = [
    "Argument", "CodeGen", "Graph", "Node", "PythonCode", "Target", "_BoxedCodeGen", "_CustomBuiltin", "_Namespace",
    "_PyTreeCodeGen", "_PyTreeInfo", "_format_target", "inplace_methods", "magic_methods", "reflectable_magic_methods",
]  # fmt: skip


class _node_list:
    """The nodes of a graph in their order; it may change while it is gone through.

    Args:
        graph: whose nodes.
        direction: "_next" or "_prev".
    """

    def __init__(self, graph: Graph, direction: str = "_next"):
        if direction not in ("_next", "_prev"):
            raise AssertionError("direction must be '_next' or '_prev'")
        self.graph, self.direction = graph, direction

    def __len__(self) -> int:
        return self.graph._len

    def __iter__(self) -> Iterator[Node]:
        node = getattr(self.graph._root, self.direction)
        while node is not self.graph._root:
            if not node._erased:
                yield node
            node = getattr(node, self.direction)

    def __reversed__(self) -> _node_list:
        return _node_list(self.graph, "_next" if self.direction == "_prev" else "_prev")


def _has_attribute(module: Any, name: str) -> bool:
    for part in name.split("."):
        module = getattr(module, part, None)
        if module is None:
            return False
    return True


class _InsertPoint:
    """Where new nodes go; as a context, until it ends."""

    def __init__(self, graph: Graph, new_insert: Callable[[Node], None]):
        self.graph = graph
        self.orig_insert, graph._insert = graph._insert, new_insert

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.graph._insert = self.orig_insert


class Graph:
    """A function as a list of nodes, which may be read, changed and written out as Python's text.

    Args:
        owning_module: the module that its targets are in.
        tracer_cls: the class of the tracer that recorded it.
        tracer_extras: what else a tracer wants to be kept.

    >>> import torchlike as torch
    >>> graph = torch.fx.Graph()
    >>> x = graph.placeholder("x")
    >>> node = graph.output(graph.call_function(torch.relu, (x,)))
    >>> print(graph)
    graph():
        %x : [num_users=1] = placeholder[target=x]
        %relu : [num_users=1] = call_function[target=torch.relu](args = (%x,), kwargs = {})
        return relu
    """

    def __init__(
        self,
        owning_module: GraphModule | None = None,
        tracer_cls: type | None = None,
        tracer_extras: dict[str, Any] | None = None,
    ):
        self._root = Node(self, "", "root", "", (), {})
        self._insert: Callable[[Node], None] = self._root.prepend
        self._len = 0
        self._graph_namespace = _Namespace()
        self._owning_module = owning_module
        self._owners = 0
        self._tracer_cls, self._tracer_extras = tracer_cls, tracer_extras
        self._codegen = CodeGen()
        self._co_fields: dict[str, Any] = {}

    @property
    def owning_module(self) -> GraphModule | None:
        """The module that its targets are in."""
        return self._owning_module

    @owning_module.setter
    def owning_module(self, mod: GraphModule | None) -> None:
        self._owning_module = mod

    @property
    def nodes(self) -> _node_list:
        """The nodes in their order; `reversed` works too."""
        return _node_list(self)

    def output_node(self) -> Node:
        """The last node."""
        found = next(iter(reversed(self.nodes)))
        if found.op != "output":
            raise AssertionError(f"Expected output node, got op={found.op}")
        return found

    def find_nodes(self, *, op: str, target: Target | None = None, sort: bool = True) -> list[Any]:
        """The nodes of one kind, and of one target if that is given, in the graph's order.

        Raises:
            AssertionError: for "call_function" without a target.
        """
        return [n for n in self.nodes if n.op == op and (target is None or n.target == target)]

    # --- making nodes ------------------------------------------------------------------------------------------

    def create_node(
        self,
        op: str,
        target: Target,
        args: tuple[Argument, ...] | None = None,
        kwargs: dict[str, Argument] | None = None,
        name: str | None = None,
        type_expr: Any = None,
    ) -> Node:
        """A new node at the insertion point. The methods named after each `op` are shorter."""
        args, kwargs = () if args is None else args, {} if kwargs is None else kwargs
        if not isinstance(args, tuple):
            raise AssertionError("args must be a tuple")
        if not isinstance(kwargs, dict):
            raise AssertionError("kwargs must be a dict")
        if op != "call_function" and not isinstance(target, str):
            raise AssertionError(f"Expected target to be str, got {type(target)}")
        chosen = self._graph_namespace.create_name(name if name is not None else self._target_to_str(target), None)
        made = Node(self, chosen, op, target, args, kwargs, type_expr)
        self._graph_namespace.associate_name_with_obj(chosen, made)
        self._insert(made)
        self._len += 1
        for hook in getattr(self.owning_module, "_create_node_hooks", None) or ():
            hook(made)
        return made

    def _target_to_str(self, target: Any) -> str:
        text = target if isinstance(target, str) else _names.function_name(target)
        if len(text) > 4 and text.startswith("__") and text.endswith("__"):
            text = text[2:-2]
        return _snake_case(text)

    def placeholder(self, name: str, type_expr: Any = None, default_value: Any = inspect.Signature.empty) -> Node:
        """An input of the function."""
        args = () if default_value is inspect.Signature.empty else (default_value,)
        return self.create_node("placeholder", name, args=args, type_expr=type_expr)

    def get_attr(self, qualified_name: str, type_expr: Any = None) -> Node:
        """What stands in the owning module under a dotted name."""
        if self.owning_module is not None and not _has_attribute(self.owning_module, qualified_name):
            warnings.warn(
                "Attempted to insert a get_attr Node with no underlying reference in the owning GraphModule! Call "
                "GraphModule.add_submodule to add the necessary submodule, GraphModule.add_parameter to add the necessary "
                "Parameter, or nn.Module.register_buffer to add the necessary buffer",
                stacklevel=2,
            )
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(
        self, module_name: str, args: tuple | None = None, kwargs: dict | None = None, type_expr: Any = None
    ) -> Node:
        """A call of a submodule of the owning module.

        Raises:
            AttributeError: if that has no such submodule.
        """
        if self.owning_module is not None:
            self.owning_module.get_submodule(module_name)
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(
        self, method_name: str, args: tuple | None = None, kwargs: dict | None = None, type_expr: Any = None
    ) -> Node:
        """A call of a method of the first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(
        self,
        the_function: Callable,
        args: tuple | None = None,
        kwargs: dict | None = None,
        type_expr: Any = None,
        name: str | None = None,
    ) -> Node:
        """A call of a function."""
        return self.create_node("call_function", the_function, args, kwargs, name=name, type_expr=type_expr)

    def output(self, result: Argument, type_expr: Any = None) -> Node:
        """What the function returns."""
        return self.create_node("output", "output", (result,), type_expr=type_expr)

    def node_copy(self, node: Node, arg_transform: Callable[[Node], Argument] = lambda x: x) -> Node:
        """A node like one of another graph, whose arguments `arg_transform` translates."""
        args, kwargs = map_arg(node.args, arg_transform), map_arg(node.kwargs, arg_transform)
        if not (isinstance(args, tuple) and isinstance(kwargs, dict)):
            raise AssertionError("args and kwargs of the copy must be a tuple and a dict")
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = copy.copy(node.meta)
        return made

    def graph_copy(self, g: Graph, val_map: dict[Node, Node], return_output_node: bool = False) -> Argument | None:
        """Copy another graph's nodes in here and return what its output gives here.

        Args:
            g: the other graph.
            val_map: its nodes that stand for others here; those copied are added.
            return_output_node: return `(output, the other graph's output node)`.
        """
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                result = map_arg(node.args[0], lambda n: val_map[n])
                return (result, node) if return_output_node else result
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Graph:
        made = Graph(tracer_cls=self._tracer_cls)
        made._codegen = copy.deepcopy(self._codegen)
        found = made.graph_copy(self, val_map := {}, return_output_node=True)
        made._tracer_extras = self._tracer_extras
        if found is not None:
            result, old = found
            output = made.output(result, type_expr=getattr(old, "type", None))
            output.meta = copy.copy(old.meta)
            val_map[old] = output
        for node in val_map.values():
            node.meta = copy.copy(node.meta)
        if memo is not None:
            memo.update({id(old): new for old, new in val_map.items()})
        return made

    # --- changing ----------------------------------------------------------------------------------------------

    def erase_node(self, to_erase: Node) -> None:
        """Take out a node that nobody uses.

        Raises:
            RuntimeError: if somebody does, or the node is of another graph.
        """
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} users in the graph: {to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            return
        for hook in getattr(self.owning_module, "_erase_node_hooks", None) or ():
            hook(to_erase)
        to_erase._remove_from_list()
        to_erase._erased = True
        self._len -= 1
        to_erase._update_args_kwargs((), {})

    def inserting_before(self, n: Node | None = None) -> _InsertPoint:
        """Let new nodes go before `n` (the beginning of the graph without one), for good or within a `with` block."""
        if n is None:
            return self.inserting_after(self._root)
        if n.graph is not self:
            raise AssertionError("Node to insert before is not in graph.")
        return _InsertPoint(self, n.prepend)

    def inserting_after(self, n: Node | None = None) -> _InsertPoint:
        """Let new nodes go after `n` (the end of the graph without one), for good or within a `with` block."""
        if n is None:
            return self.inserting_before(self._root)
        if n.graph is not self:
            raise AssertionError("Node to insert after is not in graph.")
        return _InsertPoint(self, n.append)

    def eliminate_dead_code(self, is_impure_node: Callable[[Node], bool] | None = None) -> bool:
        """Take out what nobody uses and that does nothing else, and return whether there was any."""
        lint(self)
        kept = is_impure_node or (lambda node: node.is_impure())
        before = len(self.nodes)
        for node in reversed(self.nodes):
            if not kept(node) and not node.users:
                self.erase_node(node)
        return len(self.nodes) < before

    def lint(self) -> None:
        """Check that it is well formed.

        Raises:
            RuntimeError: for a node out of order, of another graph, with a name twice, or a target that is not there.
        """
        lint(self)

    # --- text --------------------------------------------------------------------------------------------------

    def python_code(self, root_module: str, **options: Any) -> PythonCode:
        """Its text as a function of `root_module` (the name of the module in it, "self" for a method)."""
        namespace = _Namespace()
        held = {node: node._repr_fn for node in self.nodes}
        for node in self.nodes:
            node._repr_fn = lambda n: namespace.create_name(n.name, n)
        try:
            return self._codegen._gen_python_code(self.nodes, root_module, namespace, **options)
        finally:
            for node, shown in held.items():
                node._repr_fn = shown

    def __str__(self) -> str:
        inputs: list[str] = []
        returned = [""]
        lines = [node.format_node(inputs, returned) for node in self.nodes]
        return f"graph({', '.join(inputs)}){returned[0]}:" + "".join(f"\n    {line}" for line in lines if line)

    def print_tabular(self) -> None:
        """Print one line for each node. Needs the package tabulate."""
        try:
            from tabulate import tabulate  # type: ignore[import-untyped]
        except ImportError:
            print(
                "`print_tabular` relies on the library `tabulate`, which could not be found on this machine. "
                "Run `pip install tabulate` to install the library."
            )
            raise
        rows = [[n.op, n.name, n.target, n.args, n.kwargs] for n in self.nodes]
        print(tabulate(rows, headers=["opcode", "name", "target", "args", "kwargs"]))

    def process_inputs(self, *args: Any) -> Any:
        """The graph's inputs for a call with `args`."""
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out: Any) -> Any:
        """What a call returns for the graph's output."""
        return self._codegen.process_outputs(out)

    def set_codegen(self, codegen: CodeGen) -> None:
        """Let another generator write the text."""
        self._codegen = codegen

    def on_generate_code(self, make_transformer: Callable[[Any], Callable[[list[str]], list[str]]]) -> Any:
        """Change the text whenever it is written: `make_transformer(current)` gives a function from lines to lines.

        As a context the change ends with it.
        """
        former = self._codegen._body_transformer
        self._codegen._body_transformer = make_transformer(former)

        @contextmanager
        def until() -> Iterator[None]:
            try:
                yield
            finally:
                self._codegen._body_transformer = former

        return until()

    def _clear_nodes(self) -> None:
        for node in reversed(self.nodes):
            node.users.clear()
            self.erase_node(node)

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError("a Graph is not pickled by itself: pickle the GraphModule that it is in")
