"""Losses over classes: cross entropy and its kin. The class dimension is 1, or 0 without a batch. Others: `pair_loss.py`.

A target outside 0..C-1 gives NaN: values are not looked at when a call is recorded.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import require_floating, wide
from torchlike.ops.checks import broadcast_shapes
from torchlike.ops.pair_loss import check_reduction, reduce
from torchlike.ops.registry import op


def _check_indices(input: Array, target: Array, weight: Array | None) -> None:
    shape, expected = list(input.shape), [*input.shape[:1], *input.shape[2:]]
    classes = input.shape[1] if input.ndim > 1 else input.shape[0]
    if input.ndim > 1 and (target.ndim == 0 or shape[0] != target.shape[0]):
        got = target.shape[0] if target.ndim else 0
        raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({got}).")
    if input.ndim <= 2 and target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input.ndim == 1 and target.size != 1:
        raise RuntimeError(f"For 1D input, 1D target must have size 1, but got target size: {target.size}")
    if input.ndim == 4 and target.ndim != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {target.ndim}"
        )
    if input.ndim == 4 and list(target.shape) != expected:
        raise RuntimeError(f"size mismatch (got input: {shape} , target: {list(target.shape)}")
    if input.ndim > 2 and list(target.shape) != expected:
        raise RuntimeError(f"Expected target size {expected}, got {list(target.shape)}")
    if target.dtype not in (jnp.int64, jnp.uint8):
        name = scalar_name(dtypes.from_numpy(target.dtype))
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {name}")
    _check_weight(classes, weight)
    if weight is not None and weight.dtype != input.dtype:
        names = [scalar_name(dtypes.from_numpy(x.dtype)) for x in (input, weight)]
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]}")


def _check_weight(classes: int, weight: Array | None) -> None:
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes "
            f"but got weight tensor of shape: {list(weight.shape)}"
        )


def _pick(values: Array, target: Array, axis: int) -> Array:
    """`values` at the class `target` along `axis`; NaN where there is no such class."""
    return jnp.take_along_axis(values, jnp.expand_dims(target, axis), axis, mode="fill").squeeze(axis)


def _narrow(target: Array, classes: int, ignore_index: int) -> tuple[Array, Array]:
    """The class indices in 32 bits, and where they count. A negative index must not wrap round: it becomes too large."""
    counted = target != ignore_index
    return jnp.where(counted, jnp.where(target < 0, classes, target), 0).astype(jnp.int32), counted


def _mean_over_counted(loss: Array, weights: Array, reduction: str) -> Array:
    total = reduce(loss, "sum" if reduction == "mean" else reduction)
    return total / jnp.sum(weights) if reduction == "mean" else total


@op(ns="", method=False, out=False)
def nll_loss(input, target, weight=None, *, ignore_index=-100, reduction="mean"):
    """-input[target], weighted by the target's class. `(N, C, *)` and `(N, *)`, or `(C,)` and `()`."""
    if input.ndim < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {input.ndim})")
    _check_indices(input, target, weight)
    require_floating(input, "nll_loss_out_frame")
    axis = 0 if input.ndim == 1 else 1
    target = target.reshape(()) if input.ndim == 1 else target
    index, counted = _narrow(target, input.shape[axis], ignore_index)
    weights = _class_weights(weight, index, counted, wide(input).dtype)
    loss = jnp.where(counted, -_pick(wide(input), index, axis) * weights, 0)
    return _mean_over_counted(loss, weights, reduction).astype(input.dtype)


def _class_weights(weight: Array | None, index: Array, counted: Array, dtype: object) -> Array:
    if weight is None:
        return counted.astype(dtype)
    return jnp.where(counted, wide(weight).at[index].get(mode="fill"), 0).astype(dtype)


def target_weights(target: Array, weight: Array | None, classes: int, ignore_index: int, dtype: object) -> Array:
    """What each class index counts in a mean: its class's weight, 0 where it is `ignore_index`."""
    index, counted = _narrow(target, classes, ignore_index)
    return _class_weights(weight, index, counted, dtype)


