"""Matrix products with scales or over groups, and the linear layer that ends in a cross entropy."""

from __future__ import annotations

import enum
from typing import Any

from torchlike.base.dtypes import bfloat16
from torchlike.base.errors import missing
from torchlike.tensor import functions as ops


class ScalingType(enum.Enum):
    """What one scale covers: the whole matrix, a row, or a block of it."""

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class SwizzleType(enum.Enum):
    """The order in which scales lie in memory."""

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


def _one(value: Any, name: str) -> Any:
    """The only entry of a list, or the value itself."""
    if not isinstance(value, (list, tuple)):
        return value
    if len(value) != 1:
        raise NotImplementedError(f"scaled_mm(): several values of {name} (scales of two levels) are not there")
    return value[0]


def scaled_mm(
    mat_a, mat_b, scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None,
    output_dtype=bfloat16, contraction_dim=(), use_fast_accum=False,
):  # fmt: skip
    """(mat_a * scale_a) @ (mat_b * scale_b) + bias of float8 matrices: `(M, K)`, `(K, N)` -> `(M, N)`.

    The recipes are `ScalingType.TensorWise` (one number each) or `RowWise` (`(M, 1)` and `(1, N)`), as in torch on CPU.

    Raises:
        ValueError: other recipes, or scales that do not have their shape.
    """
    for recipe in (_one(scale_recipe_a, "scale_recipe_a"), _one(scale_recipe_b, "scale_recipe_b")):
        if recipe not in (ScalingType.TensorWise, ScalingType.RowWise):
            raise ValueError(f"Invalid scaling configuration: scales are for the whole matrix or for rows, got {recipe}")
    for swizzle in (_one(swizzle_a, "swizzle_a"), _one(swizzle_b, "swizzle_b")):
        if swizzle not in (None, SwizzleType.NO_SWIZZLE):
            raise ValueError("CPU does not support swizzle.")
    scales = (_one(scale_a, "scale_a"), _one(scale_b, "scale_b"))
    return ops._scaled_mm(mat_a, mat_b, *scales, bias, None, output_dtype, use_fast_accum)


def grouped_mm(mat_a, mat_b, *, offs=None, bias=None, out_dtype=None):
    """Products of groups of rows with their own matrices, as in a mixture of experts.

    `(M, K)` and `(G, K, N)` give `(M, N)`: the group `i` of rows ends at `offs[i]` (int32). `(G, M, K)` and `(K, N)` group
    columns, `(M, K)` and `(K, N)` what is summed over -> `(G, M, N)`; without `offs` `(G, M, K)`, `(G, K, N)` are a `bmm`.
    """
    return ops._grouped_mm(mat_a, mat_b, offs, bias, out_dtype)


def scaled_grouped_mm(
    mat_a, mat_b, scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None, offs=None,
    output_dtype=None, contraction_dim=(), use_fast_accum=False,
):  # fmt: skip
    """Not there; torch has it on some GPUs only."""
    raise missing("torch.nn.functional.scaled_grouped_mm", "scale the matrices, then call grouped_mm")


def linear_cross_entropy(
    input, linear_weight, target, *, linear_bias=None, weight=None, reduction="mean", ignore_index=None, label_smoothing=0.0,
    options=None,
):  # fmt: skip
    """`cross_entropy(linear(input, linear_weight, linear_bias), target)`.

    Args:
        input: `(N, in)` or `(in,)`.
        linear_weight: `(C, in)`, or `(C, *, in)` for a loss at each of several places.
        target: class indices `(N, *)` or probabilities `(N, C, *)`.
        linear_bias: `(C, *)`.
        options: a `LinearCrossEntropyOptions`: the logits are computed for some rows at a time and never stand in memory
            all together; the gradient computes them again. Any derivative works (torch: the first only).
    """
    rows = None if options is None else chunk_rows(options, input, linear_weight)
    return ops.linear_cross_entropy(
        input, linear_weight, target, linear_bias, weight, reduction, ignore_index, label_smoothing, rows
    )


def chunk_rows(options: Any, input: Any, linear_weight: Any) -> int:
    """How many rows of logits to compute at a time: as many as take twice the input's memory, unless the options say."""
    if options.batch_chunk_size is not None:
        return int(options.batch_chunk_size)
    per_row = max(linear_weight.numel() // max(linear_weight.shape[-1], 1), 1)
    return max(1, 2 * input.numel() // per_row)
