"""Hashes of a tensor's bits."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import dims_in_range
from torchlike.ops.extremes import refuse_empty
from torchlike.ops.reduce import Dims
from torchlike.ops.registry import op


@op(ns="torch", out=True)
def hash_tensor(input, *, dim: Dims = None, keepdim=False, mode=0):
    """The exclusive or, over `dim`, of the elements' bits (as float64 or int64), uint64. The only mode is 0.

    Raises:
        RuntimeError: for another mode. NotImplementedError: for complex numbers.
    """
    if mode:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    if jnp.iscomplexobj(input):
        raise NotImplementedError(f"\"xor_sum_cpu\" not implemented for '{scalar_name(dtypes.from_numpy(input.dtype))}'")
    refuse_empty("hash_tensor", input, dim)
    dims = dims_in_range(dim, input.ndim)
    wide = input.astype(jnp.float64 if jnp.issubdtype(input.dtype, jnp.floating) else jnp.int64)
    mixed = lax.reduce(lax.bitcast_convert_type(wide, jnp.uint64), np.uint64(0), lax.bitwise_xor, dims)
    return jnp.expand_dims(mixed, dims) if keepdim else mixed
