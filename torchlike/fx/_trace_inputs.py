"""The inputs of a recorded function: a placeholder for each argument, nested ones flattened."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from torchlike._checks import _assert
from torchlike.fx._codegen import _PyTreeCodeGen, _PyTreeInfo
from torchlike.utils import _pytree as pytree

if TYPE_CHECKING:
    from torchlike.fx.graph import Graph


class PHBase:
    """Stands for an input inside the containers of `concrete_args`."""

    def __repr__(self) -> str:
        return "PH"


PH = PHBase()


class PHWithMeta(PHBase):
    """A `PH` that names its placeholder.

    Args:
        ph_key: the name.
    """

    def __init__(self, ph_key: str | None = None):
        self.ph_key = ph_key


def _assert_is_none(value: Any, msg: str) -> None:
    """Raise AssertionError unless the value is None."""
    if value is not None:
        raise AssertionError(msg)


_assert_is_none.__module__ = "torchlike.fx._symbolic_trace"  # where generated code looks for it


def _bare(fn: Callable) -> Callable:
    """A function whose *args and **kwargs are plain parameters, to be called with one proxy for each."""
    code: CodeType = fn.__code__
    flags = code.co_flags & ~(inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return FunctionType(
        code.replace(co_argcount=count, co_posonlyargcount=0, co_kwonlyargcount=0, co_flags=flags),
        fn.__globals__,
        fn.__name__,
        fn.__defaults__,
        fn.__closure__,
    )


class _Inputs:
    """The part of a tracer that makes placeholders."""

    graph: Graph
    root: Any
    create_proxy: Callable[..., Any]

    def create_args_for_root(
        self, root_fn: Callable, is_module: bool, concrete_args: dict[str, Any] | tuple | None = None
    ) -> tuple[Callable, list[Any]]:
        """The function to run and what to run it with: the module if it is one, and proxies."""
        given = inspect.unwrap(root_fn)
        code = given.__code__
        total = code.co_argcount + code.co_kwonlyargcount
        names = iter(code.co_varnames)
        skip = 0
        args: list[Any] = []
        if is_module:
            if total == 0:
                raise RuntimeError("``self`` argument cannot be part of *args expansion!")
            skip = 1
            next(names)
            args.append(self.root)
        if isinstance(concrete_args, tuple):
            expected = list(code.co_varnames[skip:total])
            if len(expected) != len(concrete_args):
                raise RuntimeError(
                    f"Tracing expected {len(expected)} arguments but got {len(concrete_args)} concrete arguments"
                )
            concrete_args = dict(zip(expected, concrete_args, strict=True))
        signature = inspect.signature(given)
        args.extend(self._placeholder(next(names), concrete_args, signature) for _ in range(skip, total))
        called = root_fn
        if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
            if code.co_flags & inspect.CO_VARARGS:
                args.append(self._placeholder("*" + next(names), None, signature))
            if code.co_flags & inspect.CO_VARKEYWORDS:
                args.append(self._placeholder("**" + next(names), None, signature))
        if code.co_kwonlyargcount or len(args) > code.co_argcount:
            called = _bare(given)
        flat, in_spec = pytree.tree_flatten(tuple(args))
        if concrete_args is not None and not all(child.is_leaf() for child in in_spec.children_specs):
            return self._flattened(called, args, in_spec, code.co_varnames[:total]), flat
        return called, args

    def _flattened(self, fn: Callable, args: list[Any], in_spec: Any, names: tuple[str, ...]) -> Callable:
        """`fn` as a function of the leaves of its arguments, returning the leaves of its result."""
        codegen = self.graph._codegen = _PyTreeCodeGen(_PyTreeInfo(list(names), in_spec, None))

        def flat_fn(*flat):  # not annotated: the graph would be
            result = fn(*pytree.tree_unflatten(list(flat), in_spec))
            leaves, codegen.pytree_info.out_spec = pytree.tree_flatten(result)
            return leaves

        if names and names[0] == "self":  # the text's function is given `self` by Python
            codegen.pytree_info.in_spec = pytree.TreeSpec(tuple, None, in_spec.children_specs[1:])
        return flat_fn

    def _placeholder(self, name: str, concrete_args: Any, signature: inspect.Signature) -> Any:
        parameter = None if name.startswith("*") else signature.parameters.get(name)
        given = parameter is not None and parameter.default is not inspect.Parameter.empty
        default: tuple = (parameter.default,) if parameter is not None and given else ()
        if concrete_args is not None and name in concrete_args:
            value, counter = concrete_args[name], itertools.count(1)
            return pytree.tree_map(lambda leaf: self._leaf(name, f"{name}_{next(counter)}", default, leaf), value)
        known = parameter is not None and parameter.annotation is not inspect.Parameter.empty
        return self.create_proxy("placeholder", name, default, {}, type_expr=parameter.annotation if known else None)  # type: ignore[union-attr]

    def _leaf(self, name: str, numbered: str, default: tuple, value: Any) -> Any:
        """A placeholder for one value of `concrete_args`; the value itself where it is kept."""
        if isinstance(value, PHBase):
            return self.create_proxy("placeholder", getattr(value, "ph_key", None) or numbered, (), {})
        made = self.create_proxy("placeholder", numbered, default, {})
        message = f"{name} has been specialized to have value {value} but got another value"
        if isinstance(value, (bool, int, float, str)):
            self.create_proxy("call_function", _assert, (made == value, message), {})
        elif value is None:
            self.create_proxy("call_function", _assert_is_none, (made, message), {})
        else:
            warnings.warn(
                f"Was not able to add assertion to guarantee correct input {name} to specialized function. It is up to the "
                "user to make sure that your inputs match the inputs you specialized the function with.",
                stacklevel=2,
            )
        return value
