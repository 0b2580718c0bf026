"""What transforms compute, as pure functions `(xp, x, *numbers, **static)` of arrays (..., C, H, W).

`xp` is numpy or jax.numpy: each is written once for both. Intermediate values are float32, as torchvision's are; bytes
are truncated or rounded where torchvision does so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# The luma of ITU-R BT.601, in the digits that Pillow and torchvision use.
LUMA = (0.2989, 0.587, 0.114)


def bound(dtype: Any) -> float:
    """The largest value of a dtype's images: 1 for floats, the largest number for integers."""
    return 1.0 if _floating(dtype) else 1.0 if dtype == np.bool_ else float(np.iinfo(dtype).max)


def _floating(dtype: Any) -> bool:
    return not np.issubdtype(dtype, np.integer) and dtype != np.bool_


def wide(xp: Any, x: Any) -> Any:
    """Whole numbers as float32."""
    return x if _floating(x.dtype) else x.astype(np.float32)


def rounded(xp: Any, x: Any, dtype: Any) -> Any:
    """Back to the image's dtype, whole numbers rounded."""
    return (x if _floating(dtype) else xp.round(x)).astype(dtype)


# ---- places -----------------------------------------------------------------------------------------------------


def flip(xp: Any, x: Any, *, axis: int) -> Any:
    return xp.flip(x, axis)


def pad(xp: Any, x: Any, fill: Any = 0, *, sides: tuple[int, int, int, int], mode: str) -> Any:
    """`sides` are left, top, right, bottom; negative ones crop. `fill` is one number, or one per channel (C, 1, 1)."""
    left, top, right, bottom = (max(side, 0) for side in sides)
    crop = [max(-side, 0) for side in sides]
    h, w = x.shape[-2:]
    x = x[..., crop[1] : h - crop[3], crop[0] : w - crop[2]]
    widths = [(0, 0)] * (x.ndim - 2) + [(top, bottom), (left, right)]
    if mode != "constant":
        return xp.pad(x, widths, mode=mode)
    padded = xp.pad(x, widths)
    if isinstance(fill, (int, float)) and fill == 0:
        return padded
    inside = np.pad(np.ones((h - crop[1] - crop[3], w - crop[0] - crop[2]), bool), widths[-2:])
    return xp.where(inside, padded, xp.asarray(fill).astype(x.dtype))


def erase(xp: Any, x: Any, value: Any, *, box: tuple[int, int, int, int]) -> Any:
    """`box` is top, left, height, width."""
    i, j, h, w = box
    inside = np.zeros(x.shape[-2:], bool)
    inside[i : i + h, j : j + w] = True
    value = xp.asarray(value).astype(x.dtype)
    if value.ndim >= 2 and value.shape[-2:] == (h, w) != (1, 1):
        widths = [(0, 0)] * (value.ndim - 2) + [(i, x.shape[-2] - i - h), (j, x.shape[-1] - j - w)]
        value = xp.pad(value, widths)
    return xp.where(inside, value, x)


def _inside(at: Any, size: int, xp: Any) -> Any:
    return (at >= 0) & (at < size)


def _look_up(xp: Any, flat: Any, iy: Any, ix: Any, size: tuple[int, int]) -> Any:
    """The pixels at whole places; 0 outside."""
    h, w = size
    index = xp.clip(iy, 0, h - 1) * w + xp.clip(ix, 0, w - 1)
    return xp.take(flat, index.astype(np.int32), axis=-1) * (_inside(iy, h, xp) & _inside(ix, w, xp)).astype(flat.dtype)


def sample(xp: Any, x: Any, grid: Any, fill: Any = None, *, mode: str) -> Any:
    """`x` at the places `grid` (2, H', W'): columns and rows in [-1, 1], from edge to edge. What lies outside is `fill`.

    `mode` is "nearest" or "bilinear". `fill` is one number per channel (C,), or (1,); None leaves 0.
    """
    h, w = x.shape[-2:]
    col, row = ((grid[0] + 1) * np.float32(w) - 1) / 2, ((grid[1] + 1) * np.float32(h) - 1) / 2
    source = wide(xp, x)
    if fill is not None:
        source = xp.concatenate([source, xp.ones_like(source[..., :1, :, :])], -3)  # the last channel tells what is inside
    flat = source.reshape(*source.shape[:-2], h * w)
    if mode == "nearest":
        found = _look_up(xp, flat, xp.round(row), xp.round(col), (h, w))
    else:
        top, left = xp.floor(row), xp.floor(col)
        down, right = row - top, col - left
        found = 0.0
        for dy, wy in ((0, 1 - down), (1, down)):
            for dx, wx in ((0, 1 - right), (1, right)):
                found = found + _look_up(xp, flat, top + dy, left + dx, (h, w)) * (wy * wx).astype(flat.dtype)
    if fill is not None:
        inside, found = found[..., -1:, :, :], found[..., :-1, :, :]
        level = xp.asarray(fill).reshape(-1, 1, 1).astype(found.dtype)
        found = xp.where(inside < 0.5, level, found) if mode == "nearest" else found * inside + (1 - inside) * level
    return rounded(xp, found, x.dtype)


