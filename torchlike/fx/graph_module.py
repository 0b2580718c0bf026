"""`torch.fx.GraphModule`: a module made of a graph, whose `forward` is the graph's text."""

from __future__ import annotations

import copy
import itertools
import linecache
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from torchlike.base.errors import missing
from torchlike.fx._codegen import PythonCode, _PyTreeCodeGen
from torchlike.fx._namespace import custom_builtins
from torchlike.fx.graph import Graph
from torchlike.nn import Module, Parameter
from torchlike.tensor import Tensor

__all__ = ["GraphModule", "reduce_graph_module"]

_USER_PRESERVED_ATTRIBUTES_KEY = "_user_preserved_attributes"
_counter = itertools.count()
_HOOKS = ("_replace_hooks", "_create_node_hooks", "_erase_node_hooks", "_deepcopy_hooks")


def _exec_with_source(src: str, names: dict[str, Any]) -> None:
    """Run generated text so that tracebacks show its lines."""
    key = f"<eval_with_key>.{next(_counter)}"
    linecache.cache[key] = len(src), None, src.splitlines(keepends=True), key
    exec(compile(src, key, "exec", dont_inherit=True), names)


def _forward_from_src(src: str, names: dict[str, Any], name: str = "forward") -> Callable:
    found = dict(names)
    _exec_with_source(src, found)
    return found[name]


def _get_attr(model: Module, attr_name: str) -> Any:
    """What stands in a module under a dotted name."""
    found: Any = model
    for part in attr_name.split("."):
        found = getattr(found, part)
    return found


def _has_attr(model: Module, attr_name: str) -> bool:
    found: Any = model
    for part in attr_name.split("."):
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def _assign_attr(from_obj: Any, to_module: Module, target: str) -> None:
    """Put something into a module under a dotted name; modules on the way are made."""
    *prefix, field = target.split(".")
    for part in prefix:
        inner = getattr(to_module, part, None)
        if inner is None:
            inner = Module()
            setattr(to_module, part, inner)
        to_module = inner
    if isinstance(from_obj, Tensor) and not isinstance(from_obj, Parameter):
        to_module.register_buffer(field, from_obj)
    else:
        setattr(to_module, field, from_obj)


def _del_attr(model: Module, attr_name: str) -> None:
    """Take out what stands in a module under a dotted name."""
    parent, _, name = attr_name.rpartition(".")
    delattr(_get_attr(model, parent) if parent else model, name)


def _copy_attr(from_module: Module, to_module: Module, target: str) -> None:
    """Put what one module has under a dotted name into another, modules shared where they are the same."""
    *prefix, field = target.split(".")
    for part in prefix:
        source, there = getattr(from_module, part), getattr(to_module, part, None)
        if source is there:
            return  # it came along with its parent
        if there is None:
            there = Module()
            setattr(to_module, part, there)
        from_module, to_module = source, there
    _assign_attr(getattr(from_module, field), to_module, field)


class _CodeOnlyModule(Module):
    """A module with the contents of another, and none of its class."""

    def __init__(self, body: dict[str, Any]):
        super().__init__()
        self.__dict__ = body


