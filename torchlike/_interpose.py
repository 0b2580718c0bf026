"""Calls of torch's functions, seen from outside, while somebody looks; at no cost to anybody otherwise.

While a handler is active the `__code__` of every public function and method is exchanged for one that asks the handler
first, so that it does not matter by which name a function was imported. Nothing stands in a function's way before or after.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from torchlike._checks import _assert
from torchlike.ops.registry import OPS
from torchlike.tensor import Tensor, functions
from torchlike.tensor.attach import _Lazy as Lazy

# What stands in these is a function of torch's; the first that has a function names it.
SPACES = ("torch", "torch.nn.functional", "torch.linalg", "torch.fft", "torch.special")
# They speak about Python objects, or take functions: torch does not ask a tensor-like object about them either.
_PASSED_BY = frozenset(
    "is_tensor is_storage typename save load compile vmap cond while_loop manual_seed get_default_device set_default_device "
    "handle_torch_function has_torch_function has_torch_function_unary has_torch_function_variadic".split()
)
_OBJECT = frozenset("__init__ __new__ __repr__ __format__ __hash__ __reduce__ __reduce_ex__ __setstate__ __deepcopy__".split())


class Site(NamedTuple):
    """One function, as callers know it.

    Attributes:
        space: where it is public: a module's name in torch, or "torch.Tensor" for what is a method only.
        name: its name there.
        original: a function like it that is never interposed.
    """

    space: str
    name: str
    original: Callable


Handler = Callable[[Callable, Site, tuple, dict], Any]
_sites: dict[Callable, Site] = {}
_codes: dict[Callable, tuple[CodeType, CodeType]] = {}  # function -> its own code, the code that asks
_local = threading.local()
_active = 0
_lock = threading.RLock()


def _space(name: str) -> ModuleType:
    return import_module("torchlike" + name.removeprefix("torch"))


def _template(*args: Any, **kwargs: Any) -> Any:
    ask: Any = 0.5
    return ask(args, kwargs)


def _asking(fn: FunctionType, site: Site) -> CodeType:
    """A code object for `fn` that calls the innermost handler of this thread, or else the original."""
    original = site.original

    def ask(args: tuple, kwargs: dict) -> Any:
        handlers = getattr(_local, "handlers", None)
        return handlers[-1](fn, site, args, kwargs) if handlers else original(*args, **kwargs)

    code = _template.__code__
    constants = tuple(ask if constant == 0.5 else constant for constant in code.co_consts)
    return code.replace(co_consts=constants, co_freevars=fn.__code__.co_freevars, co_name=fn.__code__.co_name)


def _copy(fn: FunctionType) -> FunctionType:
    made = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    made.__kwdefaults__ = fn.__kwdefaults__
    made.__dict__.update(fn.__dict__)
    return made


def _enter(fn: Any, space: str, name: str) -> None:
    if type(fn) is FunctionType and fn not in _sites and fn.__module__ and fn.__module__.startswith("torchlike"):
        _sites[fn] = Site(space, name, _copy(fn))


def _collect() -> None:
    """Every public function that exists by now."""
    methods = {fn: name for name, fn in reversed(list(vars(Tensor).items())) if type(fn) is FunctionType}
    root = _space("torch")
    _enter(_assert, "torch", "_assert")
    for space in SPACES:
        for name, fn in list(vars(_space(space)).items()):
            if type(fn) is FunctionType and name not in _PASSED_BY and name[0] != "_":
                shared = fn not in _sites and getattr(root, name, None) is fn
                _enter(fn, "torch" if shared else space, name)
    for name, fn in list(vars(functions).items()):  # made already, but nobody has asked for it by its public name
        if type(fn) is FunctionType and name in OPS.rows:
            _enter(fn, *_place(name))
    for fn, name in methods.items():
        if name not in _OBJECT:
            _enter(fn, "torch.Tensor", name)


def _place(name: str) -> tuple[str, str]:
    """The namespace that an op's function is public in, and its name there."""
    row = OPS.rows.get(name) or OPS.rows[name.removesuffix("_")]
    spaces = row.ns.split() or ["nn.functional"]
    if "torch" in spaces:
        return "torch", name
    return f"torch.{spaces[0]}", name.removeprefix(f"{spaces[0]}_")


