"""Modules called one after another. XLA runs on all devices at once what does not depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.base import device as base
from torchlike.nn.modules.module import Module
from torchlike.nn.parallel import comm
from torchlike.tensor import Tensor

__all__ = ["get_a_var", "parallel_apply"]


def get_a_var(obj: Any) -> Tensor | None:
    """The first tensor in lists, tuples and dictionaries."""
    if isinstance(obj, Tensor):
        return obj
    items = obj.items() if isinstance(obj, dict) else obj if isinstance(obj, (list, tuple)) else ()
    return next((found for found in map(get_a_var, items) if found is not None), None)


def parallel_apply(
    modules: Sequence[Module], inputs: Sequence[Any], kwargs_tup: Sequence[dict[str, Any]] | None = None,
    devices: Sequence[Any] | None = None,
) -> list[Any]:  # fmt: skip
    """What each module gives for its arguments (a tuple, a list, or a single one), with its device as the current one.

    Raises:
        AssertionError: where there are not as many of the ones as of the others.
    """
    for what, given in (("inputs", inputs), ("kwargs_tup", kwargs_tup), ("devices", devices)):
        if given is not None and len(given) != len(modules):
            raise AssertionError(f"The number of modules {len(modules)} is not equal to the number of {what} {len(given)}")
    named = kwargs_tup or [{}] * len(modules)
    places = devices or [None] * len(modules)
    results = []
    for module, given, keywords, where in zip(modules, inputs, named, places, strict=True):
        args = given if isinstance(given, (list, tuple)) else (given,)
        tensor = get_a_var(args)
        place = comm.place(where) if where is not None else base.CPU if tensor is None else tensor.device
        results.append(_on(place, module, args, keywords))
    return results


def _on(place: base.device, module: Module, args: Any, keywords: dict[str, Any]) -> Any:
    """Call a module while "cuda" means that GPU."""
    if place.type != "cuda":
        return module(*args, **keywords)
    before = base.current("cuda")
    base.set_current("cuda", place.index or 0)
    try:
        return module(*args, **keywords)
    finally:
        base.set_current("cuda", before)