class GraphModule(Module):
    """A module made of a graph. Change `graph`, then call `recompile`.

    Args:
        root: the module that the graph's targets are in, or a dictionary from targets to what they are.
        graph: the graph.
        class_name: what the module's class is called.

    Raises:
        RuntimeError: for a target that is not there, or a root of another kind.
    """

    def __new__(cls: type[GraphModule], *args: Any, **kwargs: Any) -> GraphModule:
        # `forward` stands in the class, so each module has a class of its own.
        base = next((c for c in cls.__mro__ if "_is_graph_module_impl" not in vars(c)), cls)

        class GraphModuleImpl(base):  # type: ignore[misc, valid-type]
            _is_graph_module_impl = True

        return super().__new__(GraphModuleImpl)

    def __init__(self, root: Module | dict[str, Any], graph: Graph, class_name: str = "GraphModule"):
        super().__init__()
        type(self).__name__ = class_name
        targets = [str(node.target) for node in graph.nodes if node.op in ("get_attr", "call_module")]
        if isinstance(root, Module):
            if hasattr(root, "training"):
                self.training = root.training
            for target in targets:
                _copy_attr(root, self, target)
        elif isinstance(root, dict):
            for node in graph.nodes:
                if node.op in ("get_attr", "call_module") and node.target not in root:
                    raise RuntimeError(
                        f"Node {node} referenced target {node.target} but that target was not provided in ``root``!"
                    )
            for target in sorted(set(targets), key=lambda name: name.count(".")):
                _assign_attr(root[target], self, target)
        else:
            raise RuntimeError(f"Unsupported type {root} passed for root!")
        self.graph = graph
        self._tracer_cls = graph._tracer_cls if "<locals>" not in getattr(graph._tracer_cls, "__qualname__", "") else None
        self._tracer_extras = graph._tracer_extras or {}
        self.meta: dict[str, Any] = {}
        for name in _HOOKS:
            setattr(self, name, [])

    @property
    def graph(self) -> Graph:
        """The graph; assigning another compiles it."""
        return self._graph

    @graph.setter
    def graph(self, g: Graph) -> None:
        if not isinstance(g, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(g)}")
        self._graph = g
        g.owning_module = self
        self.recompile()

    @property
    def code(self) -> str:
        """The text that the graph has been compiled from."""
        if not hasattr(self, "_code"):
            raise RuntimeError("Code has not been generated! Please report a bug to PyTorch")
        return self._code

    def recompile(self) -> PythonCode:
        """Write the graph's text and make it this module's `forward`; to be called when the graph has been changed."""
        codegen = self._graph._codegen
        if isinstance(codegen, _PyTreeCodeGen):
            self._in_spec, self._out_spec = codegen.pytree_info.in_spec, codegen.pytree_info.out_spec
        written = self._graph.python_code(root_module="self")
        self._code = written.src
        type(self).forward = _forward_from_src(written.src, written.globals, codegen._func_name)
        return written

    # --- submodules --------------------------------------------------------------------------------------------

    def add_submodule(self, target: str, m: Module) -> bool:
        """Put a module in under a dotted name; False where a part of the name is no module."""
        *prefix, field = target.split(".")
        inside: Any = self
        for part in prefix:
            found = getattr(inside, part, None)
            if found is None:
                found = Module()
                setattr(inside, part, found)
            if not isinstance(found, Module):
                return False
            inside = found
        inside.add_module(field, m)
        return True

    def delete_submodule(self, target: str) -> bool:
        """Take a module out; False where there is none under the name."""
        if not _has_attr(self, target) or not isinstance(_get_attr(self, target), Module):
            return False
        _del_attr(self, target)
        return True

    def delete_all_unused_submodules(self) -> None:
        """Take out every module that the graph calls nothing in."""
        used: set[str] = set()
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                parts = str(node.target).split(".")
                used.update(".".join(parts[: i + 1]) for i in range(len(parts)))
                if node.op == "call_module" and _has_attr(self, str(node.target)):
                    inside = _get_attr(self, str(node.target))
                    used.update(f"{node.target}.{name}" for name, _ in inside.named_modules() if name)
        for name in [name for name, _ in self.named_modules() if name and name not in used]:
            self.delete_submodule(name)

    # --- copies ------------------------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphModule:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        left = {*_HOOKS, "_graph", "_code"}
        body = copy.deepcopy({key: value for key, value in self.__dict__.items() if key not in left}, memo)
        GraphModule.__init__(made, _CodeOnlyModule(body), copy.deepcopy(self._graph, memo))
        kept = [name for name in body if name.endswith("_hooks") or name in ("_is_full_backward_hook",)]
        for name in (*kept, *self.meta.get(_USER_PRESERVED_ATTRIBUTES_KEY, {})):
            if name in body:
                made.__dict__[name] = body[name]
        made.meta = copy.copy(self.meta)
        for name, value in self.meta.get(_USER_PRESERVED_ATTRIBUTES_KEY, {}).items():
            setattr(made, name, value)
        for name in _HOOKS:
            setattr(made, name, list(getattr(self, name)))
        for hook in made._deepcopy_hooks:
            hook(made)
        return made

    def __copy__(self) -> GraphModule:
        made = GraphModule(self, self.graph)
        made.meta = self.meta
        return made

    def __reduce__(self) -> tuple:
        body = {key: value for key, value in self.__dict__.items() if key not in ("_graph", *_HOOKS)}
        builtin = custom_builtins()
        names = {name: value for name, value in self._graph.python_code("self").globals.items() if name not in builtin}
        return reduce_graph_module, (body, names, type(self).__name__)

    def to_folder(self, folder: Any, module_name: str = "FxModule") -> None:
        """Not here: raises NotImplementedError."""
        raise missing("torch.fx.GraphModule.to_folder", "write `code` into a file and save the state_dict")

    # --- text --------------------------------------------------------------------------------------------------

    def print_readable(self, print_output: bool = True, *args: Any, **options: Any) -> str:
        """The text of this module and those in it, with where each line comes from; printed, and returned.

        Args:
            print_output: whether to print it.
        """
        text = _readable(self, self._get_name())
        if print_output:
            print(text)
        return text

    def __str__(self) -> str:
        hint = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__str__(), self._code, hint])

    # --- hooks -------------------------------------------------------------------------------------------------

    def _register_replace_node_hook(self, f: Callable) -> None:
        self._replace_hooks.append(f)

    def _unregister_replace_node_hook(self, f: Callable) -> None:
        self._replace_hooks.remove(f)

    def _register_create_node_hook(self, f: Callable) -> None:
        self._create_node_hooks.append(f)

    def _unregister_create_node_hook(self, f: Callable) -> None:
        self._create_node_hooks.remove(f)

    def _register_erase_node_hook(self, f: Callable) -> None:
        self._erase_node_hooks.append(f)

    def _unregister_erase_node_hook(self, f: Callable) -> None:
        self._erase_node_hooks.remove(f)

    @contextmanager
    def _set_replace_hook(self, f: Callable) -> Any:
        self._register_replace_node_hook(f)
        try:
            yield
        finally:
            self._unregister_replace_node_hook(f)


