"""Which values a parameter or a sample may have: `constraints.positive.check(x)` says so element by element.

The checks are written with what tensors and numpy arrays have in common, so that values that are there already can be
looked at on the host (see `validation`); those of matrices need tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base.numeric import finfo
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import full
from torchlike.tensor.overloads import NAMESPACES

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval", "is_dependent",
    "less_than", "lower_cholesky", "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot",
    "positive", "positive_definite", "positive_integer", "positive_semidefinite", "real", "real_vector", "simplex", "square",
    "stack", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A region in which a variable may lie.

    Attributes:
        is_discrete: whether the region is a set of isolated points.
        event_dim: how many dimensions at the right belong to one value; `check` gives one answer for them together.

    >>> import torchlike as torch
    >>> torch.distributions.constraints.positive.check(torch.tensor([1.0, -1.0]))
    tensor([ True, False])
    """

    is_discrete: Any = False
    event_dim: Any = 0
    _on_host = False  # whether `check` takes numpy arrays, too
    _bounds: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """A bool tensor of shape `sample_shape + batch_shape`: True where the value lies in the region."""
        raise NotImplementedError

    def __repr__(self) -> str:
        bounds = ", ".join(f"{name}={getattr(self, name)}" for name in self._bounds)
        return f"{type(self).__name__.removeprefix('_')}({bounds})"


# ---- that depend on something else ----------------------------------------------------------------------------------


class _Dependent(Constraint):
    """Stands for a region that depends on other variables, and so can be checked by nobody.

    Args:
        is_discrete, event_dim: where they can be told anyway; otherwise asking for them raises NotImplementedError.
    """

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented):
        self._is_discrete = is_discrete
        self._event_dim = event_dim
        super().__init__()

    @property
    def is_discrete(self) -> bool:  # known only now
        if self._is_discrete is NotImplemented:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self) -> int:  # known only now
        if self._event_dim is NotImplemented:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def _told(self, is_discrete: Any, event_dim: Any) -> dict[str, Any]:
        return {
            "is_discrete": self._is_discrete if is_discrete is NotImplemented else is_discrete,
            "event_dim": self._event_dim if event_dim is NotImplemented else event_dim,
        }

    def __call__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> Any:
        """The same with more told: `dependent(is_discrete=True, event_dim=1)`."""
        return _Dependent(**self._told(is_discrete, event_dim))

    def check(self, value: Any) -> Any:
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Any) -> bool:
    """Whether the region depends on other variables."""
    return isinstance(constraint, _Dependent)


