"""Neural-network functions of the root namespace: `torch.dropout`, `torch.embedding`, `torch.kl_div` ...

They are what `nn.functional` is built on in torch: their arguments stand in another order, and a reduction is a number
(0 none, 1 mean, 2 sum). It is 0 where none is given: torch documents 1, but its own functions reduce nothing then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base.dtypes import bool_, get_default_dtype, int64
from torchlike.base.flags import flags
from torchlike.base.promotion import cast_error
from torchlike.engine import random as source
from torchlike.engine.record import local
from torchlike.engine.value import host
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor, bare

# --- dropout -----------------------------------------------------------------------------------------------------------


def draw_kept(input: Tensor, shape: Any, keep: float) -> Tensor:
    """A bool mask of `shape` on the device of `input`, True with probability `keep`. Nothing is drawn for 0."""
    return input.new_empty(shape, dtype=bool_).bernoulli_(keep) if keep else input.new_zeros(shape, dtype=bool_)


def _mask(input: Tensor, shape: Any, keep: float) -> Tensor:
    """A mask of `shape`; one of the input's own shape is drawn in the order of its elements in memory, as in torch."""
    if keep and tuple(shape) == tuple(input.shape):
        return creation.empty_like(input, dtype=bool_).bernoulli_(keep)
    return draw_kept(input, shape, keep)


def drop(input: Tensor, shape: Any, p: float, inplace: bool) -> Tensor:
    """Zero with probability `p` what each element of a mask of `shape` covers, and divide the rest by 1 - p."""
    keep = 1.0 - p
    kept = _mask(input, shape, keep)
    return ops.drop_(input, kept, keep) if inplace else ops.drop(input, kept, keep)


def alpha_drop(input: Tensor, shape: Any, p: float, inplace: bool) -> Tensor:
    """As `drop`, so that the mean and the variance of a SELU network stay."""
    kept = _mask(input, shape, 1.0 - p)
    return ops.alpha_drop_(input, kept, p) if inplace else ops.alpha_drop(input, kept, p)


def channels(input: Tensor) -> tuple[int, ...]:
    """The shape of a mask over whole channels (dimension 1). Raises RuntimeError where there is no such dimension."""
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return tuple(input.shape[:2]) + (1,) * (input.ndim - 2)


def _dropout(name: str, apply: Callable, shape: Callable, what: str) -> None:
    def made(input: Tensor, p: float, train: bool, inplace: bool = False) -> Tensor:
        if p < 0.0 or p > 1.0:
            raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
        if p == 0.0 or not train or not input.numel():
            return input
        return apply(input, shape(input), p, inplace)

    def function(input: Tensor, p: float, train: bool) -> Tensor:
        return made(input, p, train)

    def inplace(input: Tensor, p: float, train: bool) -> Tensor:
        return made(input, p, train, True)

    function.__doc__ = f"{what}, each with probability `p`; the input itself if not `train`."
    inplace.__doc__ = f"`{name}` in place."
    overload(name, method=False)(function)
    overload(f"{name}_", method=False)(inplace)


def _all(input: Tensor) -> tuple[int, ...]:
    return tuple(input.shape)


_dropout("dropout", drop, _all, "Elements zeroed and the rest divided by 1 - p")
_dropout("feature_dropout", drop, channels, "Channels (dimension 1) zeroed and the rest divided by 1 - p")
_dropout("alpha_dropout", alpha_drop, _all, "Elements put to SELU's lowest value, mean and variance kept")
_dropout("feature_alpha_dropout", alpha_drop, channels, "Channels put to SELU's lowest value, mean and variance kept")


@overload("native_dropout", method=False)
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """`dropout` and its mask (bool, True where an element is kept). `train=None` means True."""
    if train is False or not input.numel():
        return input.clone(), input.new_ones(input.shape, dtype=bool_)
    if not input.dtype.is_differentiable:
        raise cast_error(get_default_dtype(), input.dtype)
    kept = _mask(input, input.shape, 1.0 - p)
    return ops.drop(input, kept, 1.0 - p), kept


