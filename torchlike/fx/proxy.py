"""`torch.fx.Proxy`: stands for a value that is not there yet, and writes down what is done with it."""

from __future__ import annotations

import collections
import copy
import dataclasses
import dis
import enum
import inspect
import operator
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torchlike import _interpose
from torchlike.fx import _names
from torchlike.fx import traceback as fx_traceback
from torchlike.fx._codegen import magic_methods, reflectable_magic_methods
from torchlike.fx.graph import Graph
from torchlike.fx.node import Node, Target, base_types, map_aggregate

__all__ = [
    "Attribute", "GraphAppendingTracer", "ParameterProxy", "Proxy", "Scope", "ScopeContextManager", "TraceError", "TracerBase",
]  # fmt: skip

# What torch calls the methods behind Python's operators on tensors; the others keep their names.
_OPERATORS = {
    **{f"__{form}{name}__": name for name in ("add", "sub", "mul", "pow", "matmul") for form in ("", "r")},
    **{f"__{form}{name}__": to for name, to in (("truediv", "div"), ("mod", "remainder")) for form in ("", "r")},
    **{f"__{name}__": name for name in ("eq", "ne", "lt", "le", "gt", "ge", "neg", "abs")},
}


class TraceError(ValueError):
    """A value that is not there yet was needed: in an `if`, a loop, as a number ..."""


class Scope:
    """The module that is being gone through.

    Args:
        module_path: its dotted name.
        module_type: its class.
    """

    def __init__(self, module_path: str, module_type: Any):
        self.module_path, self.module_type = module_path, module_type


@contextmanager
def ScopeContextManager(scope: Scope, current_scope: Scope) -> Iterator[Scope]:
    """`scope` becomes `current_scope` for as long as the block lasts."""
    former = scope.module_path, scope.module_type
    scope.module_path, scope.module_type = current_scope.module_path, current_scope.module_type
    try:
        yield scope
    finally:
        scope.module_path, scope.module_type = former


