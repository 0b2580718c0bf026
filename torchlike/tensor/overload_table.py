"""The table that hand-written public functions go into; see `overloads.py` and `index_overloads.py`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

OVERLOADS: dict[str, Callable] = {}  # functions of the root namespace
METHODS: dict[str, Callable] = {}  # methods of Tensor

_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def overload(*names: str, function: bool = True, method: bool = True) -> Callable[[Callable], Callable]:
    """Put the function into the tables under `names`; numpy's names of `dim` and `keepdim` work too, as in torch."""

    def register(fn: Callable) -> Callable:
        @functools.wraps(fn)
        def public(*args: Any, **keywords: Any) -> Any:
            if keywords:
                keywords = {_NUMPY_NAMES.get(name, name): value for name, value in keywords.items()}
            return fn(*args, **keywords)

        public.__name__ = public.__qualname__ = names[0]
        for name in names:
            if function:
                OVERLOADS[name] = public
            if method:
                METHODS[name] = public
        return fn

    return register