def weighted(xp: Any, x: Any, *, axis: int, weights: Any) -> Any:
    """A matrix (out, in) applied along one of the two last axes."""
    return xp.matmul(x, weights.T) if axis == -1 else xp.matmul(weights, x)


# ---- colours ----------------------------------------------------------------------------------------------------


def blend(xp: Any, x: Any, other: Any, ratio: Any) -> Any:
    """`ratio * x + (1 - ratio) * other`, kept within the dtype's range; whole numbers are truncated."""
    mixed = ratio * wide(xp, x) + (1.0 - ratio) * wide(xp, xp.asarray(other))
    return xp.clip(mixed, 0, bound(x.dtype)).astype(x.dtype)


def grayscale(xp: Any, x: Any, *, channels: int = 1) -> Any:
    """(..., 3, H, W) -> (..., channels, H, W); one channel stays as it is."""
    if x.shape[-3] == 3:
        real = wide(xp, x)
        gray = sum(np.float32(weight) * real[..., c : c + 1, :, :] for c, weight in enumerate(LUMA))
        x = gray.astype(x.dtype)
    return xp.broadcast_to(x, (*x.shape[:-3], channels, *x.shape[-2:])) if channels != 1 else x


def brightness(xp: Any, x: Any, factor: Any) -> Any:
    return blend(xp, x, 0.0 * wide(xp, x), factor)


def contrast(xp: Any, x: Any, factor: Any) -> Any:
    mean = wide(xp, grayscale(xp, x)).mean((-3, -2, -1), keepdims=True, dtype=np.float32)
    return blend(xp, x, mean, factor)


def saturation(xp: Any, x: Any, factor: Any) -> Any:
    return x if x.shape[-3] == 1 else blend(xp, x, grayscale(xp, x), factor)


def hue(xp: Any, x: Any, factor: Any) -> Any:
    """Turn the hue by `factor` of the circle. One channel has none."""
    if x.shape[-3] == 1:
        return x
    real = wide(xp, x) / np.float32(bound(x.dtype))
    h, s, v = _to_hsv(xp, real)
    turned = _from_hsv(xp, (h + factor) % 1.0, s, v)
    if _floating(x.dtype):
        return turned.astype(x.dtype)
    return (turned * np.float32(bound(x.dtype) + 1 - 1e-3)).astype(x.dtype)


def _to_hsv(xp: Any, x: Any) -> tuple[Any, Any, Any]:
    r, g, b = x[..., 0, :, :], x[..., 1, :, :], x[..., 2, :, :]
    high, low = xp.max(x, -3), xp.min(x, -3)
    gray = high == low
    span = xp.where(gray, 1.0, high - low).astype(x.dtype)
    rc, gc, bc = (high - r) / span, (high - g) / span, (high - b) / span
    hr = (high == r) * (bc - gc)
    hg = ((high == g) & (high != r)) * (2.0 + rc - bc)
    hb = ((high != g) & (high != r)) * (4.0 + gc - rc)
    h = ((hr + hg + hb) / 6.0 + 1.0) % 1.0
    return h.astype(x.dtype), ((high - low) / xp.where(gray, 1.0, high).astype(x.dtype)).astype(x.dtype), high


def _from_hsv(xp: Any, h: Any, s: Any, v: Any) -> Any:
    sector = xp.floor(h * 6.0)
    f = h * 6.0 - sector
    sector = sector.astype(np.int32) % 6
    p, q, t = (xp.clip(v * (1.0 - part), 0, 1) for part in (s, s * f, s * (1.0 - f)))
    pick = [(v, q, p, p, t, v), (t, v, v, q, p, p), (p, p, t, v, v, q)]
    return xp.stack([_choose(xp, sector, options) for options in pick], -3).astype(v.dtype)


def _choose(xp: Any, which: Any, options: tuple) -> Any:
    found = options[0]
    for i, option in enumerate(options[1:], 1):
        found = xp.where(which == i, option, found)
    return found


def gamma(xp: Any, x: Any, exponent: Any, gain: Any = 1.0) -> Any:
    top = bound(x.dtype)
    real = wide(xp, x) if _floating(x.dtype) else wide(xp, x) / np.float32(top)
    changed = xp.clip(gain * real**exponent, 0, 1)
    return changed.astype(x.dtype) if _floating(x.dtype) else (changed * np.float32(top + 1 - 1e-3)).astype(x.dtype)


def invert(xp: Any, x: Any) -> Any:
    top = bound(x.dtype)
    return ~x if x.dtype == np.bool_ else (top if _floating(x.dtype) else int(top)) - x


