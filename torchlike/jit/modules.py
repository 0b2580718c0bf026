"""Scripted and traced modules and functions: the Python code goes on running; a program is made when one is saved."""

from __future__ import annotations

import copy
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.pytree import flatten
from torchlike.func import exported
from torchlike.func.exported import Program, ProgramModule
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor


class Text:
    """A graph to read: `print(graph)` shows JAX's own form of it (torch: TorchScript's)."""

    def __init__(self, text: str):
        self._text = text

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


class ScriptModule(Module):
    """Base of scripted, traced and loaded modules.

    A scripted module is the module itself, sharing its parameters, with `graph`, `code` and `save`: XLA compiles what it does
    anyway, and its Python keeps all of its meaning.
    """

    _example: tuple[tuple, dict] | None = None

    def _called_with(self) -> tuple[tuple, dict]:
        found = self.__dict__.get("_example")
        if found is None:
            raise RuntimeError(
                "a program is made for the shapes of inputs, and this module has seen none: call it once, or use "
                "torch.jit.trace(module, example_inputs)"
            )
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.__dict__["_example"] = args, kwargs
        return super().__call__(*args, **kwargs)

    @property
    def graph(self) -> Text:
        """What the module computes, for inputs like the last ones. Raises RuntimeError before the first call."""
        return _graph(self, *self._called_with())

    inlined_graph = forward_magic_method = graph

    @property
    def code(self) -> str:
        """The source of `forward`."""
        return _source(type(self).forward)

    @property
    def original_name(self) -> str:
        """The name of the class it was made of."""
        return next(c.__name__ for c in type(self).__mro__ if c.__module__ != __name__)

    def save(self, f: Any, _extra_files: Mapping[str, Any] | None = None) -> None:
        """Write a program, its weights and extra files to a file, for `torch.jit.load`. Sizes that the module leaves open, the
        batch's first of all, are symbols in it."""
        args, kwargs = self._called_with()
        dims = exported.dims_that_work(self, args, kwargs)
        exported.save(exported.lower(self, args, kwargs, dims), f, _extra_files)


class RecursiveScriptModule(ScriptModule):
    """What `torch.jit.script` and `torch.jit.load` make."""


class TracedModule(ScriptModule):
    """What `torch.jit.trace` makes."""


TopLevelTracedModule = TracedModule


class LoadedModule(RecursiveScriptModule, ProgramModule):
    """What `torch.jit.load` makes of a file: its program, without the Python code."""

    def __init__(self, program: Program):
        ProgramModule.__init__(self, program)

    @property
    def graph(self) -> Text:
        return Text(self._program.text())

    @property
    def code(self) -> str:
        return self._program.text()

    def save(self, f: Any, _extra_files: Mapping[str, Any] | None = None) -> None:
        exported.save(self._program, f, _extra_files)


@functools.cache
def _combined(kind: type, cls: type) -> type:
    return type(cls.__name__, (kind, cls), {"__module__": cls.__module__, "__doc__": cls.__doc__})


def combined(module: Module, kind: type) -> Any:
    """The module as one of `kind` as well: another object with the same parameters, buffers and submodules."""
    if isinstance(module, ScriptModule):
        return module
    made = copy.copy(module)
    cls: Any = _combined(kind, type(module))  # type: ignore[arg-type]  # classes are hashable
    made.__class__ = cls
    return made


def _source(fn: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(fn))
    except (OSError, TypeError):
        return f"# the source of {getattr(fn, '__qualname__', fn)} is not to be found\n"


def _graph(module: Module, args: tuple, kwargs: dict) -> Text:
    traced = exported._Traced(module, args, kwargs)
    with jax.enable_x64(True):
        state = {name: jax.ShapeDtypeStruct(t.shape, t.dtype.np) for name, t in traced.state.items()}
        return Text(str(jax.make_jaxpr(traced.run)(state, exported._specs(traced.tensors, None, ()))))


class _Function(Module):
    """A function as a module."""

    def __init__(self, fn: Callable):
        super().__init__()
        self.__dict__["_fn"] = fn

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._fn(*args, **kwargs)


class ScriptFunction:
    """A function that was scripted or traced: the function itself, with `graph`, `code` and `save`."""

    def __init__(self, fn: Callable, example: tuple[tuple, dict] | None = None):
        self._module = combined(_Function(fn), TracedModule)
        self._module.__dict__["_example"] = example
        self._fn = fn
        self.name = getattr(fn, "__name__", "function")
        functools.update_wrapper(self, fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._module.__dict__["_example"] = args, kwargs
        return self._fn(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> str:
        return self._fn.__qualname__  # where the decorated function stood, this object stands

    @property
    def graph(self) -> Text:
        return self._module.graph

    inlined_graph = graph

    @property
    def code(self) -> str:
        return _source(self._fn)

    def save(self, f: Any, _extra_files: Mapping[str, Any] | None = None) -> None:
        self._module.save(f, _extra_files)


def check(fn: Callable, traced: Callable, args: tuple, kwargs: Mapping[str, Any], tolerance: float) -> None:
    """Raises RuntimeError where two calls with the same inputs differ: a trace would be of one of them."""
    with no_grad():
        outs = [flatten(f(*args, **kwargs))[0] for f in (fn, traced)]
    for one, other in zip(*outs, strict=True):
        if isinstance(one, Tensor) and not np.allclose(
            one.numpy(), other.numpy(), rtol=tolerance, atol=tolerance, equal_nan=True
        ):
            raise RuntimeError(
                "Tracing failed sanity checks! Two calls with the same inputs gave different results: the function draws "
                "random numbers (use eval()) or keeps a state"
            )
