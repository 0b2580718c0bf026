"""The `__torch_function__` protocol for code that offers it: classes that take over functions called with their objects.

torchlike's own functions do not ask for it: an object that is not a Tensor is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torchlike.tensor.tensor import Tensor


def _overrides(value: Any) -> bool:
    return type(value) is not Tensor and hasattr(type(value), "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether one of the arguments takes over functions that are called with it.

    >>> has_torch_function((1, "x"))
    False
    """
    return any(_overrides(a) for a in relevant_args)


def has_torch_function_unary(argument: Any) -> bool:
    """`has_torch_function` of one argument."""
    return _overrides(argument)


def has_torch_function_variadic(*relevant_args: Any) -> bool:
    """`has_torch_function` of the arguments."""
    return has_torch_function(relevant_args)


def _overloaded(relevant_args: Iterable[Any]) -> list[Any]:
    """One argument of each class that overrides, left to right, subclasses before the classes they come from."""
    found: list[Any] = []
    for argument in relevant_args:
        kind = type(argument)
        if _overrides(argument) and kind not in map(type, found):
            at = next((i for i, other in enumerate(found) if issubclass(kind, type(other))), len(found))
            found.insert(at, argument)
    return found


def handle_torch_function(public_api: Callable, relevant_args: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    """Let the arguments' classes answer for `public_api`: the first that does not return NotImplemented decides.

    Raises:
        TypeError: none of them does.
    """
    overloaded = _overloaded(relevant_args)
    types = tuple(map(type, overloaded))
    for argument in overloaded:
        result = argument.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{public_api.__module__}.{public_api.__name__}"
    raise TypeError(
        f"no implementation found for '{name}' on types that implement __torch_function__: {[t.__name__ for t in types]}"
    )