def site(fn: Any) -> Site | None:
    """Where a function is public; None for what is no function of torch's."""
    if type(fn) is not FunctionType:
        return None
    if fn not in _sites and (fn.__module__ or "").startswith("torchlike"):
        with _lock:
            if not _active:
                _collect()
    return _sites.get(fn)


def _exchange(fn: Any) -> None:
    known = _codes.get(fn)
    if known is None:
        known = _codes[fn] = fn.__code__, _asking(fn, _sites[fn])
    fn.__code__ = known[1]


def _make_and_exchange(make: Callable[[str], Any]) -> Callable[[str], Any]:
    """The op table's functions are made when first asked for; those made meanwhile ask as well."""

    def __getattr__(name: str) -> Any:
        made = make(name)
        _enter(made, *_place(name))
        if made in _sites:
            _exchange(made)
        return made

    __getattr__.__wrapped__ = make  # type: ignore[attr-defined]
    return __getattr__


class _Method:
    """Stands in Tensor for a method that is a public function too, so that it is known which of both was called."""

    def __init__(self, name: str, held: Any):
        self.name, self.held = name, held
        self.made: Callable | None = None

    def __get__(self, instance: Any, owner: type) -> Any:
        if self.made is None:
            shared = self.held if type(self.held) is FunctionType else getattr(functions, self.held.name)
            original = _sites[shared].original if shared in _sites else _copy(shared)
            made = self.made = _copy(original)  # type: ignore[arg-type]
            _sites[made] = Site("torch.Tensor", self.name, original)
            made.__code__ = _asking(made, _sites[made])
        return self.made if instance is None else MethodType(self.made, instance)


_methods: dict[str, _Method] = {}


def _stand_in() -> None:
    """Put a `_Method` into Tensor for each method that is a function too."""
    for name, held in list(vars(Tensor).items()):
        shared = held in _sites and _sites[held].space != "torch.Tensor" if type(held) is FunctionType else type(held) is Lazy
        if shared:
            known = _methods.get(name)
            if known is None or known.held is not held:
                known = _methods[name] = _Method(name, held)
            setattr(Tensor, name, known)


def _begin() -> None:
    global _active
    with _lock:
        if not _active:
            _collect()
            vars(functions)["__getattr__"] = _make_and_exchange(vars(functions)["__getattr__"])
            for fn in _sites:
                _exchange(fn)
            _stand_in()
        _active += 1


def _end() -> None:
    global _active
    with _lock:
        _active -= 1
        if not _active:
            vars(functions)["__getattr__"] = vars(functions)["__getattr__"].__wrapped__
            for fn, (own, _) in _codes.items():
                fn.__code__ = own
            for name, known in _methods.items():
                if vars(Tensor).get(name) is known:
                    setattr(Tensor, name, known.held)


def hold(handler: Handler) -> Callable[[], None]:
    """Let `handler(function, site, args, kwargs)` answer this thread's calls of torch's functions, and return what ends that.

    The handler calls `site.original` for what it does not want; whatever it calls by its usual name comes back to it.
    """
    handlers = _local.__dict__.setdefault("handlers", [])
    _begin()
    handlers.append(handler)

    def release() -> None:
        last = max(i for i, other in enumerate(handlers) if other is handler)
        del handlers[last]
        _end()

    return release


@contextmanager
def interposed(handler: Handler) -> Iterator[None]:
    """`hold` for as long as the block lasts."""
    release = hold(handler)
    try:
        yield
    finally:
        release()


@contextmanager
def below(handler: Handler) -> Iterator[None]:
    """Within the block, this thread's calls go to the handlers that were there before this one."""
    handlers = _local.handlers
    last = max(i for i, other in enumerate(handlers) if other is handler)
    above = handlers[last:]
    del handlers[last:]
    try:
        yield
    finally:
        handlers.extend(above)
