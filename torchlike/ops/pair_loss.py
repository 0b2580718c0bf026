"""Losses between tensors of one shape, and losses between vectors. Those over classes are in `loss.py`.

16-bit floats are computed and summed in float32, and the result is rounded once.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.dtypes import default_float
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import require_floating, wide
from torchlike.ops.checks import broadcast_shapes
from torchlike.ops.norm import gap, vector_norm
from torchlike.ops.registry import op

PAIR: dict[str, Any] = {"ns": "", "method": False, "out": False, "promote": "same", "promoted": ("input", "target")}
FLOAT_PAIR: dict[str, Any] = PAIR | {"promote": "float"}


def check_reduction(reduction: str) -> None:
    """Raises ValueError for anything but "none", "mean" and "sum"."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")


def reduce(loss: Array, reduction: str, dtype: object = None) -> Array:
    """`loss` as it is, its mean or its sum, in `dtype`. Raises ValueError for any other `reduction`."""
    check_reduction(reduction)
    if reduction == "mean":
        loss = jnp.mean(loss)
    elif reduction == "sum":
        loss = jnp.sum(loss)
    return loss if dtype is None else loss.astype(dtype)


def _type_name(x: Array) -> str:
    return scalar_name(dtypes.from_numpy(x.dtype))


def _hinge(x: Array) -> Array:
    """max(x, 0) with torch's gradient for a clamp: 1 at 0."""
    return jnp.where(x >= 0, x, 0)


# --- regression -------------------------------------------------------------------------------------------------


def _weighted(loss: Array, weight: Array | None, reduction: str, dtype: object) -> Array:
    """The mean of a weighted loss divides by the sum of the weights."""
    if weight is None:
        return reduce(loss, reduction, dtype)
    if weight.shape != loss.shape:
        raise ValueError("Weights and input must have the same size.")
    total = reduce(loss * wide(weight), "sum" if reduction == "mean" else reduction)
    return (total / jnp.sum(wide(weight)) if reduction == "mean" else total).astype(dtype)


def _difference(input: Array, target: Array, kernel: str) -> Array:
    broadcast_shapes(input.shape, target.shape)
    require_floating(input, kernel)
    return wide(input) - wide(target)


@op(**PAIR)
def mse_loss(input, target, weight=None, *, reduction="mean"):
    """(input - target)^2."""
    return _weighted(jnp.square(_difference(input, target, "mse_cpu")), weight, reduction, input.dtype)


@op(**PAIR)
def l1_loss(input, target, weight=None, *, reduction="mean"):
    """|input - target|."""
    broadcast_shapes(input.shape, target.shape)
    if reduction == "mean" and not jnp.issubdtype(input.dtype, jnp.inexact):
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {_type_name(input)}"
        )
    loss = jnp.abs(wide(input) - wide(target))
    return _weighted(loss, weight, reduction, loss.dtype if jnp.iscomplexobj(input) else input.dtype)


@op(**PAIR)
def smooth_l1_loss(input, target, *, reduction="mean", beta=1.0):
    """d^2 / (2 beta) below `beta`, |d| - beta / 2 above."""
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    distance = jnp.abs(_difference(input, target, "smooth_l1_cpu"))
    if beta > 0:
        distance = jnp.where(distance < beta, 0.5 * jnp.square(distance) / beta, distance - 0.5 * beta)
    return reduce(distance, reduction, input.dtype)


@op(**PAIR)
def huber_loss(input, target, weight=None, *, reduction="mean", delta=1.0):
    """d^2 / 2 up to `delta`, delta * (|d| - delta / 2) above."""
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    distance = jnp.abs(_difference(input, target, "huber_cpu"))
    loss = jnp.where(distance <= delta, 0.5 * jnp.square(distance), delta * (distance - 0.5 * delta))
    if weight is not None:  # torch: here the mean does not divide by the weights
        loss = _weighted(loss, weight, "none", loss.dtype)
    return reduce(loss, reduction, input.dtype)


# --- probabilities ----------------------------------------------------------------------------------------------


def _clamped_log(x: Array) -> Array:
    return jnp.maximum(x, -100.0)


