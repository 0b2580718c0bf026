"""Looking rows up in a table: embedding, bags of embeddings, one-hot vectors.

An index outside the table gives NaN (torch raises): values are not looked at when a call is recorded.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import tensor_type_name
from torchlike.ops.activation import wide
from torchlike.ops.norm import vector_norm
from torchlike.ops.registry import op


def _check(weight: Array, indices: Array, padding_idx: int | None, name: str) -> int | None:
    """The padding index counted from the front. Raises as torch does."""
    if indices.dtype not in (jnp.int64, jnp.int32):
        got = tensor_type_name(dtypes.from_numpy(indices.dtype))
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; "
            f"but got {got} instead (while checking arguments for {name})"
        )
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if padding_idx is None:
        return None
    rows = weight.shape[0]
    if not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % rows


def _narrow(indices: Array, rows: int) -> Array:
    """In 32 bits; a negative index must not wrap round: it becomes too large."""
    return jnp.where(indices < 0, rows, indices).astype(jnp.int32)


def _rows(weight: Array, index: Array) -> Array:
    return weight.at[index].get(mode="fill", fill_value=jnp.nan if jnp.issubdtype(weight.dtype, jnp.inexact) else 0)


@jax.custom_jvp
def _scale_gradient(x: Array, scale: Array) -> Array:
    """`x`, whose gradient is multiplied by `scale`."""
    return x


@_scale_gradient.defjvp
def _scale_gradient_jvp(primals, tangents):
    return primals[0], tangents[0] * primals[1]


def _frequency(index: Array, rows: int, dtype: object) -> Array:
    """How often each index occurs in `index`, at each of its places."""
    counts = jnp.zeros((rows,), dtype).at[index].add(1, mode="drop")
    return jnp.maximum(counts.at[index].get(mode="fill", fill_value=1), 1)


@op(ns="", method=False, out=False)
def embedding(weight, indices, *, padding_idx=None, scale_grad_by_freq=False):
    """weight[indices]. `(V, D)`, `(*)` -> `(*, D)`; the row `padding_idx` gets no gradient."""
    padding_idx = _check(weight, indices, padding_idx, "embedding")
    index = _narrow(indices, weight.shape[0])
    found = _rows(weight, index)
    if scale_grad_by_freq:
        found = _scale_gradient(found, 1 / _frequency(index, weight.shape[0], weight.dtype)[..., None])
    if padding_idx is not None:
        found = jnp.where((index == padding_idx)[..., None], jax.lax.stop_gradient(found), found)
    return found


@op(ns="", method=False, inplace=True, out=False)
def embedding_renorm(weight, indices, *, max_norm=1.0, norm_type=2.0):
    """`weight` with the rows that `indices` name scaled down to the norm `max_norm` where theirs is larger."""
    norms = vector_norm(wide(weight), norm_type, -1, keepdims=True)
    used = jnp.zeros((weight.shape[0], 1), bool).at[_narrow(indices, weight.shape[0]).reshape(-1)].set(True, mode="drop")
    return jnp.where(used & (norms > max_norm), weight * (max_norm / (norms + 1e-7)).astype(weight.dtype), weight)


@op(ns="", method=False, out=False)
def embedding_bag(
    weight, indices, offsets=None, per_sample_weights=None, *, mode="mean", include_last_offset=False, padding_idx=None,
    scale_grad_by_freq=False,
):  # fmt: skip
    """The sum, mean or maximum of each bag's rows. Bags are the rows of `(B, L)` indices, or start at `offsets` `(B,)`."""
    padding_idx = _check(weight, indices, padding_idx, "embedding_bag")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum or mean")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}'). Please open a feature request on GitHub."
        )
    bag, bags = _bags(indices, offsets, include_last_offset)
    index = _narrow(indices.reshape(-1), weight.shape[0])
    found = wide(_rows(weight, index))  # (places, D)
    if scale_grad_by_freq:
        found = _scale_gradient(found, 1 / _frequency(index, weight.shape[0], found.dtype)[:, None])
    counted = _counted(index, padding_idx)
    if mode == "max":
        place = _place_of_maximum(found, counted, bag, bags)
        best = jnp.take_along_axis(found, jnp.minimum(place, index.size - 1), 0) if index.size else found[:1]
        return jnp.where(place < index.size, best, 0).astype(weight.dtype)
    if per_sample_weights is not None:
        found = found * wide(per_sample_weights).reshape(-1, 1)
    total = jax.ops.segment_sum(jnp.where(counted[:, None], found, 0), bag, bags)
    if mode == "mean":
        total = total / jnp.maximum(jax.ops.segment_sum(counted.astype(found.dtype), bag, bags)[:, None], 1)
    return total.astype(weight.dtype)


def _bags(indices: Array, offsets: Array | None, include_last_offset: bool) -> tuple[Array, int]:
    """The bag of each index, in one dimension, and the number of bags. Raises ValueError for offsets that do not fit."""
    if indices.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        return jnp.repeat(jnp.arange(indices.shape[0], dtype=jnp.int32), indices.shape[1]), indices.shape[0]
    if indices.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {indices.ndim}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    bags = offsets.shape[0] - include_last_offset
    places = jnp.arange(indices.shape[0], dtype=jnp.int32)
    return jnp.searchsorted(offsets[:bags].astype(jnp.int32), places, side="right").astype(jnp.int32) - 1, bags


def _counted(index: Array, padding_idx: int | None) -> Array:
    return jnp.ones(index.shape, bool) if padding_idx is None else index != padding_idx


def _place_of_maximum(found: Array, counted: Array, bag: Array, bags: int) -> Array:
    """`(B, D)`: where the maximum of each bag first stands, or the number of places for a bag that holds nothing."""
    found = jax.lax.stop_gradient(jnp.where(counted[:, None], found, -jnp.inf))
    best = jax.ops.segment_max(found, bag, bags).at[bag].get(mode="fill", fill_value=jnp.nan)
    here = counted[:, None] & ((found == best) | (found != found))
    places = jnp.arange(found.shape[0], dtype=jnp.int32)[:, None]
    first = jax.ops.segment_min(jnp.where(here, places, found.shape[0]), bag, bags)
    return jnp.minimum(first, found.shape[0])  # an empty bag holds the largest integer


@op(ns="", method=False, out=False, returns=("bag", "sizes"))
def embedding_bag_sizes(weight, indices, offsets, *, include_last_offset=False, padding_idx=None):
    """The bag of each index and the number of indices in each bag, int64; the padding index does not count."""
    bag, bags = _bags(indices, offsets, include_last_offset)
    counted = _counted(indices.reshape(-1), padding_idx)
    return bag.astype(jnp.int64), jax.ops.segment_sum(counted.astype(jnp.int64), bag, bags)


@op(ns="", method=False, out=False)
def embedding_bag_argmax(weight, indices, offsets, *, include_last_offset=False, padding_idx=None):
    """The index that each number of a maximum comes from, `(B, D)` int64; 0 for a bag that holds nothing."""
    bag, bags = _bags(indices, offsets, include_last_offset)
    index = _narrow(indices.reshape(-1), weight.shape[0])
    place = _place_of_maximum(_rows(weight, index), _counted(index, padding_idx), bag, bags)
    return index.at[place].get(mode="fill", fill_value=0).astype(jnp.int64)


@op(ns="", method=False, out=False)
def one_hot(input, *, num_classes=0):
    """1 at the class and 0 elsewhere, int64. `(*)` -> `(*, num_classes)`; all 0 for a class out of range."""
    if input.dtype != jnp.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if num_classes < 1:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return (input[..., None] == jnp.arange(num_classes)).astype(jnp.int64)
