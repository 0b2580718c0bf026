"""A graph as Python's text."""

from __future__ import annotations

import enum
import keyword
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torchlike.base.device import device
from torchlike.fx import _names
from torchlike.fx._namespace import _Namespace, custom_builtins
from torchlike.fx.node import Node, map_arg
from torchlike.tensor import Tensor
from torchlike.utils import _pytree as pytree

magic_methods = {
    "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "gt": "{} > {}", "le": "{} <= {}", "ge": "{} >= {}", "pos": "+{}",
    "neg": "-{}", "invert": "~{}", "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "floordiv": "{} // {}",
    "truediv": "{} / {}", "div": "{} / {}", "mod": "{} % {}", "pow": "{} ** {}", "lshift": "{} << {}", "rshift": "{} >> {}",
    "and_": "{} & {}", "or_": "{} | {}", "xor": "{} ^ {}", "getitem": "{}[{}]", "matmul": "{} @ {}",
}  # fmt: skip
reflectable_magic_methods = {
    name: magic_methods[name]
    for name in "add sub mul floordiv truediv div mod pow lshift rshift and_ or_ xor getitem matmul".split()
}
inplace_methods = {
    "iadd": "{} += {}", "iand": "{} &= {}", "ifloordiv": "{} //= {}", "ilshift": "{} <<= {}", "imod": "{} %= {}",
    "imul": "{} *= {}", "imatmul": "{} @= {}", "ior": "{} |= {}", "ipow": "{} **= {}", "irshift": "{} >>= {}",
    "isub": "{} -= {}", "itruediv": "{} /= {}", "ixor": "{} ^= {}", "setitem": "{}[{}] = {}",
}  # fmt: skip


_GENERICS: dict[Any, Any] = {
    list: typing.List, dict: typing.Dict, set: typing.Set, frozenset: typing.FrozenSet, tuple: typing.Tuple,  # noqa: UP006
}  # fmt: skip


@dataclass
class PythonCode:
    """The text of a graph's function.

    Attributes:
        src: the text.
        globals: what the names in it mean.
    """

    src: str
    globals: dict[str, Any]
    _lineno_map: dict[int, int | None] | None = None
    _prologue_start: int = 0


