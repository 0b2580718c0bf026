"""Padding, and the rearrangements between channels and space."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array, lax

from torchlike.ops.registry import op
from torchlike.ops.supported import require

_JAX_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@op(ns="nn.functional", method=False, out=False)
def pad(input, *, pad, mode="constant", value=None):
    """Pad the last dimensions by `(left, right)` pairs, last dimension first; negative numbers crop."""
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.ndim}"
        )
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    if mode != "constant":
        return _pad_with_itself(input, pairs, len(pad), mode, value)
    for i, (low, high) in enumerate(pairs):
        if input.shape[i] + low + high < 0:
            if min(low, high) < -input.shape[i] or max(low, high) <= 0:
                raise RuntimeError("narrow(): length must be non-negative.")
            raise RuntimeError(
                f"The input size {input.shape[i]}, plus negative padding {low} and {high} resulted in a negative output size, "
                f"which is invalid. Check dimension {i} of your input."
            )
    fill = jnp.asarray(0 if value is None else value, input.dtype)
    return lax.pad(input, fill, [(low, high, 0) for low, high in pairs])


def _pad_with_itself(input: Array, pairs: list[tuple[int, int]], length: int, mode: str, value: float | None) -> Array:
    if mode not in _JAX_MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode != "circular":
        kernel = f"{'reflection' if mode == 'reflect' else 'replication'}_pad{length // 2}d"
        require(input, kernel, jnp.integer, jnp.complexfloating)
    if (length, input.ndim) not in ((2, 2), (2, 3), (4, 3), (4, 4), (6, 4), (6, 5)):
        raise NotImplementedError(
            f"Padding size {length} is not supported for {input.ndim}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    for i in range(input.ndim - 1, -1, -1):
        low, high = pairs[i]
        size = input.shape[i]
        if mode == "reflect" and max(low, high) >= size and (low or high):
            raise RuntimeError(
                f"Argument #{2 * (input.ndim - i) + 2 if length > 2 else 4}: Padding size should be less than the "
                f"corresponding input dimension, but got: padding ({low}, {high}) at dimension {i} of input {list(input.shape)}"
            )
        if mode == "circular" and max(low, high) > size + min(low, 0) + min(high, 0):
            raise RuntimeError("Padding value causes wrapping around more than once.")
    if mode == "circular":  # what is cropped on one side does not come back on the other
        return _grow(_crop(input, pairs), pairs, mode)
    return _crop(_grow(input, pairs, mode), pairs)


def _grow(x: Array, pairs: list[tuple[int, int]], mode: str) -> Array:
    return jnp.pad(x, [(max(low, 0), max(high, 0)) for low, high in pairs], mode=_JAX_MODES[mode])


def _crop(x: Array, pairs: list[tuple[int, int]]) -> Array:
    crops = [(min(low, 0), min(high, 0), 0) for low, high in pairs]
    return lax.pad(x, jnp.zeros((), x.dtype), crops) if any(low or high for low, high, _ in crops) else x


# --- channels and space -----------------------------------------------------------------------------------------


def _positive(name: str, label: str, x: Array, factor: int, direction: str) -> None:
    if x.ndim < 3:
        raise RuntimeError(f"{name} expects input to have at least 3 dimensions, but got input with {x.ndim} dimension(s)")
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {direction}_factor, but got {factor}")


@op(ns="torch nn.functional", method=False, out=False)
def pixel_shuffle(input, *, upscale_factor):
    """`(*, C r^2, H, W)` -> `(*, C, H r, W r)`, r the `upscale_factor`."""
    r = upscale_factor
    _positive("pixel_shuffle", "channel", input, r, "upscale")
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(lead)
    x = input.reshape(*lead, channels // (r * r), r, r, height, width)
    x = x.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2)  # (*, C, H, r, W, r)
    return x.reshape(*lead, channels // (r * r), height * r, width * r)


@op(ns="torch nn.functional", method=False, out=False)
def pixel_unshuffle(input, *, downscale_factor):
    """`(*, C, H r, W r)` -> `(*, C r^2, H, W)`, r the `downscale_factor`."""
    r = downscale_factor
    _positive("pixel_unshuffle", "channel", input, r, "downscale")
    *lead, channels, height, width = input.shape
    for label, size, axis in (("height", height, -2), ("width", width, -1)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {label} to be divisible by downscale_factor, "
                f"but input.size({axis})={size} is not divisible by {r}"
            )
    n = len(lead)
    x = input.reshape(*lead, channels, height // r, r, width // r, r)
    x = x.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3)  # (*, C, r, r, H, W)
    return x.reshape(*lead, channels * r * r, height // r, width // r)


@op(ns="torch nn.functional", method=False, out=False, aliases=("native_channel_shuffle",))
def channel_shuffle(input, *, groups):
    """Deal the channels of `(N, C, *)` out anew: (groups, C / groups) transposed."""
    batch, channels, *space = input.shape
    if channels % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups.")
    return input.reshape(batch, groups, channels // groups, *space).swapaxes(1, 2).reshape(input.shape)


# --- sliding blocks ---------------------------------------------------------------------------------------------


def _two(value: int | Sequence[int]) -> tuple[int, int]:
    a, b = (value, value) if isinstance(value, int) else (*value, *value)[:2]
    return a, b


def _blocks(size: tuple[int, int], kernel, dilation, padding, stride) -> tuple[int, int]:
    """How many sliding blocks there are along each dimension."""
    every = zip(size, kernel, dilation, padding, stride, strict=True)
    h, w = ((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in every)
    return h, w


def _offsets(kernel, dilation, stride, blocks):
    """Where block elements lie: a slice of the padded plane for each place in the kernel."""
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield (
                slice(top, top + (blocks[0] - 1) * stride[0] + 1, stride[0]),
                slice(left, left + (blocks[1] - 1) * stride[1] + 1, stride[1]),
            )


@op("im2col", ns="", method=False, out=False, grad_name="Im2Col")
def unfold(input, *, kernel_size, dilation=1, padding=0, stride=1):
    """Each sliding block as a column. `(N, C, H, W)` -> `(N, C kH kW, blocks)`, or without N."""
    if input.ndim not in (3, 4):
        raise RuntimeError(f"Expected 3D or 4D (batch mode) tensor for input, but got: {list(input.shape)}")
    require(input, "im2col_out_cpu", jnp.bool_, jnp.complexfloating)
    kernel, dilation, padding, stride = map(_two, (kernel_size, dilation, padding, stride))
    blocks = _blocks(input.shape[-2:], kernel, dilation, padding, stride)
    if min(blocks) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(input.shape[-2:])}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, calculated shape of the array of sliding blocks as {blocks}, but its components must "
            "be at least one."
        )
    x = jnp.pad(input, [(0, 0)] * (input.ndim - 2) + [(p, p) for p in padding])
    taps = jnp.stack([x[..., rows, columns] for rows, columns in _offsets(kernel, dilation, stride, blocks)], axis=-3)
    return taps.reshape(*input.shape[:-3], input.shape[-3] * kernel[0] * kernel[1], blocks[0] * blocks[1])


@op("col2im", ns="", method=False, out=False, grad_name="Col2Im")
def fold(input, *, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The sum of sliding blocks back in their places. `(N, C kH kW, blocks)` -> `(N, C, H, W)`, or without N."""
    if input.ndim not in (2, 3):
        raise RuntimeError(f"Expected 2D or 3D (batch mode) tensor for input, but got: {list(input.shape)}")
    require(input, "col2im_out_cpu", jnp.bool_, jnp.complexfloating)
    size, kernel, dilation, padding, stride = map(_two, (output_size, kernel_size, dilation, padding, stride))
    taps, columns = input.shape[-2:]
    blocks = _blocks(size, kernel, dilation, padding, stride)
    if taps % (kernel[0] * kernel[1]):
        raise RuntimeError(
            f"Expected size of input's dimension {input.ndim - 2} to be divisible by the product of kernel_size, "
            f"but got input.size({input.ndim - 2})={taps} and kernel_size={kernel}."
        )
    if columns != blocks[0] * blocks[1]:
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride}, "
            f"expected size of input's dimension {input.ndim - 1} to match the calculated number of sliding blocks "
            f"{blocks[0]} * {blocks[1]} = {blocks[0] * blocks[1]}, but got input.size({input.ndim - 1})={columns}."
        )
    lead = (*input.shape[:-2], taps // (kernel[0] * kernel[1]))
    x = input.reshape(*lead, kernel[0] * kernel[1], *blocks)
    plane = jnp.zeros((*lead, size[0] + 2 * padding[0], size[1] + 2 * padding[1]), input.dtype)
    for i, (rows, cols) in enumerate(_offsets(kernel, dilation, stride, blocks)):
        at = plane.at[..., rows, cols]
        plane = at.max(x[..., i, :, :]) if x.dtype == jnp.bool_ else at.add(x[..., i, :, :])
    return plane[..., padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]
