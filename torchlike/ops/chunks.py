"""Tensors cut into chunks and joined again."""

from __future__ import annotations

import jax.numpy as jnp

from torchlike.ops.checks import dim_in_range
from torchlike.ops.registry import op


@op(ns="", method=False, linear=True, promote="same", layout="contiguous")
def _chunk_cat(*tensors, dim: int, num_chunks: int):
    """Each tensor padded with zeros and cut along `dim` into chunks of one size; the flattened chunks joined.

    Shape (*sizes before `dim`, num_chunks, elements).
    """
    if not tensors:
        raise RuntimeError("_chunk_cat expects a non-empty input tensor list")
    if num_chunks < 1:
        raise RuntimeError("_chunk_cat expects positive num_chunks")
    dim = dim_in_range(dim, tensors[0].ndim)
    rows = []
    for tensor in tensors:
        if not tensor.size:
            raise RuntimeError("_chunk_cat expects non-empty tensor")
        if tensor.ndim <= dim or tensor.shape[:dim] != tensors[0].shape[:dim]:
            raise RuntimeError("_chunk_cat expects same sizes of 0,...,dim-1 dimensions")
        pads = [(0, -tensor.shape[d] % num_chunks if d == dim else 0) for d in range(tensor.ndim)]
        rows.append(jnp.pad(tensor, pads).reshape(*tensor.shape[:dim], num_chunks, -1))
    return jnp.concatenate(rows, axis=dim + 1)
