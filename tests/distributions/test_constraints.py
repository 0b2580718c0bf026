"""Constraints against torch's: what they hold for, their dimensions and their representations."""

from __future__ import annotations

import pytest
import torch

import torchlike
from tests.agree import eager

VECTORS = [[0.5, 0.5], [1.0, 0.0], [-1.0, 2.0], [float("nan"), 3.0]]
MATRICES = [[[2.0, 1.0], [1.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [2.0, 1.0]]]
NAMES = (
    "real positive boolean one_hot nonnegative_integer positive_integer real_vector nonnegative unit_interval simplex "
    "lower_triangular lower_cholesky corr_cholesky square symmetric positive_semidefinite positive_definite dependent"
).split()
MADE = {
    "interval": lambda c: c.interval(0, 1),
    "half_open": lambda c: c.half_open_interval(0, 1),
    "integers": lambda c: c.integer_interval(1, 2),
    "greater": lambda c: c.greater_than(0.0),
    "greater_eq": lambda c: c.greater_than_eq(1),
    "less": lambda c: c.less_than(0.0),
    "multinomial": lambda c: c.multinomial(3),
    "independent": lambda c: c.independent(c.positive, 1),
    "independent of two": lambda c: c.independent(c.positive, 2),
    "cat": lambda c: c.cat([c.real, c.positive], 1, [1, 1]),
    "stack": lambda c: c.stack([c.real, c.positive], -1),
    "mixture": lambda c: c.MixtureSameFamilyConstraint(c.simplex),
    "negative number": lambda c: c.independent(c.real, -2),
    "no constraint": lambda c: c.cat([1]),
    "told": lambda c: c.dependent(event_dim=1),
}


def seen(namespace, make) -> list:
    """All that can be seen of a constraint: its answers or errors."""
    import importlib

    constraints = importlib.import_module(f"{namespace.__name__}.distributions.constraints")

    def attempt(action):
        try:
            found = action()
        except Exception as error:
            return type(error).__name__, str(error)
        return found.tolist() if isinstance(found, namespace.Tensor) else found

    made = attempt(lambda: make(constraints))
    if isinstance(made, tuple):
        return [made]
    inputs = [namespace.tensor(VECTORS), namespace.tensor(VECTORS[:2]), namespace.tensor(MATRICES), namespace.tensor([2.0])]
    return [
        repr(made),
        attempt(lambda: made.is_discrete),
        attempt(lambda: made.event_dim),
        constraints.is_dependent(made),
        *(attempt(lambda x=x: made.check(x)) for x in inputs),
    ]


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("name", [*NAMES, *MADE])
def test_as_in_torch(name: str) -> None:
    make = MADE.get(name, lambda c: getattr(c, name))
    with eager(True):
        assert seen(torchlike, make) == seen(torch, make)


def test_dependent_property() -> None:
    constraints = torchlike.distributions.constraints

    class Between:
        @constraints.dependent_property(is_discrete=False, event_dim=0)
        def support(self):
            return constraints.unit_interval

        @constraints.dependent_property
        def other(self):
            return constraints.real

    assert constraints.is_dependent(Between.support)
    assert (Between.support.event_dim, Between.support.is_discrete) == (0, False)
    assert Between().support is constraints.unit_interval
    with pytest.raises(NotImplementedError):
        _ = Between.other.event_dim
