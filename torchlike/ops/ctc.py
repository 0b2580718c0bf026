"""Connectionist temporal classification: the forward recursion over log-probabilities."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax

from torchlike.ops.activation import require_floating, wide
from torchlike.ops.pair_loss import reduce
from torchlike.ops.registry import op

NEVER = -1e30  # the logarithm of 0: minus infinity would make the gradients NaN


def _padded_targets(targets: Array, target_lengths: Array) -> Array:
    """(N, S) targets; those given one after another are dealt out to rows as long as all together."""
    if targets.ndim == 2:
        return targets.astype(jnp.int32)
    ends = jnp.cumsum(target_lengths)
    at = (ends - target_lengths)[:, None] + jnp.arange(targets.shape[0])
    return jnp.take(targets, at.astype(jnp.int32), mode="clip").astype(jnp.int32)


def _shift(x: Array, by: int) -> Array:
    """`x` (N, L) moved right, with log 0 coming in."""
    return jnp.pad(x, ((0, 0), (by, 0)), constant_values=NEVER)[:, : x.shape[1]]


@op("_ctc_loss", ns="", method=False, out=False, grad_name="CtcLoss")
def ctc_loss(log_probs, targets, input_lengths, target_lengths, *, blank=0, reduction="mean", zero_infinity=False):
    """-log of the probability of the targets. `(T, N, C)`, `(N, S)` or `(sum,)`, `(N,)`, `(N,)`."""
    require_floating(log_probs, "ctc_loss")
    batched = log_probs.ndim == 3
    lp = wide(log_probs if batched else log_probs[:, None])
    steps, batch, classes = lp.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    in_lengths, out_lengths = (x.reshape(-1).astype(jnp.int32) for x in (input_lengths, target_lengths))
    for name, lengths in (("input_lengths", in_lengths), ("target_lengths", out_lengths)):
        if lengths.shape[0] != batch:
            raise RuntimeError(f"{name} must be of size batch_size")
    labels = _padded_targets(targets if batched else targets.reshape(1, -1), out_lengths)  # (N, S)
    extended = jnp.full((batch, 2 * labels.shape[1] + 1), blank, jnp.int32).at[:, 1::2].set(labels)
    differs = jnp.pad(extended[:, 2:] != extended[:, :-2], ((0, 0), (2, 0)))  # may be reached from two places back
    emitted = jnp.take_along_axis(lp, jnp.broadcast_to(extended, (steps, *extended.shape)), axis=2)  # (T, N, 2 S + 1)

    def step(alpha: Array, at: tuple[Array, Array]) -> tuple[Array, None]:
        t, emission = at
        arriving = jnp.stack([alpha, _shift(alpha, 1), jnp.where(differs, _shift(alpha, 2), NEVER)])
        new = jnp.maximum(jax.nn.logsumexp(arriving, axis=0) + emission, NEVER)
        return jnp.where((t < in_lengths)[:, None], new, alpha), None

    start = jnp.full(extended.shape, NEVER, lp.dtype).at[:, :2].set(emitted[0, :, :2])
    alpha, _ = lax.scan(step, start, (jnp.arange(1, steps, dtype=jnp.int32), emitted[1:]))
    last = jnp.stack([2 * out_lengths, jnp.maximum(2 * out_lengths - 1, 0)], axis=1)
    ends = jnp.take_along_axis(alpha, last, axis=1)  # on the last blank or on the last label
    ends = ends.at[:, 1].set(jnp.where(out_lengths > 0, ends[:, 1], NEVER))
    loss = -jax.nn.logsumexp(ends, axis=1)
    # torch's gradient has the softmax of a preceding log_softmax in it: the same term, whose value is 0.
    counted = jnp.arange(steps)[:, None] < in_lengths
    probability = jnp.sum(jnp.where(counted[:, :, None], jnp.exp(lp), 0), axis=(0, 2))
    loss = loss + probability - lax.stop_gradient(probability)
    loss = jnp.where(loss > -NEVER / 2, 0 if zero_infinity else jnp.inf, loss)
    if reduction == "mean":
        loss = loss / jnp.maximum(out_lengths, 1)
    return reduce(loss if batched or reduction != "none" else loss[0], reduction, log_probs.dtype)
