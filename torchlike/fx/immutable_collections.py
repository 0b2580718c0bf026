"""Lists and dictionaries that a node's arguments are kept in: whoever changes one in place would leave `users` wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["immutable_dict", "immutable_list"]


def _refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
    raise TypeError(
        f"{type(self).__name__!r} object does not support mutation. If you are attempting to modify the kwargs or args of a "
        "torch.fx.Node object,\ninstead create a new copy of it and assign the copy to the node:\n"
        "    new_args = ...  # copy and mutate args\n    node.args = new_args\n"
    )


def _refusing(names: str) -> dict[str, Callable]:
    return dict.fromkeys(names.split(), _refuse)


class immutable_list(list):
    """A list that refuses to be changed."""

    locals().update(_refusing("__delitem__ __iadd__ __imul__ __setitem__ append clear extend insert pop remove reverse sort"))

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))

    def __reduce__(self) -> tuple:
        return immutable_list, (tuple(self),)


class immutable_dict(dict):
    """A dictionary that refuses to be changed."""

    locals().update(_refusing("__delitem__ __ior__ __setitem__ clear pop popitem setdefault update"))

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple:
        return immutable_dict, (dict(self),)
