"""Covariance, norms held below a bound, sums of products in place."""

from __future__ import annotations

from typing import Any

from torchlike.base.promotion import scalar_name
from torchlike.tensor import functions as ops
from torchlike.tensor.memory import resize_
from torchlike.tensor.overloads.linalg import known_values
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


@overload("cov")
def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariance matrix of the rows (variables); columns are observations, weighted by their counts and importances.

    Raises:
        RuntimeError: for shapes and dtypes that do not fit, and negative weights (to know, the program has to run).
    """
    _check_plane("cov", input)
    observations = input.shape[1] if input.ndim == 2 else input.numel()
    _check_weights("fweights", fweights, observations)
    _check_weights("aweights", aweights, observations)
    return ops.cov(input, fweights, aweights, correction)


@overload("corrcoef")
def corrcoef(input: Tensor) -> Tensor:
    """The correlation matrix of the rows, its entries held in [-1, 1]."""
    _check_plane("corrcoef", input)
    return ops.corrcoef(input)


def _check_plane(name: str, input: Tensor) -> None:
    if input.ndim > 2:
        raise RuntimeError(
            f"{name}(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )


def _check_weights(name: str, weights: Tensor | None, observations: int) -> None:
    if weights is None:
        return
    if weights.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.ndim} dimensions"
        )
    importance = name == "aweights"
    if weights.dtype.is_floating_point is not importance:
        wanted = "floating point" if importance else "integral"
        raise RuntimeError(
            f"cov(): expected {name} to have {wanted} dtype but got {name} with {scalar_name(weights.dtype)} dtype"
        )
    if weights.numel() != observations:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{weights.numel()} != {observations}"
        )
    values = known_values(weights)
    if values is not None and (values < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")


def _check_renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> None:
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    if isinstance(p, complex) or p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")


@overload("renorm")
def renorm(input: Tensor, p: float, dim: int, maxnorm: float, *, out: Any = None) -> Tensor:
    """Each slice along `dim` scaled down to `maxnorm` where its p-norm is above that."""
    _check_renorm(input, p, dim, maxnorm)
    return ops.renorm_slices(input, float(p), dim, float(maxnorm), out=out)


@overload("renorm_", function=False)
def renorm_(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """`renorm` in place."""
    _check_renorm(self, p, dim, maxnorm)
    return ops.renorm_slices_(self, float(p), dim, float(maxnorm))


@overload("addbmm_", function=False)
def addbmm_(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """`addbmm` in place. Unlike other in-place methods it takes the shape of the result where it has fewer elements."""
    made = ops.addbmm(self, batch1, batch2, beta=beta, alpha=alpha)
    return (self if made.shape == self.shape else resize_(self, made.shape)).copy_(made)