@jax.custom_jvp
def _cross_entropy_of_bits(p: Array, target: Array) -> Array:
    return -(target * _clamped_log(jnp.log(p)) + (1 - target) * _clamped_log(jnp.log1p(-p)))


@_cross_entropy_of_bits.defjvp
def _cross_entropy_of_bits_jvp(primals, tangents):
    # torch clamps the denominator, not the logarithm, so that a saturated p still gets a gradient.
    (p, target), (dp, dtarget) = primals, tangents
    slope = (p - target) / jnp.maximum(p * (1 - p), 1e-12)
    slope_target = jnp.log1p(-p) - jnp.log(p)
    return _cross_entropy_of_bits(p, target), slope * dp + slope_target * dtarget


@op(ns="", method=False, out=False)
def binary_cross_entropy(input, target, weight=None, *, reduction="mean"):
    """-(t log p + (1 - t) log(1 - p)), the logarithms no lower than -100."""
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size (torch.Size({list(target.shape)})) that is different to the input size "
            f"(torch.Size({list(input.shape)})) is deprecated. Please ensure they have the same size."
        )
    if target.dtype != input.dtype:
        raise RuntimeError(f"Found dtype {_type_name(target)} but expected {_type_name(input)}")
    require_floating(input, "binary_cross_entropy")
    loss = _cross_entropy_of_bits(wide(input), wide(target))
    if weight is not None:
        broadcast_shapes(input.shape, weight.shape)
        loss = loss * wide(weight)
    return reduce(loss, reduction, input.dtype)


@op(ns="", method=False, out=False)
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, *, reduction="mean"):
    """Binary cross entropy of sigmoid(input), without forming the sigmoid; `pos_weight` multiplies the positives."""
    if target.shape != input.shape:
        raise ValueError(
            f"Target size (torch.Size({list(target.shape)})) must be the same as input size (torch.Size({list(input.shape)}))"
        )
    if not jnp.issubdtype(target.dtype, jnp.floating):
        name = _type_name(input)
        raise RuntimeError(f"result type {name} can't be cast to the desired output type {_type_name(target)}")
    x, t = wide(input), wide(target)
    positives = 1.0
    if pos_weight is not None:
        broadcast_shapes(pos_weight.shape, input.shape)
        positives = (wide(pos_weight) - 1) * t + 1
    loss = (1 - t) * x - positives * jax.nn.log_sigmoid(x)
    if weight is not None:
        broadcast_shapes(loss.shape, weight.shape)
        loss = loss * wide(weight)
    return reduce(loss, reduction, jnp.promote_types(input.dtype, target.dtype))


@op(**PAIR)
def kl_div(input, target, *, reduction="mean", log_target=False):
    """t (log t - input), `input` and, if `log_target`, the target being logarithms of probabilities."""
    broadcast_shapes(target.shape, input.shape)
    x, t = wide(input), wide(target)
    loss = jnp.exp(t) * (t - x) if log_target else jax.scipy.special.xlogy(t, t) - t * x
    if reduction == "batchmean":
        return (jnp.sum(loss) / (input.shape[0] if input.ndim else 1)).astype(input.dtype)
    return reduce(loss, reduction, input.dtype)


