"""Fractional max pooling (Graham 2014): windows whose places are drawn at random, so that the size shrinks by any factor."""

from __future__ import annotations

import itertools
import math

import jax.numpy as jnp
import numpy as np
from jax import Array

from torchlike.ops.activation import wide
from torchlike.ops.registry import op
from torchlike.ops.supported import require

_LABELS = {2: ("height", "width"), 3: ("time", "height", "width")}


@op(ns="", method=False, out=False, returns=("output", "indices"))
def fractional_max_pool(input, samples, *, ndim=2, kernel_size=1, output_size=1):
    """The maximum of each window, and its flat position (int64). `(N, C, *)` or `(C, *)`, samples `(N, C, ndim)` in [0, 1).

    The windows' starts are `floor((i + u) a) - floor(u a)`, u the sample and `a` the mean step; the last one ends at the edge.
    """
    kernel, out = _numbers(kernel_size, ndim, "kernel_size"), _numbers(output_size, ndim, "output_size")
    _check(input, samples, ndim, kernel, out)
    spaces = input.shape[-ndim:]
    batched = input.reshape(math.prod(input.shape[: -ndim - 1]), *input.shape[-ndim - 1 :])
    samples = samples[: batched.shape[0]]  # there may be more than are needed
    order = range(ndim) if ndim == 3 else (1, 0)  # in two dimensions torch's first sample is the width's
    starts = [_starts(samples[..., s], *sizes) for s, *sizes in zip(order, spaces, kernel, out, strict=True)]
    shape = [(*s.shape[:2], *(out[i] if d == i else 1 for d in range(ndim))) for i, s in enumerate(starts)]
    starts = [s.reshape(to) for s, to in zip(starts, shape, strict=True)]  # (N, C, 1, out, 1)
    planes = batched.reshape(*batched.shape[:2], math.prod(spaces))
    best = None
    for offset in itertools.product(*map(range, kernel)):
        at: Array | int = 0
        for start, j, size in zip(starts, offset, spaces, strict=True):
            at = at * size + start + j
        at = jnp.broadcast_to(at, (*batched.shape[:2], *out)).reshape(*batched.shape[:2], math.prod(out))
        tap = jnp.take_along_axis(planes, at, axis=2, mode="clip"), at
        best = tap if best is None else _larger(best, tap)
    indices = best[1]  # type: ignore[index]  # a window has one element at least
    values = jnp.take_along_axis(planes, indices, axis=2, mode="clip")
    lead = input.shape[:-ndim]
    return values.reshape(*lead, *out), indices.reshape(*lead, *out).astype(jnp.int64)


def _larger(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """The larger, the first of equals, NaN above all."""
    (x, i), (y, j) = a, b
    take = (y > x) | (y != y)
    return jnp.where(take, y, x), jnp.where(take, j, i)


def _starts(u: Array, size: int, kernel: int, out: int) -> Array:
    """Where the windows start, `(N, C, out)`, in the samples' own precision."""
    last = jnp.full((*u.shape, 1), size - kernel, jnp.int32)
    if out == 1:
        return last
    real = wide(u)
    step = jnp.asarray(np.asarray(size - kernel, u.dtype) / np.asarray(out - 1, u.dtype)).astype(real.dtype)

    def rounded(x: Array) -> Array:  # 16-bit floats round after each operation
        return x.astype(u.dtype).astype(real.dtype)

    steps = rounded(rounded(jnp.arange(out - 1, dtype=real.dtype) + real[..., None]) * step)
    inner = steps.astype(jnp.int32) - rounded(real * step).astype(jnp.int32)[..., None]
    return jnp.concatenate([inner, last], -1)


def _numbers(value: int | tuple[int, ...], ndim: int, name: str) -> tuple[int, ...]:
    values = (value,) * ndim if isinstance(value, int) else tuple(value)
    if len(values) != ndim:
        raise RuntimeError(f"fractional_max_pool{ndim}d: {name} must either be a single Int or tuple of Ints")
    return values


def _check(input: Array, samples: Array, ndim: int, kernel: tuple[int, ...], out: tuple[int, ...]) -> None:
    name, shape = f"fractional_max_pool{ndim}d()", list(input.shape)
    if input.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(f"{name}: Expected {ndim + 1}D or {ndim + 2}D tensor, but got: {shape}")
    for i in range(input.ndim - ndim - 1, input.ndim):
        if shape[i] == 0:
            raise RuntimeError(
                f"{name}: Expected input to have non-zero size for non-batch dimensions, "
                f"but got{shape} with dimension {i} being empty."
            )
    for label, size, k, n in zip(_LABELS[ndim], shape[-ndim:], kernel, out, strict=True):
        if n + k - 1 > size or min(n, k) < 1:
            raise RuntimeError(f"{name}: pool {label} {k} too large relative to input {label} {size}")
    if input.dtype != samples.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    expected = (math.prod(shape[: -ndim - 1]), shape[-ndim - 1], ndim)
    if samples.ndim != 3 or samples.shape[0] < expected[0] or samples.shape[1:] != expected[1:]:
        raise RuntimeError(f"Expect _random_samples of shape {list(expected)}, but got {list(samples.shape)}")
    require(input, f"fractional_max_pool{ndim}d_out_frame")
