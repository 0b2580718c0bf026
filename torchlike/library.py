"""`torch.library.custom_op`: operators of the user's own, as Python functions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from torchlike.base.errors import absent, missing

__all__ = ["CustomOpDef", "Library", "custom_op", "register_fake"]

_operators: dict[str, CustomOpDef] = {}


class CustomOpDef:
    """A function with a qualified name. What it does with tensors is recorded and differentiated as any code is."""

    def __init__(self, name: str, fn: Callable):
        self._qualname, self._fn = name, fn
        functools.update_wrapper(self, fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._fn(*args, **kwargs)

    def register_fake(self, fn: Callable) -> Callable:
        """Accept a shape function. Shapes are inferred from the operator itself here."""
        return fn

    def register_autograd(self, backward: Callable, /, *, setup_context: Any = None) -> None:
        """Raises NotImplementedError: use `autograd.Function`."""
        raise missing("torch.library.CustomOpDef.register_autograd", "write the operator as a torch.autograd.Function")

    def register_kernel(self, device_types: Any, fn: Callable | None = None, /) -> Any:
        """Raises NotImplementedError: one function serves all devices."""
        raise missing("torch.library.CustomOpDef.register_kernel", "one function serves all devices")


def custom_op(
    name: str, fn: Callable | None = None, /, *, mutates_args: Any = (), device_types: Any = None, schema: Any = None
) -> Any:
    """A `CustomOpDef` of a function; a decorator without `fn`. `name` is "namespace::operator"."""

    def make(function: Callable) -> CustomOpDef:
        _operators[name] = CustomOpDef(name, function)
        return _operators[name]

    return make if fn is None else make(fn)


def register_fake(op: Any, func: Callable | None = None, /, **options: Any) -> Any:
    """Accept a shape function; a decorator without `func`."""
    return (lambda fn: fn) if func is None else func


class Library:
    """Raises NotImplementedError: there is no operator registry of torch's to extend."""

    def __init__(self, ns: str, kind: str, dispatch_key: str = ""):
        raise missing("torch.library.Library", "torch.library.custom_op makes operators")


__getattr__ = absent("torch.library")
