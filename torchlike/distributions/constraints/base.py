"""What a constraint is, and those that depend on something else."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


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


def _together(result: Any, kept: int) -> Any:
    """All of what lies right of the first `kept` dimensions."""
    return result.reshape((*result.shape[:kept], math.prod(result.shape[kept:]))).all(-1) if result.ndim > kept else result
