"""Constraints made of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.distributions.constraints.base import Constraint, _together
from torchlike.tensor.overloads import NAMESPACES


def _enough(value: Any, event_dim: int) -> None:
    if value.ndim < event_dim:
        raise ValueError(f"Expected value.dim() >= {event_dim} but got {value.ndim}")


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