class TracerBase:
    """What proxies need of whoever records: the graph, and how arguments are put into it."""

    graph: Graph
    record_stack_traces: bool = False
    check_mutable_operations: bool = False
    trace_asserts: bool = False
    proxy_buffer_attributes: bool = False
    traced_func_name: str = "forward"
    scope: Scope
    module_stack: collections.OrderedDict[str, tuple[str, Any]]
    node_name_to_scope: dict[str, tuple[str, type]]

    def create_node(
        self, kind: str, target: Target, args: tuple, kwargs: dict[str, Any], name: str | None = None, type_expr: Any = None
    ) -> Node:
        """A node in the graph, for arguments that hold nodes."""
        node = self.graph.create_node(kind, target, args, kwargs, name, type_expr)
        self.node_name_to_scope[node.name] = self.scope.module_path, self.scope.module_type
        if fx_traceback.has_preserved_node_meta():
            node.meta.update(fx_traceback.get_current_meta())
        elif self.module_stack:
            node.meta["nn_module_stack"] = collections.OrderedDict(self.module_stack)
        return node

    def proxy(self, node: Node) -> Proxy:
        """The proxy that stands for a node's result."""
        return Proxy(node, self)

    def create_proxy(
        self,
        kind: str,
        target: Target,
        args: tuple,
        kwargs: dict[str, Any],
        name: str | None = None,
        type_expr: Any = None,
        proxy_factory_fn: Callable[[Node], Proxy] | None = None,
    ) -> Proxy:
        """A node, for arguments that may hold proxies, and the proxy that stands for its result."""
        given, named = self.create_arg(args), self.create_arg(kwargs)
        node = self.create_node(kind, target, given, named, name, type_expr)
        if self.record_stack_traces and not node.stack_trace:
            frames = traceback.extract_stack(self._find_user_frame())
            node.stack_trace = "".join(traceback.StackSummary.from_list(frames).format()).strip()
        return proxy_factory_fn(node) if proxy_factory_fn else self.proxy(node)

    def _find_user_frame(self) -> FrameType | None:
        """The innermost frame that is not this package's."""
        frame = inspect.currentframe()
        while frame is not None and frame.f_globals.get("__name__", "").startswith(("torchlike.fx", "torchlike._interpose")):
            frame = frame.f_back
        return frame

    def create_arg(self, a: Any) -> Any:
        """An argument as a node keeps it: proxies become nodes.

        Raises:
            NotImplementedError: for what cannot be an argument.
        """
        if isinstance(a, Proxy):
            return a.node
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, tuple):
            inside = [self.create_arg(element) for element in a]
            return type(a)(*inside) if hasattr(a, "_fields") else tuple(inside)
        if isinstance(a, list):
            return [self.create_arg(element) for element in a]
        if isinstance(a, dict):
            return {self._key(key): self.create_arg(value) for key, value in a.items()}
        if isinstance(a, slice):
            return slice(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, range):
            return range(self.create_arg(a.start), self.create_arg(a.stop), self.create_arg(a.step))
        if isinstance(a, (*base_types, enum.Enum)) or a is None or a is ...:
            return a
        if dataclasses.is_dataclass(a) and not isinstance(a, type):
            fields = {f.name: self.create_arg(getattr(a, f.name)) for f in dataclasses.fields(a)}
            return self.create_node("call_function", type(a), (), fields)
        if callable(a) and hasattr(a, "__name__"):  # a function or class
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    def _key(self, key: Any) -> Any:
        key = self.create_arg(key)

        def refuse(node: Any) -> Any:
            if isinstance(node, Node):
                raise RuntimeError(f"Keys for dictionaries used as an argument cannot contain a Node. Got key: {key}")
            return node

        map_aggregate(key, refuse)
        return key

    def to_bool(self, obj: Proxy) -> bool:
        """The truth of a value that is not there: raises TraceError."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj: Proxy) -> Iterator:
        """The elements of a value that is not there: raises TraceError."""
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or **kwargs "
            "function argument. See the torch.fx docs on pytorch.org for a more detailed explanation of what types of control "
            "flow can be traced, and check out the Proxy docstring for help troubleshooting Proxy iteration errors"
        )

    def keys(self, obj: Proxy) -> Any:
        """The keys of a value that is not there; what `**` asks for."""
        return Attribute(obj, "keys")()


class GraphAppendingTracer(TracerBase):
    """Adds what is done with its proxies to a graph.

    Args:
        graph: the graph.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.scope = Scope("", None)
        self.module_stack = collections.OrderedDict()
        self.node_name_to_scope = {}


def _find_proxy(value: Any) -> Proxy | None:
    """The first proxy in an argument."""
    if isinstance(value, Proxy):
        return value
    if isinstance(value, (tuple, list)):
        return next((found for found in map(_find_proxy, value) if found is not None), None)
    if isinstance(value, dict):
        return _find_proxy(tuple(value.values()))
    return _find_proxy((value.start, value.stop, value.step)) if isinstance(value, slice) else None