def _readable(module: Module, name: str) -> str:
    """`print_readable`'s text of one module and the graph modules in it."""
    text = module._graph.python_code("self", verbose=True).src.lstrip("\n")
    inner = [_readable(m, key) for key, m in module.named_children() if hasattr(m, "_graph")]
    head = f"class {name}(torch.nn.Module):\n"
    shown = "\n".join(f"    {line}" if line.strip() else line.strip() for line in (head + text).split("\n"))
    return shown.strip() + "\n" + "".join("\n" + "\n".join(f"    {line}" for line in part.split("\n")) for part in inner)


def reduce_graph_module(body: dict[str, Any], names: dict[str, Any], class_name: str = "GraphModule") -> GraphModule:
    """A graph module from its contents: its text is recorded anew, each module as one call."""
    from torchlike.fx._symbolic_trace import Tracer  # pickles name this function here, and a tracer makes graph modules

    class KeepModules(Tracer):
        def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
            return True

    found = {name: builtin.obj for name, builtin in custom_builtins().items()} | names
    holder = type("_CodeOnlyModule", (_CodeOnlyModule,), {"forward": _forward_from_src(body["_code"], found)})(body)
    made = GraphModule(holder, KeepModules().trace(holder), class_name=class_name)
    for key, value in body.items():
        if key not in made.__dict__:
            made.__dict__[key] = value
    made.meta = body.get("meta", {})
    return made
