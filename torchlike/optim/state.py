"""What an optimizer remembers of one parameter."""

from __future__ import annotations

import weakref
from collections.abc import ItemsView, Iterator, ValuesView
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.engine.value import host
from torchlike.tensor import Tensor
from torchlike.tensor.creation import tensor


class CountedState(dict):
    """The state of a parameter whose optimizer counts steps: a dictionary whose "step" is a tensor when somebody looks.

    torch keeps "step" as a zero-dim tensor per parameter. Counting with hundreds of those would cost more than the rest of
    a step on the host, so `count` is a Python float, and the tensor is made on the first read. As in torch it stays the
    same object: what is written into it counts, and it follows the count for as long as somebody holds it.
    """

    __slots__ = ("_shown", "_version", "count")

    def __init__(self, entries: Any = ()):
        super().__init__()
        self.count = 0.0
        self._shown: Tensor | None = None
        self._version = 0
        self.update(entries)

    def start(self) -> None:
        """Begin to count, from nought."""
        super().__setitem__("step", None)

    def advance(self) -> float:
        """Count one step and return its number, counted from 1. A step of the optimizer inlines the common case."""
        shown = self._shown
        if shown is None:
            self.count += 1.0
            return self.count
        self._read_back(shown)
        self.count += 1.0
        held = weakref.ref(shown)
        self._shown = shown = None
        shown = held()  # None if nobody but this state knew the tensor
        if shown is not None:
            shown._storage.write(host(np.array(self.count, shown.dtype.np)))
            self._shown, self._version = shown, shown._version
        return self.count

    def _read_back(self, shown: Tensor) -> None:
        if shown._version != self._version:
            self.count, self._version = float(shown.item()), shown._version

    def _show(self) -> Tensor:
        shown = self._shown
        if shown is None:
            kind = dtypes.float64 if dtypes.get_default_dtype() is dtypes.float64 else dtypes.float32
            shown = self._shown = tensor(self.count, dtype=kind)
            self._version = shown._version
        return shown

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return self._show() if found is None and key == "step" else found

    def __setitem__(self, key: Any, value: Any) -> None:
        if key == "step":
            self.count = float(value)
            if value is self._shown and value is not None:  # `state["step"] += 1`
                self._version = value._version
            else:
                self._shown = None
            value = None
        super().__setitem__(key, value)

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - this is `get`

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        found = self.get(key)
        popped = super().pop(key, *default)
        return popped if found is None else found

    def update(self, *others: Any, **entries: Any) -> None:
        for key, value in dict(*others, **entries).items():
            self[key] = value

    # Spelled in Python, so that `dict(state)` and `{**state}` come through `__getitem__`.
    def __iter__(self) -> Iterator:
        return super().__iter__()

    def items(self) -> ItemsView:  # type: ignore[override]  # a view through `__getitem__`, no `dict_items`
        return ItemsView(self)

    def values(self) -> ValuesView:  # type: ignore[override]  # a view through `__getitem__`, no `dict_values`
        return ValuesView(self)

    def copy(self) -> dict:
        return dict(self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple:
        return CountedState, (dict(self),)
