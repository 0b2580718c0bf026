"""Sampling at given places (of any rank), and the affine grids such places come from.

Spatial transformer networks (Jaderberg et al. 2015): a grid holds, for each place of the output, where to look in the
input, x first, -1 and 1 being the input's two edges.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import wide
from torchlike.ops.registry import op
from torchlike.ops.supported import require


@op(ns="", method=False, out=False, grad_name="GridSampler2D")
def grid_sample(input, grid, *, mode="bilinear", padding_mode="zeros", align_corners=False):
    """`input` looked up at the places in `grid`. `(N, C, *spatial)`, `(N, *out, rank)` -> `(N, C, *out)`.

    `mode` is "bilinear" (linear along each dimension), "nearest" or "bicubic" (two dimensions); what lies outside is 0
    ("zeros"), the edge ("border") or mirrored ("reflection"). With `align_corners` -1 and 1 are the centres of the
    corner pixels, without it their outer edges.
    """
    _check(input, grid, mode)
    spaces, out = input.shape[2:], grid.shape[1:-1]
    flat = wide(input).reshape(*input.shape[:2], -1)
    places = wide(grid).reshape(grid.shape[0], -1, grid.shape[-1])
    taps_of = {"bilinear": _linear, "nearest": _nearest, "bicubic": _cubic}[mode]
    each = zip(jnp.moveaxis(places, -1, 0)[::-1], spaces, strict=True)  # x is the last dimension
    taps = [taps_of(x, size, padding_mode, align_corners) for x, size in each]
    sampled = _weighted_sum(flat, taps, spaces)
    return sampled.reshape(*input.shape[:2], *out).astype(input.dtype)


def _check(input: Array, grid: Array, mode: str) -> None:
    shapes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.shape[:1] != grid.shape[:1]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {shapes}")
    if input.ndim not in (4, 5) or input.ndim != grid.ndim:
        raise RuntimeError(f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, {shapes}")
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, "
            f"but got grid with sizes {list(grid.shape)}"
        )
    for i in range(2, input.ndim):
        if input.shape[i] == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, "
                f"but input has sizes {list(input.shape)} with dimension {i} being empty"
            )
    if mode == "bicubic" and input.ndim != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    names = [scalar_name(dtypes.from_numpy(t.dtype)) for t in (input, grid)]
    if names[0] != names[1]:
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]}")
    require(input, f"grid_sampler_{input.ndim - 2}d_cpu_kernel_impl")


# --- where to look ----------------------------------------------------------------------------------------------


def _position(x: Array, size: int, align_corners: bool) -> Array:
    """From [-1, 1] to pixels."""
    return (x + 1) / 2 * (size - 1) if align_corners else ((x + 1) * size - 1) / 2


def _keep(x: Array, size: int, padding_mode: str, align_corners: bool) -> Array:
    """`x` brought inside as `padding_mode` says; what lies on or beyond the edge has no slope, nan becomes 0."""
    if padding_mode == "zeros":
        return x
    if padding_mode == "reflection":
        x = _reflect(x, 0.0, size - 1.0) if align_corners else _reflect(x, -0.5, size - 0.5)
    return jnp.where(x > 0, jnp.where(x < size - 1, x, size - 1), 0).astype(x.dtype)


def _reflect(x: Array, low: float, high: float) -> Array:
    """`x` mirrored at `low` and `high` until it lies between them."""
    span = high - low
    if span == 0:
        return jnp.zeros_like(x)
    away = jnp.where(x < low, low - x, x - low)
    turns = jnp.floor(away / span)
    rest = jnp.fmod(away, jnp.asarray(span, x.dtype))
    return jnp.where(jnp.fmod(turns, jnp.asarray(2, x.dtype)) == 0, rest + low, high - rest)


# --- what to take: for each dimension, pairs of an index (as a float, perhaps outside) and a weight --------------

Taps = list[tuple[Array, Array | None]]


def _linear(x: Array, size: int, padding_mode: str, align_corners: bool) -> Taps:
    x = _keep(_position(x, size, align_corners), size, padding_mode, align_corners)
    low = jnp.floor(x)
    return [(low, low + 1 - x), (low + 1, x - low)]


def _nearest(x: Array, size: int, padding_mode: str, align_corners: bool) -> Taps:
    return [(jnp.round(_keep(_position(x, size, align_corners), size, padding_mode, align_corners)), None)]


def _cubic(x: Array, size: int, padding_mode: str, align_corners: bool) -> Taps:
    """Keys's cubic convolution (1981) with a = -0.75, its outer pieces factored so that nothing cancels."""
    a = -0.75
    low = jnp.floor(_position(x, size, align_corners))
    t = x * ((size - 1) / 2 if align_corners else size / 2) - (low - (size - 1) / 2)  # less cancels than in position - low
    s = 1 - t
    weights = (a * t * s * s, 1 + t * t * ((a + 2) * t - (a + 3)), 1 + s * s * ((a + 2) * s - (a + 3)), a * s * t * t)
    return [(_keep(low + j - 1, size, padding_mode, align_corners), weight) for j, weight in enumerate(weights)]


def _weighted_sum(flat: Array, taps: Sequence[Taps], spaces: tuple[int, ...]) -> Array:
    """The sum over the taps of each dimension in turn; `flat` is `(N, C, pixels)`, the result `(N, C, places)`."""

    def over(d: int, at: Array | int, inside: Array | bool) -> Array:
        if d == len(taps):
            looked_up = jax.vmap(lambda plane, i: jnp.take(plane, i, axis=1, mode="clip"))(flat, at)
            return jnp.where(inside[:, None], looked_up, 0)  # type: ignore[index]  # an array by now
        total: Array | None = None
        for index, weight in taps[d]:
            fits = (index >= 0) & (index <= spaces[d] - 1)
            part = over(d + 1, at * spaces[d] + jnp.clip(index, 0, spaces[d] - 1).astype(jnp.int32), inside & fits)
            part = part if weight is None else part * weight[:, None]
            total = part if total is None else total + part
        return total

    return over(0, 0, True)


# --- grids ------------------------------------------------------------------------------------------------------


@op(ns="", method=False, grad_name="AffineGridGenerator")
def affine_grid(theta, *, size, align_corners=False):
    """The grid of an affine map for an output `size` `(N, C, *spatial)`. `(N, rank, rank + 1)` -> `(N, *spatial, rank)`."""
    if len(size) not in (4, 5):
        raise RuntimeError("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.")
    spaces, rank = size[2:], len(size) - 2
    if theta.shape[0] != size[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{size[0]}, {rank + 1}] "
            f"but got: [{theta.shape[0]}, {theta.shape[-1]}]."
        )
    steps = [np.linspace(-1, 1, n) if n > 1 else np.zeros(n) for n in spaces]
    if not align_corners:
        steps = [s * (len(s) - 1) / len(s) for s in steps]
    grid = np.stack([*np.meshgrid(*steps, indexing="ij")[::-1], np.ones(spaces)], -1)  # (*spatial, rank + 1), x first
    points = jnp.asarray(grid.reshape(-1, rank + 1), theta.dtype)
    made = jnp.einsum("pk,nrk->npr", wide(points), wide(theta), precision=jax.lax.Precision.HIGHEST)
    return made.reshape(size[0], *spaces, rank).astype(theta.dtype)