class _DependentProperty(property, _Dependent):
    """A property of an object that is a `dependent` constraint when read from its class.

    Args:
        fn: the property's getter; without one the result decorates it.
        is_discrete, event_dim: as those of a dependent constraint.
    """

    def __init__(
        self, fn: Callable[..., Any] | None = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented
    ):
        super().__init__(fn)
        self._is_discrete = is_discrete
        self._event_dim = event_dim

    def __call__(self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> Any:
        return _DependentProperty(fn, **self._told(is_discrete, event_dim))


# ---- made of others -------------------------------------------------------------------------------------------------


def _enough(value: Any, event_dim: int) -> None:
    if value.ndim < event_dim:
        raise ValueError(f"Expected value.dim() >= {event_dim} but got {value.ndim}")


def _together(result: Any, kept: int) -> Any:
    """All of what lies right of the first `kept` dimensions."""
    return result.reshape((*result.shape[:kept], math.prod(result.shape[kept:]))).all(-1) if result.ndim > kept else result


class _IndependentConstraint(Constraint):
    """Another constraint of which the `reinterpreted_batch_ndims` dimensions at the right must all hold."""

    def __init__(self, base_constraint: Any, reinterpreted_batch_ndims: int):
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(f"base_constraint must be a Constraint, got {type(base_constraint).__name__}")
        if reinterpreted_batch_ndims < 0:
            raise AssertionError(f"reinterpreted_batch_ndims must be >= 0, got {reinterpreted_batch_ndims}")
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:  # the base's
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # the base's
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        _enough(value, self.event_dim)
        result = self.base_constraint.check(value)
        return _together(result, result.ndim - self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"{type(self).__name__.removeprefix('_')}({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The constraint of a mixture's components, which a value must satisfy for all of them.

    Args:
        base_constraint: the components' constraint, with the components in the last batch dimension.
    """

    def __init__(self, base_constraint: Any):
        if not isinstance(base_constraint, Constraint):
            raise AssertionError(f"base_constraint must be a Constraint, got {type(base_constraint).__name__}")
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> bool:  # the base's
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # the base's
        return self.base_constraint.event_dim

    def check(self, value: Any) -> Any:
        _enough(value, self.event_dim)
        result = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return _together(result, value.ndim - self.event_dim)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_constraint!r})"


class _Several(Constraint):
    """One constraint for each of several parts of a value."""

    cseq: list[Any]

    @property
    def is_discrete(self) -> bool:  # the parts'
        return any(c.is_discrete for c in self.cseq)


class _Cat(_Several):
    """A constraint for each of several neighbouring parts along `dim`, `lengths` long (1 each by default)."""

    def __init__(self, cseq: Sequence[Any], dim: int = 0, lengths: Sequence[int] | None = None):
        if not all(isinstance(c, Constraint) for c in cseq):
            raise AssertionError("All elements of cseq must be Constraint instances")
        self.cseq = list(cseq)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        self.dim = dim
        if len(self.lengths) != len(self.cseq):
            raise AssertionError("lengths must have the same length as cseq")

    @property
    def event_dim(self) -> int:  # the parts'
        return max(c.event_dim for c in self.cseq)

    def check(self, value: Any) -> Any:
        _has_dim(value, self.dim)
        parts, start = [], 0
        for constraint, length in zip(self.cseq, self.lengths, strict=True):
            parts.append(constraint.check(value.narrow(self.dim, start, length)))
            start += length
        return NAMESPACES["torch"]["cat"](parts, self.dim)


class _Stack(_Several):
    """A constraint for each slice along `dim`."""

    def __init__(self, cseq: Sequence[Any], dim: int = 0):
        if not all(isinstance(c, Constraint) for c in cseq):
            raise AssertionError("All elements of cseq must be Constraint instances")
        self.cseq = list(cseq)
        self.dim = dim

    @property
    def event_dim(self) -> int:  # the parts'
        dim = max(c.event_dim for c in self.cseq)
        return dim + 1 if self.dim + dim < 0 else dim

    def check(self, value: Any) -> Any:
        _has_dim(value, self.dim)
        slices = range(value.shape[self.dim])
        parts = [c.check(value.select(self.dim, i)) for i, c in zip(slices, self.cseq, strict=False)]
        return NAMESPACES["torch"]["stack"](parts, self.dim)


def _has_dim(value: Any, dim: int) -> None:
    if not -value.ndim <= dim < value.ndim:
        raise AssertionError(f"dim {dim} out of range for value with {value.ndim} dimensions")


# ---- of numbers -----------------------------------------------------------------------------------------------------


class _Real(Constraint):
    """Any number but NaN."""

    _on_host = True

    def check(self, value: Any) -> Any:
        return value == value


class _Boolean(Constraint):
    """0 or 1."""

    is_discrete = True
    _on_host = True

    def check(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _Above(Constraint):
    """Numbers that one bound limits from below."""

    _on_host = True
    _bounds = ("lower_bound",)

    def __init__(self, lower_bound: Any):
        self.lower_bound = lower_bound
        super().__init__()


class _Below(Constraint):
    """Numbers that one bound limits from above."""

    _on_host = True
    _bounds = ("upper_bound",)

    def __init__(self, upper_bound: Any):
        self.upper_bound = upper_bound
        super().__init__()


class _Between(Constraint):
    """Numbers between two bounds."""

    _on_host = True
    _bounds = ("lower_bound", "upper_bound")

    def __init__(self, lower_bound: Any, upper_bound: Any):
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound
        super().__init__()


class _GreaterThan(_Above):
    """Numbers in `(lower_bound, inf]`."""

    def check(self, value: Any) -> Any:
        return self.lower_bound < value


class _GreaterThanEq(_Above):
    """Numbers in `[lower_bound, inf)`."""

    def check(self, value: Any) -> Any:
        return self.lower_bound <= value


class _LessThan(_Below):
    """Numbers in `[-inf, upper_bound)`."""

    def check(self, value: Any) -> Any:
        return value < self.upper_bound


class _Interval(_Between):
    """Numbers in `[lower_bound, upper_bound]`."""

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Between):
    """Numbers in `[lower_bound, upper_bound)`."""

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _IntegerInterval(_Between):
    """Whole numbers in `[lower_bound, upper_bound]`."""

    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class _IntegerLessThan(_Below):
    """Whole numbers in `(-inf, upper_bound]`."""

    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value <= self.upper_bound)


class _IntegerGreaterThan(_Above):
    """Whole numbers in `[lower_bound, inf)`."""

    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value >= self.lower_bound)


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


# ---- the names ------------------------------------------------------------------------------------------------------

dependent = _Dependent()
dependent_property = _DependentProperty
independent = _IndependentConstraint
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
