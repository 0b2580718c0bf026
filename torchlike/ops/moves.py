"""How arrays travel between processes: JAX's collectives, on arrays of one dimension.

Each process compiles its own program, and XLA chooses how arrays of several dimensions are laid out in memory by what stands
around them. Where programs differ in anything, so may the layouts on either side of a collective, and elements would arrive in
the wrong places. A flat array has one layout. Inside of one program over many devices (`shard_map`) nothing differs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax


def _flat(fn: Callable[[Any], Any], x: Any, group: Any) -> Any:
    """`fn`, which keeps the shape, of the array in the form in which it travels."""
    return fn(x.reshape(-1)).reshape(x.shape) if isinstance(group.ranks, tuple) else fn(x)


def total(x: Any, group: Any) -> Any:
    """The sum over the processes."""
    return _flat(lambda a: lax.psum(a, group.axis, axis_index_groups=group.parts), x, group)


def extreme(x: Any, group: Any, kind: str) -> Any:
    """The "max" or "min" over the processes."""
    found = lax.pmax if kind == "max" else lax.pmin
    return _flat(lambda a: found(a, group.axis, axis_index_groups=group.parts), x, group)


def gathered(x: Any, group: Any) -> Any:
    """`(size, *shape)`: every process's array."""
    if not isinstance(group.ranks, tuple):
        return lax.all_gather(x, group.axis, axis_index_groups=group.parts)
    flat = lax.all_gather(x.reshape(-1), group.axis, tiled=True, axis_index_groups=group.parts)
    return flat.reshape(group.size, *x.shape)


def joined(x: Any, group: Any, dim: int) -> Any:
    """Every process's array, put together along a dimension."""
    if not isinstance(group.ranks, tuple):
        return lax.all_gather(x, group.axis, axis=dim, tiled=True, axis_index_groups=group.parts)
    parts = jnp.moveaxis(gathered(x, group), 0, dim)  # (..., size, n, ...)
    return parts.reshape(*x.shape[:dim], group.size * x.shape[dim], *x.shape[dim + 1 :])


def scattered(x: Any, group: Any) -> Any:
    """Of `(size, *shape)`: this process's part of the sum."""
    if not isinstance(group.ranks, tuple):
        return lax.psum_scatter(x, group.axis, scatter_dimension=0, axis_index_groups=group.parts)
    flat = lax.psum_scatter(x.reshape(-1), group.axis, tiled=True, axis_index_groups=group.parts)
    return flat.reshape(x.shape[1:])


def summed_part(x: Any, group: Any, dim: int) -> Any:
    """This process's part along a dimension of the sum."""
    if not isinstance(group.ranks, tuple):
        return lax.psum_scatter(x, group.axis, scatter_dimension=dim, tiled=True, axis_index_groups=group.parts)
    parts = x.reshape(*x.shape[:dim], group.size, x.shape[dim] // group.size, *x.shape[dim + 1 :])
    return scattered(jnp.moveaxis(parts, dim, 0), group)


def exchanged(x: Any, group: Any) -> Any:
    """Of `(size, *shape)`: the i-th goes to process i, and comes from it."""
    return _flat(lambda a: lax.all_to_all(a, group.axis, 0, 0, tiled=True, axis_index_groups=group.parts), x, group)


def permuted(x: Any, group: Any, pairs: Any) -> Any:
    """What process `pairs[i][0]` has, on process `pairs[i][1]`."""
    return _flat(lambda a: lax.ppermute(a, group.axis, pairs), x, group)
