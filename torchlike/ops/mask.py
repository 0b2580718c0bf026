"""Writing by masks and at flat positions."""

from __future__ import annotations

import jax.numpy as jnp

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import broadcast_shapes
from torchlike.ops.registry import op
from torchlike.ops.scatter import add_at, narrow_index, set_at, wrapped_index

# --- masks and flat positions ------------------------------------------------------------------------------------------


@op(ns="", method=False, inplace=True, promote="same", promoted=("input", "value"), layout="contiguous")
def masked_fill(input, mask, value):
    """`input` with a number (or zero-dim tensor) where `mask` is true; both broadcast.

    Raises:
        RuntimeError: for a mask that is not bool.
    """
    if mask.dtype != jnp.bool_:
        kind = scalar_name(dtypes.from_numpy(mask.dtype))
        name = {"Byte": "unsigned char", "Long": "long int"}.get(kind, kind.lower())
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {name}")
    if value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    broadcast_shapes(mask.shape, input.shape)
    return jnp.where(mask, value, input)


@op(inplace=True)
def masked_scatter(input, mask, source):
    """`input` with the elements of `source`, in order, where `mask` is true."""
    if mask.dtype != jnp.bool_:
        raise RuntimeError("masked_scatter_ only supports boolean masks")
    if input.dtype != source.dtype:
        kinds = [scalar_name(dtypes.from_numpy(x.dtype)) for x in (input, source)]
        raise RuntimeError(f"masked_scatter: expected self and source to have same dtypes but got {kinds[0]} and {kinds[1]}")
    shape = broadcast_shapes(input.shape, mask.shape)
    mask = jnp.broadcast_to(mask, shape)
    place = jnp.cumsum(mask.reshape(-1), dtype=jnp.int32) - 1
    values = source.reshape(-1).at[place].get(mode="fill", wrap_negative_indices=False).reshape(shape)
    return jnp.where(mask, values, input)


@op(inplace=True)
def put(input, index, source, *, accumulate=False):
    """`input` with `source` written (or added) at the positions `index` of the flattened tensor."""
    flat = input.reshape(-1)
    index = wrapped_index(narrow_index("put_", index.reshape(-1), flat.size), flat.size)
    return (add_at if accumulate else set_at)(flat, index, source.reshape(-1), 0).reshape(input.shape)