@overload("native_dropout_backward", method=False)
def native_dropout_backward(grad_output: Tensor, mask: Tensor, scale: float) -> Tensor:
    """grad_output * mask * scale: the gradient of `native_dropout` for scale = 1 / (1 - p)."""
    return ops.mul(ops.mul(grad_output, mask), float(scale))


# --- activations -------------------------------------------------------------------------------------------------------

for _name in ("celu", "selu", "threshold"):
    overload(f"{_name}_", method=False)(getattr(ops, f"{_name}_"))


def draw_slopes(input: Tensor, lower: float, upper: float, generator: Any = None) -> Tensor:
    """The slope of `rrelu` at each element, 1 where it is above 0.

    torch draws for the other elements only, in double precision: on the host the input is looked at, which runs what is
    pending. On a device, and inside a JAX transformation, every element gets a number.
    """
    value = input._read()
    if local.state.notes is not None:
        local.state.notes.refuse("rrelu() draws as many numbers as there are negative elements")
    unseen = value.aval.traced or local.state.capture is not None
    if unseen or input.device is not devices.CPU or flags.rng == "device":
        return input.detach().new_empty(input.shape).uniform_(lower, upper, generator=generator)
    below = value.numpy() <= 0
    slopes = np.ones(below.shape, input.dtype.np)
    slopes[below] = (generator or source.default_generator).uniform(int(below.sum()), lower, upper, np.float64)
    return bare(host(slopes))


def rrelu_with(input: Tensor, lower: float, upper: float, training: bool, inplace: bool, generator: Any = None) -> Tensor:
    """Leaky ReLU with random slopes, or with their mean if not `training`. Raises RuntimeError for lower > upper."""
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        slope = (lower + upper) / 2
        return ops.leaky_relu_(input, slope) if inplace else ops.leaky_relu(input, slope)
    noise = draw_slopes(input, lower, upper, generator)
    return ops.rrelu_with_noise_(input, noise) if inplace else ops.rrelu_with_noise(input, noise)


@overload("rrelu", method=False)
def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator: Any = None
) -> Tensor:
    """x above 0; below, x times a slope drawn from [lower, upper], or their mean if not `training`."""
    return rrelu_with(input, lower, upper, training, False, generator)


@overload("rrelu_", method=False)
def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator: Any = None
) -> Tensor:
    """`rrelu` in place."""
    return rrelu_with(input, lower, upper, training, True, generator)


@overload("_scaled_mm_v2", method=False)
def scaled_mm_v2(
    input: Tensor, mat2: Tensor, scale_a: Any, recipe_a: Any, swizzle_a: Any, scale_b: Any, recipe_b: Any, swizzle_b: Any,
    bias: Tensor | None, out_dtype: Any = None, contraction_dim: Any = (), use_fast_accum: bool = False,
) -> Tensor:  # fmt: skip
    """The product of float8 matrices and their scales, which are in lists; recipes 0 (one number each) and 1 (of rows)."""
    if len(scale_a) != 1 or len(scale_b) != 1 or {int(r) for r in (*recipe_a, *recipe_b)} - {0, 1}:
        raise ValueError("Invalid scaling configuration: one scale for the whole matrix or for rows")
    return ops._scaled_mm(input, mat2, scale_a[0], scale_b[0], bias, None, out_dtype, use_fast_accum)


# --- embeddings --------------------------------------------------------------------------------------------------------


@overload("embedding", method=False)
def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """The rows of `weight` `(V, D)` that `indices` `(*)` name: `(*, D)`. A row number of `padding_idx` gets no gradient."""
    padding = padding_idx if weight.ndim == 2 and 0 <= padding_idx < weight.shape[0] else None
    return ops.embedding(weight, indices, padding, scale_grad_by_freq)


