"""Steps of multi-head attention under torch's private names, which libraries with an attention of their own call."""

from __future__ import annotations

import warnings

from torchlike.base.dtypes import bool_
from torchlike.nn.functional.linear import linear
from torchlike.tensor import Tensor
from torchlike.tensor.creation import zeros_like


def _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads) -> bool:
    """Whether `query` is batched: `(L, N, E)`, not `(L, E)`. Raises AssertionError where another's shape does not fit."""
    rank = query.ndim
    if rank not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor")
    expected = f"For {'batched' if rank == 3 else 'unbatched'} ({rank}-D) `query`, expected"
    if (key.ndim, value.ndim) != (rank, rank):
        raise AssertionError(
            f"{expected} `key` and `value` to be {rank}-D but found {key.ndim}-D and {value.ndim}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.ndim != rank - 1:
        raise AssertionError(
            f"{expected} `key_padding_mask` to be `None` or {rank - 1}-D but found {key_padding_mask.ndim}-D tensor instead"
        )
    if attn_mask is None:
        return rank == 3
    if attn_mask.ndim not in (2, 3):
        raise AssertionError(f"{expected} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.ndim}-D tensor instead")
    wanted = (num_heads, query.shape[0], key.shape[0])
    if rank == 2 and attn_mask.ndim == 3 and tuple(attn_mask.shape) != wanted:
        raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {attn_mask.shape}")
    return rank == 3


def _none_or_dtype(input):
    """The dtype of a tensor, None of None. Raises RuntimeError for anything else."""
    if input is None:
        return None
    if isinstance(input, Tensor):
        return input.dtype
    raise RuntimeError("input to _none_or_dtype() must be None or torch.Tensor")


def _canonical_mask(mask, mask_name, other_type, other_name, target_type, check_other=True):
    """A mask of numbers to add: a bool mask becomes minus infinity where it is True, in `target_type`.

    Raises:
        AssertionError: for a mask of integers.
    """
    if mask is None:
        return None
    if mask.dtype is not bool_ and not mask.dtype.is_floating_point:
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype is not other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.", stacklevel=2
        )
    if mask.dtype.is_floating_point:
        return mask
    return zeros_like(mask, dtype=target_type).masked_fill_(mask, float("-inf"))


def _in_projection_packed(q, k, v, w, b=None):
    """`q`, `k` and `v`, each `(*, E)`, through their thirds of the weight `w` `(3 E, E)` and the bias `b` `(3 E,)`."""
    weights = w.chunk(3)
    biases = (None, None, None) if b is None else b.chunk(3)
    return tuple(linear(x, weight, bias) for x, weight, bias in zip((q, k, v), weights, biases, strict=True))


def _in_projection(q, k, v, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """`q`, `k` and `v` through weights and biases of their own, of the size of each other's.

    Raises:
        AssertionError: for a weight or a bias of another shape.
    """
    width = q.shape[-1]
    for name, x, weight, bias in (("q", q, w_q, b_q), ("k", k, w_k, b_k), ("v", v, w_v, b_v)):
        wanted = (width, x.shape[-1])
        if tuple(weight.shape) != wanted:
            raise AssertionError(f"expecting {_LONG[name]} weights shape of {wanted}, but got {weight.shape}")
        if bias is not None and tuple(bias.shape) != (width,):
            raise AssertionError(f"expecting {_LONG[name]} bias shape of {(width,)}, but got {bias.shape}")
    return linear(q, w_q, b_q), linear(k, w_k, b_k), linear(v, w_v, b_v)


_LONG = {"q": "query", "k": "key", "v": "value"}
