"""Losses: argument order and the old `size_average` and `reduce` arguments; the ops do the rest.

A target class outside 0..C-1 makes the loss NaN: values are not looked at when a call is recorded. (torch raises.)
"""

from __future__ import annotations

import warnings

from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.neural import ctc


def old_reduction(size_average, reduce, reduction, stacklevel=3):
    """`reduction`, or what the two deprecated arguments stand for where one of them is given."""
    if size_average is None and reduce is None:
        return reduction
    mean = size_average is None or size_average
    meant = "none" if reduce is not None and not reduce else "mean" if mean else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=stacklevel
    )
    return meant


def _compare_sizes(input, target) -> None:
    if target.shape != input.shape:
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
            "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    """Cross entropy between logits `(N, C, *)` and class indices `(N, *)` or probabilities `(N, C, *)`.

    Raises:
        ValueError: the batch sizes differ.
        RuntimeError: shapes or dtypes that do not fit.
    """
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input at the target class: `(N, C, *)` log-probabilities and `(N, *)` class indices."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.nll_loss(input, target, weight, ignore_index, reduction)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Cross entropy between probabilities and targets of the same shape; logarithms are no lower than -100."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """Binary cross entropy of `sigmoid(input)`; `pos_weight` multiplies the positive examples."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target)^2; with `weight` the mean divides by the sum of the weights."""
    _compare_sizes(input, target)
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.mse_loss(input, target, weight, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|; with `weight` the mean divides by the sum of the weights."""
    _compare_sizes(input, target)
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.l1_loss(input, target, weight, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Quadratic below `beta` and linear above."""
    _compare_sizes(input, target)
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.smooth_l1_loss(input, target, reduction, beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Quadratic up to `delta` and linear above, scaled so that the slopes meet."""
    _compare_sizes(input, target)
    return ops.huber_loss(input, target, weight, reduction, delta)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """Kullback-Leibler divergence; `input` holds log-probabilities. `reduction` may also be "batchmean"."""
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.kl_div(input, target, reduction, log_target)


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos for target 1, max(0, cos - margin) for target -1. `(N, D)`, `(N, D)`, `(N,)`."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.cosine_embedding_loss(input1, input2, target, margin, reduction)


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - target * (input1 - input2))."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.margin_ranking_loss(input1, input2, target, margin, reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """The input for target 1, max(0, margin - input) for target -1."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.hinge_embedding_loss(input, target, margin, reduction)


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"
):
    """max(0, margin + d(anchor, positive) - d(anchor, negative)). `(N, D)` each, or `(D,)`."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """`triplet_margin_loss` with any distance between tensors.

    Raises:
        ValueError: a margin that is not positive, or an unknown reduction.
    """
    if distance_function is None:
        return ops.triplet_margin_loss(anchor, positive, negative, margin, 2.0, 1e-6, swap, reduction)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    near, far = distance_function(anchor, positive), distance_function(anchor, negative)
    if swap:
        far = ops.minimum(far, distance_function(positive, negative))
    loss = ops.relu(near - far + margin)
    return loss if reduction == "none" else getattr(loss, reduction)()


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * input)), the target being 1 or -1."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.soft_margin_loss(input, target, reduction)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Hinge loss over classes: `(N, C)` scores and `(N,)` class indices."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.multi_margin_loss(input, target, weight, p, margin, reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """Hinge loss with several labels a row: `(N, C)` scores and `(N, C)` labels, ended by -1."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.multilabel_margin_loss(input, target, reduction)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Binary cross entropy with logits, averaged over the last dimension."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.multilabel_soft_margin_loss(input, target, weight, reduction)


def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
    """exp(input) - target * input, or with `log_input=False` input - target * log(input + eps)."""
    reduction = old_reduction(size_average, reduce, reduction)
    return ops.poisson_nll_loss(input, target, log_input, full, eps, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """(log var + (input - target)^2 / var) / 2.

    Raises:
        ValueError: `var` is a negative number or has the wrong size. A negative entry of a tensor counts as `eps`
            (torch raises): values are not looked at when a call is recorded.
    """
    if isinstance(var, float) and var < 0:
        raise ValueError("var has negative entry/entries")
    return ops.gaussian_nll_loss(input, target, var, full, eps, reduction)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Connectionist temporal classification (Graves et al., 2006).

    Args:
        log_probs: `(T, N, C)` or `(T, C)`, logarithms of probabilities, as `log_softmax` gives them.
        targets: `(N, S)`, or all of them one after another in one dimension.
        input_lengths, target_lengths: `(N,)` tensors or sequences; how much of each row counts.
        zero_infinity: an input too short for its target gives 0 and no gradient instead of infinity.

    "mean" divides each loss by its target's length first.
    """
    return ctc(log_probs, targets, (input_lengths, target_lengths), blank, reduction, zero_infinity)