def answer(fn: Callable, site: _interpose.Site, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Writes down a call of one of torch's functions with proxies; lets the others through."""
    found = _find_proxy(args)
    if found is None and kwargs:
        found = _find_proxy(kwargs)
    if found is None:
        return site.original(*args, **kwargs)
    return type(found).__torch_function__(fn, (type(found),), args, kwargs)


def _written_out(site: _interpose.Site, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """The arguments with every default as a keyword, for functions that torch has in Python."""
    if not _names.written_out(site):
        return args, kwargs
    signature = inspect.signature(site.original)
    kinds = {p.kind for p in signature.parameters.values()}
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
        return args, kwargs
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    needed = [name for name, p in signature.parameters.items() if p.default is inspect.Parameter.empty]
    positional = tuple(bound.arguments[name] for name in needed)
    return positional, {name: value for name, value in bound.arguments.items() if name not in needed}


class Proxy:
    """Stands for a value of the function that is being recorded, and writes down what is done with it.

    Args:
        node: the node whose result it stands for.
        tracer: whoever records; by default what is done is added to the node's graph.
    """

    def __init__(self, node: Node, tracer: TracerBase | None = None):
        if tracer is None:
            tracer = GraphAppendingTracer(node.graph)
        self.tracer = tracer
        self.node = node
        if isinstance(tracer, GraphAppendingTracer):  # no trace is running, so the functions must be told
            weakref.finalize(self, _interpose.hold(answer)).atexit = False

    def __repr__(self) -> str:
        return f"Proxy({self.node.name})"

    def __getattr__(self, k: str) -> Attribute:
        # Not put into the graph yet: it may be a method about to be called.
        return Attribute(self, k)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    def __setstate__(self, d: dict[str, Any]) -> None:
        self.__dict__ = d

    def __deepcopy__(self, memo: dict[int, Any]) -> Proxy:
        made = type(self).__new__(type(self))
        made.__dict__.update({key: copy.deepcopy(value, memo) for key, value in self.__dict__.items()})
        return made

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self) -> Iterator[Any]:
        frame = sys._getframe(1)
        found = next((i for i in dis.get_instructions(frame.f_code) if i.offset == frame.f_lasti), None)
        if found is not None and found.opname == "UNPACK_SEQUENCE":
            return (self[i] for i in range(found.argval))  # type: ignore[index]
        return self.tracer.iter(self)

    def __abs__(self) -> Proxy:
        return self.tracer.create_proxy("call_function", operator.abs, (self,), {})

    def __bool__(self) -> bool:
        return self.tracer.to_bool(self)

    def keys(self) -> Any:
        return self.tracer.keys(self)

    def __len__(self) -> int:
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call "
            "torch.fx.wrap('len') at module scope"
        )

    @classmethod
    def __torch_function__(cls, orig_method: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        args, kwargs = args or (), kwargs or {}
        tracers: dict[Any, None] = {}

        def note(value: Any) -> Any:
            if isinstance(value, Proxy):
                tracers[value.tracer] = None
            return value

        map_aggregate((args, kwargs), note)
        if len(tracers) > 1:
            raise RuntimeError(
                f"Found multiple different tracers {list(tracers)} while trying to trace operations {orig_method}"
            )
        tracer = next(iter(tracers))
        site = _interpose.site(orig_method)
        if site is not None and site.space == "torch.Tensor":
            return tracer.create_proxy("call_method", _OPERATORS.get(site.name, site.name), args, kwargs)
        if site is not None:
            args, kwargs = _written_out(site, args, kwargs)
        return tracer.create_proxy("call_function", orig_method, args, kwargs)


class Attribute(Proxy):
    """An attribute of a value that is not there yet: a node when it is used, a call of a method when it is called.

    Args:
        root: the proxy of the value.
        attr: the attribute's name.
    """

    def __init__(self, root: Proxy, attr: str):
        self.root, self.attr, self.tracer = root, attr, root.tracer
        self._node: Node | None = None

    @property
    def node(self) -> Node:  # type: ignore[override]
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args: Any, **kwargs: Any) -> Proxy:
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """A parameter whose shape is known while recording.

    Args:
        tracer, node: as for Proxy.
        name: the parameter's name.
        param: the parameter.
    """

    def __init__(self, tracer: TracerBase, node: Node, name: str, param: Any):
        super().__init__(node, tracer)
        self.param, self.name = param, name

    def __repr__(self) -> str:
        return f"ParameterProxy({self.name})"

    @property
    def shape(self) -> Any:
        return self.param.shape

    @property
    def ndim(self) -> int:
        return self.param.ndim

    def size(self, *args: Any) -> Any:
        return self.param.size(*args)

    def dim(self) -> int:
        return self.param.dim()

    def numel(self) -> int:
        return self.param.numel()

    def nelement(self) -> int:
        return self.param.nelement()


def _operator_method(name: str, reflected: bool = False) -> Callable[..., Any]:
    target = getattr(operator, name)

    def method(self: Proxy, *others: Any) -> Any:
        args = (others[0], self) if reflected else (self, *others)
        return self.tracer.create_proxy("call_function", target, args, {})

    return method


for _name in magic_methods:  # not the in-place ones: x += y is x = x + y for a value that is not there
    if hasattr(operator, _name):  # div is Python 2's
        setattr(Proxy, f"__{_name.rstrip('_')}__", _operator_method(_name))
for _name in reflectable_magic_methods:
    if hasattr(operator, _name) and _name != "getitem":
        setattr(Proxy, f"__r{_name.rstrip('_')}__", _operator_method(_name, reflected=True))
