"""Samples: torch's own numbers on the CPU, the right distribution on devices, and how they move with their parameters."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch

import torchlike
from tests.agree import eager
from tests.distributions.cases import CASES
from torchlike.base.flags import flags

# Drawn by default; the others with `-m full`.
DEFAULT = {"Bernoulli", "Categorical", "Gamma", "Normal", "Poisson", "StudentT", "Uniform", "VonMises"}


def drawn(namespace: Any, name: str, dtype: str) -> list[np.ndarray]:
    """Samples of several shapes, and what the generator gives afterwards."""
    distributions = importlib.import_module(f"{namespace.__name__}.distributions")
    case = CASES[name]
    parameters = {k: namespace.tensor(v, dtype=getattr(namespace, dtype)) for k, v in case.parameters.items()}
    made = case.make(distributions, parameters)
    namespace.manual_seed(7)
    found = [made.sample((3,)), made.sample(), made.expand((2, *made.batch_shape)).sample((5,))]
    return [*(np.asarray(x) for x in found), np.asarray(namespace.rand(3))]


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.full)])
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in DEFAULT else pytest.mark.full) for n in CASES])
def test_same_seed_same_samples(name: str, dtype: str) -> None:
    near = 2e-5 if dtype == "float32" else 1e-12
    with eager(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for ours, theirs in zip(drawn(torchlike, name, dtype), drawn(torch, name, dtype), strict=True):
            assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
            np.testing.assert_allclose(ours, theirs, near, near)


def test_gamma_numbers_are_torchs_to_the_last_bit() -> None:
    for kind in ("float32", "float64"):
        values = np.random.default_rng(0).gamma(1.0, 2.0, size=(200, 3)) + 1e-3
        for draw in ("_standard_gamma", "_sample_dirichlet"):
            found = []
            for namespace in (torchlike, torch):
                namespace.manual_seed(11)
                given = namespace.tensor(values, dtype=getattr(namespace, kind))
                found.append((getattr(namespace, draw)(given), namespace.randn(3), namespace.rand(2)))
            for ours, theirs in zip(*found, strict=True):
                np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_pending_parameters_give_the_same_numbers() -> None:
    """What can be drawn without looking at the parameters is, and nothing has to run for it."""
    d = torchlike.distributions
    weights = torchlike.tensor([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    families = [
        lambda w: d.Normal(w, w),
        lambda w: d.Bernoulli(w),
        lambda w: d.Categorical(w),
        lambda w: d.OneHotCategorical(w),
    ]
    for make in families:
        torchlike.manual_seed(3)
        expected = make(weights).sample()
        torchlike.manual_seed(3)
        runs = torchlike.engine.stats.run
        with torchlike.no_grad():
            found = make(weights * 1).sample()
        assert torchlike.engine.stats.run == runs
        np.testing.assert_allclose(found.numpy(), expected.numpy(), 1e-6)


# ---- the right distribution -----------------------------------------------------------------------------------------

COUNT = 4000
CONTINUOUS = {
    "Beta": ((2.0, 0.7), scipy.stats.beta(2.0, 0.7)),
    "Cauchy": ((0.5, 2.0), scipy.stats.cauchy(0.5, 2.0)),
    "Exponential": ((2.0,), scipy.stats.expon(scale=0.5)),
    "FisherSnedecor": ((4.0, 7.0), scipy.stats.f(4.0, 7.0)),
    "Gamma": ((0.6, 2.0), scipy.stats.gamma(0.6, scale=0.5)),
    "GeneralizedPareto": ((0.0, 1.0, 0.3), scipy.stats.genpareto(0.3)),
    "Gumbel": ((1.0, 2.0), scipy.stats.gumbel_r(1.0, 2.0)),
    "InverseGamma": ((3.0, 2.0), scipy.stats.invgamma(3.0, scale=2.0)),
    "Laplace": ((1.0, 2.0), scipy.stats.laplace(1.0, 2.0)),
    "Normal": ((1.0, 2.0), scipy.stats.norm(1.0, 2.0)),
    "Pareto": ((1.5, 3.0), scipy.stats.pareto(3.0, scale=1.5)),
    "StudentT": ((4.0,), scipy.stats.t(4.0)),
    "Uniform": ((-1.0, 2.0), scipy.stats.uniform(-1.0, 3.0)),
    "VonMises": ((0.3, 2.0), scipy.stats.vonmises(2.0, loc=0.3)),
    "Weibull": ((2.0, 1.5), scipy.stats.weibull_min(1.5, scale=2.0)),
}
DISCRETE = {
    "Bernoulli": ((0.3,), scipy.stats.bernoulli(0.3)),
    "Binomial": ((6, torchlike.tensor(0.3)), scipy.stats.binom(6, 0.3)),
    "Geometric": ((0.4,), scipy.stats.geom(0.4, loc=-1)),
    "NegativeBinomial": ((3.0, torchlike.tensor(0.4)), scipy.stats.nbinom(3.0, 0.6)),
    "Poisson": ((3.5,), scipy.stats.poisson(3.5)),
}


@pytest.fixture(params=[pytest.param("host", marks=pytest.mark.full), "device"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """Numbers drawn on the host, and by operations in the program."""
    before = flags.rng
    flags.rng = "torch" if request.param == "host" else "device"
    torchlike.manual_seed(17)
    yield request.param
    flags.rng = before


def test_distribution_of_samples(place: str) -> None:
    with eager(True):
        for name, (parameters, expected) in CONTINUOUS.items():
            samples = getattr(torchlike.distributions, name)(*parameters).sample((COUNT,)).numpy()
            assert scipy.stats.kstest(samples, expected.cdf).pvalue > 1e-3, name
        for name, (parameters, expected) in DISCRETE.items():
            samples = getattr(torchlike.distributions, name)(*parameters).sample((COUNT,)).numpy()
            _counted(samples, expected.pmf(np.arange(8)), name)
        shares = [0.1, 0.2, 0.3, 0.4]
        categorical = torchlike.distributions.Categorical(torchlike.tensor(shares))
        _counted(categorical.sample((COUNT,)).numpy(), np.array(shares), "Categorical")
        corner = torchlike.distributions.Dirichlet(torchlike.tensor([0.5, 1.5, 3.0])).sample((COUNT,))[:, 0].numpy()
        assert scipy.stats.kstest(corner, scipy.stats.beta(0.5, 4.5).cdf).pvalue > 1e-3


def _counted(samples: np.ndarray, chances: np.ndarray, name: str) -> None:
    seen = np.array([(samples == k).sum() for k in range(len(chances))], np.float64)
    chances = chances.clip(1e-12)
    seen, chances = np.append(seen, COUNT - seen.sum()), np.append(chances, max(1 - chances.sum(), 1e-12))
    keep = chances * COUNT > 5
    expected = chances[keep] / chances[keep].sum() * seen[keep].sum()
    assert scipy.stats.chisquare(seen[keep], expected).pvalue > 1e-3, name


# ---- how they move --------------------------------------------------------------------------------------------------


def moved(inverse: Callable[[np.ndarray], np.ndarray], a: np.ndarray) -> np.ndarray:
    """The derivative with respect to `a`, by differences."""
    step = 1e-6 * a
    return (inverse(a + step) - inverse(a - step)) / (2 * step)


def test_reparametrization_gradients_by_theory() -> None:
    """A number at a fixed level of its distribution function moves as the inverse of that function does."""
    grid = np.meshgrid([0.3, 1.0, 4.0, 60.0], [0.4, 1.0, 9.0, 300.0], np.linspace(0.02, 0.98, 25))
    a, b, levels = (part.ravel() for part in grid)
    x = scipy.special.gammaincinv(a, levels)
    found = torchlike._standard_gamma_grad(torchlike.tensor(a), torchlike.tensor(x)).numpy()
    np.testing.assert_allclose(found, moved(lambda a: scipy.special.gammaincinv(a, levels), a), 1e-5, 1e-9)
    x = scipy.special.betaincinv(a, b, levels)
    found = torchlike._dirichlet_grad(*map(torchlike.tensor, (x, a, a + b))).numpy() * (1 - x)
    inside = (x > 1e-9) & (x < 1 - 1e-9)  # beyond, differences of the inverse are all rounding
    slope = moved(lambda a: scipy.special.betaincinv(a, b, levels), a)
    np.testing.assert_allclose(found[inside], slope[inside], 1e-4, 1e-9)


def test_mean_of_gradients() -> None:
    """The mean of the gradient is the gradient of the mean."""
    concentration = torchlike.tensor(2.5, requires_grad=True)
    torchlike.distributions.Gamma(concentration, 2.0).rsample((3000,)).mean().backward()
    assert concentration.grad is not None
    assert abs(concentration.grad.item() - 0.5) < 0.02
