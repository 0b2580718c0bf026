"""`torch.fx.symbolic_trace`: a module's or function's Python run once, with proxies in place of its inputs."""

from __future__ import annotations

import builtins
import collections
import copy
import functools
import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from torchlike import _interpose
from torchlike._library import operator
from torchlike.aten import packet
from torchlike.fx import proxy as _proxy
from torchlike.fx._lazy_graph_module import _make_graph_module
from torchlike.fx._trace_inputs import PH, PHBase, PHWithMeta, _assert_is_none, _Inputs
from torchlike.fx.graph import Graph
from torchlike.fx.graph_module import GraphModule
from torchlike.fx.node import Node
from torchlike.fx.proxy import ParameterProxy, Proxy, Scope, ScopeContextManager, TracerBase, _find_proxy
from torchlike.nn import Module, Parameter, Sequential
from torchlike.tensor import Tensor

__all__ = [
    "PH", "PHBase", "PHWithMeta", "ProxyableClassMeta", "Tracer", "_assert_is_none", "is_fx_symbolic_tracing", "is_fx_tracing",
    "symbolic_trace", "wrap",
]  # fmt: skip

T = TypeVar("T")

_orig_module_call: Callable = Module.__call__
_orig_module_getattr: Callable = Module.__getattr__
# (id of a module's globals, name) -> those globals: functions that are recorded as one call.
_wrapped_fns_to_patch: dict[tuple[int, str], dict[str, Any]] = {}
_wrapped_methods_to_patch: list[tuple[type, str]] = []
_proxyable_classes: dict[type, None] = {}
_OPERATORS: tuple[type, ...] = (packet.OpOverload, packet.OpOverloadPacket, operator.OpOverload, operator.OpOverloadPacket)
_tracing = 0


def is_fx_tracing() -> bool:
    """Whether `symbolic_trace` is running."""
    return _tracing > 0


is_fx_symbolic_tracing = is_fx_tracing


class ProxyableClassMeta(type):
    """Metaclass of classes whose construction from proxies is recorded as one call."""

    def __init__(cls, name: str, bases: tuple, attrs: dict[str, Any]):
        _proxyable_classes.setdefault(cls)
        super().__init__(name, bases, attrs)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = cls.__new__(cls)  # type: ignore[call-overload]
        if not is_fx_tracing():
            cls.__init__(made, *args, **kwargs)  # type: ignore[misc]
            return made
        found = _find_proxy((args, kwargs))
        if found is not None:
            return found.tracer.create_proxy("call_function", cls, args, kwargs)
        cls.__init__(made, *args, **kwargs)  # type: ignore[misc]
        return made


def wrap(fn_or_name: T) -> T:
    """Record calls of a function of this module as one call; give it, or its name, at the top level of the module.

    Raises:
        NotImplementedError: inside a function.
        RuntimeError: for what is neither function nor name.
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__  # type: ignore[attr-defined]
    frame = inspect.currentframe()
    caller = frame.f_back if frame is not None else None
    if caller is None or caller.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    _wrapped_fns_to_patch[id(caller.f_globals), name] = caller.f_globals
    return fn_or_name


def _recording(fn: Callable) -> Callable:
    """A stand-in for `fn` that records calls with proxies."""

    @functools.wraps(fn)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        found = _find_proxy((args, kwargs))
        if found is None:
            return fn(*args, **kwargs)
        made = found.tracer.create_proxy("call_function", fn, args, kwargs)
        made.node.meta["is_wrapped"] = True
        return made

    wrapped.__fx_already_patched = True  # type: ignore[attr-defined]
    return wrapped


def _recording_operator(call: Callable) -> Callable:
    """A stand-in for the `__call__` of operators below `torch.ops` that records calls with proxies."""

    def wrapped(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = _find_proxy((args, kwargs))
        if found is None:
            return call(self, *args, **kwargs)
        return found.tracer.create_proxy("call_function", self, args, kwargs)

    return wrapped


class _Patches:
    """Entries of dictionaries and attributes of classes, exchanged until `revert`."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], Any]] = []
        self._visited: set[int] = set()

    def item(self, space: dict[str, Any], name: str, fn: Callable) -> None:
        if name in space:
            former = space[name]
            self._undo.append(lambda: space.__setitem__(name, former))
        else:
            self._undo.append(lambda: space.pop(name, None))
        space[name] = fn

    def attribute(self, cls: type, name: str, fn: Callable) -> None:
        if name in vars(cls):
            former = vars(cls)[name]
            self._undo.append(lambda: setattr(cls, name, former))
        else:
            self._undo.append(lambda: delattr(cls, name))
        setattr(cls, name, fn)

    def wrapped(self) -> None:
        """Exchange what `wrap` was told of."""
        for (_, name), space in list(_wrapped_fns_to_patch.items()):
            if name in space:
                fn = space[name]
            elif hasattr(builtins, name):
                fn = getattr(builtins, name)
            else:
                continue
            if not hasattr(fn, "__fx_already_patched"):
                self.item(space, name, _recording(fn))

    def autowrap(self, space: dict[str, Any], functions: set[int]) -> None:
        """Exchange the functions among `functions` (by identity) that a module's globals have."""
        if id(space) in self._visited:
            return
        self._visited.add(id(space))
        for name, value in list(space.items()):
            if not name.startswith("_") and callable(value) and id(value) in functions:
                self.item(space, name, _recording(value))

    def revert(self) -> None:
        while self._undo:
            self._undo.pop()()


