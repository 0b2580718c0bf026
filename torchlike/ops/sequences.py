"""Sequences of different lengths in one tensor: padded, or packed step by step."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from torchlike.ops.registry import op


@op("_packed_rows", ns="", method=False, out=False)
def packed_rows(input, places):
    """The rows of `(T, B, *)` that stand at `places` `(N,)` of T * B: `(N, *)`."""
    flat = input.reshape(-1, *input.shape[2:])
    return flat.at[places.astype(jnp.int32)].get(mode="promise_in_bounds", unique_indices=True, indices_are_sorted=True)


@op("_padded_rows", ns="", method=False, out=False)
def padded_rows(data, places, value):
    """`(T, B, *)` filled with `value` but for `places` `(T, B)`, which say what row of `(N, *)` belongs there (N: none)."""
    found = data.at[places.astype(jnp.int32)].get(mode="fill", fill_value=0)
    there = (places < data.shape[0]).reshape(*places.shape, *[1] * (data.ndim - 1))
    return jnp.where(there, found, jnp.asarray(value).astype(data.dtype))


@op("_after_the_end", ns="", method=False, out=False)
def after_the_end(input, lengths, value):
    """`(T, B, *)` with `value` from step `lengths` `(B,)` on."""
    inside = jnp.arange(input.shape[0])[:, None] < lengths
    return jnp.where(inside.reshape(*inside.shape, *[1] * (input.ndim - 2)), input, jnp.asarray(value).astype(input.dtype))


@op("_pad_sequence", ns="", method=False, out=False)
def pad_sequence(*tensors, batch_first=False, value=0.0, left=False):
    """Sequences `(T_i, *)` beside each other, `(T, B, *)`: filled up with `value` at the end, or at the start if `left`."""
    longest = max(t.shape[0] for t in tensors)
    kind = tensors[0].dtype
    for t in tensors:
        for d, (one, other) in enumerate(zip(tensors[0].shape[1:], t.shape[1:], strict=True), 1):
            if one != other:
                raise RuntimeError(
                    f"The size of tensor a ({one}) must match the size of tensor b ({other}) at non-singleton dimension {d}"
                )
    fill = jnp.asarray(value).astype(kind)
    filled = []
    for t in tensors:
        missing = longest - t.shape[0]
        edges = [(missing, 0, 0) if left else (0, missing, 0), *[(0, 0, 0)] * (t.ndim - 1)]
        filled.append(lax.pad(t.astype(kind), fill, edges))
    return jnp.stack(filled, 0 if batch_first else 1)
