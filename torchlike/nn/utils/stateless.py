"""Calling a module with other tensors in the place of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor

__all__ = ["functional_call", "swapped"]


def functional_call(
    module: Module,
    parameters_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """`module(*args, **kwargs)` with the given tensors in the place of its parameters and buffers.

    Args:
        parameters_and_buffer_dicts: dotted name -> tensor, or several such dictionaries.
        args: a tuple of arguments, or the only one.
        tie_weights: one name of a shared parameter stands for all of them.
        strict: every parameter and buffer must be given, and nothing else.

    Raises:
        ValueError: where two dictionaries have the same name, or tied names have different tensors.
        RuntimeError: with `strict`, where names are missing or unknown.
    """
    if isinstance(parameters_and_buffer_dicts, Mapping):
        tensors = dict(parameters_and_buffer_dicts)
    else:
        tensors = {}
        for part in parameters_and_buffer_dicts:
            repeated = tensors.keys() & part.keys()
            if repeated:
                raise ValueError(f"{min(repeated)} appeared in multiple dictionaries; behavior of functional call is ambiguous")
            tensors.update(part)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with swapped(module, tensors, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))


@contextmanager
def swapped(module: Module, tensors: Mapping[str, Tensor], *, tie_weights: bool = True, strict: bool = False) -> Iterator[None]:
    """Within the block, `module` holds `tensors`; buffers that it changes in place are written into `tensors`' own."""
    wanted = _untied(module, tensors) if tie_weights else dict(tensors)
    if strict:
        _check_names(module, wanted)
    saved: list[tuple[dict, str, Any]] = []
    try:
        for name, tensor in wanted.items():
            held, key = _place(module, name)
            saved.append((held, key, held[key]))
            held[key] = tensor
        yield
    finally:
        for held, key, before in reversed(saved):
            held[key] = before


def _place(module: Module, name: str) -> tuple[dict, str]:
    """The dictionary that holds the tensor of a dotted name, and its key there."""
    path, _, key = name.rpartition(".")
    owner = module.get_submodule(path)
    for held in (owner._parameters, owner._buffers):
        if key in held:
            return held, key
    raise AttributeError(f"{owner._get_name()} has no attribute `{key}`")


def _all_members(module: Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]


def _untied(module: Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`tensors`, with each also under the other names that its parameter has in the module."""
    names: dict[int, list[str]] = {}
    for name, member in _all_members(module):
        names.setdefault(id(member), []).append(name)
    wanted = dict(tensors)
    for tied in names.values():
        given = [name for name in tied if name in tensors]
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {given}, which are tied. Consider using tie_weights=False"
            )
        if given:
            wanted.update(dict.fromkeys(tied, tensors[given[0]]))
    return wanted


def _check_names(module: Module, wanted: Mapping[str, Tensor]) -> None:
    known = {name for name, _ in _all_members(module)}
    unexpected, missing = sorted(wanted.keys() - known), sorted(known - wanted.keys())
    if unexpected or missing:
        lines = [
            f"\n\t{kind} key(s): {', '.join(keys)}."
            for kind, keys in (("Unexpected", unexpected), ("Missing", missing))
            if keys
        ]
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:{''.join(lines)}")


# torch's private spellings, which libraries use.
_functional_call = functional_call


@contextmanager
def _reparametrize_module(
    module: Module, parameters_and_buffers: dict[str, Tensor], tie_weights: bool = False, strict: bool = False
) -> Iterator[None]:
    with swapped(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        yield
