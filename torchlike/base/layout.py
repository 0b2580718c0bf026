"""Strides: what torch would answer for a result's memory layout. Pure bookkeeping; XLA chooses its own layouts."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from jax.errors import InconclusiveDimensionOperation

from torchlike.base.size import contiguous_strides

Ints = tuple[int, ...]


def is_contiguous(shape: Ints, strides: Ints) -> bool:
    """Row-major without gaps; the strides of size-1 dimensions do not matter, and nothing matters with no elements."""
    expected = 1
    if 0 in shape:
        return True
    for size, stride in zip(reversed(shape), reversed(strides), strict=True):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def is_dense(shape: Ints, strides: Ints) -> bool:
    """Non-overlapping and without gaps, in some order of the dimensions."""
    expected = 1
    for stride, size in sorted((st, s) for st, s in zip(strides, shape, strict=True) if s > 1):
        if stride != expected:
            return False
        expected *= size
    return True


def repeats(shape: Ints, strides: Ints) -> bool:
    """Whether an element shows in several places, as after `expand`."""
    return 0 in strides and 0 not in shape and any(st == 0 and s > 1 for st, s in zip(strides, shape, strict=True))


def overlaps(shape: Ints, strides: Ints, offset: int, shape2: Ints, strides2: Ints, offset2: int) -> bool:
    """Whether two tensors of one storage have some elements in common but are not the same. Only tensors without gaps
    are looked at, as in torch."""
    if 0 in shape or 0 in shape2 or not (is_dense(shape, strides) and is_dense(shape2, strides2)):
        return False
    end, end2 = offset + prod(shape), offset2 + prod(shape2)
    if (offset, end) == (offset2, end2):
        return tuple(strides) != tuple(strides2)
    return offset < end2 and offset2 < end


@lru_cache(4096)
def elementwise(out: Ints, operands: tuple[tuple[Ints, Ints], ...], mixed: bool = False) -> Ints:
    """Strides of an elementwise result: dense, in the operands' order of dimensions (the first that decides wins).

    Args:
        out: the result's shape.
        operands: `(shape, strides)` of each tensor operand.
        mixed: a number stands among the operands, which torch counts as one of another shape.
    """
    if not mixed and all(shape == out for shape, _ in operands):
        if all(is_contiguous(shape, strides) for shape, strides in operands):
            return contiguous_strides(out)
        first = operands[0][1]
        if is_dense(out, first) and all(strides == first for _, strides in operands):
            return first
    spread = [_broadcast_strides(shape, strides, out) for shape, strides in operands]
    order = list(range(len(out) - 1, -1, -1))  # fastest dimension first
    for i in range(1, len(out)):
        at = i
        for before in range(i - 1, -1, -1):
            verdict = _swap(order[before], order[at], out, spread)
            if verdict > 0:
                order[before], order[at] = order[at], order[before]
                at = before
            elif verdict < 0:
                break
    if order == list(range(len(out) - 1, -1, -1)):
        return contiguous_strides(out)
    result, step = [0] * len(out), 1
    for dim in order:
        result[dim] = step
        step *= out[dim]
    return tuple(result)


def _swap(a: int, b: int, shape: Ints, spread: Sequence[Ints]) -> int:
    for strides in spread:
        if strides[a] == 0 or strides[b] == 0:
            continue
        if strides[a] != strides[b]:
            return 1 if strides[a] > strides[b] else -1
        if shape[a] > shape[b]:
            return 1
    return 0


def _broadcast_strides(shape: Ints, strides: Ints, out: Ints) -> Ints:
    lead = len(out) - len(shape)
    return (0,) * lead + tuple(
        0 if size == 1 and out[lead + i] != 1 else stride for i, (size, stride) in enumerate(zip(shape, strides, strict=True))
    )


@lru_cache(4096)
def like(shape: Ints, strides: Ints) -> Ints:
    """Strides of a copy: the same where there are no gaps, else dense in the same order of dimensions."""
    return strides if is_dense(shape, strides) else elementwise(shape, ((shape, strides),))


def propagate(kind: str, tensors: Sequence[Any], outs: Sequence[Any], mixed: bool = False) -> None:
    """Give results the strides that follow from operands of which one is not contiguous (`mixed`: and another a number)."""
    if kind == "contiguous":
        return
    operands = tuple((t.shape, t.stride()) for t in tensors)
    with contextlib.suppress(InconclusiveDimensionOperation):  # sizes are symbols: nobody asks how they lie in memory
        _propagate(kind, operands, outs, mixed)


def _propagate(kind: str, operands: tuple, outs: Sequence[Any], mixed: bool) -> None:
    for out in outs:
        shape = out.shape
        strides = (
            like(*operands[0]) if kind in ("like", "copy") and shape == operands[0][0] else elementwise(shape, operands, mixed)
        )
        if strides != contiguous_strides(shape):
            out._strides = strides


@lru_cache(4096)
def view_strides(shape: Ints, strides: Ints, new: Ints) -> Ints | None:
    """Strides that show a strided tensor in another shape without a copy, or None where there are none."""
    if 0 in shape:
        return strides if shape == new else contiguous_strides(new)
    if not shape:
        return (1,) * len(new)
    result: list[int] = [0] * len(new)
    at = len(new) - 1
    chunk, base = 1, strides[-1]
    viewed = 1
    for d in range(len(shape) - 1, -1, -1):
        chunk *= shape[d]
        if d == 0 or (shape[d - 1] != 1 and strides[d - 1] != chunk * base):
            while at >= 0 and (viewed < chunk or new[at] == 1):
                result[at] = viewed * base
                viewed *= new[at]
                at -= 1
            if viewed != chunk:
                return None
            if d > 0:
                base, chunk, viewed = strides[d - 1], 1, 1
    return tuple(result) if at == -1 else None


class memory_format:
    """An order of dimensions in memory: `torch.contiguous_format`, `torch.channels_last` ... Only strides tell of it."""

    def __init__(self, name: str, order: Ints | None):
        self.name, self.order = name, order

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def strides(self, shape: Ints) -> Ints:
        """Strides without gaps in this order. Raises RuntimeError for another number of dimensions."""
        if self.order is None:
            return contiguous_strides(shape)
        if len(shape) != len(self.order):
            raise RuntimeError(f"required rank {len(self.order)} tensor to use {self.name} format")
        found, step = [0] * len(shape), 1
        for d in reversed(self.order):
            found[d] = step
            step *= max(shape[d], 1)
        return tuple(found)

    def holds(self, shape: Ints, strides: Ints) -> bool:
        """Whether a tensor is laid out so; the strides of size-1 dimensions do not matter."""
        if self.order is None:
            return is_contiguous(shape, strides)
        if len(shape) != len(self.order):
            return False
        return 0 in shape or all(n == 1 or a == b for n, a, b in zip(shape, strides, self.strides(shape), strict=True))


contiguous_format = memory_format("contiguous_format", None)
preserve_format = memory_format("preserve_format", None)
channels_last = memory_format("channels_last", (0, 2, 3, 1))
channels_last_3d = memory_format("channels_last_3d", (0, 2, 3, 4, 1))
