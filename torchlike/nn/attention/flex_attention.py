"""Attention with scores and masks changed by functions of the user's own.

Scores are ordinary recorded ops, so XLA fuses what it can, and gradients reach everything, the functions' own tensors too
(torch has none on the CPU). The score matrix is there as a whole, unless XLA does without.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple, TypedDict

from torchlike.base.dtypes import float32, float64
from torchlike.nn.attention.block_mask import _DEFAULT_SPARSE_BLOCK_SIZE as _DEFAULT_SPARSE_BLOCK_SIZE
from torchlike.nn.attention.block_mask import (
    _LARGE_SPARSE_BLOCK_SIZE,
    BlockMask,
    _sliced_mask_mod_error,
    and_masks,
    create_block_mask,
    create_mask,
    noop_mask,
    or_masks,
    places,
)
from torchlike.nn.attention.block_mask import _mask_mod_signature as _mask_mod_signature
from torchlike.nn.attention.block_mask import _score_mod_signature as _score_mod_signature
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "FlexKernelOptions", "and_masks", "create_block_mask", "create_mask",
    "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip

_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG = False  # torch's switch; nothing depends on it


class FlexKernelOptions(TypedDict, total=False):
    """Settings of torch's kernels, without effect here."""

    num_warps: int
    num_stages: int
    BLOCK_M: int
    BLOCK_N: int
    PRESCALE_QK: bool
    ROWS_GUARANTEED_SAFE: bool
    BLOCKS_ARE_CONTIGUOUS: bool
    BACKEND: str


class AuxRequest(NamedTuple):
    """What to give besides the output: the logarithm of the sums of exponentials, the greatest scores."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for: `(B, H, Q)` each, or None."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def flex_attention(
    query: Any,
    key: Any,
    value: Any,
    score_mod: Any = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """softmax(score_mod(query key^T * scale)) value: `(B, Hq, Q, E), (B, Hkv, KV, E), (B, Hkv, KV, Ev) -> (B, Hq, Q, Ev)`.

    Args:
        score_mod: (score, batch, head, query index, key index) -> score. It is called with all scores and indices at once,
            shaped to broadcast, so it must be made of element-wise operations and indexing.
        block_mask: what is seen; from `create_block_mask`.
        scale: 1 / sqrt(E) unless given.
        enable_gqa: fewer heads of keys and values, shared by groups of heads of queries.
        kernel_options: taken for torch's sake.
        return_aux: return an `AuxOutput` too. return_lse: the deprecated form of it.

    Raises:
        ValueError: for sizes that do not fit. NotImplementedError: for other than 4 dimensions.
    """
    if return_lse and return_aux is not None:
        raise ValueError(
            "Cannot specify both return_lse and return_aux. return_lse is deprecated, please use return_aux instead."
        )
    if return_lse:
        warnings.warn(
            "return_lse is deprecated and will be removed in v2.10. Use return_aux=AuxRequest(lse=True) instead.",
            FutureWarning,
            stacklevel=2,
        )
    _check(query, key, value, block_mask, enable_gqa)
    kind = float64 if query.dtype is float64 else float32
    groups = query.size(1) // key.size(1)
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    factor = 1 / math.sqrt(query.size(-1)) if scale is None else scale
    scores = (query.to(kind) @ key.to(kind).transpose(-2, -1)) * factor  # (B, H, Q, KV)
    scores = _modified(scores, score_mod, block_mask)
    out, aux = _attend(scores, value, return_aux or AuxRequest(lse=return_lse))
    out = out.to(query.dtype)
    if return_lse:
        return out, aux.lse
    return out if return_aux is None else (out, aux)


def _modified(scores: Any, score_mod: Any, block_mask: BlockMask | None) -> Any:
    if score_mod is None and block_mask is None:
        return scores
    at = places(scores.shape, scores.device)
    seen = None if block_mask is None else block_mask._seen(*at)
    if score_mod is not None:
        scores = score_mod(scores, *at).to(scores.dtype)
    return scores if seen is None else ops.where(seen, scores, -math.inf)


def _attend(scores: Any, value: Any, request: AuxRequest) -> tuple[Any, AuxOutput]:
    """Rows that see nothing give zeros, and minus infinity as their statistics."""
    greatest = scores.detach().amax(-1, keepdim=True)
    nothing = greatest == -math.inf
    safe = ops.where(nothing, 0.0, scores)
    lse = ops.logsumexp(safe, -1, keepdim=True)
    weights = ops.where(nothing, 0.0, ops.exp(safe - lse))
    out = weights.to(value.dtype) @ value
    statistics = ops.where(nothing, -math.inf, lse).squeeze(-1) if request.lse else None
    return out, AuxOutput(lse=statistics, max_scores=greatest.squeeze(-1) if request.max_scores else None)


def _check(query: Any, key: Any, value: Any, block_mask: BlockMask | None, enable_gqa: bool) -> None:
    if query.size(-1) != key.size(-1):
        raise ValueError(
            f"Expect query and key/value to have the same embedding dimension but got E={query.size(-1)} and E={key.size(-1)}."
        )
    if not query.dim() == key.dim() == value.dim() == 4:
        raise NotImplementedError("NYI: query, key, and value must be 4D tensors")
    heads, shared = query.size(1), key.size(1)
    if not enable_gqa and heads != shared:
        raise ValueError(
            "Expect query and key/value to have the same number of heads "
            f"but got Hq={heads} and Hkv={shared}. Try setting enable_gqa=True for GQA."
        )
    if heads % shared:
        raise ValueError(
            f"Expect number of query heads to be a multiple of kv heads for GQA but got Hq={heads} and Hkv={shared}."
        )
    if query.size(0) != key.size(0) and block_mask is None:
        raise ValueError(
            "Expect query and key/value to have the same batch size, or non-none block_mask, "
            f"but got block_mask=None, Bq={query.size(0)}, and Bkv={key.size(0)}."
        )
    if block_mask is not None:
        _check_mask(block_mask, query.size(-2), key.size(-2))


def _check_mask(block_mask: BlockMask, q: int, kv: int) -> None:
    if block_mask.mask_mod is _sliced_mask_mod_error:
        raise RuntimeError("Cannot use mask_mod from a sliced BlockMask")
    if block_mask.BLOCK_SIZE == (_LARGE_SPARSE_BLOCK_SIZE, _LARGE_SPARSE_BLOCK_SIZE):
        return
    made_for = block_mask.shape[-2:]
    if (q, kv) != made_for:
        short = q > made_for[0] or kv > made_for[1]
        raise ValueError(
            f"block_mask was created for block_mask.shape={block_mask.shape} but got q_len={q} and kv_len={kv}. "
            + (
                "As the block mask was created for a smaller length than you're using it for, you likely need to create a new "
                "block mask."
                if short
                else "As the block mask was created for a larger length than you're using it for, you can either 1. create a "
                "new block mask with the correct length, or 2. 'adjust' the existing block mask to the correct length by "
                "calling block_mask._adjust(q_len, kv_len). This essentially 'crops' the block mask to the upper left corner, "
                "which does not work for all mask_mods!"
            )
        )
