"""What is refused, in torch's words; and that checking leaves a training step one program."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

import torchlike
from torchlike.engine import stats

# Each is `(distributions, namespace) -> anything`; torch's class of error and its message must be ours.
REFUSED: list[Callable[[Any, Any], Any]] = [
    lambda d, t: d.Normal(t.zeros(2), t.tensor([1.0, -1.0])),
    lambda d, t: d.Normal(0.0, -1.0),
    lambda d, t: d.Normal("a", 1.0),
    lambda d, t: d.Normal(0.0, 1.0).log_prob("a"),
    lambda d, t: d.Normal(0.0, 1.0).log_prob(t.tensor(float("nan"))),
    lambda d, t: d.Normal(0.0, 1.0).expand([3]).log_prob(t.zeros(2)),
    lambda d, t: d.Normal(t.tensor([float("nan"), 1.0]), 1.0),
    lambda d, t: d.MultivariateNormal(t.tensor([0.0, 1.0]), t.tensor([[1.0, 0.0], [0.0, 1.0]])).log_prob(t.zeros(3)),
    lambda d, t: d.MultivariateNormal(t.tensor([0.0, 1.0]), t.tensor([[-1.0, 0.0], [0.0, 1.0]])),
    lambda d, t: d.MultivariateNormal(t.tensor([0.0, 1.0]), scale_tril=t.tensor([[1.0, 1.0], [0.0, 1.0]])),
    lambda d, t: d.MultivariateNormal(t.ones(2)),
    lambda d, t: d.MultivariateNormal(t.tensor(1.0), t.eye(2)),
    lambda d, t: d.MultivariateNormal(t.ones(2), t.ones(2)),
    lambda d, t: d.MultivariateNormal(t.ones(2), scale_tril=t.ones(2)),
    lambda d, t: d.LowRankMultivariateNormal(t.ones(2), t.ones(3, 1), t.ones(2)),
    lambda d, t: d.LowRankMultivariateNormal(t.ones(2), t.ones(2, 1), t.ones(3)),
    lambda d, t: d.Bernoulli(2.0),
    lambda d, t: d.Bernoulli(),
    lambda d, t: d.Bernoulli(0.1, 0.2),
    lambda d, t: d.Bernoulli(0.5).log_prob(t.tensor(0.3)),
    lambda d, t: d.Binomial(),
    lambda d, t: d.Binomial(t.tensor([3, 4]), t.tensor([0.5, 0.5])).enumerate_support(),
    lambda d, t: d.Binomial(3, t.tensor(0.5)).log_prob(t.tensor(4.0)),
    lambda d, t: d.Categorical(t.tensor(1.0)),
    lambda d, t: d.Categorical(t.tensor([-1.0, 2.0])),
    lambda d, t: d.Categorical(t.tensor([1.0, 2.0])).log_prob(t.tensor(2)),
    lambda d, t: d.Categorical(logits=t.tensor([1.0, float("nan")])),
    lambda d, t: d.ContinuousBernoulli(2.0, validate_args=True),
    lambda d, t: d.Dirichlet(t.tensor(1.0)),
    lambda d, t: d.Dirichlet(t.tensor([1.0, -1.0])),
    lambda d, t: d.Geometric(0.0),
    lambda d, t: d.LKJCholesky(1),
    lambda d, t: d.Multinomial(t.tensor([3]), t.tensor([0.5, 0.5])),
    lambda d, t: d.Multinomial(3, t.tensor([0.5, 0.5])).mode,
    lambda d, t: d.Uniform(1.0, 1.0),
    lambda d, t: d.Uniform(t.tensor([1.0, 2.0]), t.tensor([2.0, 2.0])),
    lambda d, t: d.Uniform(1.0, 2.0).log_prob(t.tensor(3.0)),
    lambda d, t: d.Wishart(t.tensor(1.0)),
    lambda d, t: d.Wishart(t.tensor(1.0), t.tensor([[1.0, 0.0], [0.0, 1.0]])),
    lambda d, t: d.Poisson(2.0).cdf(t.tensor(1.0)),
    lambda d, t: d.Poisson(2.0).rsample(),
    lambda d, t: d.Poisson(2.0).enumerate_support(),
    lambda d, t: d.Distribution(validate_args=False).mean,
    lambda d, t: d.Distribution.set_default_validate_args(3),
    lambda d, t: d.Independent(d.Normal(0.0, 1.0), 1),
    lambda d, t: d.Independent(d.Normal(t.zeros(2, 3), 1.0), 1).enumerate_support(),
    lambda d, t: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(t.zeros(3), 1.0)),
    lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(2)), d.Normal(t.zeros(3), 1.0)),
    lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(2, 2)), d.Normal(t.zeros(3, 2), 1.0)),
    lambda d, t: d.MixtureSameFamily(d.Categorical(t.ones(2)), d.Normal),
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(2), 1.0), [3]),
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(2), 1.0), 3),
    lambda d, t: d.TransformedDistribution(d.Normal(t.zeros(2), 1.0), [d.ExpTransform()]).log_prob(t.tensor([-1.0, 1.0])),
    lambda d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), [d.StickBreakingTransform()]),
    lambda d, t: d.Normal(t.zeros(2), 1.0).sample(3),
]


def refusal(namespace: Any, attempt: Callable) -> tuple[str, str]:
    distributions = importlib.import_module(f"{namespace.__name__}.distributions")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is compared
        attempt(distributions, namespace)
    return caught.type.__name__, str(caught.value).replace("torchlike.", "torch.")


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused_as_in_torch(number: int) -> None:
    ours, theirs = (refusal(namespace, REFUSED[number]) for namespace in (torchlike, torch))
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


@pytest.fixture
def checked() -> Iterator[type]:
    base = torchlike.distributions.Distribution
    before = base._validate_args
    yield base
    base.set_default_validate_args(before)


def test_turned_off(checked: type) -> None:
    d = torchlike.distributions
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    checked.set_default_validate_args(False)  # type: ignore[attr-defined]  # it is Distribution
    assert d.Normal(0.0, -1.0).scale.item() == -1
    with pytest.raises(ValueError, match="scale"):
        d.Normal(0.0, -1.0, validate_args=True)


def test_pending_parameters_are_checked_with_the_program() -> None:
    d = torchlike.distributions
    scale = torchlike.tensor([1.0, -1.0], requires_grad=True) * 2
    made = d.Normal(torchlike.zeros(2), scale)  # nothing is known yet
    with pytest.raises(
        ValueError, match=r"parameter scale .*GreaterThan\(lower_bound=0.0\)(.|\n)*2., -2.(.|\n)*test_validation.py:\d+"
    ):
        made.loc.tolist()
    assert made.loc.tolist() == [0.0, 0.0]  # it is raised once, and nothing is lost
    d.Normal(0.0, 1.0).log_prob(torchlike.tensor([0.0, float("inf")], requires_grad=True) * 0)
    with pytest.raises(ValueError, match="value argument"):
        (torchlike.zeros(1) + 1).item()


def test_what_little_leads_to_is_known_at_once() -> None:
    """And is found once: constants, and the same data another time, cost no program."""
    d, t = torchlike.distributions, torchlike
    shares = t.tensor([1.0, -2.0])
    for refused in (lambda: d.Normal(0.0, -t.ones(2)), lambda: d.Categorical(shares)):
        with pytest.raises(ValueError, match="found invalid values"):
            refused()
    t.engine.record.flush()
    pending = t.ones(3) + 1
    run = stats.run
    for _ in range(3):
        d.Normal(t.zeros(2), t.ones(2))
        d.Categorical(shares.abs())
    assert stats.run <= run + 3  # a check of the one, and of both for the other
    assert pending._read().array is None


def test_a_later_program_raises_where_nothing_is_read() -> None:
    with torchlike.no_grad():
        made = torchlike.distributions.Normal(0.0, torchlike.tensor(-1.0) * 2)
    kept = made.scale + 1
    torchlike.engine.record.flush()
    torchlike.engine.record.local.state.unseen[0][0].array.block_until_ready()
    later = torchlike.ones(1) + 1
    with pytest.raises(ValueError, match="parameter scale"):
        torchlike.engine.record.flush()
    assert later.item() == 2
    assert kept.item() == -1


def test_a_step_stays_one_program() -> None:
    d, t = torchlike.distributions, torchlike
    encoder, decoder = t.nn.Linear(4, 6), t.nn.Linear(3, 4)
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = t.optim.Adam(parameters)
    losses = []
    for step in range(5):
        x = t.rand(8, 4)
        loc, raw = encoder(x).chunk(2, -1)
        posterior = d.Independent(d.Normal(loc, t.nn.functional.softplus(raw)), 1)
        prior = d.Independent(d.Normal(t.zeros_like(loc), t.ones_like(loc)), 1)
        z = posterior.rsample()
        likelihood = d.ContinuousBernoulli(logits=decoder(z))
        loss = (d.kl_divergence(posterior, prior) - likelihood.log_prob(x).sum(-1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        if step == 0:
            t.engine.record.flush()
            compiled, run = stats.compiled, stats.run
    assert stats.compiled == compiled
    assert stats.run == run + 4
    assert all(t.isfinite(loss) for loss in losses)


def test_inside_transforms_nothing_is_looked_at() -> None:
    d, t = torchlike.distributions, torchlike
    x = t.tensor([0.5, -1.0])

    def likelihood(scale: Any) -> Any:
        return d.Normal(0.0, scale).log_prob(x).sum()

    found = t.func.grad(likelihood)(t.tensor(2.0))
    scale = t.tensor(2.0, requires_grad=True)
    likelihood(scale).backward()
    assert scale.grad is not None
    assert abs(found.item() - scale.grad.item()) < 1e-6
    several = t.vmap(likelihood)(t.tensor([1.0, 2.0]))
    assert several.shape == (2,)
    assert d.Normal(t.empty(3, device="meta"), 1.0).log_prob(t.empty(3, device="meta")).shape == (3,)


def test_bounds_that_are_new_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of different ones, a check is several operations, which take bounds as operands."""
    validation = importlib.import_module("torchlike.distributions.validation")
    monkeypatch.setattr(validation, "_MOST", 0)
    monkeypatch.setattr(validation, "_regions", {})
    x = torchlike.zeros(2, requires_grad=True).exp()
    good, bad = (torchlike.distributions.constraints.interval(0.0, top) for top in (1.5, 0.5))
    validation.require(good, x, lambda readable: "outside")
    x.sum().item()
    y = torchlike.zeros(2, requires_grad=True).exp()
    validation.require(bad, y, lambda readable: "outside")
    with pytest.raises(ValueError, match="outside"):
        y.sum().item()
    assert not validation._regions
