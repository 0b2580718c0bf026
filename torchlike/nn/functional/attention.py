"""Attention. Masks of dropout are drawn here; shapes of the multi-head form are checked here, the ops do the rest."""

from __future__ import annotations

from torchlike.base.dtypes import bool_
from torchlike.nn.functional.attention_parts import _mha_shape_check
from torchlike.ops.checks import broadcast_shapes
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.neural import draw_kept


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """softmax(query key^T * scale + mask) value. `(*, L, E)`, `(*, S, E)`, `(*, S, Ev)` -> `(*, L, Ev)`.

    Args:
        attn_mask: `(*, L, S)`, bool (True where attention is allowed) or numbers to add.
        dropout_p: probability of dropping a weight, whether training or not.
        is_causal: the i-th query sees the first i keys only; not together with `attn_mask`.
        scale: 1 / sqrt(E) unless given.
        enable_gqa: key and value may have fewer heads (third dimension from the end), shared by groups of queries.

    A row that is masked out everywhere gives zeros.
    """
    kept = None
    if dropout_p > 0.0:
        batch = broadcast_shapes(query.shape[:-2], (key if not enable_gqa else query).shape[:-2])
        kept = draw_kept(query, (*batch, query.shape[-2], key.shape[-2]), 1.0 - dropout_p)
    return ops.scaled_dot_product_attention(query, key, value, attn_mask, kept, dropout_p, is_causal, scale, enable_gqa)


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
):
    """Multi-head attention of `query` `(L, N, E)` on `key`, `value` `(S, N, *)`, or the same without N.

    Returns:
        The output `(L, N, E)`, and the weights `(N, L, S)` averaged over heads, `(N, heads, L, S)` if not
        `average_attn_weights`, or None if not `need_weights`.

    Raises:
        AssertionError: shapes that do not fit.
        RuntimeError: `is_causal` without `attn_mask`.
    """
    batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    together = query is key and key is value
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    length, batch = query.shape[:2]
    source = (key if static_k is None else static_k).shape[0 if static_k is None else 1]
    _check_shapes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    source += (bias_k is not None) + bool(add_zero_attn)
    _check_masks(key_padding_mask, attn_mask, length, key.shape[0], batch, num_heads)
    if use_separate_proj_weight:
        in_proj_weight, together = None, False
    else:
        q_proj_weight = k_proj_weight = v_proj_weight = None
    dropout_p = dropout_p if training else 0.0
    kept = draw_kept(query, (batch * num_heads, length, source), 1.0 - dropout_p) if dropout_p > 0.0 else None
    output, weights = ops.multi_head_attention(
        query, key, value, in_proj_weight, in_proj_bias, q_proj_weight, k_proj_weight, v_proj_weight, bias_k, bias_v,
        out_proj_weight, out_proj_bias, key_padding_mask, attn_mask, static_k, static_v, kept,
        num_heads, bool(add_zero_attn), dropout_p, average_attn_weights, together, not need_weights,
    )  # fmt: skip
    if not batched:
        output, weights = output.squeeze(1), weights.squeeze(0) if need_weights else None
    return output, weights if need_weights else None


def _check_shapes(query, key, value, width_wanted, num_heads, separate) -> None:
    width = query.shape[2]
    assert width == width_wanted, f"was expecting embedding dimension of {width_wanted}, but got {width}"
    assert width % num_heads == 0, f"embed_dim {width} not divisible by num_heads {num_heads}"
    if separate:
        assert key.shape[:2] == value.shape[:2], (
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    else:
        assert key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}"


def _check_masks(key_padding_mask, attn_mask, length, source, batch, num_heads) -> None:
    if key_padding_mask is not None:
        _check_mask_dtype(key_padding_mask, "key_padding_mask")
        assert tuple(key_padding_mask.shape) == (batch, source), (
            f"key_padding_mask.shape {key_padding_mask.shape} is not (batch, source length) {(batch, source)}"
        )
    if attn_mask is None:
        return
    _check_mask_dtype(attn_mask, "attn_mask")
    shape = tuple(attn_mask.shape)
    if attn_mask.ndim == 2:
        wanted: tuple = (length, source)
        if shape != wanted:
            raise RuntimeError(f"The shape of the 2D attn_mask is {attn_mask.shape}, but should be {wanted}.")
    elif attn_mask.ndim == 3:
        wanted = (batch * num_heads, length, source)
        if shape != wanted:
            raise RuntimeError(f"The shape of the 3D attn_mask is {attn_mask.shape}, but should be {wanted}.")
    else:
        raise RuntimeError(f"attn_mask's dimension {attn_mask.ndim} is not supported")


def _check_mask_dtype(mask, name: str) -> None:
    assert mask.dtype is bool_ or mask.dtype.is_floating_point, f"only bool and floating types of {name} are supported"
