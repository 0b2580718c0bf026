"""What pruning methods check and count."""

from __future__ import annotations

import numbers
from typing import Any

from torchlike.tensor import Tensor
from torchlike.tensor.overloads.reductions import norm as norm_of


def _validate_pruning_amount_init(amount: Any) -> None:
    value: Any = amount
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if value < 0 or (not whole and value > 1.0):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


def _validate_pruning_amount(amount: Any, tensor_size: int) -> None:
    whole = isinstance(amount, numbers.Integral)
    if whole and amount > tensor_size:
        raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={tensor_size}")


def _validate_structured_pruning(t: Any) -> None:
    if t.dim() <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. "
            f"Found tensor of shape {t.shape} with {t.dim()} dims"
        )


def _validate_pruning_dim(t: Any, dim: int) -> None:
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


def _compute_nparams_toprune(amount: Any, tensor_size: int) -> int:
    whole = isinstance(amount, numbers.Integral)
    return amount if whole else round(amount * tensor_size)


def _compute_norm(t: Any, n: Any, dim: int) -> Tensor:
    """The `n`-norm over all dimensions but `dim`."""
    dims = list(range(t.dim()))
    dims.pop(dim)
    return norm_of(t, p=n, dim=dims)
