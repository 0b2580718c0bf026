"""What a function refers to besides its arguments, and whether that is still what it was.

Closures, global names, the object of a method and its attributes, and every module and optimizer among them are looked
at. Numbers and strings are compared by value, all else by identity; modules by their attributes, flags, hooks and tensors,
and only after something in any of them has changed (`base.epoch`).
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from torchlike.base.epoch import Epoch
from torchlike.compiler.arguments import plain
from torchlike.nn.modules.module import Module
from torchlike.optim.lr_scheduler import LRScheduler
from torchlike.optim.optimizer import Optimizer
from torchlike.tensor import Tensor

_MOST = 400  # places looked at; what lies deeper in a program than that is taken to stay
_OURS = ("torchlike", "jax", "jaxlib", "numpy", "builtins", "functools", "math", "typing", "collections", "warnings")
_NOTED = (Optimizer, LRScheduler)  # they note themselves what they change


class Roots:
    """The surroundings of a function.

    Attributes:
        places: where values are that are compared at each call, as `(dictionary or cell, name)`.
        modules, optimizers: what was found.
    """

    def __init__(self, fn: Any):
        self.places: list[tuple[Any, str]] = []
        self.modules: dict[int, Module] = {}
        self.optimizers: dict[int, Optimizer] = {}
        self._seen: set[int] = set()
        self._kept: list[Any] = []
        self._numbers: dict[Hashable, int] = {}
        self._epoch = -1
        self._number = -1
        self.add(fn)

    def add(self, found: Any) -> None:
        """Look at something and at what it refers to."""
        todo = [found]
        while todo and len(self.places) < _MOST:
            value = todo.pop()
            if id(value) in self._seen or isinstance(value, (type, ModuleType, Tensor)):
                continue
            self._seen.add(id(value))
            self._kept.append(value)
            todo.extend(self._behind(value))
        self._epoch = -1

    def _behind(self, value: Any) -> Iterator[Any]:
        if isinstance(value, MethodType):
            yield from (value.__self__, value.__func__)
        elif isinstance(value, FunctionType):
            if not _ours(value.__module__):
                yield from self._of_function(value)
        elif isinstance(value, functools.partial):
            yield from (value.func, *value.args, *value.keywords.values())
        elif isinstance(value, Module):
            self.modules[id(value)] = value
            for part in value.modules():
                yield from self._of_class(type(part))
        elif isinstance(value, Optimizer):
            self.optimizers[id(value)] = value
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from list(value)[:32]
        elif isinstance(value, dict):
            yield from list(value.values())[:32]
        elif hasattr(value, "__dict__") and not isinstance(value, _NOTED) and not _ours(type(value).__module__):
            for name, item in vars(value).items():
                self._place(vars(value), name, item)
                yield item
            yield from self._of_class(type(value))

    def _of_class(self, kind: type) -> Iterator[Any]:
        """The methods of a user's class."""
        if not _ours(kind.__module__):
            yield from (item for item in vars(kind).values() if isinstance(item, FunctionType))

    def _of_function(self, fn: FunctionType) -> Iterator[Any]:
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            try:
                item = cell.cell_contents
            except ValueError:  # not set yet
                continue
            self._place(cell, name, item)
            yield item
        for name in _names(fn.__code__):
            if name in fn.__globals__:
                item = fn.__globals__[name]
                self._place(fn.__globals__, name, item)
                yield item
        yield from fn.__defaults__ or ()

    def _place(self, where: Any, name: str, item: Any) -> None:
        if not isinstance(item, (type, ModuleType, FunctionType)) and len(self.places) < _MOST:
            self.places.append((where, name))

    def state(self) -> Hashable:
        """Equal as long as nothing of all this has changed."""
        if self._epoch != Epoch.now:
            self._epoch = Epoch.now
            found = tuple(map(_of_module, self.modules.values())), tuple(map(_of_optimizer, self.optimizers.values()))
            self._number = self._numbers.setdefault(found, len(self._numbers))
        return self._number, tuple([plain(_get(where, name)) for where, name in self.places])

    def changed(self, before: Any, after: Any) -> str | None:
        """The name of something that differs, for a message."""
        for (_, name), old, new in zip(self.places, before[1], after[1], strict=True):
            if old != new:
                return repr(name)
        return "an attribute of a module" if before != after else None


def _get(where: Any, name: str) -> Any:
    if isinstance(where, dict):
        return where.get(name)
    try:
        return where.cell_contents
    except ValueError:
        return None


def _ours(module: str | None) -> bool:
    return module is not None and module.partition(".")[0] in _OURS


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


_SKIPPED = frozenset({"_parameters", "_buffers", "_modules", "_compiled_call_impl"})


def _of_module(module: Module) -> Hashable:
    """All that a module's work depends on, tensors by the cells that hold them."""
    found = []
    for part in module.modules():
        own = tuple((name, _attribute(item)) for name, item in vars(part).items() if name not in _SKIPPED)
        tensors = (*part._parameters.values(), *part._buffers.values())
        cells = tuple(None if t is None else (id(t), id(t._storage), t._rg) for t in tensors)
        found.append((id(part), own, cells, tuple(map(id, part._modules.values()))))
    return tuple(found)


def _attribute(value: Any) -> Hashable:
    if isinstance(value, dict):
        return len(value), tuple(map(plain, value.values()))
    return plain(value)


def _of_optimizer(optimizer: Optimizer) -> Hashable:
    groups = tuple(tuple((id(p), id(p._storage), p._rg) for p in group["params"]) for group in optimizer.param_groups)
    return id(optimizer.state), groups