@dataclass
class _Writing:
    """What one run of the generator gathers."""

    namespace: _Namespace
    globals: dict[str, Any] = field(default_factory=dict)
    wrapped: dict[str, None] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    returned: str = ""
    commented: str = ""

    def add_global(self, hint: str, value: Any) -> str:
        """The name under which the text may speak of `value`."""
        if _names.is_ours(value) and value is not device:
            name = _names.qualified_name(value)
            if name.startswith("torch.") and reaches(name, value):
                return name
        name = hint.replace(".", "_")
        if self.globals.get(name, _names) is value:
            return name
        name = self.namespace.create_name(name, value)
        self.globals[name] = value
        return name

    def type_text(self, kind: Any) -> str:
        """An annotation, with the names in it made known."""
        if kind == ():
            return "()"
        origin = getattr(kind, "__origin__", None)
        if origin is None:
            return self.add_global(_names.type_repr(kind), kind)
        origin = _GENERICS.get(origin, origin)
        name = self.add_global(_names.type_repr(origin), origin)
        return f"{name}[{','.join(map(self.type_text, kind.__args__))}]" if kind.__args__ else name

    def text(self, value: Any) -> str:
        """An argument as Python's text."""
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return f"{self.add_global(_names.type_repr(type(value)), type(value))}({', '.join(map(self.text, value))})"
        if isinstance(value, Node):
            return repr(value)
        if isinstance(value, tuple):
            return f"({', '.join(map(self.text, value))}{',' * (len(value) == 1)})"
        if isinstance(value, list):
            return f"[{', '.join(map(self.text, value))}]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.text(key)}: {self.text(inside)}" for key, inside in value.items()) + "}"
        if isinstance(value, slice):
            return f"slice({self.text(value.start)}, {self.text(value.stop)}, {self.text(value.step)})"
        if isinstance(value, enum.Enum):
            return f"{self.add_global(_names.type_repr(type(value)), type(value))}.{value.name}"
        if isinstance(value, Tensor):
            return f"{'Parameter' if value.is_leaf and value.requires_grad else 'Tensor'}(size={list(value.shape)})"
        if hasattr(value, "__name__") and callable(value):
            return self.add_global(_names.qualified_name(value), value)
        return repr(value)

    def call_text(self, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
        return ", ".join([*map(self.text, args), *(f"{key} = {self.text(value)}" for key, value in kwargs.items())])


def reaches(name: str, value: Any) -> bool:
    """Whether a dotted name that starts at torch leads to `value` here."""
    found: Any = custom_builtins()["torch"].obj
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
        if found is None:
            return False
    # What two namespaces have is written by the name of one; they may be two functions that do the same.
    return found is value or (callable(value) and getattr(found, "__name__", "") == getattr(value, "__name__", None))


def format_target(base: str, target: str) -> str:
    """`base.a.b`, by getattr where a part is no name of Python's."""
    for part in target.split("."):
        plain = part.isidentifier() and not keyword.iskeyword(part)
        base = f"{base}.{part}" if plain else f'getattr({base}, "{part}")'
    return base


def _last_uses(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    """For each node those that nobody needs once it has run."""
    seen: set[Node] = set()
    found: dict[Node, list[Node]] = {}
    for user in reversed(list(nodes)):

        def note(node: Node, user: Node = user) -> Node:
            if node not in seen:
                seen.add(node)
                found.setdefault(user, []).append(node)
            return node

        map_arg(user.args, note)
        map_arg(user.kwargs, note)
    return found


class CodeGen:
    """Writes a graph as a function; subclasses change its signature or what it returns."""

    def __init__(self) -> None:
        self._body_transformer: Callable[[list[str]], list[str]] | None = None
        self._func_name = "forward"

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str, **options: Any) -> str:
        """The line that the function starts with."""
        names = list(free_vars)
        if not names or names[0] != "self":
            names.insert(0, "self")
        return f"def {self._func_name}({', '.join(names)}){maybe_return_annotation}:"

    def generate_output(self, output_args: Any, **options: Any) -> str:
        """The line that it returns by."""
        text: Callable[[Any], str] = options.get("repr_fn") or repr
        return f"return {text(output_args)}"

    def process_inputs(self, *args: Any) -> Any:
        """What the graph's inputs get when the function is called with `args`."""
        return args

    def process_outputs(self, outputs: Any) -> Any:
        """What the function returns for the graph's output."""
        return outputs

    def additional_globals(self) -> list[tuple[str, Any]]:
        """Names that the text uses besides those in the graph, with what they mean."""
        return []

    def _gen_python_code(self, nodes: Iterable[Node], root_module: str, namespace: _Namespace, **options: Any) -> PythonCode:
        writing = _Writing(namespace)
        for name, value in self.additional_globals():
            writing.add_global(name, value)
        last = _last_uses(nodes)
        for node in nodes:
            if options.get("verbose"):
                self._comment(writing, node)
            statement = self._statement(writing, node, root_module)
            if statement is not None:
                writing.body.append(statement + self._deletions(node, last))
        body = writing.body or ["pass\n"]
        if self._body_transformer is not None:
            body = self._body_transformer(body)
        wrapped = "\n".join(f'torch.fx._symbolic_trace.wrap("{name}")' for name in writing.wrapped)
        head = self.gen_fn_def(writing.free, writing.returned)
        text = "\n".join(f"    {line}" for line in "".join(body).lstrip("\n").split("\n"))
        names = {name: builtin.obj for name, builtin in custom_builtins().items()} | writing.globals
        return PythonCode(f"\n{wrapped}\n\n{head}\n{text}", names)

    @staticmethod
    def _comment(writing: _Writing, node: Node) -> None:
        """In verbose text, where a node comes from stands above it."""
        if node.op in ("placeholder", "output"):
            return
        trace = node.stack_trace
        if trace:
            place = [line.strip() for line in trace.strip().split("\n") if line.strip().startswith("File")]
            shown = f"# {place[-1]}, code: {trace.strip().splitlines()[-1].strip()}" if place else f"# {trace.strip()}"
        else:
            shown = "# No stacktrace found for following nodes"
        if writing.commented != shown:
            writing.commented = shown
            writing.body.append(f"\n{shown}\n")

    @staticmethod
    def _deletions(node: Node, last: dict[Node, list[Node]]) -> str:
        """Names are set to None after their last use, so that memory is given back as in code written by hand."""
        if node.op in ("placeholder", "output"):
            return "\n" if node.op == "output" else ""
        done = [*last.get(node, ()), *([] if node.users else [node])]
        return f";  {' = '.join(map(repr, done))} = None\n" if done else "\n"

    def _statement(self, writing: _Writing, node: Node, root: str) -> str | None:
        """The statement that one node becomes, without its end."""
        annotation = f" : {writing.type_text(node.type)}" if node.type is not None else ""
        if node.op == "placeholder":
            return self._input(writing, node, annotation)
        if node.op == "output":
            if node.type is not None:
                writing.returned = f" -> {writing.type_text(node.type)}"
            return self.generate_output(node.args[0], repr_fn=writing.text)
        name, target = f"{node!r}{annotation}", node.target
        if node.op == "call_function":
            return self._function(writing, node, name)
        if node.op == "call_method":
            called = format_target(writing.text(node.args[0]), str(target))
            return f"{name} = {called}({writing.call_text(node.args[1:], node.kwargs)})"
        if node.op == "call_module":
            return f"{name} = {format_target(root, str(target))}({writing.call_text(node.args, node.kwargs)})"
        if node.op == "get_attr":
            return f"{name} = {format_target(root, str(target))}"
        raise NotImplementedError(f"node: {node.op} {target}")

    @staticmethod
    def _input(writing: _Writing, node: Node, annotation: str) -> str | None:
        target = str(node.target)
        writing.free.append(f"{target}{annotation}{f' = {writing.text(node.args[0])}' if node.args else ''}")
        bare = target.replace("*", "")
        return f"{node!r} = {bare}\n" if bare != repr(node) else None

    @staticmethod
    def _function(writing: _Writing, node: Node, name: str) -> str:
        target: Any = node.target
        if getattr(target, "__module__", None) == "_operator":
            if target.__name__ in magic_methods and not node.kwargs:
                return f"{name} = {magic_methods[target.__name__].format(*map(writing.text, node.args))}"
            if target.__name__ in inplace_methods:
                done = inplace_methods[target.__name__].format(*map(writing.text, node.args))
                return f"{done};  {name} = {writing.text(node.args[0])}"
        qualified = _names.qualified_name(target)
        known = writing.add_global(qualified, target)
        if known == "getattr" and len(node.args) == 2 and isinstance(node.args[1], str) and node.args[1].isidentifier():
            return f"{name} = {format_target(writing.text(node.args[0]), node.args[1])}"
        if node.meta.get("is_wrapped", False):
            writing.wrapped[known] = None
        return f"{name} = {known}({writing.call_text(node.args, node.kwargs)})"


class _BoxedCodeGen(CodeGen):
    """A function that takes its arguments in one list, which it empties."""

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str, **options: Any) -> str:
        names = [name.split(":")[0].split("=")[0].strip() for name in free_vars if name != "self"]
        taken = f"    {', '.join(names)}, = args_list\n" if names else ""
        return f"def {self._func_name}(self, args_list){maybe_return_annotation}:\n{taken}    args_list.clear()"


