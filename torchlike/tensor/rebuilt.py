"""Tensors of subclasses, or with attributes of their own, put together again by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.tensor.tensor import Tensor


def _rebuild_from_type_v2(func: Callable, new_type: type, args: tuple, state: Any) -> Any:
    """`func(*args)` as an instance of `new_type`, with the state (attributes, or a pair of attributes and slots) set."""
    made = func(*args)
    if type(made) is not new_type:
        made = made.as_subclass(new_type)
    if getattr(type(made), "__setstate__", None) is not getattr(Tensor, "__setstate__", None):
        made.__setstate__(state)
        return made
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    for name, value in {**(attributes or {}), **(slots or {})}.items():
        setattr(made, name, value)
    return made
