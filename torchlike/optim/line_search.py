"""A line search that ends where the strong Wolfe conditions hold (Nocedal and Wright, chapter 3.5), with torch's constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from torchlike.tensor import Tensor

_ARMIJO, _CURVATURE = 1e-4, 0.9


class Measured(float):
    """A distance that follows from losses and slopes: torch has it as a tensor, one that is chosen beforehand as a number.

    What is computed from it is measured, too.
    """


def _measured(name: str) -> Callable[[float, float], Measured]:
    compute = getattr(float, name)
    return lambda self, other: Measured(compute(self, other))


for _name in ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__"):
    setattr(Measured, _name, _measured(_name))


class Point(NamedTuple):
    """A place on the line: how far along, the loss, its gradient `(n,)`, and the slope along the line."""

    t: float
    loss: float
    grad: Tensor
    slope: float


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, t: float, size: float, tolerance: float, limit: int
) -> tuple[Point, int]:
    """Search from `start` (at 0) with `t` as the first guess.

    Args:
        evaluate: the point at a distance.
        size: the direction's largest element.
        tolerance: the bracket may become as small as this (in the parameter that moves most).
        limit: how many evaluations may follow the first.

    Returns:
        The point found, and how often `evaluate` was called.
    """
    bracket, done, count = _bracket(evaluate, start, t, limit)
    return _zoom(evaluate, start, bracket, done, count, size, tolerance, limit)


def _bracket(evaluate: Callable, start: Point, t: float, limit: int) -> tuple[list[Point], bool, int]:
    """Two points with a good one between them, or one that is good."""
    before, point = start, evaluate(t)
    for count in range(limit):
        if _too_high(point, start) or (count > 1 and point.loss >= before.loss):
            return [before, point], False, count
        if abs(point.slope) <= -_CURVATURE * start.slope:
            return [point], True, count
        if point.slope >= 0:
            return [before, point], False, count
        t = _cubic(before, point, (point.t + 0.01 * (point.t - before.t), point.t * 10))
        before, point = point, evaluate(t)
    return [start, point], False, limit


def _zoom(
    evaluate: Callable, start: Point, bracket: list[Point], done: bool, count: int, size: float, tolerance: float, limit: int
) -> tuple[Point, int]:
    low, high = (0, 1) if bracket[0].loss <= bracket[-1].loss else (1, 0)
    stuck = False
    while not done and count < limit and not abs(bracket[1].t - bracket[0].t) * size < tolerance:
        t, stuck = _inside(_cubic(bracket[0], bracket[1]), bracket[0].t, bracket[1].t, stuck)
        point = evaluate(t)
        count += 1
        if _too_high(point, start) or point.loss >= bracket[low].loss:
            bracket[high] = point
            low, high = (0, 1) if bracket[0].loss <= bracket[1].loss else (1, 0)
            continue
        if abs(point.slope) <= -_CURVATURE * start.slope:
            done = True
        elif point.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = point
    return bracket[low if len(bracket) > 1 else 0], count + 1


def _too_high(point: Point, start: Point) -> bool:
    return point.loss > start.loss + _ARMIJO * point.t * start.slope


def _inside(t: float, one: float, other: float, stuck: bool) -> tuple[float, bool]:
    """`t`, moved away from the bracket's ends when it is close to one for the second time; and whether it was close."""
    least, most = min(one, other), max(one, other)
    margin = 0.1 * (most - least)
    if not min(most - t, t - least) < margin:
        return t, False
    if not (stuck or t >= most or t <= least):
        return t, True
    return (most - margin if abs(t - most) < abs(t - least) else least + margin), False


def _cubic(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two points with their slopes is lowest, within the bounds (those points by default)."""
    least, most = bounds or (min(a.t, b.t), max(a.t, b.t))
    if a.t > b.t:
        a, b = b, a
    try:
        first = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
        square = first * first - a.slope * b.slope
        if not square >= 0:
            return (least + most) / 2
        root = math.sqrt(square)
        lowest = Measured(b.t - (b.t - a.t) * ((b.slope + root - first) / (b.slope - a.slope + 2 * root)))
    except (ZeroDivisionError, OverflowError):
        return (least + most) / 2
    return min(max(lowest, least), most)
