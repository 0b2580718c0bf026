"""A linear layer and the cross entropy of what it gives, in one op that can go without the whole matrix of logits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from torchlike.ops.activation import wide
from torchlike.ops.loss import cross_entropy, target_weights
from torchlike.ops.pair_loss import check_reduction
from torchlike.ops.registry import op


def _check(input: Array, linear_weight: Array, linear_bias: Array | None) -> None:
    if input.ndim not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}")
    width, rest = linear_weight.shape[-1], linear_weight.shape[:-1]
    if input.shape[-1] != width:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {input.shape[-1]} and {width}, respectively"
        )
    if input.ndim == 1 and len(rest) > 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {linear_weight.shape} requires batched input, (N, {width}), "
            f"got unbatched input with shape {input.shape}"
        )
    for other in (linear_weight, linear_bias):
        if other is not None and other.dtype != input.dtype:
            raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {input.dtype} != {other.dtype}")
    if linear_bias is not None and linear_bias.shape != rest:
        raise RuntimeError(f"expected linear_bias shape {rest}, got {linear_bias.shape}")


@op(ns="", method=False, out=False)
def linear_cross_entropy(
    input, linear_weight, target, linear_bias=None, weight=None, *, reduction="mean", ignore_index=None, label_smoothing=0.0,
    rows=None,
):  # fmt: skip
    """Cross entropy of input @ linear_weight.T + linear_bias at the target.

    input `(N, in)` or `(in,)`; linear_weight `(C, *, in)`; target class indices `(N, *)` or probabilities `(N, C, *)`.
    With `rows`, the logits of that many rows stand in memory at a time, in the gradient too: it computes them again.
    """
    _check(input, linear_weight, linear_bias)
    check_reduction(reduction)
    batch, classes = input.shape[:-1], linear_weight.shape[0]
    by_class = target.shape == (*batch, *linear_weight.shape[:-1])
    if by_class and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    ignored = -100 if ignore_index is None else ignore_index

    def loss(x: Array, t: Array, how: str, logits_in: object) -> Array:
        contract = (((x.ndim - 1,), (linear_weight.ndim - 1,)), ((), ()))
        logits = lax.dot_general(x, linear_weight, contract, preferred_element_type=wide(x).dtype)  # (N, C, *)
        if linear_bias is not None:
            logits = logits + wide(linear_bias)
        logits = logits.astype(x.dtype).astype(logits_in)
        by = weight.astype(logits_in) if weight is not None and weight.dtype == x.dtype else weight
        return cross_entropy(logits, t, by, ignore_index=ignored, reduction=how, label_smoothing=label_smoothing)

    if not batch or rows is None or rows >= batch[0]:
        return loss(input, target, reduction, input.dtype)
    if target.ndim == 0 or target.shape[0] != batch[0]:
        got = target.shape[0] if target.ndim else 0
        raise ValueError(f"Expected input batch_size ({batch[0]}) to match target batch_size ({got}).")
    kind = wide(input).dtype
    total = _by_chunks(lambda x, t: loss(x, t, "none", kind), input, target, rows)
    if reduction == "sum":
        total = jnp.sum(total)
    elif reduction == "mean" and by_class:
        total = jnp.mean(total)
    elif reduction == "mean":
        total = jnp.sum(total) / jnp.sum(target_weights(target, weight, classes, ignored, kind))
    return total.astype(input.dtype)


def _by_chunks(fn, x: Array, target: Array, rows: int) -> Array:
    """`fn` of `rows` rows at a time, put together; nothing of a chunk is kept for the gradient."""
    fn = jax.checkpoint(fn)
    whole = x.shape[0] // rows
    cut = whole * rows
    chunked = (v[:cut].reshape(whole, rows, *v.shape[1:]) for v in (x, target))
    out = lax.map(lambda both: fn(*both), tuple(chunked))
    out = out.reshape(cut, *out.shape[2:])
    return jnp.concatenate([out, fn(x[cut:], target[cut:])]) if cut < x.shape[0] else out
