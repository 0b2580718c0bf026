"""Odd corners against torch: expansion, degenerate parameters, broadcasting, integers, shapes of samples, helpers."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.agree import eager

INF = float("inf")
# Each is `(distributions, namespace) -> anything`: tensors, numbers, shapes, or an error.
ASKED: list[Callable[[Any, Any], Any]] = [
    lambda d, t: d.Normal(t.tensor([0.0, 1.0]), t.tensor([1.0, 2.0])).expand((3, 2)).loc.stride(),
    lambda d, t: d.Bernoulli(t.tensor([0.1, 0.9])).expand((3, 2)).logits.shape,
    lambda d, t: d.Categorical(logits=t.tensor([0.0, 1.0])).expand((3,)).param_shape,
    lambda d, t: d.Independent(d.Normal(t.zeros(2, 3), 1.0), 1).expand((4, 2)).batch_shape,
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(3), 1.0), [d.StickBreakingTransform()]),
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(2, 3), 1.0), [d.StickBreakingTransform()]).event_shape,
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(2, 6), 1.0), [d.ReshapeTransform((6,), (2, 3))]).event_shape,
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(2), 1.0), [d.AffineTransform(t.zeros(3, 1), 1.0)]).batch_shape,
    lambda d, t: d.Normal(0.0, 1.0).log_prob(t.tensor([1, 2])),
    lambda d, t: d.Poisson(t.tensor([1.0, 0.0])).log_prob(t.tensor([0, 0])),
    lambda d, t: d.Uniform(0.0, 1.0).log_prob(t.tensor(1.0)),
    lambda d, t: d.Gamma(1.0, 1.0).log_prob(0.5),
    lambda d, t: d.Multinomial(0, t.ones(3)).sample(),
    lambda d, t: d.Multinomial(5, t.ones(2, 3)).sample((4,)).shape,
    lambda d, t: d.Categorical(t.ones(2, 3)).sample((4, 5)).shape,
    lambda d, t: d.Binomial(t.tensor([3.0, 0.0]), t.tensor([0.5, 0.2])).log_prob(t.tensor([2.0, 0.0])),
    lambda d, t: d.Binomial(3, t.tensor([0.0, 1.0])).log_prob(t.tensor([0.0, 3.0])),
    lambda d, t: d.Bernoulli(t.tensor([0.0, 1.0])).entropy(),
    lambda d, t: d.Categorical(t.tensor([0.0, 1.0])).entropy(),
    lambda d, t: d.Categorical(logits=t.tensor([-INF, 1.0])).entropy(),
    lambda d, t: d.kl_divergence(d.Bernoulli(t.tensor([0.0, 1.0])), d.Bernoulli(t.tensor([0.5, 1.0]))),
    lambda d, t: d.kl_divergence(d.Categorical(t.tensor([0.0, 1.0])), d.Categorical(t.tensor([0.5, 0.5]))),
    lambda d, t: d.OneHotCategorical(t.tensor([0.2, 0.8])).enumerate_support().shape,
    lambda d, t: d.Bernoulli(t.tensor([0.2, 0.8])).enumerate_support(),
    lambda d, t: (
        d.Normal(
            0.0,
            1.0,
        ).has_rsample
    ),
    lambda d, t: d.StudentT(t.tensor(3.0)).expand((2,)).rsample((3,)).shape,
    lambda d, t: d.LKJCholesky(3).expand((2,)).sample((4,)).shape,
    lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(2)), d.Poisson(t.tensor([1.0, 2.0]))).log_prob(t.tensor(1.0)),
    lambda d, t: d.Beta(t.tensor([1.0, 2.0]), 1.0).expand((3, 2)).concentration1.shape,
    lambda d, t: d.Dirichlet(t.ones(3)).expand((2,)).mean.shape,
    lambda d, t: d.Weibull(1.0, 2.0).expand((2,)).mean,
    lambda d, t: d.RelaxedBernoulli(t.tensor(1.0), probs=t.tensor([0.5, 0.4])).expand((3, 2)).rsample().shape,
    lambda d, t: d.RelaxedOneHotCategorical(t.tensor(1.0), probs=t.ones(3)).expand((2,)).rsample().shape,
    lambda d, t: d.Wishart(t.tensor(4.0), t.eye(3)).expand((2,)).rsample().shape,
    lambda d, t: d.LowRankMultivariateNormal(t.zeros(3), t.ones(3, 1), t.ones(3)).expand((2,)).covariance_matrix.shape,
    lambda d, t: (
        d.LowRankMultivariateNormal(t.zeros(3), t.ones(3, 1), t.ones(3)).precision_matrix,
        d.LowRankMultivariateNormal(t.zeros(3), t.ones(3, 1), t.ones(3)).scale_tril,
    ),
    lambda d, t: (
        d.MultivariateNormal(t.zeros(2), precision_matrix=t.tensor([[2.0, 0.5], [0.5, 1.0]])).covariance_matrix,
        d.MultivariateNormal(t.zeros(2), t.tensor([[2.0, 0.5], [0.5, 1.0]])).precision_matrix,
    ),
    lambda d, t: d.HalfNormal(t.tensor([1.0, 2.0])).expand((3, 2)).scale.shape,
    lambda d, t: d.Pareto(t.tensor([1.0, 2.0]), 1.0).mean,
    lambda d, t: d.Cauchy(0.0, 1.0).entropy(),
    lambda d, t: d.utils.broadcast_all(t.ones(2), 1.0),
    lambda d, t: (d.utils.vec_to_tril_matrix(t.arange(6.0)), d.utils.tril_matrix_to_vec(t.arange(9.0).reshape(3, 3))),
    lambda d, t: d.utils.vec_to_tril_matrix(t.arange(5.0)),
    lambda d, t: d.utils.tril_matrix_to_vec(t.arange(9.0).reshape(3, 3), 5),
    lambda d, t: d.Gumbel(t.tensor([0.0, 1.0]), 1.0).expand((2, 2)).icdf(t.tensor(0.5)),
    lambda d, t: d.Kumaraswamy(t.tensor(2.0), 3.0).rsample((2,)).shape,
    lambda d, t: d.Independent(d.Categorical(t.ones(2, 3)), 0).enumerate_support().shape,
    lambda d, t: d.Normal(t.tensor(0.0, dtype=t.float64), 1.0).sample().dtype,
    lambda d, t: d.NegativeBinomial(t.tensor([2.0, 3.0]), t.tensor(0.5)).sample((2,)).shape,
    lambda d, t: d.Binomial(t.tensor([2, 3]), t.tensor(0.5)).total_count,
    lambda d, t: d.VonMises(t.tensor(0.0), t.tensor(1e-6)).sample((2,)).shape,
    lambda d, t: d.Bernoulli(True).probs,
    lambda d, t: d.Normal(t.zeros(2, requires_grad=True), 1.0).sample().requires_grad,
    lambda d, t: d.Normal(t.zeros(2, requires_grad=True), 1.0).rsample().requires_grad,
    lambda d, t: d.Distribution.arg_constraints.__class__.__name__,
    lambda d, t: (d.Uniform.support.event_dim, d.Categorical.support.is_discrete, d.Beta.support),
    lambda d, t: d.LogisticNormal(t.zeros(4, 2), t.ones(2)).expand((3, 4)).sample().shape,
    lambda d, t: d.ContinuousBernoulli(t.tensor([0.5, 0.2])).expand((2, 2)).mean,
    lambda d, t: d.Geometric(logits=t.tensor([0.5, 0.2])).expand((2, 2)).probs,
]


def answer(namespace: Any, ask: Callable) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = ask(importlib.import_module(f"{namespace.__name__}.distributions"), namespace)
        except Exception as error:
            return type(error).__name__
    return found if isinstance(found, tuple) else (found,)


DEFAULT = 20  # so many are asked by default, the others with `-m full`


@pytest.mark.parametrize("number", [pytest.param(n, marks=() if n < DEFAULT else pytest.mark.full) for n in range(len(ASKED))])
def test_as_in_torch(number: int) -> None:
    with eager(True):
        theirs, ours = (answer(namespace, ASKED[number]) for namespace in (torch, torchlike))
    assert len(ours) == len(theirs)
    for mine, its in zip(ours, theirs, strict=True):
        if isinstance(its, torch.Tensor):
            assert str(mine.dtype) == str(its.dtype)
            np.testing.assert_allclose(mine.detach().numpy(), its.detach().numpy(), 2e-5, 2e-6)
        elif isinstance(its, (bool, int, float, str, type(None))):
            assert mine == its
        elif isinstance(its, tuple):
            assert tuple(mine) == tuple(its)
        else:
            assert repr(mine) == repr(its)


def test_files_go_both_ways(tmp_path: Path) -> None:
    """What one saves the other loads. (A pickled inverse is lost in torch's own files, so none is taken from there.)"""
    for writer, reader, inverse in ((torch, torchlike, False), (torchlike, torch, True)):
        d = importlib.import_module(f"{writer.__name__}.distributions")
        transforms = [d.ExpTransform(), d.TanhTransform().inv if inverse else d.TanhTransform()]
        made = [d.Beta(2.0, 4.0), d.Categorical(writer.ones(3)), d.TransformedDistribution(d.Normal(0.0, 1.0), transforms)]
        writer.save(made, tmp_path / "made.pth")
        for loaded, original in zip(reader.load(tmp_path / "made.pth", weights_only=False), made, strict=True):
            value = 1 if isinstance(original, d.Categorical) else 0.5
            found = (x.log_prob(space.tensor(value)).item() for x, space in ((loaded, reader), (original, writer)))
            assert type(loaded).__module__.partition(".")[0] == reader.__name__
            assert next(found) == pytest.approx(next(found), rel=1e-5)