def posterize(xp: Any, x: Any, *, bits: int) -> Any:
    return x & xp.asarray((255 << (8 - bits)) & 255, np.uint8)


def solarize(xp: Any, x: Any, threshold: Any) -> Any:
    return xp.where(x >= threshold, invert(xp, x), x)


def autocontrast(xp: Any, x: Any) -> Any:
    real = wide(xp, x)
    low, high = real.min((-2, -1), keepdims=True), real.max((-2, -1), keepdims=True)
    flat = high == low
    scale = 1 / xp.where(flat, 1.0, high - low).astype(real.dtype) * bound(x.dtype)  # rounded twice, as in torch
    low, scale = xp.where(flat, 0.0, low), xp.where(flat, 1.0, scale)
    return xp.clip((real - low) * scale, 0, bound(x.dtype)).astype(x.dtype)


def equalize(xp: Any, x: Any) -> Any:
    """Each channel's histogram made even, as Pillow does it for bytes."""
    planes = x.reshape(-1, x.shape[-2] * x.shape[-1])
    levels = np.arange(257)
    below = xp.stack([xp.searchsorted(xp.sort(planes[i]).astype(np.int32), levels) for i in range(planes.shape[0])])
    total, counts = planes.shape[-1], below[:, 1:] - below[:, :-1]
    last = xp.max(xp.where(counts > 0, levels[:256], -1), -1)  # the brightest level there is
    step = (total - xp.take_along_axis(counts, last[:, None], 1)) // 255  # (planes, 1)
    table = xp.clip((below[:, :256] + step // 2) // xp.maximum(step, 1), 0, 255)
    table = xp.where(step == 0, levels[:256], table)
    return xp.take_along_axis(table, planes.astype(np.int32), 1).astype(x.dtype).reshape(x.shape)


# ---- neighbourhoods ---------------------------------------------------------------------------------------------


def _filtered(xp: Any, x: Any, taps: Any, axis: int) -> Any:
    """The weighted sum of neighbours along an axis, where there are enough of them."""
    size, length = x.shape[axis], taps.shape[0]
    windows = [slice(k, size - length + 1 + k) for k in range(length)]
    parts = (tap * (x[..., at] if axis == -1 else x[..., at, :]) for tap, at in zip(taps, windows, strict=True))
    return sum(parts, start=xp.zeros((), x.dtype))


def gaussian_blur(xp: Any, x: Any, taps_x: Any, taps_y: Any) -> Any:
    """Convolution with a kernel that is the product of two; the edges are mirrored."""
    real = wide(xp, x)
    px, py = taps_x.shape[0] // 2, taps_y.shape[0] // 2
    real = xp.pad(real, [(0, 0)] * (x.ndim - 2) + [(py, py), (px, px)], mode="reflect")
    return rounded(xp, _filtered(xp, _filtered(xp, real, taps_y, -2), taps_x, -1), x.dtype)


def sharpness(xp: Any, x: Any, factor: Any) -> Any:
    """A blend with the image smoothed by (1 1 1; 1 5 1; 1 1 1) / 13, whose edge stays as it is."""
    h, w = x.shape[-2:]
    if min(h, w) <= 2:
        return x
    real = wide(xp, x)
    ones = np.ones(3, np.float32)
    around = _filtered(xp, _filtered(xp, real, ones, -2), ones, -1) + 4 * real[..., 1:-1, 1:-1]
    smooth = rounded(xp, around / np.float32(13), x.dtype)
    smooth = xp.pad(smooth, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)])
    inside = np.pad(np.ones((h - 2, w - 2), bool), 1)
    return blend(xp, x, xp.where(inside, smooth, x), factor)


# ---- numbers ----------------------------------------------------------------------------------------------------


def normalize(xp: Any, x: Any, mean: Any, std: Any) -> Any:
    return (x - mean.astype(x.dtype)) / std.astype(x.dtype)


def linear(xp: Any, x: Any, matrix: Any, mean: Any) -> Any:
    """`matrix` applied to each image as one vector, after `mean` was taken away."""
    shape = x.shape
    flat = x.reshape(-1, shape[-3] * shape[-2] * shape[-1]) - mean
    return (flat @ matrix).reshape(shape)


def convert(xp: Any, x: Any, *, dtype: Any) -> Any:
    """An image in another dtype, its range scaled with it."""
    have, to = x.dtype, np.dtype(dtype)
    if have == to:
        return x
    if _floating(have):
        if _floating(to):
            return x.astype(to)
        return (x * (bound(to) + 1.0 - 1e-3)).astype(to)
    if _floating(to):
        return (x.astype(to) / bound(have)).astype(to)
    high, target = int(bound(have)), int(bound(to))
    if high > target:
        return (x // ((high + 1) // (target + 1))).astype(to)
    return x.astype(to) * np.asarray((target + 1) // (high + 1), to)
