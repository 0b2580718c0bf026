"""Transforms against torch's: values, inverses, volumes with gradients, shapes, what they say of themselves; the registries."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.agree import eager

X = [[-1.5, 0.3, 2.0], [0.7, -0.2, 0.1]]
POSITIVE = [[1.5, 0.3, 2.0], [0.7, 0.2, 0.1]]
MATRIX = [[[0.5, 9.0], [-1.0, 0.3]], [[-0.2, 9.0], [0.8, 1.0]]]
# `(distributions, namespace) -> transform`, and what goes in.
CASES: dict[str, tuple[Callable[[Any, Any], Any], list]] = {
    "Abs": (lambda d, t: d.AbsTransform(), X),
    "Affine": (lambda d, t: d.AffineTransform(0.5, -2.0), X),
    "Affine of vectors": (lambda d, t: d.AffineTransform(t.tensor([0.5, 1.0, 2.0]), t.tensor([-2.0, 1.0, 0.3]), 1), X),
    "Affine of numbers in vectors": (lambda d, t: d.AffineTransform(0.5, 3, event_dim=1), X),
    "Cat": (lambda d, t: d.CatTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)], 1, [1, 2]), X),
    "Cat of vectors": (
        lambda d, t: d.CatTransform([d.IndependentTransform(d.ExpTransform(), 1), d.AffineTransform(1.0, 2.0, 1)], 0),
        X,
    ),
    "Compose": (lambda d, t: d.ComposeTransform([d.AffineTransform(0.0, 0.5), d.ExpTransform(), d.TanhTransform()]), X),
    "Compose of vectors": (lambda d, t: d.ComposeTransform([d.SigmoidTransform(), d.StickBreakingTransform()]), X),
    "CorrCholesky": (lambda d, t: d.CorrCholeskyTransform(), X),
    "CumulativeDistribution": (lambda d, t: d.CumulativeDistributionTransform(d.Normal(0.0, 2.0)), X),
    "Exp": (lambda d, t: d.ExpTransform(), X),
    "Exp, inverse": (lambda d, t: d.ExpTransform().inv, POSITIVE),
    "Exp, cached": (lambda d, t: d.ExpTransform(cache_size=1), X),
    "Independent": (lambda d, t: d.IndependentTransform(d.ExpTransform(), 1), X),
    "LowerCholesky": (lambda d, t: d.LowerCholeskyTransform(), MATRIX),
    "PositiveDefinite": (lambda d, t: d.PositiveDefiniteTransform(), MATRIX),
    "Power": (lambda d, t: d.PowerTransform(t.tensor(-1.5)), POSITIVE),
    "Reshape": (lambda d, t: d.ReshapeTransform((3,), (1, 3)), X),
    "Sigmoid": (lambda d, t: d.SigmoidTransform(), X),
    "Softmax": (lambda d, t: d.SoftmaxTransform(), X),
    "Softplus": (lambda d, t: d.SoftplusTransform(), X),
    "Stack": (lambda d, t: d.StackTransform([d.ExpTransform(), d.TanhTransform(), d.AbsTransform()], -1), X),
    "StickBreaking": (lambda d, t: d.StickBreakingTransform(), X),
    "Tanh": (lambda d, t: d.TanhTransform(), X),
    "identity": (lambda d, t: d.identity_transform, X),
}
# Compared by default, the others with `-m full`.
DEFAULT = {
    "Abs",
    "Affine",
    "Affine of vectors",
    "Exp, cached",
    "Exp, inverse",
    "Independent",
    "Power",
    "Sigmoid",
    "StickBreaking",
}
SHAPES = ((), (3,), (2, 3), (4, 3, 3), (6,))


def attempt(action: Callable[[], Any]) -> Any:
    try:
        found = action()
    except Exception as error:
        return type(error).__name__
    if hasattr(found, "detach"):
        return found.detach().numpy()
    return tuple(found) if isinstance(found, (tuple, list)) else found


def seen(namespace: Any, name: str) -> dict[str, Any]:
    make, values = CASES[name]
    made = make(importlib.import_module(f"{namespace.__name__}.distributions"), namespace)
    x = namespace.tensor(values, requires_grad=True)
    y = made(x)
    found = {"y": y.detach().numpy(), "x": attempt(lambda: made.inv(y.detach().clone())), "repr": repr(made)}
    volume: Any = None
    try:
        volume = made.log_abs_det_jacobian(x, y)
        found["volume"] = volume.detach().numpy()
    except NotImplementedError:
        found["volume"] = "NotImplementedError"
    total = y.square().sum() + (0 if volume is None else volume.sum())
    found["gradient"] = namespace.autograd.grad(total, x)[0].numpy()
    for attribute in ("domain", "codomain", "bijective", "sign", "event_dim"):
        answer = attempt(lambda attribute=attribute: getattr(made, attribute))
        found[attribute] = answer if isinstance(answer, (bool, int, float, np.ndarray)) else repr(answer)
    for shape in SHAPES:
        found[f"forward {shape}"] = attempt(lambda shape=shape: made.forward_shape(shape))
        found[f"inverse {shape}"] = attempt(lambda shape=shape: made.inverse_shape(shape))
    found["equal"] = made == make(importlib.import_module(f"{namespace.__name__}.distributions"), namespace)
    found["inverse of inverse"] = made.inv.inv is made
    found["cached"] = repr(attempt(lambda: made.with_cache(1)._cache_size))
    return found


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in DEFAULT else pytest.mark.full) for n in CASES])
def test_as_in_torch(name: str) -> None:
    with eager(True):
        ours, theirs = seen(torchlike, name), seen(torch, name)
    for what, expected in theirs.items():
        if isinstance(expected, np.ndarray):
            np.testing.assert_allclose(ours[what], expected, 2e-5, 2e-6, err_msg=what)
        else:
            assert ours[what] == expected, what


def test_cache_and_copies() -> None:
    """With a cache the inverse of what was just computed is what it was computed from."""
    transform = torchlike.distributions.TanhTransform(cache_size=1)
    x = torchlike.tensor([20.0])
    assert transform.inv(transform(x)) is x
    assert transform.inv.inv is transform
    copy = pickle.loads(pickle.dumps(transform))
    assert copy == transform
    with pytest.raises(ValueError, match="cache_size"):
        torchlike.distributions.ExpTransform(cache_size=2)
    with pytest.raises(TypeError):
        hash(transform)


REGIONS = {
    "real": lambda c: c.real,
    "positive": lambda c: c.positive,
    "nonnegative": lambda c: c.nonnegative,
    "unit_interval": lambda c: c.unit_interval,
    "interval": lambda c: c.interval(1, 3.0),
    "half open": lambda c: c.half_open_interval(1, 3.0),
    "less": lambda c: c.less_than(2.0),
    "greater": lambda c: c.greater_than(2),
    "simplex": lambda c: c.simplex,
    "lower_cholesky": lambda c: c.lower_cholesky,
    "positive_definite": lambda c: c.positive_definite,
    "positive_semidefinite": lambda c: c.positive_semidefinite,
    "corr_cholesky": lambda c: c.corr_cholesky,
    "cat": lambda c: c.cat([c.real, c.positive], 0, [1, 2]),
    "stack": lambda c: c.stack([c.real, c.positive, c.less_than(0.0)]),
    "independent": lambda c: c.independent(c.positive, 1),
    "boolean": lambda c: c.boolean,
    "dependent": lambda c: c.dependent,
}


@pytest.mark.full
def test_registries() -> None:
    for name, region in REGIONS.items():
        for registry in ("biject_to", "transform_to"):
            answers = []
            for namespace in (torchlike, torch):
                d = importlib.import_module(f"{namespace.__name__}.distributions")
                given = [[0.5, 9.0, 1.0], [-1.0, 0.3, 0.2], [0.1, 0.2, -0.3]]
                x = namespace.tensor(given[0] if name == "corr_cholesky" else given)
                try:
                    made = getattr(d, registry)(region(d.constraints))
                    answers.append((repr(made), np.asarray(made(x)), bool(region(d.constraints).check(made(x)).all())))
                except NotImplementedError as error:
                    answers.append((str(error), np.zeros(0), True))
            (text, values, held), (their_text, their_values, _) = answers
            assert text == their_text
            assert held, name
            np.testing.assert_allclose(values, their_values, 1e-5, 1e-6, err_msg=name)
    with pytest.raises(TypeError, match="Constraint subclass or instance"):
        torchlike.distributions.biject_to.register(3, lambda constraint: constraint)
