"""Matrices, output sizes and grids of places, on the host."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = [
    "affine_grid", "affine_output_size", "inverse_affine_matrix", "output_size", "perspective_coefficients", "perspective_grid",
]  # fmt: skip


def output_size(
    image_size: tuple[int, int], size: Sequence[int] | None, max_size: int | None = None, allow_size_none: bool = False
) -> list[int]:
    """[height, width] after a resize of an image (height, width): one number is for the smaller edge, two are both.

    Raises:
        ValueError: for a `max_size` that does not exceed what is asked of the smaller edge.
    """
    h, w = image_size
    short, long = (w, h) if w <= h else (h, w)
    if size is None:
        if not allow_size_none or not isinstance(max_size, int):
            raise ValueError("This should never happen!! Max_size must be an integer when size is None.")
        new_short, new_long = int(max_size * short / long), max_size
    elif len(size) == 1:
        new_short, new_long = size[0], int(size[0] * long / short)
        if max_size is not None:
            if max_size <= size[0]:
                raise ValueError(
                    f"max_size = {max_size} must be strictly greater than the requested size for the smaller edge size = {size}"
                )
            if new_long > max_size:
                new_short, new_long = int(max_size * new_short / new_long), max_size
    else:
        return [int(size[0]), int(size[1])]
    return [new_long, new_short] if w <= h else [new_short, new_long]


def inverse_affine_matrix(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
    inverted: bool = True,
) -> list[float]:
    """The six numbers that take a place of the output to its place in the input (or, not inverted, the other way).

    The map turns by `angle` degrees and shears by two angles around `center`, scales, then shifts by `translate`.
    """
    turn, (sx, sy) = math.radians(angle), (math.radians(s) for s in shear)
    (cx, cy), (tx, ty) = center, translate
    a = math.cos(turn - sy) / math.cos(sy)
    b = -math.cos(turn - sy) * math.tan(sx) / math.cos(sy) - math.sin(turn)
    c = math.sin(turn - sy) / math.cos(sy)
    d = -math.sin(turn - sy) * math.tan(sx) / math.cos(sy) + math.cos(turn)
    if inverted:
        m = [x / scale for x in (d, -b, 0.0, -c, a, 0.0)]
        m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
        m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    else:
        m = [x * scale for x in (a, b, 0.0, c, d, 0.0)]
        m[2] += m[0] * -cx + m[1] * -cy + cx + tx
        m[5] += m[3] * -cx + m[4] * -cy + cy + ty
    return m


def _places(width: int, height: int, first_x: float, first_y: float) -> np.ndarray:
    """(height, width, 3): column, row and 1, in steps of a pixel."""
    grid = np.ones((height, width, 3), np.float32)
    grid[..., 0] = np.linspace(first_x, first_x + width - 1, width, dtype=np.float32)
    grid[..., 1] = np.linspace(first_y, first_y + height - 1, height, dtype=np.float32)[:, None]
    return grid


def affine_grid(matrix: Sequence[float], w: int, h: int, ow: int, oh: int) -> np.ndarray:
    """(2, oh, ow): where in an input (h, w), whose edges are -1 and 1, an output (oh, ow) around the same centre looks."""
    theta = np.asarray(matrix, np.float32).reshape(2, 3).T / np.asarray([0.5 * w, 0.5 * h], np.float32)
    grid = _places(ow, oh, -ow * 0.5 + 0.5, -oh * 0.5 + 0.5) @ theta
    return np.ascontiguousarray(np.moveaxis(grid, -1, 0))


def perspective_grid(coefficients: Sequence[float], ow: int, oh: int) -> np.ndarray:
    """(2, oh, ow): where an output looks, by the eight coefficients of a perspective map; the input has the same size."""
    c = np.asarray([*coefficients, 1.0], np.float32)
    places = _places(ow, oh, 0.5, 0.5)
    above = places @ (c[:6].reshape(2, 3).T / np.asarray([0.5 * ow, 0.5 * oh], np.float32))
    below = places @ np.stack([c[6:], c[6:]], 1)
    return np.ascontiguousarray(np.moveaxis(above / below - np.float32(1), -1, 0))


def affine_output_size(matrix: Sequence[float], w: int, h: int) -> tuple[int, int]:
    """(width, height) of the smallest whole frame that holds an image (h, w) turned by the matrix around its centre."""
    corners = np.asarray([[x * w, y * h, 1.0] for x in (-0.5, 0.5) for y in (-0.5, 0.5)], np.float32)
    moved = corners @ np.asarray(matrix, np.float32).reshape(2, 3).T
    shift = np.asarray([w * 0.5, h * 0.5], np.float32)
    tolerance = np.float32(1e-4)
    high = np.ceil(np.trunc((moved.max(0) + shift) / tolerance) * tolerance)
    low = np.floor(np.trunc((moved.min(0) + shift) / tolerance) * tolerance)
    width, height = (high - low).astype(int)
    return int(width), int(height)


def perspective_coefficients(startpoints: Sequence[Sequence[int]], endpoints: Sequence[Sequence[int]]) -> list[float]:
    """The eight coefficients of the perspective map from four points of the output to four of the input."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    target = np.asarray(startpoints, np.float64).reshape(8)
    solution = np.linalg.lstsq(np.asarray(rows, np.float64), target, rcond=None)[0]
    return solution.astype(np.float32).tolist()
