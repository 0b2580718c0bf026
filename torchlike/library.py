"""`torch.library`: operators of the user's own, with kernels, shape functions and gradients in Python."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from torchlike._library.fake import get_ctx
from torchlike._library.operator import OPERATORS, Operator, drop, find, namespace, register
from torchlike._library.schema import infer_schema, parse
from torchlike.amp.autocast_mode import custom_fwd
from torchlike.base.errors import absent

__all__ = [
    "CustomOpDef", "Library", "custom_op", "define", "fallthrough_kernel", "get_ctx", "get_kernel", "impl", "impl_abstract",
    "infer_schema", "register_autocast", "register_autograd", "register_fake", "register_kernel", "register_vmap",
]  # fmt: skip

_DEVICES = {"cpu": "CPU", "cuda": "CUDA", "meta": "Meta", "xpu": "XPU", "mps": "MPS", None: "CompositeExplicitAutograd"}
_DEVICES["default"] = "CompositeExplicitAutograd"


def _keys(types: str | Iterable[str] | None) -> list[str]:
    """Dispatch keys of device types; what is no device is a key already."""
    return [_DEVICES.get(t, str(t)) for t in ((types,) if types is None or isinstance(types, str) else types)]


class CustomOpDef:
    """What `custom_op` makes of a function: a callable that is also `torch.ops.namespace.name`.

    Without `register_autograd` a gradient goes through what the function itself does, where torch would refuse.
    """

    def __init__(self, operator: Operator, fn: Callable):
        self._qualname, self._init_fn = operator.qualname, fn
        self._opoverload = namespace(operator.namespace).__getattr__(operator.qualname.split("::")[1]).default
        functools.update_wrapper(self, fn)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._opoverload(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def register_fake(self, fn: Callable, /) -> Callable:
        """Set the function that makes results of the right shape for meta tensors. Other shapes are inferred."""
        return register_fake(self, fn)

    def register_autograd(self, backward: Callable, /, *, setup_context: Callable | None = None) -> None:
        """Set the gradient: `backward(ctx, *grads)`, after `setup_context(ctx, inputs, output)`."""
        register_autograd(self, backward, setup_context=setup_context)

    def register_kernel(self, device_types: Any, fn: Callable | None = None, /) -> Any:
        """Set the function for some device types; a decorator without `fn`."""
        return register_kernel(self, device_types, fn)

    def register_vmap(self, func: Callable | None = None) -> Any:
        """Accept a batching rule; `vmap` batches what the function does without one."""
        return register_vmap(self, func)


def custom_op(
    name: str, fn: Callable | None = None, /, *, mutates_args: str | Iterable[str] = (), device_types: Any = None,
    schema: str | None = None, tags: Any = None,
) -> Any:  # fmt: skip
    """A `CustomOpDef` of a function with annotated parameters; a decorator without `fn`.

    Args:
        name: "namespace::operator".
        mutates_args: names of the parameters that the function changes in place.
        device_types: "cpu", "cuda" ... that the function is for; None for all.
        schema: "(Tensor x, int n=2) -> Tensor"; None takes it from the annotations.

    Raises:
        ValueError: if the name has no namespace, or an annotation is missing.

    Example:
        >>> import torchlike as torch
        >>> @torch.library.custom_op("docs::twice", mutates_args=())
        ... def twice(x: torch.Tensor) -> torch.Tensor:
        ...     return x * 2
        >>> torch.ops.docs.twice(torch.ones(2))
        tensor([2., 2.])
    """

    def make(function: Callable) -> CustomOpDef:
        if name.count("::") != 1:
            raise ValueError(f"expected `name` to be of the form `namespace::name`, got {name!r}")
        text = schema or infer_schema(function, mutates_args=mutates_args)
        drop(name)  # a module that is loaded again
        operator = register(Operator(name.split("::")[0], parse(name + text)))
        operator.kernels.update(dict.fromkeys(_keys(device_types), function))
        return CustomOpDef(operator, function)

    return make if fn is None else make(fn)


def define(qualname: str, schema: str, *, lib: Library | None = None, tags: Any = ()) -> Any:
    """Make an operator without a kernel: `define("mylib::sin", "(Tensor x) -> Tensor")`."""
    if "::" not in qualname:
        raise ValueError(f"expected `qualname` to be of the form 'namespace::name', got {qualname!r}")
    register(Operator(qualname.split("::")[0], parse(qualname + schema)))


def impl(qualname: Any, types: Any, func: Callable | None = None, *, lib: Library | None = None) -> Any:
    """Set the kernel of an operator for device types ("cpu", "cuda", "default"); a decorator without `func`."""
    return register_kernel(qualname, types, func)


def register_kernel(op: Any, device_types: Any, func: Callable | None = None, /, *, lib: Library | None = None) -> Any:
    """Set the kernel of an operator for device types; a decorator without `func`."""

    def add(function: Callable) -> Callable:
        find(op).kernels.update(dict.fromkeys(_keys(device_types), function))
        return function

    return add if func is None else add(func)


def register_fake(
    op: Any, func: Callable | None = None, /, *, lib: Library | None = None, _stacklevel: int = 1, allow_override: bool = False
) -> Any:
    """Set the function that makes results of the right shape for meta tensors; a decorator without `func`."""

    def add(function: Callable) -> Callable:
        find(op).fake = function
        return function

    return add if func is None else add(func)


impl_abstract = register_fake


def register_autograd(
    op: Any, backward: Callable, /, *, setup_context: Callable | None = None, lib: Library | None = None
) -> None:
    """Set the gradient of an operator.

    Args:
        backward: `backward(ctx, *grads)` gives one gradient, or None, for each positional argument.
        setup_context: `setup_context(ctx, inputs, output)` keeps what `backward` needs.

    Raises:
        RuntimeError: if the operator changes its arguments in place.
    """
    operator = find(op)
    if operator.schema.is_mutable:
        raise RuntimeError(
            f"Cannot register autograd formula for non-functional operator {operator.qualname} with schema {operator.schema}."
        )
    operator.differentiate(backward, setup_context)


def register_vmap(op: Any, func: Callable | None = None, /, *, lib: Library | None = None) -> Any:
    """Accept a batching rule; `vmap` batches what the function does without one."""
    find(op)
    return (lambda function: function) if func is None else func


def register_autocast(op: Any, device_type: str, cast_inputs: Any, /, *, lib: Library | None = None) -> None:
    """Let an operator run with its tensors cast to `cast_inputs` under `autocast` of that device."""
    operator = find(op)
    operator.kernels = {
        key: custom_fwd(kernel, device_type=device_type, cast_inputs=cast_inputs) for key, kernel in operator.kernels.items()
    }


def get_kernel(op: Any, dispatch_key: str) -> Callable:
    """The kernel of an operator for a dispatch key."""
    return find(op).kernels[dispatch_key]


def fallthrough_kernel() -> None:
    """A mark to register: raises NotImplementedError when it is called."""
    raise NotImplementedError("fallthrough_kernel() should never be called.")


class Library:
    """A namespace to define operators in (`kind` "DEF" or "FRAGMENT") or to give kernels to (`kind` "IMPL")."""

    def __init__(self, ns: str, kind: str, dispatch_key: str = ""):
        if kind not in ("DEF", "IMPL", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        if ns == "prim":
            raise ValueError(f"{ns} is a reserved namespace. Please try creating a library with another name.")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key
        self._defined: list[str] = []

    def __repr__(self) -> str:
        return f"Library(kind={self.kind}, ns={self.ns}, dispatch_key={self.dispatch_key})>"

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """Make an operator of a schema. Gives its name."""
        operator = register(Operator(self.ns, parse(f"{self.ns}::{schema}")))
        self._defined.append(operator.qualname)
        return operator.qualname.partition("::")[2]

    def impl(
        self, op_name: Any, fn: Callable, dispatch_key: str = "", *, with_keyset: bool = False, allow_override: bool = False
    ) -> None:
        """Set an operator's kernel for a dispatch key."""
        if not callable(fn):
            raise TypeError(f"Input function is required to be a callable but found type {type(fn)}")
        op = f"{self.ns}::{op_name.split('::')[-1]}" if isinstance(op_name, str) else op_name
        find(op).kernels[dispatch_key or self.dispatch_key] = fn

    def _destroy(self) -> None:
        for name in self._defined:
            drop(name)


def _exists(qualname: str) -> bool:
    return qualname in OPERATORS


__getattr__ = absent("torch.library")
