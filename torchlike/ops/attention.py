"""Attention: the scaled dot product, and multi-head attention as one op.

Plain einsums: on CPU they differentiate faster than `jax.nn.dot_product_attention`, whose softmax is always in
float32 (float64 must stay float64) and which averages over everything where a row is masked out entirely.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import wide
from torchlike.ops.checks import broadcast_shapes
from torchlike.ops.registry import op

_C_NAMES = {"float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int"}


def _c_name(x: Array) -> str:
    return _C_NAMES.get(str(x.dtype), str(x.dtype).removesuffix("32"))


def _product(equation: str, a: Array, b: Array) -> Array:
    """An einsum whose sums of 16-bit floats are, and stay, in float32."""
    return jnp.einsum(equation, a, b, preferred_element_type=jnp.float32 if a.dtype.itemsize == 2 else a.dtype)


def _scores(equation: str, query: Array, key: Array, factor: float) -> Array:
    """The product of queries and keys times `factor`, in float32 at least."""
    if query.dtype.itemsize == 2:  # scaled queries would be rounded once more
        return _product(equation, query, key) * factor
    return _product(equation, query * jnp.asarray(factor, query.dtype), key)


def _weights(scores: Array, bias: Array | None, safe: bool = True) -> Array:
    """softmax(scores + bias) over the last dimension; all zeros, if `safe`, where every place is masked out."""
    if bias is None:
        return jax.nn.softmax(scores, axis=-1)
    scores = scores + bias.astype(scores.dtype)
    if not safe:
        return jax.nn.softmax(scores, axis=-1)
    reached = jnp.max(scores, axis=-1, keepdims=True, initial=-jnp.inf) > -jnp.inf
    return jnp.where(reached, jax.nn.softmax(jnp.where(reached, scores, 0), axis=-1), 0)


def _drop(weights: Array, kept: Array | None, p: float) -> Array:
    if kept is None:
        return weights
    return weights * (kept.reshape(weights.shape).astype(weights.dtype) / (1 - p) if p < 1 else 0)


def as_bias(mask: Array | None, dtype: object) -> Array | None:
    """A mask as something to add to the scores: minus infinity where a bool mask is False."""
    if mask is None or mask.dtype != jnp.bool_:
        return mask
    return jnp.where(mask, 0, -jnp.inf).astype(dtype)


@op(ns="", method=False, out=False)
def scaled_dot_product_attention(
    query, key, value, attn_mask=None, kept=None, *, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """softmax(query key^T * scale + mask) value. `(*, L, E)`, `(*, S, E)`, `(*, S, Ev)` -> `(*, L, Ev)`.

    `kept` is the dropout mask of the weights, `(*, L, S)`, drawn by the caller.
    """
    _check_attention(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = _share_heads(query, key, value)
    batch = broadcast_shapes(broadcast_shapes(query.shape[:-2], key.shape[:-2]), value.shape[:-2])
    length, width, source = query.shape[-2], query.shape[-1], key.shape[-2]
    for wanted, got in ((width, key.shape[-1]), (source, value.shape[-2])):
        if wanted != got:
            n = math.prod(batch)
            sizes = f"[{n}, {wanted}] but got: [{n}, {got}]"
            raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: {sizes}.")
    factor = 1 / math.sqrt(width) if scale is None else scale
    scores = _scores("...ld,...sd->...ls", query, key, factor)
    if is_causal:
        scores = jnp.where(jnp.tril(jnp.ones((length, source), bool)), scores, -jnp.inf)
    if attn_mask is not None:
        broadcast_shapes((*batch, length, source), attn_mask.shape)
    weights = _drop(_weights(scores, as_bias(attn_mask, scores.dtype)), kept, dropout_p)
    return _product("...ls,...sd->...ld", weights.astype(value.dtype), value).astype(value.dtype)


def _check_attention(query: Array, key: Array, value: Array, attn_mask: Array | None, is_causal: bool) -> None:
    q, k, v = (_c_name(x) for x in (query, key, value))
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if not q == k == v:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {q} key.dtype: {k} "
            f"and value.dtype: {v} instead."
        )
    if not jnp.issubdtype(query.dtype, jnp.floating):
        raise RuntimeError(f"expected scalar type Float but found {scalar_name(dtypes.from_numpy(query.dtype))}")
    if attn_mask is None:
        return
    if is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if attn_mask.dtype not in (jnp.bool_, jnp.float32, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{_c_name(attn_mask)} and  query.dtype: {q} instead."
        )


def _share_heads(query: Array, key: Array, value: Array) -> tuple[Array, Array]:
    heads, key_heads, value_heads = (x.shape[-3] for x in (query, key, value))
    if heads % key_heads or heads % value_heads:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return jnp.repeat(key, heads // key_heads, axis=-3), jnp.repeat(value, heads // value_heads, axis=-3)


# --- multi-head -------------------------------------------------------------------------------------------------


def _project(x: Array, weight: Array, bias: Array | None) -> Array:
    out = _product("lne,fe->lnf", x, weight)
    return (out if bias is None else out + wide(bias)).astype(x.dtype)


def _projections(query, key, value, in_weight, in_bias, q_weight, k_weight, v_weight, together):
    if together:  # query, key and value are one tensor: one product for all three
        return jnp.split(_project(query, in_weight, in_bias), 3, axis=-1)
    if in_weight is not None:
        q_weight, k_weight, v_weight = jnp.split(in_weight, 3)
    biases = (None,) * 3 if in_bias is None else jnp.split(in_bias, 3)
    inputs = ((query, q_weight), (key, k_weight), (value, v_weight))
    return [_project(x, weight, bias) for (x, weight), bias in zip(inputs, biases, strict=True)]


def _heads(x: Array, batch: int, heads: int) -> Array:
    """(L, N, E) -> (N, heads, L, E / heads)."""
    return x.reshape(x.shape[0], batch, heads, -1).transpose(1, 2, 0, 3)


@op(ns="", method=False, out=False, returns=("output", "weights"))
def multi_head_attention(
    query, key, value, in_proj_weight=None, in_proj_bias=None, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None,
    bias_k=None, bias_v=None, out_proj_weight=None, out_proj_bias=None, key_padding_mask=None, attn_mask=None, static_k=None,
    static_v=None, kept=None, *, num_heads=1, add_zero_attn=False, dropout_p=0.0, average=True, together=False, safe=False,
):  # fmt: skip
    """Multi-head attention of `(L, N, E)` on `(S, N, Ek)`, and its weights, `(N, L, S)` or per head `(N, heads, L, S)`.

    `key_padding_mask` `(N, S)` and `attn_mask` `(L, S)` or `(N * heads, L, S)` are True where attention is forbidden, or
    numbers to add. `together` says that query, key and value are the same tensor.
    """
    length, batch, width = query.shape
    q, k, v = _projections(
        query, key, value, in_proj_weight, in_proj_bias, q_proj_weight, k_proj_weight, v_proj_weight, together
    )
    if bias_k is not None:
        k, v = (jnp.concatenate([x, jnp.broadcast_to(b, (1, batch, width))]) for x, b in ((k, bias_k), (v, bias_v)))
    q, k, v = (_heads(x, batch, num_heads) for x in (q, k, v))
    if static_k is not None:
        k = static_k.reshape(batch, num_heads, *static_k.shape[1:])
    if static_v is not None:
        v = static_v.reshape(batch, num_heads, *static_v.shape[1:])
    if add_zero_attn:
        k, v = (jnp.concatenate([x, jnp.zeros_like(x[:, :, :1])], axis=2) for x in (k, v))
    scores = _scores("nhld,nhsd->nhls", q, k, 1 / math.sqrt(q.shape[-1]))
    bias = _merge_masks(key_padding_mask, attn_mask, scores)
    weights = _drop(_weights(scores, bias, safe), kept, dropout_p).astype(v.dtype)
    mixed = _product("nhls,nhsd->lnhd", weights, v).astype(v.dtype).reshape(length, batch, -1)
    return _project(mixed, out_proj_weight, out_proj_bias), weights.mean(1) if average else weights


def _merge_masks(key_padding_mask: Array | None, attn_mask: Array | None, scores: Array) -> Array | None:
    """Both masks as one bias for scores `(N, heads, L, S)`; the columns that were appended are never masked."""
    batch, heads, _, source = scores.shape
    total: Any = None
    for mask in (key_padding_mask, attn_mask):
        if mask is None:
            continue
        bias: Any = as_bias(~mask, scores.dtype) if mask.dtype == jnp.bool_ else mask.astype(scores.dtype)
        bias = jnp.pad(bias, [(0, 0)] * (bias.ndim - 1) + [(0, source - bias.shape[-1])])
        if mask is key_padding_mask:
            bias = bias[:, None, None, :]
        elif bias.ndim == 3:
            bias = bias.reshape(batch, heads, *bias.shape[1:])
        total = bias if total is None else total + bias
    return total
