"""The table that hand-written public functions go into."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

NAMESPACES: dict[str, dict[str, Callable]] = {"torch": {}}  # functions by namespace: "torch", "linalg", "special" ...
METHODS: dict[str, Callable] = {}  # methods of Tensor

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def _with_numpy_names(fn: Callable) -> Callable:
    """`fn`, called with `axis` for `dim` and `keepdims` for `keepdim` as well where it has those."""
    if not isinstance(fn, types.FunctionType):  # one of Python's own
        return lambda *args: fn(*args)
    code = fn.__code__
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    renamed = {theirs: name for theirs, name in _NUMPY_NAMES.items() if name in own and theirs not in own}

    if not renamed:  # a copy, whose name can be set, at no cost when called
        copy = types.FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
        copy.__kwdefaults__ = fn.__kwdefaults__
        return functools.update_wrapper(copy, fn)

    @functools.wraps(fn)
    def public(*args: Any, **keywords: Any) -> Any:
        if keywords:
            keywords = {renamed.get(name, name): value for name, value in keywords.items()}
        return fn(*args, **keywords)

    return public


def _add(table: dict[str, Callable], name: str, public: Callable) -> None:
    if name in table:
        raise ValueError(f"the overload {name!r} is registered twice")
    table[name] = public


def overload(*names: str, function: bool = True, method: bool = True) -> Callable[[Callable], Callable]:
    """Put the function into the tables; numpy's names of `dim` and `keepdim` work too, as in torch.

    Args:
        names: a plain name is a function of the root namespace (where `function`) and a method (where `method`); a dotted
            one ("linalg.norm") is a function of that namespace only.
    """

    def register(fn: Callable) -> Callable:
        public = _with_numpy_names(fn)
        home, _, public.__name__ = names[0].rpartition(".")
        public.__qualname__ = public.__name__
        public.__module__ = f"torchlike.{home}" if home else "torchlike"
        for full in names:
            namespace, _, name = full.rpartition(".")
            if namespace or function:
                _add(NAMESPACES.setdefault(namespace or "torch", {}), name, public)
            if method and not namespace:
                _add(METHODS, name, public)
        return fn

    return register