@op(ns="", method=False, out=False)
def cross_entropy(input, target, weight=None, *, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """The negative logarithm of softmax(input) at the target.

    input `(N, C, *)` or `(C,)`; target class indices `(N, *)` or `()`, or probabilities of the input's shape; weight
    `(C,)`. The mean over indices divides by the weights of those that count, over probabilities by their number.
    """
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    axis = 0 if input.ndim < 2 else 1
    if input.shape == target.shape:
        return _with_probabilities(input, target, weight, axis, ignore_index, reduction, label_smoothing)
    require_floating(input, "log_softmax_lastdim_kernel_impl")
    _check_indices(input, target, weight)
    classes = input.shape[axis]
    index, counted = _narrow(target.reshape(()) if input.ndim == 1 else target, classes, ignore_index)
    weights = _class_weights(weight, index, counted, wide(input).dtype)
    shifted, log_sum = _shifted(wide(input), axis)
    loss = jnp.where(counted, (log_sum - _pick(shifted, index, axis)) * weights, 0)
    if label_smoothing:
        per_class = jnp.expand_dims(log_sum, axis) - shifted
        if weight is not None:
            per_class = per_class * _along(wide(weight), axis, input.ndim)
        smooth = jnp.where(counted, jnp.sum(per_class, axis), 0)
        loss = (1 - label_smoothing) * loss + label_smoothing / classes * smooth
    return _mean_over_counted(loss, weights, reduction).astype(input.dtype)


def _with_probabilities(input, target, weight, axis, ignore_index, reduction, label_smoothing):
    if not jnp.issubdtype(target.dtype, jnp.floating):
        name = scalar_name(dtypes.from_numpy(target.dtype))
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {name}")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    _check_weight(input.shape[axis], weight)
    shifted, log_sum = _shifted(wide(input), axis)
    minus_log = jnp.expand_dims(log_sum, axis) - shifted
    given, target = target, wide(target)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    if weight is not None:
        target = target * _along(wide(weight), axis, input.ndim)
    dtype = jnp.result_type(*(x.dtype for x in (input, given, weight) if x is not None))
    return reduce(jnp.sum(minus_log * target, axis), reduction, dtype)


def _shifted(x: Array, axis: int) -> tuple[Array, Array]:
    """x less its maximum, and the logarithm of the sum of its exponentials: the loss is their difference."""
    top = jax.lax.stop_gradient(jnp.max(x, axis, keepdims=True, initial=-jnp.inf if x.size == 0 else None))
    shifted = x - top
    return shifted, jnp.log(jnp.sum(jnp.exp(shifted), axis))


def _along(vector: Array, axis: int, ndim: int) -> Array:
    return vector.reshape((-1,) + (1,) * (ndim - axis - 1))


def _rows_of_classes(input: Array, target: Array, kernel: str) -> tuple[int, int]:
    """The numbers of rows and of classes of `(N, C)`, `(C,)` or `()`. Raises RuntimeError for anything else."""
    if input.ndim > 2 or (input.ndim and not input.shape[-1]):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}")
    require_floating(input, kernel)
    if target.dtype != jnp.int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_name(dtypes.from_numpy(target.dtype))}")
    return input.shape[0] if input.ndim == 2 else 1, input.shape[-1] if input.ndim else 1


@op(ns="", method=False, out=False)
def multi_margin_loss(input, target, weight=None, *, p=1, margin=1.0, reduction="mean"):
    """Mean over the other classes of max(0, margin - x[y] + x[i])^p. `(N, C)` and `(N,)`, or `(C,)` and `()`."""
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    check_reduction(reduction)
    rows, classes = _rows_of_classes(input, target, "multi_margin_loss_cpu_kernel")
    if target.ndim > 1 or target.size != rows:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). "
            f"Expected target size [{rows}], but got {list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    x, index = wide(input).reshape(rows, classes), target.reshape(rows).astype(jnp.int32)
    gap = margin - _pick(x, index, 1)[:, None] + x
    loss = jnp.where(gap > 0, gap, 0) ** p
    if weight is not None:
        loss = loss * wide(weight).at[index].get(mode="fill")[:, None]
    others = jnp.arange(classes) != index[:, None]
    loss = jnp.sum(jnp.where(others, loss, 0), 1) / classes
    return reduce(loss if target.ndim else loss[0], reduction, input.dtype)


@op(ns="", method=False, out=False)
def multilabel_margin_loss(input, target, *, reduction="mean"):
    """Sum over labels y and non-labels i of max(0, 1 - x[y] + x[i]) / C; a row's labels end at its first -1."""
    check_reduction(reduction)
    rows, classes = _rows_of_classes(input, target, "multilabel_margin_loss_forward_out_frame")
    if target.shape != input.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    x, labels = wide(input).reshape(rows, classes), target.reshape(rows, classes).astype(jnp.int32)
    listed = jnp.cumprod(labels >= 0, axis=1).astype(bool)
    index = jnp.where(listed, labels, 0)
    is_label = jnp.any(listed[:, :, None] & (index[:, :, None] == jnp.arange(classes)), axis=1)  # (N, C)
    gap = 1 - jnp.take_along_axis(x, index, axis=1)[:, :, None] + x[:, None, :]  # (N, label, class)
    counts = listed[:, :, None] & ~is_label[:, None, :]
    loss = jnp.sum(jnp.where(counts & (gap > 0), gap, 0), axis=(1, 2)) / classes
    return reduce(loss if input.ndim == 2 else loss[0], reduction, input.dtype)


@op(ns="", method=False, out=False)
def multilabel_soft_margin_loss(input, target, weight=None, *, reduction="mean"):
    """Binary cross entropy with logits, averaged over the classes (the last dimension)."""
    broadcast_shapes(target.shape, input.shape)
    x, t = wide(input), wide(target)
    loss = -(t * jax.nn.log_sigmoid(x) + (1 - t) * jax.nn.log_sigmoid(-x))
    if weight is not None:
        loss = loss * wide(weight)
    return reduce(jnp.mean(loss, -1), reduction, input.dtype)
