"""Shapes and dtypes of results, found without tracing, of rows whose operands broadcast.

Tracing a row takes milliseconds. For such rows one trace tells the results' dtypes for all sizes; where sizes are ever new (a
text that grows, episodes of any length) that is most of what recording costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.dtypes import dtype
from torchlike.engine.value import Aval
from torchlike.ops.registry import Op

_learned: dict[tuple, tuple[dtype, ...] | None] = {}
_LIMIT = 1 << 14


def known(op: Op, specs: Sequence[Any], static: tuple) -> list[tuple[tuple[int, ...], dtype]] | None:
    """The results' shapes and dtypes; None where the row must be traced.

    Args:
        specs: per operand an Aval, a number's type or None.
    """
    found = _learned.get(_key(op, specs, static))
    shape = None if found is None else _broadcast(specs)
    return None if found is None or shape is None else [(shape, kind) for kind in found]


def learn(op: Op, specs: Sequence[Any], static: tuple, outs: Sequence[Aval]) -> None:
    """Keep what a trace has found, if the results are as large as the operands together."""
    if len(_learned) >= _LIMIT:
        _learned.clear()
    shape = _broadcast(specs)
    fits = shape is not None and all(tuple(out.shape) == shape for out in outs)
    _learned[_key(op, specs, static)] = tuple([out.dtype for out in outs]) if fits else None


def _key(op: Op, specs: Sequence[Any], static: tuple) -> tuple:
    """What dtypes depend on: of a size only whether there are dimensions at all, as promotion asks."""
    return op, static, tuple([(s.dtype, s.ndim > 0) if isinstance(s, Aval) else s for s in specs])


def _broadcast(specs: Sequence[Any]) -> tuple[int, ...] | None:
    """The shape of the operands together; None where they do not fit, or where a size is a symbol."""
    shapes = {tuple(s.shape) for s in specs if isinstance(s, Aval)}
    if not all(type(size) is int for shape in shapes for size in shape):
        return None
    if len(shapes) == 1:
        return shapes.pop()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


dtypes.on_default_change(_learned.clear)
