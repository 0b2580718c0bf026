"""Where elements stand that are not zero, in a result whose size does not depend on them."""

from __future__ import annotations

import jax.numpy as jnp

from torchlike.ops.registry import op


@op(ns="", method=False)
def nonzero_static(input, *, size: int, fill_value: int = -1):
    """The first `size` index rows of the elements that are not zero, those that are missing filled: (size, ndim) int64."""
    if not input.ndim or not size or not input.size:
        return jnp.full((size, input.ndim), fill_value, jnp.int64)
    found = jnp.nonzero(input, size=size, fill_value=fill_value)
    return jnp.stack(found, axis=1).astype(jnp.int64)
