"""Small helpers that the modules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from itertools import repeat
from typing import Any

from torchlike.tensor import Tensor


def typename(obj: Any) -> str:
    """The name of an object's type in torch's messages: `torch.FloatTensor`, `torch.nn.modules.linear.Linear`, `int`."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if isinstance(obj, type) else type(obj)
    module = kind.__module__
    if module in ("builtins", "__builtin__", "", None):
        return kind.__qualname__
    if module == "torchlike" or module.startswith("torchlike."):
        module = "torch" + module[len("torchlike") :]
    return f"{module}.{kind.__qualname__}"


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple]:
    """A function that repeats a number `n` times and makes a tuple of anything iterable."""

    def parse(value: Any) -> tuple:
        return tuple(value) if isinstance(value, Iterable) else tuple(repeat(value, n))

    parse.__name__ = name
    return parse


_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(values: Iterable, n: int) -> tuple:
    """`(a, b), 2 -> (b, b, a, a)`: padding per dimension in the order that `F.pad` wants it."""
    return tuple(value for value in reversed(tuple(values)) for _ in range(n))


def _list_with_default(out_size: list[int | None], defaults: list[int]) -> list[int]:
    """`out_size` with its Nones filled from the end of `defaults`."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    return [default if size is None else size for size, default in zip(out_size, defaults[-len(out_size) :], strict=True)]


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Strip `prefix` from the keys of `state_dict` (and of its metadata), in place.

    Example:
        >>> state = {"module.weight": 1, "step": 2}
        >>> consume_prefix_in_state_dict_if_present(state, "module.")
        >>> state
        {'step': 2, 'weight': 1}
    """
    for key in list(state_dict):
        if key.startswith(prefix):
            state_dict[key[len(prefix) :]] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", None)
    if isinstance(metadata, MutableMapping):
        # "" is the root's own entry: the wrapped module's entry takes its place.
        for key in list(metadata):
            if not key:
                continue
            new_key = key.replace(prefix, "", 1) if key.startswith(prefix) else "" if key == prefix.rstrip(".") else key
            if new_key != key:
                metadata[new_key] = metadata.pop(key)


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """What of `device`, `dtype` and `memory_format` a module was given, directly or inside `factory_kwargs`.

    Raises:
        TypeError: for other arguments, and those that are given twice.
    """
    if kwargs is None:
        return {}
    direct = {"device", "dtype", "memory_format"}
    unexpected = kwargs.keys() - direct - {"factory_kwargs"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    found = dict(kwargs.get("factory_kwargs", {}))
    for key in direct & kwargs.keys():
        if key in found:
            raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
        found[key] = kwargs[key]
    return found
