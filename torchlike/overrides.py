"""`torch.overrides`: `__torch_function__` as libraries ask for it. Tensors of subclasses are handled inside the dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torchlike import _interpose
from torchlike.base.errors import absent
from torchlike.tensor import Tensor

__all__ = [
    "BaseTorchFunctionMode", "TorchFunctionMode", "get_default_nowrap_functions", "handle_torch_function", "has_torch_function",
    "has_torch_function_unary", "has_torch_function_variadic", "is_tensor_like",
]  # fmt: skip

_PLAIN = getattr(Tensor, "__torch_function__", None)
_FUNCTION = getattr(_PLAIN, "__func__", _PLAIN)


def _overrides(value: Any) -> bool:
    found = getattr(type(value), "__torch_function__", None)
    return found is not None and getattr(found, "__func__", found) is not _FUNCTION


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether one of the arguments' classes has a `__torch_function__` of its own."""
    return any(_overrides(value) for value in relevant_args)


def has_torch_function_unary(argument: Any) -> bool:
    """`has_torch_function` of one argument."""
    return _overrides(argument)


def has_torch_function_variadic(*arguments: Any) -> bool:
    """`has_torch_function` of arguments given one by one."""
    return has_torch_function(arguments)


def handle_torch_function(public_api: Callable, relevant_args: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
    """Call the `__torch_function__` of the arguments' classes, the most derived class first.

    Raises:
        TypeError: if none of them takes the call.
    """
    relevant = [value for value in relevant_args if _overrides(value)]
    types = tuple(dict.fromkeys(type(value) for value in relevant))
    for kind in sorted(types, key=lambda k: -len(k.__mro__)):
        result = kind.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{getattr(public_api, '__module__', '')}.{getattr(public_api, '__name__', public_api)}"
    raise TypeError(f"no implementation found for '{name}' on types that implement __torch_function__: {list(types)}")


def is_tensor_like(inp: Any) -> bool:
    """Whether it is a tensor, or of a class with `__torch_function__`."""
    return isinstance(inp, Tensor) or hasattr(inp, "__torch_function__")


def get_default_nowrap_functions() -> set[Callable]:
    """Functions whose results a subclass's `__torch_function__` leaves as they are: none ask for it here."""
    return set()


class TorchFunctionMode:
    """Within `with mode:` every call of torch's functions and methods comes to `__torch_function__`.

    What that calls itself goes to the modes outside of this one, or is done.

    >>> import torchlike as torch
    >>> class Counting(TorchFunctionMode):
    ...     count = 0
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         self.count += 1
    ...         return func(*args, **(kwargs or {}))
    >>> with Counting() as mode:
    ...     _ = torch.relu(torch.ones(2)) + 1
    >>> mode.count
    3
    """

    def __init__(self) -> None:
        self._releases: list[Callable[[], None]] = []

    def __torch_function__(self, func: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise NotImplementedError

    def _answer(self, fn: Callable, site: _interpose.Site, args: tuple, kwargs: dict[str, Any]) -> Any:
        with _interpose.below(self._handler):
            return self.__torch_function__(fn, (), args, kwargs)

    def __enter__(self) -> Any:
        if not hasattr(self, "_releases"):
            self._releases = []  # of a subclass that does not call this class's __init__
        self._handler = self._answer
        self._releases.append(_interpose.hold(self._handler))
        return self

    def __exit__(self, *error: object) -> None:
        self._releases.pop()()


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(self, func: Callable, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


__getattr__ = absent("torch.overrides")
