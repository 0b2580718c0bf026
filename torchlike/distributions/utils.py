"""What distributions have in common: broadcasting of parameters, probabilities and logits, attributes made when first read."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import update_wrapper
from numbers import Number
from typing import Any

from torchlike.autograd.grad_mode import enable_grad
from torchlike.base.dtypes import get_default_dtype
from torchlike.distributions import _torch as torch
from torchlike.distributions._torch import Tensor

__all__ = [
    "broadcast_all", "clamp_probs", "lazy_property", "logits_to_probs", "probs_to_logits", "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]  # fmt: skip

euler_constant = 0.57721566490153286060  # Euler-Mascheroni


def broadcast_all(*values: Any) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape; numbers take the dtype and device of the first tensor.

    Raises:
        ValueError: for what is neither a tensor nor a number.
    """
    if not all(isinstance(v, (Tensor, Number)) or hasattr(v, "__torch_function__") for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    if all(isinstance(v, Tensor) for v in values):
        return _one_shape(values)
    first = next((v for v in values if isinstance(v, Tensor)), None)
    options: dict[str, Any] = {"dtype": get_default_dtype()}
    if first is not None:
        options = {"dtype": first.dtype, "device": first.device}
    return _one_shape([v if isinstance(v, Tensor) else torch.tensor(v, **options) for v in values])


def _one_shape(values: Any) -> tuple[Tensor, ...]:
    """Views of one shape; what has it already stays itself."""
    shape = values[0].shape
    if all(v.shape == shape for v in values):
        return tuple(values)
    return tuple(torch.broadcast_tensors(*values))


def standard_normal(shape: Any, dtype: Any, device: Any) -> Tensor:
    """Normal numbers of mean 0 and standard deviation 1."""
    return torch.randn(shape, dtype=dtype, device=device)


def sum_rightmost(value: Any, dim: int) -> Any:
    """The sum over the `dim` dimensions at the right."""
    if dim == 0:
        return value
    return value.reshape((*value.shape[:-dim], math.prod(value.shape[-dim:]))).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of logits: log odds where `is_binary`, otherwise unnormalized log-probabilities in the last dimension."""
    return torch.sigmoid(logits) if is_binary else torch.softmax(logits, -1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept away from 0 and 1 by the smallest step of their dtype."""
    eps = torch.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The inverse of `logits_to_probs`, of clamped probabilities."""
    inside = clamp_probs(probs)
    return torch.log(inside) - torch.log1p(-inside) if is_binary else torch.log(inside)


class lazy_property:
    """An attribute that is computed when first read, with gradients on, and kept in the instance.

    Read from the class it is a property of the same getter.
    """

    def __init__(self, wrapped: Callable[..., Any]):
        self.wrapped = wrapped
        update_wrapper(self, wrapped)  # type: ignore[arg-type]  # an object that stands for a function

    def __get__(self, instance: Any, obj_type: Any = None) -> Any:
        if instance is None:
            return _lazy_property_and_property(self.wrapped)
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _lazy_property_and_property(lazy_property, property):
    """What a lazy property looks like from its class: documentation tools and `isinstance` see a property."""

    def __init__(self, wrapped: Callable[..., Any]):
        property.__init__(self, wrapped)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of `(..., D, D)` matrices, row by row, from diagonal `diag` down."""
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = torch.tril_indices(n, n, diag)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The inverse of `tril_matrix_to_vec`: `(..., D * (D + 1) / 2)` (for `diag` 0) to `(..., D, D)`, zeros above."""
    n = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if not torch.finfo(vec.dtype).eps > n - round(n) > -torch.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as the lower triangular part of a square "
            "D x D matrix."
        )
    side = round(n)
    mat = torch.zeros((*vec.shape[:-1], side, side), dtype=vec.dtype, device=vec.device)
    rows, columns = torch.tril_indices(side, side, diag)
    mat[..., rows, columns] = vec
    return mat


# Libraries import these by torch's private names.
_sum_rightmost, _standard_normal = sum_rightmost, standard_normal