@overload("embedding_renorm_", method=False)
def embedding_renorm_(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scale the rows that `indices` name down to the norm `max_norm` where theirs is larger, in place."""
    return ops.embedding_renorm_(weight, indices, max_norm, norm_type)


@overload("embedding_bag", method=False)
def embedding_bag(
    weight: Tensor, indices: Tensor, offsets: Tensor, scale_grad_by_freq: bool = False, mode: int = 0, sparse: bool = False,
    per_sample_weights: Tensor | None = None, include_last_offset: bool = False, padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
    """The sum (mode 0), mean (1) or maximum (2) of each bag's rows, and what torch keeps for the gradient.

    Returns:
        The bags `(B, D)`; the bag of each index; how many indices each bag has; for the maximum the index each number
        comes from `(B, D)`, else the sizes again. For sums torch leaves the sizes at 0.
    """
    kind = ("sum", "mean", "max")[mode]
    out = ops.embedding_bag(
        weight, indices, offsets, per_sample_weights, kind, include_last_offset, padding_idx, scale_grad_by_freq
    )
    bag, held = ops.embedding_bag_sizes(weight, indices, offsets, include_last_offset, padding_idx)
    if mode == 0:
        held = creation.zeros_like(held)
    chosen = ops.embedding_bag_argmax(weight, indices, offsets, include_last_offset, padding_idx) if mode == 2 else held
    return out, bag, held, chosen


# --- losses ------------------------------------------------------------------------------------------------------------


def _reduction(name: str, reduction: Any) -> str:
    if isinstance(reduction, bool) or not isinstance(reduction, int):
        raise TypeError(f"{name}(): argument 'reduction' must be int, not {type(reduction).__name__}")
    return {1: "mean", 2: "sum"}.get(reduction, "none")


@overload("binary_cross_entropy_with_logits", method=False)
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None, reduction: int = 0
) -> Tensor:
    """Binary cross entropy of `sigmoid(input)`; `pos_weight` multiplies the positive examples."""
    meant = _reduction("binary_cross_entropy_with_logits", reduction)
    return ops.binary_cross_entropy_with_logits(input, target, weight, pos_weight, meant)


@overload("cosine_embedding_loss", method=False)
def cosine_embedding_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0) -> Tensor:
    """1 - cos for target 1, max(0, cos - margin) for target -1."""
    return ops.cosine_embedding_loss(input1, input2, target, margin, _reduction("cosine_embedding_loss", reduction))


@overload("hinge_embedding_loss", method=False)
def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """The input for target 1, max(0, margin - input) for target -1."""
    return ops.hinge_embedding_loss(input, target, margin, _reduction("hinge_embedding_loss", reduction))


@overload("margin_ranking_loss", method=False)
def margin_ranking_loss(input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0) -> Tensor:
    """max(0, margin - target * (input1 - input2))."""
    return ops.margin_ranking_loss(input1, input2, target, margin, _reduction("margin_ranking_loss", reduction))


@overload("triplet_margin_loss", method=False)
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0, eps: float = 1e-06,
    swap: bool = False, reduction: int = 0,
) -> Tensor:  # fmt: skip
    """max(0, margin + d(anchor, positive) - d(anchor, negative))."""
    meant = _reduction("triplet_margin_loss", reduction)
    return ops.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, meant)


@overload("kl_div", method=False)
def kl_div(input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """Kullback-Leibler divergence; `input` holds log-probabilities."""
    return ops.kl_div(input, target, _reduction("kl_div", reduction), log_target)


@overload("poisson_nll_loss", method=False)
def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """exp(input) - target * input, or with `log_input=False` input - target * log(input + eps)."""
    return ops.poisson_nll_loss(input, target, log_input, full, eps, _reduction("poisson_nll_loss", reduction))


def ctc(log_probs: Tensor, targets: Tensor, lengths: tuple, blank: int, reduction: str, zero_infinity: bool) -> Tensor:
    """Connectionist temporal classification; the lengths may be sequences of numbers."""
    tensors = (x if isinstance(x, Tensor) else creation.tensor(x, dtype=int64, device=log_probs.device) for x in lengths)
    return ops._ctc_loss(log_probs, targets, *tensors, blank, reduction, zero_infinity)


@overload("ctc_loss", method=False)
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Connectionist temporal classification (Graves et al., 2006)."""
    meant = _reduction("ctc_loss", reduction)
    return ctc(log_probs, targets, (input_lengths, target_lengths), blank, meant, zero_infinity)
