"""What is an operator of `torch.ops.aten` only, and no public function of torch's."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes
from torchlike.base.errors import missing
from torchlike.nn import functional
from torchlike.tensor import functions as rows
from torchlike.tensor.creation import empty, full, zeros
from torchlike.tensor.overloads import NAMESPACES

_arange = NAMESPACES["torch"]["arange"]


def max_pool2d_with_indices_backward(
    grad_output: Any, self: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: Any, *,
    grad_input: Any = None,
) -> Any:  # fmt: skip
    """`grad_output`, `(N, C, H', W')` or `(C, H', W')`, added up where `indices` say, in a plane of the size of `self`'s."""
    made = rows.max_pool_with_indices_backward(grad_output, self, indices, 2)
    return made if grad_input is None else grad_input.copy_(made)


def _flash_attention_forward(
    query: Any, key: Any, value: Any, cum_seq_q: Any, cum_seq_k: Any, max_q: int, max_k: int, dropout_p: float,
    is_causal: bool, return_debug_mask: bool, *, scale: float | None = None, window_size_left: int | None = None,
    window_size_right: int | None = None, seqused_k: Any = None, alibi_slopes: Any = None, block_table: Any = None,
    num_splits: int | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """Attention of `(N, L, heads, E)` on `(N, S, heads, E)`, or of sequences one after another, `(total, heads, E)`.

    The causal mask and the window are aligned to the last query and key. Gives output, logsumexp `(N, heads, L)` or
    `(heads, total)` and three tensors about random numbers, which mean nothing here.
    """
    for name, given in (("seqused_k", seqused_k), ("alibi_slopes", alibi_slopes), ("block_table", block_table)):
        if given is not None:
            raise missing(f"torch.ops.aten._flash_attention_forward({name}=...)")
    packed = query.ndim == 3
    q, k, v = (x.unsqueeze(0) if packed else x for x in (query, key, value))
    left = None if window_size_left is None or window_size_left < 0 else window_size_left
    right = 0 if is_causal else None if window_size_right is None or window_size_right < 0 else window_size_right
    seen = _reach(q, k, cum_seq_q, cum_seq_k, left, right, last=True)
    out, total = _attend(q, k, v, seen, dropout_p, scale)
    if packed:
        out, total = out[0], total[0]
    return out, total, zeros(2, dtype=dtypes.uint64), zeros((), dtype=dtypes.uint64), empty(0, dtype=query.dtype)


def _efficient_attention_forward(
    query: Any, key: Any, value: Any, bias: Any, cu_seqlens_q: Any, cu_seqlens_k: Any, max_seqlen_q: int | None,
    max_seqlen_k: int | None, dropout_p: float, custom_mask_type: int, compute_log_sumexp: bool = False, *,
    scale: float | None = None, seqlen_k: Any = None, window_size: int | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """Attention of `(N, L, heads, E)` on `(N, S, heads, E)` with a bias `(N, heads, L, S)`.

    `custom_mask_type` is 0 (no mask), 1 (causal from the first query and key) or 2 (causal to the last ones). Gives output,
    logsumexp (its last dimension is filled up with infinity to a multiple of 32; empty unless asked for), seed and offset
    of random numbers, which mean nothing here, and the longest lengths.
    """
    for name, given in (("seqlen_k", seqlen_k), ("window_size", window_size)):
        if given is not None:
            raise missing(f"torch.ops.aten._efficient_attention_forward({name}=...)")
    seen = _reach(query, key, cu_seqlens_q, cu_seqlens_k, None, 0 if custom_mask_type else None, last=custom_mask_type == 2)
    out, total = _attend(query, key, value, seen, dropout_p, scale, bias)
    if compute_log_sumexp:
        total = functional.pad(total, (0, -total.shape[-1] % 32), value=float("inf"))
    else:
        total = empty(*total.shape[:2], 0)
    number = zeros((), dtype=dtypes.int64)
    lengths = (max_seqlen_q or query.shape[1], max_seqlen_k or key.shape[1])
    return out, total, number, number.clone(), *lengths


def _reach(q: Any, k: Any, starts_q: Any, starts_k: Any, left: int | None, right: int | None, last: bool) -> Any:
    """Which key each query sees, `(L, S)`, or None for all: its own sequence's, no more than `left` before it and `right`
    after it, counted from the first of both or, with `last`, from the last."""
    if starts_q is None and left is None and right is None:
        return None
    (places_q, numbers_q), (places_k, numbers_k) = _places(q, starts_q), _places(k, starts_k)
    shift = _lengths(k, starts_k, numbers_q) - _lengths(q, starts_q, numbers_q) if last else 0
    ahead = places_k - (places_q + shift).unsqueeze(1)
    seen = numbers_q.unsqueeze(1) == numbers_k
    if left is not None:
        seen = seen & (ahead >= -left)
    return seen if right is None else seen & (ahead <= right)


def _places(x: Any, starts: Any) -> tuple[Any, Any]:
    """The place of each element of `x` (N, L, ...) in its sequence, and the number of that sequence."""
    at = _arange(x.shape[1])
    if starts is None:
        return at, zeros(x.shape[1], dtype=dtypes.int64)
    number = (at.unsqueeze(1) >= starts).sum(1) - 1
    return at - starts.to(dtypes.int64)[number], number


def _lengths(x: Any, starts: Any, numbers: Any) -> Any:
    """The length of the sequences of those numbers."""
    return x.shape[1] if starts is None else (starts[1:] - starts[:-1]).to(dtypes.int64)[numbers.clamp(max=len(starts) - 2)]


def _attend(q: Any, k: Any, v: Any, seen: Any, p: float, scale: float | None, bias: Any = None) -> tuple[Any, Any]:
    """The output, `(N, L, heads, E)`, and the logarithm of the sum of the exponentials of the scores, `(N, heads, L)`."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    if seen is not None:
        hidden = full((), 0.0, dtype=q.dtype).masked_fill(~seen, float("-inf"))
        bias = hidden if bias is None else bias + hidden
    out = functional.scaled_dot_product_attention(q, k, v, bias, p, scale=scale).transpose(1, 2)
    factor = q.shape[-1] ** -0.5 if scale is None else scale
    scores = (q.float() @ k.float().transpose(-2, -1)) * factor
    return out, (scores if bias is None else scores + bias.float()).logsumexp(-1)


OPERATORS = {f.__name__: f for f in (max_pool2d_with_indices_backward, _flash_attention_forward, _efficient_attention_forward)}
