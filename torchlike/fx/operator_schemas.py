"""Arguments of calls by the signatures of what is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from torchlike import _interpose
from torchlike.nn import Module

__all__ = ["ArgsKwargsPair", "normalize_function", "normalize_module"]


class ArgsKwargsPair(NamedTuple):
    """The arguments of a call."""

    args: tuple
    kwargs: dict[str, Any]


def _normalize(
    called: Callable, args: tuple, kwargs: dict[str, Any], only_kwargs: bool, skip: int = 0
) -> ArgsKwargsPair | None:
    try:
        signature = inspect.signature(called)
        bound = signature.bind(*(None,) * skip, *args, **kwargs)
    except (TypeError, ValueError):
        return None
    bound.apply_defaults()
    given = dict(list(bound.arguments.items())[skip:])
    kinds = {name: p.kind for name, p in signature.parameters.items()}
    if any(kinds[name] in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD) for name in given):
        return None
    if only_kwargs:
        return ArgsKwargsPair((), given)
    names = list(given)[: len(args)]
    return ArgsKwargsPair(tuple(given[name] for name in names), {k: v for k, v in given.items() if k not in names})


def normalize_function(
    target: Callable,
    args: tuple,
    kwargs: dict[str, Any] | None = None,
    arg_types: Any = None,
    kwarg_types: Any = None,
    normalize_to_only_use_kwargs: bool = False,
) -> ArgsKwargsPair | None:
    """A function's arguments with its defaults; None where they do not fit its signature."""
    known = _interpose.site(target)
    return _normalize(known.original if known else target, args, kwargs or {}, normalize_to_only_use_kwargs)


def normalize_module(
    root: Module,
    target: str,
    args: tuple,
    kwargs: dict[str, Any] | None = None,
    normalize_to_only_use_kwargs: bool = False,
) -> ArgsKwargsPair | None:
    """A submodule's arguments with its defaults; None where they do not fit the signature of its `forward`.

    Raises:
        RuntimeError: if there is no such submodule.
    """
    try:
        module = root.get_submodule(target)
    except AttributeError as error:
        raise RuntimeError(f"Tried to normalize arguments for module {target} but root did not have module {target}") from error
    return _normalize(type(module).forward, args, kwargs or {}, normalize_to_only_use_kwargs, skip=1)
