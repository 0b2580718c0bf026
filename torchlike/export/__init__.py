"""`torch.export`: models as programs that stand alone, in StableHLO, through `jax.export`.

A saved program loads in a process that has nothing of the model's source, in later versions of JAX too
(https://docs.jax.dev/en/latest/export/export.html says for how long).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torchlike.base.errors import absent
from torchlike.export.program import ExportedProgram, ExportGraphSignature
from torchlike.func import dims as _dims
from torchlike.func import exported
from torchlike.func.dims import Dim, dims
from torchlike.nn.modules.module import Module

__all__ = [
    "Dim", "ExportGraphSignature", "ExportedProgram", "dims", "export", "export_for_training", "load",
    "register_dataclass", "save",
]  # fmt: skip

_RANGES = "torchlike/ranges.json"


def export(
    mod: Module, args: tuple, kwargs: Mapping[str, Any] | None = None, *, dynamic_shapes: Any = None, strict: bool = False,
    preserve_module_call_signature: tuple = (), prefer_deferred_runtime_asserts_over_guards: bool = False,
    platforms: Any = None,
) -> ExportedProgram:  # fmt: skip
    """Make a program of a model.

    Args:
        args, kwargs: example inputs: their shapes and dtypes are the program's, what is no tensor is part of it.
        dynamic_shapes: which sizes may change, by argument name or in order: `{"x": {0: Dim("batch")}}`.
        platforms: to compile for ("cpu", "cuda", "tpu"); the one in use by default. Not in torch.

    Raises:
        RuntimeError: where the model looks at values or at symbolic sizes. ValueError: where `dynamic_shapes` does not fit.

    >>> import torchlike as torch
    >>> program = export(torch.nn.Linear(3, 2), (torch.ones(4, 3),), dynamic_shapes=({0: Dim("batch")},))
    >>> program.module()(torch.ones(7, 3)).shape
    torch.Size([7, 2])
    """
    if not isinstance(mod, Module):
        raise ValueError(f"Expected `mod` to be an instance of `torch.nn.Module`, got {type(mod)}.")
    if not isinstance(args, tuple):
        raise TypeError(f"Expecting `args` to be a tuple of example positional inputs, got {type(args)}")
    given = dict(kwargs or {})
    found = _dims.read(dynamic_shapes, mod.forward, args, given)
    sizes: Any = None if dynamic_shapes is None else found.sizes
    if found.auto:
        try:
            program = exported.lower(mod, args, given, sizes, found.bounds, platforms)
        except RuntimeError:
            allowed = exported.dims_that_work(mod, args, given)
            shapes = [list(t) for t in allowed]
            program = exported.lower(mod, args, given, shapes, (), platforms)
    else:
        program = exported.lower(mod, args, given, sizes, found.bounds, platforms)
    return ExportedProgram(program, (args, given), found.ranges)


export_for_training = export


def save(
    ep: ExportedProgram, f: Any, *, extra_files: Mapping[str, Any] | None = None, opset_version: Any = None,
    pickle_protocol: int = 2,
) -> None:  # fmt: skip
    """Write a program and its weights to a file (a zip with StableHLO; torch: its own `.pt2`).

    Args:
        extra_files: contents by name, which `load` gives back.
    """
    if not isinstance(ep, ExportedProgram):
        raise TypeError(f"The 'ep' parameter must be an instance of 'ExportedProgram', got '{type(ep).__name__}' instead.")
    exported.save(ep._program, f, {**(extra_files or {}), _RANGES: json.dumps(ep.range_constraints)})


def load(f: Any, *, extra_files: dict[str, Any] | None = None, expected_opset_version: Any = None) -> ExportedProgram:
    """Read what `save` wrote. The model's source is not needed.

    Args:
        extra_files: a dict whose values are filled in for the names it has.

    Raises:
        RuntimeError: for another kind of file. NotImplementedError: for torch's own.
    """
    program = exported.load(f)
    for name in extra_files or {}:
        extra_files[name] = program.extra[name].decode()  # type: ignore[index]  # it has names
    ranges = json.loads(program.extra.get(_RANGES, b"{}"))
    return ExportedProgram(program, None, {name: (low, high) for name, (low, high) in ranges.items()})


def register_dataclass(cls: type, *, serialized_type_name: str | None = None) -> None:
    """Not here: inputs and outputs are tuples, lists, dicts and named tuples."""
    raise NotImplementedError("torchlike has no torch.export.register_dataclass: return tuples, dicts or named tuples")


__getattr__ = absent("torch.export")
