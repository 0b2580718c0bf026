"""Strides: what torch would answer for a result's memory layout. Pure bookkeeping; XLA chooses its own layouts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

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
    if 0 in shape:
        return True
    expected = 1
    for stride, size in sorted((st, s) for st, s in zip(strides, shape, strict=True) if s != 1):
        if stride != expected:
            return False
        expected *= size
    return True


@lru_cache(4096)
def elementwise(out: Ints, operands: tuple[tuple[Ints, Ints], ...]) -> Ints:
    """Strides of an elementwise result: dense, in the operands' order of dimensions (the first that decides wins).

    Args:
        out: the result's shape.
        operands: `(shape, strides)` of each tensor operand.
    """
    shape, strides = operands[0]
    if all(o == operands[0] for o in operands) and shape == out:
        if is_contiguous(shape, strides):
            return contiguous_strides(out)
        if is_dense(shape, strides):
            return strides
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
    result, step = [0] * len(out), 1
    for dim in order:
        result[dim] = step
        step *= max(out[dim], 1)
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


def propagate(kind: str, tensors: Sequence[Any], outs: Sequence[Any]) -> None:
    """Give results the strides that follow from operands of which one is not contiguous."""
    if kind == "like":
        tensors = tensors[:1]
    operands = tuple((t.shape, t.stride()) for t in tensors)
    for out in outs:
        shape = out.shape
        strides = elementwise(shape, operands)
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
