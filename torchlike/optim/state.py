"""What an optimizer remembers of one parameter."""

from __future__ import annotations

import weakref
from collections.abc import ItemsView, Iterator, Sequence, ValuesView
from typing import Any

import jax.numpy as jnp
import numpy as np

from torchlike.base import dtypes
from torchlike.engine import dispatch
from torchlike.engine.value import host
from torchlike.ops.registry import Op
from torchlike.tensor import Tensor
from torchlike.tensor.creation import tensor
from torchlike.tensor.tensor import bare


class CountedState(dict):
    """The state of a parameter whose optimizer counts steps: a dictionary whose "step" is a tensor when somebody looks.

    torch keeps "step" as a zero-dim tensor per parameter. Counting with hundreds of those would cost more than the rest of
    a step on the host, so `count` is a Python float, and the tensor is made on the first read. As in torch it stays the
    same object: what is written into it counts, and it follows the count for as long as somebody holds it.

    Where a step may turn out to be skipped (`advance_unless`), only the device knows the count: then the tensor holds it, and
    `count` is out of date until somebody asks.
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


_ADVANCE = Op("count_unless", lambda count, found_inf: jnp.where(found_inf != 0, count, count + 1), ns="", method=False)
_ON_DEVICE = -1  # no tensor has this version: the count is to be read back


def advance_unless(found_inf: Tensor, entries: Sequence[CountedState]) -> tuple[list[Tensor], tuple[int, ...] | None]:
    """Count one step of each parameter unless `found_inf` (zero-dim) turns out not to be nought; nothing is read back.

    Returns:
        The distinct numbers of the step, and which of them is each parameter's own, or None where all share the first.
    """
    kind = dtypes.float64 if dtypes.get_default_dtype() is dtypes.float64 else dtypes.float32
    steps: list[Tensor] = []
    numbers: dict[Any, int] = {}
    index = []
    for entry in entries:
        shown = entry._shown
        known = shown is None or shown._version == entry._version
        # Values are immutable: who shares one has the same count.
        key = entry.count if known else id(shown._storage.value)  # type: ignore[union-attr]
        number = numbers.get((known, key))
        if number is None:
            number = numbers[known, key] = len(steps)
            old = bare(host(np.array(entry.count, kind.np), found_inf.device)) if known else shown
            steps.append(dispatch.call(_ADVANCE, [old, found_inf]))
        index.append(number)
    for entry, number in zip(entries, index, strict=True):
        value = steps[number]._storage.value
        if entry._shown is None:
            entry._shown = bare(value)
        else:
            entry._shown._storage.write(value)
        entry._version = _ON_DEVICE
    return steps, tuple(index) if len(steps) > 1 else None
