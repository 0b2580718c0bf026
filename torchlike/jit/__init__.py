"""`torch.jit`: marks and questions of libraries, and scripting, tracing and saving.

XLA compiles every program here, so that a script is the thing itself: its Python code goes on running. `save` makes a program
of it (StableHLO with symbolic sizes) that `load` runs without that code.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from torchlike.base.errors import absent, missing
from torchlike.func import exported as _exported
from torchlike.futures import Future
from torchlike.jit import frontend
from torchlike.jit.annotations import Final, annotate
from torchlike.jit.modules import (
    LoadedModule,
    RecursiveScriptModule,
    ScriptFunction,
    ScriptModule,
    TopLevelTracedModule,
    TracedModule,
    check,
    combined,
)
from torchlike.nn.modules.module import Module

__all__ = [
    "Final", "Future", "RecursiveScriptModule", "ScriptFunction", "ScriptModule", "TracedModule", "TracerWarning", "annotate",
    "export", "fork",
    "freeze", "ignore", "interface", "is_scripting", "is_tracing", "isinstance", "load", "optimize_for_inference",
    "optimized_execution", "save", "script", "script_if_tracing", "script_method", "trace", "trace_module", "unused", "wait",
]  # fmt: skip

T = TypeVar("T")
_isinstance = isinstance


def is_scripting() -> bool:
    """False: there is no scripting."""
    return False


def is_tracing() -> bool:
    """Whether `trace` is calling."""
    return bool(_tracing)


def script(obj: Any, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None, example_inputs: Any = None) -> Any:
    """The function, module or class itself, with `graph`, `code` and `save` (torch: compiled to TorchScript, which knows less
    of Python). A module comes back as another object that shares its parameters."""
    if _isinstance(obj, Module):
        made = combined(obj, RecursiveScriptModule)
        if example_inputs:
            made(*(example_inputs[0] if _isinstance(example_inputs, list) else next(iter(example_inputs.values()))[0]))
        return made
    if _isinstance(obj, (type, ScriptFunction)) or not callable(obj):
        return obj
    return ScriptFunction(obj)


_tracing: list[bool] = []


def trace(
    func: Any, example_inputs: Any = None, optimize: Any = None, check_trace: bool = True, check_inputs: Any = None,
    check_tolerance: float = 1e-5, strict: bool = True, _force_outplace: bool = False, _module_class: Any = None,
    _compilation_unit: Any = None, example_kwarg_inputs: Mapping[str, Any] | None = None, _store_inputs: bool = True,
) -> Any:  # fmt: skip
    """A module or function with the inputs it is to be saved for. Its Python code goes on running at each call (torch: what it
    did with the examples is repeated, an `if` included).

    Raises:
        RuntimeError: with `check_trace`, where two calls with the same inputs differ.

    >>> import torchlike as torch
    >>> traced = torch.jit.trace(torch.nn.Linear(3, 2), torch.ones(4, 3))
    >>> traced(torch.ones(5, 3)).shape
    torch.Size([5, 2])
    """
    if example_inputs is None and example_kwarg_inputs is None:
        raise RuntimeError("example_kwarg_inputs and example_inputs cannot both be None")
    args = () if example_inputs is None else example_inputs
    args = tuple(args) if _isinstance(args, (tuple, list)) else (args,)
    kwargs = dict(example_kwarg_inputs or {})
    if not callable(func):
        raise RuntimeError(f"torch.jit.trace takes a module or a function, got {type(func).__name__}")
    made: Any = combined(func, TracedModule) if _isinstance(func, Module) else ScriptFunction(func)
    if check_trace:
        _tracing.append(True)
        try:
            check(func, made, args, kwargs, check_tolerance)
        finally:
            _tracing.pop()
    (made if _isinstance(made, Module) else made._module).__dict__["_example"] = args, kwargs
    return made


def trace_module(mod: Module, inputs: Mapping[str, Any], *args: Any, **options: Any) -> Any:
    """`trace` of a module's `forward`. Raises NotImplementedError for other methods."""
    if set(inputs) != {"forward"}:
        raise missing("torch.jit.trace_module of other methods than forward")
    return trace(mod, inputs["forward"], *args, **options)


def save(m: Any, f: Any, _extra_files: Mapping[str, Any] | None = None) -> None:
    """Write a scripted or traced module as a program with its weights, for `load`.

    Raises:
        ValueError: for a module that was neither. RuntimeError: where it was never called, so that nobody knows its shapes.
    """
    if not _isinstance(m, (ScriptModule, ScriptFunction)):
        raise ValueError(f"torch.jit.save takes what torch.jit.script or torch.jit.trace made, got {type(m).__name__}")
    m.save(f, _extra_files)


def load(f: Any, map_location: Any = None, _extra_files: dict[str, Any] | None = None, _restore_shapes: bool = False) -> Any:
    """Read what `save` wrote: a module that runs the program. Nothing of the model's source is needed.

    Raises:
        NotImplementedError: for torch's own TorchScript files. RuntimeError: for other files.
    """
    made = LoadedModule(_exported.load(f, map_location))
    for name in _extra_files or {}:
        _extra_files[name] = made._program.extra.get(name, b"")  # type: ignore[index]  # it has names
    return made


def freeze(mod: Any, preserved_attrs: Any = None, optimize_numerics: bool = True) -> Any:
    """The module in evaluation mode: XLA folds what can be folded. Raises RuntimeError in training mode."""
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before "
            "freezing."
        )
    return mod


def optimize_for_inference(mod: Any, other_methods: Any = None) -> Any:
    """The module: XLA optimizes always."""
    return mod.eval()


def script_if_tracing(fn: T) -> T:
    """The function itself."""
    return fn


def ignore(drop: Any = False, **options: Any) -> Any:
    """Mark a function that TorchScript leaves to Python. All are left to Python here."""
    return drop if callable(drop) else lambda fn: fn


def script_method(fn: T) -> T:
    """The method itself, of a subclass of `ScriptModule`."""
    return fn


def unused(fn: T) -> T:
    """The function itself."""
    return fn


def export(fn: T) -> T:
    """The method itself."""
    return fn


def interface(obj: T) -> T:
    """The class itself."""
    return obj


def isinstance(obj: Any, target_type: Any) -> bool:
    """Python's own, for classes (torch: also for `List[int]` and kin)."""
    return _isinstance(obj, target_type)


def fork(func: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call it. XLA runs in parallel what can be; `wait` gives the result back."""
    return func(*args, **kwargs)


def wait(future: T) -> T:
    """The result of `fork`."""
    return future


@contextlib.contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """Nothing: XLA optimizes always."""
    yield


@contextlib.contextmanager
def fuser(name: str) -> Iterator[None]:
    """Nothing: XLA is the fuser."""
    yield


class TracerWarning(Warning):
    """What torch's tracer says of values that a trace would keep as constants. There are none here: Python goes on running."""

    @staticmethod
    def ignore_lib_warnings() -> None:
        """Ignore those that the library itself causes."""
        warnings.filterwarnings("ignore", category=TracerWarning, module="torch.(?!jit)")


__getattr__ = absent("torch.jit")
