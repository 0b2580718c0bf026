"""Constraints of vectors and matrices."""

from __future__ import annotations

from typing import Any

from torchlike.base.numeric import finfo
from torchlike.distributions.constraints.base import Constraint, _together
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import full
from torchlike.tensor.overloads import NAMESPACES

# ---- of vectors -----------------------------------------------------------------------------------------------------


class _OneHot(Constraint):
    """Vectors of one 1 and zeros."""

    is_discrete = True
    event_dim = 1
    _on_host = True

    def check(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Simplex(Constraint):
    """Vectors of non-negative numbers with the sum 1 (within 1e-6)."""

    event_dim = 1
    _on_host = True

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (abs(value.sum(-1) - 1) < 1e-6)


class _Multinomial(Constraint):
    """Vectors of non-negative numbers with a sum of at most `upper_bound` (as torch checks it: it should be equal)."""

    is_discrete = True
    event_dim = 1
    _on_host = True

    def __init__(self, upper_bound: Any):
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


# ---- of matrices ----------------------------------------------------------------------------------------------------


class _Matrix(Constraint):
    event_dim = 2


class _LowerTriangular(_Matrix):
    """Square matrices with zeros above the diagonal."""

    def check(self, value: Any) -> Any:
        return _together(value.tril() == value, value.ndim - 2)


class _LowerCholesky(_LowerTriangular):
    """Lower triangular matrices with a positive diagonal."""

    def check(self, value: Any) -> Any:
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    """Lower triangular matrices with a positive diagonal and rows of length 1: Cholesky factors of correlation matrices."""

    def check(self, value: Any) -> Any:
        near = finfo(value.dtype).eps * value.shape[-1] * 10  # rounding grows with the length of the rows
        unit = (abs(value.square().sum(-1).sqrt() - 1) <= near).all(-1)
        return unit & super().check(value)


class _Square(_Matrix):
    """Square matrices."""

    def check(self, value: Any) -> Any:
        return full(value.shape[:-2], value.shape[-2] == value.shape[-1], device=value.device)


class _Symmetric(_Square):
    """Symmetric matrices, within rounding."""

    def check(self, value: Any) -> Any:
        square = super().check(value)
        if value.shape[-2] != value.shape[-1]:
            return square
        return _together(NAMESPACES["torch"]["isclose"](value, value.mT, atol=1e-6), value.ndim - 2)


class _PositiveSemidefinite(_Symmetric):
    """Symmetric matrices without a negative eigenvalue."""

    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        if value.shape[-2] != value.shape[-1]:
            return symmetric
        return _if_symmetric(symmetric, (ops.linalg_eigvalsh(value) >= 0).all(-1))


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices with positive eigenvalues only: those that have a Cholesky factor."""

    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        if value.shape[-2] != value.shape[-1]:
            return symmetric
        return _if_symmetric(symmetric, ops.linalg_cholesky_ex(value)[1] == 0)


def _if_symmetric(symmetric: Any, definite: Any) -> Any:
    """Both; where a matrix of the batch is not symmetric, torch looks no further than that."""
    return symmetric & (definite | ~symmetric.all())