class Tracer(_Inputs, TracerBase):
    """Records modules as graphs; override its methods to record otherwise.

    Args:
        autowrap_modules: modules whose functions are recorded as one call each.
        autowrap_functions: further functions that are.
        param_shapes_constant: give the shapes of parameters as numbers.
    """

    def __init__(
        self,
        autowrap_modules: tuple[ModuleType, ...] = (math,),
        autowrap_functions: tuple[Callable, ...] = (),
        param_shapes_constant: bool = False,
    ):
        self._autowrap_function_ids: set[int] = {
            id(value)
            for space in (vars(m) for m in autowrap_modules)
            for name, value in space.items()
            if not name.startswith("_") and callable(value)
        }
        self._autowrap_function_ids.update(map(id, autowrap_functions))
        self._autowrap_search: list[ModuleType] = list(autowrap_modules)
        self.param_shapes_constant = param_shapes_constant
        self.submodule_paths: dict[Module, str] | None = None
        self.root_module_name = ""
        self.scope = Scope("", None)
        self.module_stack = collections.OrderedDict()
        self.num_calls: dict[str, int] = {}
        self.node_name_to_scope = {}
        self.tensor_attrs: dict[int, tuple[Any, str]] = {}
        self._fresh: dict[str, int] = collections.defaultdict(int)

    # --- what a subclass may change ----------------------------------------------------------------------------

    def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
        """Whether a module is recorded as one call; by default those of torch.nn, but not Sequential."""
        ours = m.__module__.startswith(("torchlike.nn", "torchlike.ao.nn", "torch.nn", "torch.ao.nn"))
        return ours and not isinstance(m, Sequential)

    def path_of_module(self, mod: Module) -> str:
        """The dotted name of a module in the root.

        Raises:
            NameError: if it is not in there.
        """
        if self.submodule_paths:
            path = self.submodule_paths.get(mod)
        else:
            path = next((name for name, other in self.root.named_modules() if other is mod), None)
        if path is None:
            raise NameError("module is not installed as a submodule")
        return path

    def call_module(self, m: Module, forward: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """What a call of a module gives: a proxy for a leaf, else what `forward` records."""
        path = self.path_of_module(m)
        with ScopeContextManager(self.scope, Scope(path, type(m))):
            calls = self.num_calls.get(path, 0)
            self.num_calls[path] = calls + 1
            key = f"{path}@{calls}" if calls else path
            self.module_stack[key] = path, type(m)
            try:
                if self.is_leaf_module(m, path):
                    return self.create_proxy("call_module", path, args, kwargs)
                return forward(*args, **kwargs)
            finally:
                self.module_stack.popitem(last=True)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Proxy]) -> Any:
        """What reading an attribute of a module gives: a proxy for a parameter."""
        if isinstance(attr_val, Parameter):
            found = self._proxy_of(attr_val, self.root.named_parameters(), parameter_proxy_cache)
            return attr_val if found is None else found
        if self.proxy_buffer_attributes and isinstance(attr_val, Tensor):
            found = self._proxy_of(attr_val, self.root.named_buffers(), parameter_proxy_cache)
            return attr_val if found is None else found
        return attr_val

    def _proxy_of(self, value: Any, among: Iterator, cache: dict[str, Proxy]) -> Proxy | None:
        for name, other in among:
            if other is value:
                if name not in cache:
                    factory = None
                    if self.param_shapes_constant:
                        factory = lambda node: ParameterProxy(self, node, name, value)  # noqa: E731, B023
                    cache[name] = self.create_proxy("get_attr", name, (), {}, proxy_factory_fn=factory)
                return cache[name]
        return None

    def get_fresh_qualname(self, prefix: str) -> str:
        """A name that the root has no attribute of."""
        while True:
            name = f"{prefix}{self._fresh[prefix]}"
            self._fresh[prefix] += 1
            if not hasattr(self.root, name):
                return name

    def create_arg(self, a: Any) -> Any:
        """An argument as a node keeps it; parameters, buffers and modules become nodes that read them."""
        if isinstance(a, Parameter):
            for name, other in self.root.named_parameters():
                if other is a:
                    return self.create_node("get_attr", name, (), {})
            raise NameError("parameter is not a member of this module")
        if isinstance(a, Tensor):
            for name, buffer in self.root.named_buffers():
                if buffer is a:
                    return self.create_node("get_attr", name, (), {})
            return self._constant(a, "_tensor_constant")
        if isinstance(a, Module):
            for name, module in self.root.named_modules():
                if module is a:
                    return self.create_node("get_attr", name, (), {})
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            return self.create_node("call_function", type(a), tuple(self.create_arg(element) for element in a), {})
        if type(a) in _proxyable_classes:
            return self._constant(a, f"_{type(a).__name__}_constant_")
        return super().create_arg(a)

    def _constant(self, value: Any, prefix: str) -> Node:
        """Keep a value in the root and read it from there."""
        known = self.tensor_attrs.get(id(value))
        if known is None:
            known = self.tensor_attrs[id(value)] = value, self.get_fresh_qualname(prefix)
            setattr(self.root, known[1], value)
        return self.create_node("get_attr", known[1], (), {})

    # --- recording ---------------------------------------------------------------------------------------------

    def trace(self, root: Module | Callable, concrete_args: dict[str, Any] | None = None) -> Graph:
        """Run a module or function once and return what it did as a graph.

        Args:
            root: the module or function.
            concrete_args: arguments that keep a value of their own; `PH` inside containers stands for an input.
        """
        if isinstance(root, Module):
            if not hasattr(type(root), self.traced_func_name):
                raise AssertionError(f"traced_func_name={self.traced_func_name} doesn't exist in {type(root).__name__}")
            fn = getattr(type(root), self.traced_func_name)
            self.root, self.root_module_name = root, root._get_name()
            self.submodule_paths = {module: name for name, module in root.named_modules()}
        else:
            fn = root
            if not isinstance(fn, FunctionType):
                raise AssertionError(f"Expected FunctionType, got {type(fn)}")
            self.root = Module()
        self.graph = Graph(tracer_cls=getattr(self, "__class__", None))
        self.tensor_attrs = {
            id(value): (value, f"{path}.{name}" if path else name)
            for path, module in self.root.named_modules()
            for name, value in vars(module).items()
            if isinstance(value, Tensor)
        }
        with self._patched(fn) as original:
            fn, args = self.create_args_for_root(original, isinstance(root, Module), concrete_args)
            self.create_node("output", "output", (self.create_arg(fn(*args)),), {}, type_expr=_annotated(fn))
        self.submodule_paths = None
        return self.graph

    @contextmanager
    def _patched(self, fn: Callable) -> Iterator[Callable]:
        """Within the block calls of modules, reads of parameters and torch's functions come to this tracer."""
        global _tracing
        patches = _Patches()
        cache: dict[str, Proxy] = {}

        def call_wrapper(mod: Module, *args: Any, **kwargs: Any) -> Any:
            def forward(*args: Any, **kwargs: Any) -> Any:
                return _orig_module_call(mod, *args, **kwargs)

            patches.autowrap(getattr(getattr(mod, "forward", mod), "__globals__", {}), self._autowrap_function_ids)
            return self.call_module(mod, forward, args, kwargs)

        def getattr_wrapper(mod: Module, attr: str) -> Any:
            return self.getattr(attr, _orig_module_getattr(mod, attr), cache)

        with ExitStack() as stack:
            stack.callback(patches.revert)
            patches.attribute(Module, "__getattr__", getattr_wrapper)
            patches.attribute(Module, "__call__", call_wrapper)
            for kind in _OPERATORS:
                patches.attribute(kind, "__call__", _recording_operator(kind.__call__))
            patches.wrapped()
            patches.autowrap(getattr(fn, "__globals__", {}), self._autowrap_function_ids)
            for module in self._autowrap_search:
                patches.autowrap(vars(module), self._autowrap_function_ids)
            stack.enter_context(_interpose.interposed(_proxy.answer))
            _tracing += 1
            try:
                yield fn
            finally:
                _tracing -= 1

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracer:
        made = type(self).__new__(type(self))
        for key, value in self.__dict__.items():
            made.__dict__[key] = value if key in ("_autowrap_search", "root") else copy.deepcopy(value, memo)
        return made


def _annotated(fn: Callable) -> Any:
    return getattr(fn, "__annotations__", {}).get("return", None)


def symbolic_trace(root: Module | Callable, concrete_args: dict[str, Any] | None = None) -> GraphModule:
    """A module's or function's operations as a module whose graph can be read and changed.

    Args:
        root: the module or function.
        concrete_args: arguments that keep a value of their own, so that control flow may depend on them.

    Raises:
        TraceError: where control flow depends on an input's value.

    >>> import torchlike as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    >>> [node.name for node in traced.graph.nodes]
    ['x', 'relu', 'add', 'output']
    >>> traced(torch.tensor([-1.0, 2.0]))
    tensor([1., 3.])
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = type(root).__name__ if isinstance(root, Module) else root.__name__
    return _make_graph_module(tracer.root, graph, name)
