"""Pooling of any rank: maximum (with indices), average, adaptive, and the inverse of maximum pooling.

A window is a product of intervals, so each dimension is pooled on its own: for a short window by combining its
shifted slices, which on CPU runs and differentiates several times faster than XLA's reduce-window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from torchlike.ops.activation import wide
from torchlike.ops.registry import op
from torchlike.ops.supported import require

SHORT = 8  # the longest window that is unrolled into slices


@dataclass(frozen=True)
class Windows:
    """The windows along each pooled dimension: sizes, steps, what is padded on both sides, and how many there are."""

    sizes: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    out: tuple[int, ...]


def _numbers(value: int | Sequence[int], n: int, pool: str, name: str, optional: bool = False) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    if len(values) not in (1, n):
        count = ("", "a single int", "two", "three")[n]
        choice = "a single int" if n == 1 else f"a single int, or a tuple of {count} ints"
        how = f"either be omitted, {choice}" if optional else f"either be {choice}"
        raise RuntimeError(f"{pool}{n}d: {name} must {how}")
    return values * n if len(values) == 1 else values


def _windows(input: Array, ndim: int, pool: str, kernel, stride, padding, dilation, ceil_mode: bool) -> Windows:
    """Check a pooling call and lay out its windows. Raises RuntimeError in torch's words."""
    kernel = _numbers(kernel, ndim, pool, "kernel_size")
    stride = _numbers(stride, ndim, pool, "stride", True) if stride not in (None, ()) else kernel
    padding = _numbers(padding, ndim, pool, "padding")
    dilation = _numbers(dilation, ndim, pool, "dilation")
    _check_input(input, ndim, pool)
    if min(stride) == 0:
        raise RuntimeError("stride should not be zero")
    if min(kernel) < 1 or min(stride) < 1:
        raise RuntimeError(f"kernel size and stride should be greater than zero, but got {list(kernel)} and {list(stride)}")
    if min(dilation) < 1:
        given = " ".join(f"dilation{'THW'[3 - ndim :][i]}: {d}" for i, d in enumerate(dilation))
        raise RuntimeError(f"dilation should be greater than zero, but got {given}")
    out = []
    for size, k, s, p, d in zip(input.shape[-ndim:], kernel, stride, padding, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            if pool == "max_pool" and ndim == 1:
                raise RuntimeError(
                    f"max_pool1d() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}"
                )
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation={d}"
            )
        room = size + 2 * p - d * (k - 1) - 1
        n = (-(-room // s) if ceil_mode else room // s) + 1
        out.append(n - 1 if ceil_mode and (n - 1) * s >= size + p else n)  # the last window starts inside the input
    if min(out) < 1:
        _too_small(input, ndim, pool, out)
    return Windows(input.shape[-ndim:], kernel, stride, padding, dilation, tuple(out))


def _check_input(input: Array, ndim: int, pool: str) -> None:
    shape, ranks = list(input.shape), (ndim + 1, ndim + 2)
    if input.ndim not in ranks:
        if ndim == 1 and pool == "avg_pool":
            raise RuntimeError(
                f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' "
                "(while checking arguments for avg_pool1d)"
            )
        if ndim == 1:
            raise RuntimeError(
                f"max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:{shape}"
            )
        raise RuntimeError(f"non-empty {ranks[0]}D or {ranks[1]}D (batch mode) tensor expected for input")
    if 0 in shape[-ndim - 1 :]:
        raise RuntimeError(
            f"Expected {ranks[0]}D or {ranks[1]}D (batch mode) tensor with optional 0 dim batch size for input, but got:{shape}"
        )


def _too_small(input: Array, ndim: int, pool: str, out: list[int]) -> None:
    if ndim == 1 and pool == "max_pool":
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {out[0]}")
    extra = [1] if ndim == 1 else []  # torch pools one dimension as two
    given, wanted = (
        "x".join(map(str, [*input.shape[-ndim - 1 : input.ndim - ndim], *extra, *s])) for s in (input.shape[-ndim:], out)
    )
    raise RuntimeError(f"Given input size: ({given}). Calculated output size: ({wanted}). Output size is too small")


def _lowest(dtype: np.dtype) -> float | int | bool:
    if jnp.issubdtype(dtype, jnp.floating):
        return -math.inf
    return False if dtype == jnp.bool_ else int(jnp.iinfo(dtype).min)


def _pad(x: Array, windows: Windows, fill: float | int) -> Array:
    """Pad as far as the last window reaches."""
    pads = [(0, 0, 0)] * (x.ndim - len(windows.sizes))
    for size, k, s, p, d, n in zip(
        windows.sizes, windows.kernel, windows.stride, windows.padding, windows.dilation, windows.out, strict=True
    ):
        pads.append((p, max((n - 1) * s + d * (k - 1) + 1 - size - p, 0), 0))
    if not any(low or high for low, high, _ in pads):
        return x
    return lax.pad(x, jnp.asarray(fill, x.dtype), pads)


def _fold(arrays: tuple[Array, ...], windows: Windows, combine: Callable) -> tuple[Array, ...]:
    """`combine` the elements of every window, one dimension after another, last first."""
    first = arrays[0].ndim - len(windows.sizes)
    for i in reversed(range(len(windows.sizes))):
        k, s, d, n = windows.kernel[i], windows.stride[i], windows.dilation[i], windows.out[i]
        taps = [tuple(lax.slice_in_dim(a, j * d, j * d + (n - 1) * s + 1, s, axis=first + i) for a in arrays) for j in range(k)]
        arrays = taps[0]
        for tap in taps[1:]:
            arrays = combine(arrays, tap)
    return arrays


def _reduce_window(x: Array, windows: Windows, fill: float | int, reducer: Callable) -> Array:
    lead = (1,) * (x.ndim - len(windows.sizes))
    return lax.reduce_window(
        x, np.asarray(fill, x.dtype), reducer, lead + windows.kernel, lead + windows.stride, "valid",
        window_dilation=lead + windows.dilation,
    )  # fmt: skip


def _larger(a: tuple[Array], b: tuple[Array]) -> tuple[Array]:
    """The larger, the first of equals (it alone gets the gradient), NaN above all."""
    (x,), (y,) = a, b
    return (jnp.where((y > x) | (y != y), y, x),)


def _larger_with_index(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    (x, i), (y, j) = a, b
    take = (y > x) | (y != y) | (i < 0)  # whatever is no padding beats padding
    return jnp.where(take, y, x), jnp.where(take, j, i)


def _positions(sizes: tuple[int, ...], ndim: int) -> Array:
    """The flat position of each element among the pooled dimensions, of a shape that broadcasts."""
    flat = np.arange(math.prod(sizes), dtype=np.int32).reshape(sizes)
    return jnp.asarray(flat.reshape((1,) * (ndim - len(sizes)) + sizes))


# --- maximum ----------------------------------------------------------------------------------------------------


@op(ns="", method=False, out=False)
def max_pool(input, *, ndim=2, kernel_size=1, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The maximum of each window. `(N, C, *)` or `(C, *)` with `ndim` pooled dimensions."""
    windows = _windows(input, ndim, "max_pool", kernel_size, stride, padding, dilation, ceil_mode)
    require(input, "max_pool1d_impl" if ndim == 1 else f"max_pool{ndim}d", *((jnp.integer,) if ndim > 1 else ()))
    fill = _lowest(input.dtype)
    padded = _pad(input, windows, fill)
    if max(windows.kernel) > SHORT and input.size:
        return _reduce_window(padded, windows, fill, lax.max)
    return _fold((padded,), windows, _larger)[0]


@op(ns="", method=False, out=False, returns=("output", "indices"))
def max_pool_with_indices(input, *, ndim=2, kernel_size=1, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The maximum of each window, and its flat position in the input's pooled dimensions (int64)."""
    windows = _windows(input, ndim, "max_pool", kernel_size, stride, padding, dilation, ceil_mode)
    require(input, f"max_pool{max(ndim, 2)}d", jnp.integer)
    positions = jnp.broadcast_to(_positions(windows.sizes, input.ndim), input.shape)
    arrays = (_pad(input, windows, _lowest(input.dtype)), _pad(positions, windows, -1))
    values, indices = _fold(arrays, windows, _larger_with_index)
    return values, indices.astype(jnp.int64)


@op(ns="", method=False, out=False)
def max_pool_with_indices_backward(grad_output, input, indices, *, ndim=2):
    """Zeros of `input`'s shape with `grad_output` added up where the positions of the maxima say."""
    if grad_output.shape != indices.shape:
        raise RuntimeError(f"Expected grad_output of the shape {list(indices.shape)} of indices, got {list(grad_output.shape)}")
    lead = input.shape[:-ndim]
    rows, size = math.prod(lead), math.prod(input.shape[-ndim:])
    at = indices.reshape(rows, -1).astype(jnp.int32)
    made = jnp.zeros((rows, size), wide(grad_output).dtype)
    made = made.at[jnp.arange(rows, dtype=jnp.int32)[:, None], at].add(wide(grad_output).reshape(at.shape))
    return made.astype(grad_output.dtype).reshape(input.shape)


@op(ns="", method=False, out=False)
def max_unpool(input, indices, *, ndim=2, output_size=()):
    """Zeros of `output_size` with each element of `input` put at its position in `indices`."""
    if indices.dtype != jnp.int64:
        raise RuntimeError("elements in indices should be type int64")
    if input.shape != indices.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) "
            f"but got indices tensor with shape: {list(indices.shape)}"
        )
    require(input, f"max_unpool{max(ndim, 2)}d")
    lead = input.shape[:-ndim]
    rows, size = math.prod(lead), math.prod(output_size)
    at = indices.reshape(rows, math.prod(input.shape[-ndim:])).astype(jnp.int32)
    return _put(size, input.reshape(at.shape), at).reshape(*lead, *output_size)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _put(size: int, x: Array, at: Array) -> Array:
    """Each row of `x` in its places of a row of zeros. The gradient of one of several in the same place is that place's too."""
    rows = jnp.arange(len(x), dtype=jnp.int32)[:, None]
    return jnp.zeros((len(x), size), x.dtype).at[rows, at].set(x)


@_put.defjvp
def _put_jvp(size: int, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    (x, at), x_dot = primals, tangents[0]
    rows = jnp.arange(len(x), dtype=jnp.int32)[:, None]
    return _put(size, x, at), jnp.zeros((len(x), size), x.dtype).at[rows, at].add(x_dot)


# --- average ----------------------------------------------------------------------------------------------------


def _sum(x: Array, windows: Windows) -> Array:
    if max(windows.kernel) <= SHORT:
        return _fold((x,), windows, lambda a, b: (a[0] + b[0],))[0]
    tiled = tuple(n * k for n, k in zip(windows.out, windows.kernel, strict=True))
    if windows.kernel == windows.stride and tiled == x.shape[-len(tiled) :]:
        lead = x.shape[: x.ndim - len(windows.sizes)]
        tiles = [part for n, k in zip(windows.out, windows.kernel, strict=True) for part in (n, k)]
        return x.reshape(lead + tuple(tiles)).sum(tuple(range(len(lead) + 1, len(lead) + len(tiles), 2)))
    return _reduce_window(x, windows, 0, lax.add)


def _counts(windows: Windows, include_padding: bool) -> np.ndarray:
    """How many elements each window holds, padding included or not (what lies beyond the padding never counts)."""
    counts = np.ones((1,) * len(windows.sizes))
    for i, size in enumerate(windows.sizes):
        p = windows.padding[i]
        start = np.arange(windows.out[i]) * windows.stride[i] - p
        end = np.minimum(start + windows.kernel[i], size + p)
        held = end - start if include_padding else np.minimum(end, size) - np.maximum(start, 0)
        counts = counts * held.reshape((-1,) + (1,) * (len(windows.sizes) - i - 1))
    return counts


@op(ns="", method=False, out=False)
def avg_pool(
    input, *, ndim=2, kernel_size=1, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window. `(N, C, *)` or `(C, *)` with `ndim` pooled dimensions."""
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    windows = _windows(input, ndim, "avg_pool", kernel_size, stride, padding, 1, ceil_mode)
    require(input, "avg_pool3d_out_frame" if ndim == 3 else "avg_pool2d", jnp.int64)
    total = _sum(_pad(wide(input), windows, 0), windows)
    counts = _counts(windows, count_include_pad) if divisor_override is None else np.asarray(float(divisor_override))
    divisor = counts.flat[0] if (counts == counts.flat[0]).all() else counts
    if not jnp.issubdtype(input.dtype, jnp.floating):
        return lax.div(total, jnp.broadcast_to(jnp.asarray(divisor, total.dtype), total.shape)).astype(input.dtype)
    return (total / jnp.asarray(divisor, total.dtype)).astype(input.dtype)


# --- adaptive ---------------------------------------------------------------------------------------------------


def _adaptive_sizes(input: Array, output_size, ndim: int, pool: str) -> tuple[int, ...]:
    sizes = (output_size,) * ndim if isinstance(output_size, int) or output_size is None else tuple(output_size)
    shape, name = list(input.shape), f"adaptive_{pool}_pool{ndim}d"
    if isinstance(output_size, tuple) and ndim > 1 and input.ndim <= len(sizes):
        raise ValueError(f"Input dimension should be at least {len(sizes) + 1}")
    if len(sizes) not in (1, ndim):
        raise RuntimeError(f"{name}: output_size must be {ndim}")
    sizes = sizes * ndim if len(sizes) == 1 else sizes
    if input.ndim not in (ndim + 1, ndim + 2):
        if ndim == 1:
            raise RuntimeError(
                f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' "
                f"(while checking arguments for {name})"
            )
        raise RuntimeError(f"{name}(): Expected {ndim + 1}D or {ndim + 2}D tensor, but got{':' * (pool == 'max')} {shape}")
    for i in range(1, input.ndim):
        if shape[i] == 0 and i >= input.ndim - ndim:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, "
                f"but input has sizes {shape} with dimension {i} being empty"
            )
    chosen = tuple(have if want is None else want for have, want in zip(shape[-ndim:], sizes, strict=True))
    if min(chosen) < 0:
        given = ", ".join(map(str, chosen))
        raise RuntimeError(f"{name}: elements of output_size must be greater than or equal to 0 but received {{{given}}}")
    return chosen


def _intervals(size: int, out: int) -> tuple[np.ndarray, np.ndarray]:
    n = np.arange(out)
    return n * size // max(out, 1), -(-(n + 1) * size // max(out, 1))


@op(ns="", method=False, out=False)
def adaptive_avg_pool(input, *, ndim=2, output_size=1):
    """The mean of `output_size` windows that cover the input as evenly as can be."""
    sizes = _adaptive_sizes(input, output_size, ndim, "avg")
    require(input, "adaptive_avg_pool3d_cpu" if ndim == 3 else "adaptive_avg_pool2d")
    x = wide(input)
    for axis, out in zip(range(input.ndim - ndim, input.ndim), sizes, strict=True):
        size = x.shape[axis]
        if out == size:
            continue
        if out and size % out == 0:
            x = x.reshape(*x.shape[:axis], out, size // out, *x.shape[axis + 1 :]).mean(axis + 1)
        else:
            start, end = _intervals(size, out)
            inside = (np.arange(size) >= start[:, None]) & (np.arange(size) < end[:, None])
            weights = jnp.asarray(inside / np.maximum(end - start, 1)[:, None], x.dtype)  # (out, size)
            x = jnp.moveaxis(jnp.tensordot(x, weights, (axis, 1), precision=lax.Precision.HIGHEST), -1, axis)
    return x.astype(input.dtype)


@op(ns="", method=False, out=False, returns=("output", "indices"))
def adaptive_max_pool_with_indices(input, *, ndim=2, output_size=1):
    """The maximum of `output_size` windows that cover the input as evenly as can be, and its flat position (int64)."""
    sizes = _adaptive_sizes(input, output_size, ndim, "max")
    require(input, "adaptive_max_pool3d_cpu" if ndim == 3 else "adaptive_max_pool2d")
    arrays = (input, jnp.broadcast_to(_positions(input.shape[-ndim:], input.ndim), input.shape))
    for axis, out in reversed(list(zip(range(input.ndim - ndim, input.ndim), sizes, strict=True))):
        start, end = _intervals(input.shape[axis], out)
        taps = []
        for j in range(int((end - start).max(initial=1))):
            at = jnp.asarray(np.minimum(start + j, end - 1), jnp.int32)  # a short window repeats its last element
            taps.append(tuple(jnp.take(a, at, axis, mode="clip") for a in arrays))
        arrays = taps[0]
        for tap in taps[1:]:
            arrays = _larger_with_index(arrays, tap)
    values, indices = arrays
    return values, indices.astype(jnp.int64)