@dataclass
class _PyTreeInfo:
    """How nested arguments become the graph's flat inputs, and its flat output a nested one."""

    orig_args: list[str]
    in_spec: Any
    out_spec: Any


class _PyTreeCodeGen(CodeGen):
    """A function whose arguments and result are nested."""

    def __init__(self, pytree_info: _PyTreeInfo):
        super().__init__()
        self.pytree_info = pytree_info

    def process_inputs(self, *args: Any) -> Any:
        return pytree.tree_leaves(args)

    def process_outputs(self, outputs: Any) -> Any:
        if not isinstance(outputs, (list, tuple)):
            outputs = [outputs]
        return outputs if self.pytree_info.out_spec is None else pytree.tree_unflatten(outputs, self.pytree_info.out_spec)

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str, **options: Any) -> str:
        info = self.pytree_info
        head = super().gen_fn_def(list(info.orig_args), maybe_return_annotation)
        names = [name.split(":")[0].split("=")[0].strip() for name in free_vars]
        given = [name for name in info.orig_args if name != "self"]
        if not names:
            return head
        flat = f"fx_pytree.tree_flatten_spec([{', '.join(given)}], self._in_spec)"
        return f"{head}\n    {', '.join(names)}, = {flat}"

    def generate_output(self, output_args: Any, **options: Any) -> str:
        if not self.pytree_info.out_spec:
            return super().generate_output(output_args, **options)
        text: Callable[[Any], str] = options.get("repr_fn") or repr
        return f"return pytree.tree_unflatten({text(output_args)}, self._out_spec)"
