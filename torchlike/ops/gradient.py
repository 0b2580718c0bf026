"""Numerical derivatives of sampled functions by finite differences of second order."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.ops.checks import dim_in_range
from torchlike.ops.elementwise import is_inexact
from torchlike.ops.reduce import widened
from torchlike.ops.registry import op


def _part(x, start: int, stop: int):
    """`x[..., start:stop]`, both counted from the front, or from behind where negative (or 0 for the end)."""
    size = x.shape[-1]
    return lax.slice_in_dim(x, start % size, size + stop if stop <= 0 else stop, axis=x.ndim - 1)


@op(ns="", method=False)
def gradient_along(input, coordinates=None, *, dim: int, spacing=1, edge_order=1):
    """The derivative of the samples along `dim`, `spacing` apart or at `coordinates` (a vector). Shape of `input`.

    Inside, the difference formula of three unequally spaced points that is exact for parabolas (Fornberg, "Generation of
    finite difference formulas on arbitrarily spaced grids", 1988); at the ends one of `edge_order` points more.
    """
    dim = dim_in_range(dim, input.ndim)
    inexact = [x.dtype for x in (input, coordinates) if x is not None and is_inexact(x)]
    out_dtype = functools.reduce(jnp.promote_types, inexact) if inexact else np.dtype(np.float32)
    y = jnp.moveaxis(widened(input.astype(out_dtype)), dim, -1)
    if coordinates is None:
        out = _uniform(y, spacing, edge_order)
    else:
        out = _uneven(y, jnp.diff(coordinates.astype(y.real.dtype)), edge_order)
    return jnp.moveaxis(out, -1, dim).astype(out_dtype)


def _uniform(y, step, edge_order: int):
    inside = (_part(y, 2, 0) - _part(y, 0, -2)) / (2 * step)
    if edge_order == 1:
        first, last = _part(y, 1, 2) - _part(y, 0, 1), _part(y, -1, 0) - _part(y, -2, -1)
    else:
        first = -1.5 * _part(y, 0, 1) + 2 * _part(y, 1, 2) - 0.5 * _part(y, 2, 3)
        last = 1.5 * _part(y, -1, 0) - 2 * _part(y, -2, -1) + 0.5 * _part(y, -3, -2)
    return jnp.concatenate([first / step, inside, last / step], axis=-1)


def _uneven(y, steps, edge_order: int):
    before, after = steps[:-1], steps[1:]
    inside = (
        -after / (before * (before + after)) * _part(y, 0, -2)
        + (after - before) / (before * after) * _part(y, 1, -1)
        + before / (after * (before + after)) * _part(y, 2, 0)
    )
    if edge_order == 1:
        first, last = (_part(y, 1, 2) - _part(y, 0, 1)) / steps[0], (_part(y, -1, 0) - _part(y, -2, -1)) / steps[-1]
    else:
        a, b = steps[0], steps[1]
        weights = (-(2 * a + b) / (a * (a + b)), (a + b) / (a * b), -a / (b * (a + b)))
        first = sum(w * _part(y, i, i + 1) for i, w in enumerate(weights))
        a, b = steps[-1], steps[-2]
        weights = ((2 * a + b) / (a * (a + b)), -(a + b) / (a * b), a / (b * (a + b)))
        last = sum(w * _part(y, -1 - i, -i) for i, w in enumerate(weights))
    return jnp.concatenate([first, inside, last], axis=-1)