@op(**FLOAT_PAIR)
def poisson_nll_loss(input, target, *, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """exp(x) - t x, or x - t log(x + eps) where x is the rate itself; `full` adds Stirling's term for t > 1."""
    broadcast_shapes(target.shape, input.shape)
    x, t = wide(input), wide(target)
    loss = jnp.exp(x) - t * x if log_input else x - t * jnp.log(x + eps)
    if full:
        large = jnp.where(t > 1, t, 1)
        loss = loss + jnp.where(t > 1, large * jnp.log(large) - large + 0.5 * jnp.log(2 * math.pi * large), 0)
    return reduce(loss, reduction, input.dtype)


def _with_a_one(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The shapes that differ from `shape` by a 1 in one place."""
    return [(*shape[:i], 1, *shape[i + 1 :]) for i in range(len(shape))]


@op(ns="", method=False, out=False, promote="same")
def gaussian_nll_loss(input, target, var, *, full=False, eps=1e-6, reduction="mean"):
    """(log v + (x - t)^2 / v) / 2, v = max(var, eps); the bound does not stop the gradient."""
    broadcast_shapes(input.shape, target.shape)
    x, t, v = wide(input), wide(target), wide(var)
    if var.ndim and var.shape == input.shape[:-1] and var.ndim < input.ndim:
        v = v[..., None]
    elif var.ndim and var.shape not in (input.shape, *_with_a_one(input.shape)):
        raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    v = v + jax.lax.stop_gradient(jnp.maximum(v, eps) - v)
    loss = 0.5 * (jnp.log(v) + jnp.square(x - t) / v)
    return reduce(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction, input.dtype)


# --- margins ----------------------------------------------------------------------------------------------------


@op(**PAIR)
def soft_margin_loss(input, target, *, reduction="mean"):
    """log(1 + exp(-t x)), t being 1 or -1."""
    broadcast_shapes(input.shape, target.shape)
    return reduce(jax.nn.softplus(-wide(target) * wide(input)), reduction, input.dtype)


@op(**PAIR)
def hinge_embedding_loss(input, target, *, margin=1.0, reduction="mean"):
    """x where the target is 1, max(0, margin - x) where it is -1."""
    broadcast_shapes(target.shape, input.shape)
    x = wide(input)
    loss = jnp.where(target != 1, _hinge(margin - x), 0) + jnp.where(target != -1, x, 0)
    return reduce(loss, reduction, input.dtype)


@op(ns="", method=False, out=False, promote="same")
def margin_ranking_loss(input1, input2, target, *, margin=0.0, reduction="mean"):
    """max(0, margin - t (x1 - x2))."""
    if not input1.ndim == input2.ndim == target.ndim:
        names = [f"torch.Size({list(x.shape)})" for x in (input1, input2, target)]
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {names[0]}, input2: {names[1]}, target: {names[2]} "
        )
    broadcast_shapes(target.shape, broadcast_shapes(input1.shape, input2.shape))
    kind = default_float(input1.dtype)
    across = -wide(target) * (wide(input1) - wide(input2))  # in whole numbers it wraps, as torch's
    return reduce(_hinge(across.astype(jnp.promote_types(across.dtype, kind)) + margin), reduction, kind)


@op(ns="", method=False, out=False, promote="float", promoted=("input1", "input2"))
def cosine_embedding_loss(input1, input2, target, *, margin=0.0, reduction="mean"):
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1. `(N, D)`, `(N, D)`, `(N,)`, or without N."""
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim + 1 != input1.ndim or target.ndim + 1 != input2.ndim:
        sizes = f"sizes {list(input1.shape)} and {list(input2.shape)}"
        n = target.ndim
        raise RuntimeError(f"{n}D target tensor expects {n + 1}D input tensors, but found inputs with {sizes}.")
    broadcast_shapes(input1.shape, input2.shape)
    a, b = wide(input1), wide(input2)
    squares = (jnp.sum(jnp.square(a), -1) + 1e-12) * (jnp.sum(jnp.square(b), -1) + 1e-12)
    cosine = jnp.sum(a * b, -1) / jnp.sqrt(squares)
    loss = jnp.where(target == 1, 1 - cosine, 0) + jnp.where(target == -1, _hinge(cosine - margin), 0)
    return reduce(loss, reduction, input1.dtype)


@op(ns="", method=False, out=False, promote="same")
def triplet_margin_loss(anchor, positive, negative, *, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    """max(0, margin + d(anchor, positive) - d(anchor, negative)), d the p-norm over the last dimension."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, "
            f"but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    broadcast_shapes(anchor.shape, positive.shape)
    broadcast_shapes(anchor.shape, negative.shape)
    a, b, c = wide(anchor), wide(positive), wide(negative)
    near, far = vector_norm(gap(a, b) + eps, p, -1), vector_norm(gap(a, c) + eps, p, -1)
    if swap:
        far = jnp.minimum(far, vector_norm(gap(b, c) + eps, p, -1))
    dtype = near.dtype if jnp.iscomplexobj(anchor) else default_float(anchor.dtype)
    return reduce(_hinge(margin + near - far), reduction, dtype)
