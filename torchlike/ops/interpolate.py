"""Interpolation of any rank: each spatial dimension is resized on its own."""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from torchlike.ops.activation import wide
from torchlike.ops.registry import op
from torchlike.ops.supported import require


def _step(size: int, out: int, scale: float | None, align_corners: bool, real: type) -> np.floating:
    """How far apart in the input two neighbours of the output lie."""
    if align_corners:
        return real(size - 1) / real(out - 1) if out > 1 else real(0)
    return real(1) / real(scale) if scale else real(size) / real(out)


def _along(x: Array, axis: int, taps: list[tuple[np.ndarray, np.ndarray]]) -> Array:
    """The weighted sum of `x` taken at several index vectors along `axis`."""
    shape = (-1,) + (1,) * (x.ndim - axis - 1)
    parts = (
        jnp.take(x, jnp.asarray(index, jnp.int32), axis, mode="clip") * jnp.asarray(weight.reshape(shape), x.dtype)
        for index, weight in taps
    )
    return sum(parts, start=jnp.zeros((), x.dtype))


def _linear(size: int, out: int, step: np.floating, align_corners: bool, real: type) -> list[tuple[np.ndarray, np.ndarray]]:
    n: np.ndarray = np.arange(out, dtype=real)
    at = step * n if align_corners else np.maximum(step * (n + real(0.5)) - real(0.5), real(0))
    low = np.minimum(at.astype(np.int64), size - 1)
    share = np.clip(at - low.astype(real), 0, 1)
    return [(low, 1 - share), (np.minimum(low + 1, size - 1), share)]


def _cubic(size: int, out: int, step: np.floating, align_corners: bool, real: type) -> list[tuple[np.ndarray, np.ndarray]]:
    n: np.ndarray = np.arange(out, dtype=real)
    at = step * n if align_corners else step * (n + real(0.5)) - real(0.5)
    low = np.floor(at)
    share, first = at - low, low.astype(np.int64)
    return [(np.clip(first + j, 0, size - 1), _cubic_filter(share - real(j), -0.75).astype(real)) for j in range(-1, 3)]


# --- filters, for antialiasing ----------------------------------------------------------------------------------


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0)


def _cubic_filter(x: np.ndarray, a: float = -0.5) -> np.ndarray:
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


_FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int]] = {
    "bilinear": (_triangle, 1),
    "bicubic": (_cubic_filter, 2),
    "lanczos": (_lanczos, 3),
}


def _antialiased(size: int, out: int, step: float, mode: str) -> np.ndarray:
    """The (out, size) matrix that filters and samples: the filter widens with the step."""
    fn, reach = _FILTERS[mode]
    widen = max(step, 1.0)
    weights = np.zeros((out, size))
    for i in range(out):
        center = step * (i + 0.5)
        first = max(int(center - reach * widen + 0.5), 0)
        last = min(int(center + reach * widen + 0.5), size)
        weights[i, first:last] = fn((np.arange(first, last) - center + 0.5) / widen)
    return weights / weights.sum(1, keepdims=True)


# --- images of bytes --------------------------------------------------------------------------------------------


def _matrix(taps: list[tuple[np.ndarray, np.ndarray]], size: int, out: int) -> np.ndarray:
    weights = np.zeros((out, size))
    for index, weight in taps:
        np.add.at(weights, (np.arange(out), index), weight)
    return weights


def weights_of(size: int, out: int, mode: str, antialias: bool) -> np.ndarray:
    """The (out, size) float64 matrix that resizes one dimension of bytes or floats, for "bilinear", "bicubic", "lanczos"."""
    step = _step(size, out, None, False, np.float64)
    if antialias:
        return _antialiased(size, out, float(step), mode)
    return _matrix((_cubic if mode == "bicubic" else _linear)(size, out, step, False, np.float64), size, out)


def in_16_bits(weights: np.ndarray) -> tuple[np.ndarray, int]:
    """Weights as torch (and Pillow) take them for bytes: whole numbers of 16 bits, and how many bits those are shifted."""
    bits = next((b for b in range(22) if 0.5 + weights.max() * (1 << (b + 1)) >= 1 << 15), 22)
    return np.trunc(weights * (1 << bits) + np.copysign(0.5, weights)).astype(np.int32), bits


def _resize_bytes(x: Array, axis: int, weights: np.ndarray) -> Array:
    """`weights` applied along `axis`, the result rounded to a byte."""
    whole, bits = in_16_bits(weights)
    total = jnp.moveaxis(jnp.tensordot(x.astype(jnp.int32), jnp.asarray(whole), (axis, 1)), -1, axis)
    return jnp.clip((total + (1 << (bits - 1))) >> bits, 0, 255).astype(jnp.uint8)


@op("_interpolate", ns="", method=False, out=False, grad_name="Upsample")
def interpolate(input, *, size, scales=None, mode="nearest", align_corners=False, antialias=False):
    """`(N, C, *)` resized to the spatial `size`; `scales` (output / input) are what positions are computed with."""
    spaces = input.shape[2:]
    if min(size) < 1 or min(spaces) < 1:
        labels = "DHW"[-len(size) :]
        given, wanted = (", ".join(f"{d}: {n}" for d, n in zip(labels, s, strict=True)) for s in (spaces, size))
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input ({given}) output ({wanted})")
    _check_dtype(input, mode)
    in_bytes = input.dtype == jnp.uint8 and not mode.startswith("nearest")
    wider = input.dtype == jnp.float64 and not mode.startswith("nearest")
    real = np.float64 if wider or in_bytes else np.float32
    x = input if mode.startswith("nearest") else wide(input)
    for axis in range(input.ndim - 1, 1, -1):  # bytes are rounded after each dimension, the last one first
        have, out, scale = x.shape[axis], size[axis - 2], scales[axis - 2] if scales else None
        if have == out and (in_bytes or (mode.startswith("nearest") and scale is None)):
            continue
        step = _step(have, out, scale, align_corners, real)
        if mode.startswith("nearest"):
            n = np.arange(out, dtype=real) + real(0.5 if mode == "nearest-exact" else 0)
            at = np.minimum(np.floor(n * step).astype(np.int64), have - 1)
            x = jnp.take(x, jnp.asarray(at, jnp.int32), axis, mode="clip")
        elif antialias:
            weights = _antialiased(have, out, float(step), mode)
            x = (_resize_bytes if in_bytes else _weighted)(x, axis, weights)
        else:
            taps = (_cubic if mode == "bicubic" else _linear)(have, out, step, align_corners, real)
            x = _resize_bytes(x, axis, _matrix(taps, have, out)) if in_bytes else _along(x, axis, taps)
    return x.astype(input.dtype)


def _weighted(x: Array, axis: int, weights: np.ndarray) -> Array:
    found = jnp.tensordot(x, jnp.asarray(weights, x.dtype), (axis, 1), precision=lax.Precision.HIGHEST)
    return jnp.moveaxis(found, -1, axis)


def _check_dtype(input: Array, mode: str) -> None:
    kernel = {"bicubic": "cubic", "lanczos": "lanczos"}.get(mode, "nearest" if mode.startswith("nearest") else "linear")
    bytes_too = (jnp.uint8,) if mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos") else ()
    require(input, f"compute_indices_weights_{kernel}", *bytes_too)
