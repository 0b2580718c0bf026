"""Every divergence in torch's table against torch, with gradients; and how the table is looked up."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions.kl import _KL_REGISTRY as THEIRS

import torchlike
from tests.agree import eager
from tests.tolerances import assert_close
from torchlike.distributions.kl.registry import _KL_REGISTRY as OURS

A, B = [0.4, 1.0, 2.5, 7.0], [1.3, 0.5, 1.0, 3.5]
P, Q = [0.1, 0.35, 0.5, 0.93], [0.3, 0.2, 0.8, 0.9]
LOC, OTHER = [-1.5, 0.0, 0.7, 3.0], [0.5, -1.0, 0.6, 2.0]
ROWS, OTHER_ROWS = [[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]], [[0.1, 0.8, 0.1], [0.3, 0.3, 0.4]]
VECTORS = [[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]]
FACTOR = [[1.2, 0.0, 0.0], [0.3, 0.8, 0.0], [0.1, -0.5, 0.6]]

# By class, the parameters of p and of q, in the order of their arguments.
PARAMETERS: dict[str, tuple[list, list]] = {
    "Bernoulli": ([P], [Q]),
    "Beta": ([A, B], [B, A]),
    "Binomial": ([[4.0, 4.0, 3.0, 2.0], P], [[4.0, 3.0, 3.0, 1.0], Q]),
    "Categorical": ([ROWS], [OTHER_ROWS]),
    "Cauchy": ([LOC, A], [OTHER, B]),
    "Chi2": ([A], [B]),
    "ContinuousBernoulli": ([P], [Q]),
    "Dirichlet": ([ROWS], [OTHER_ROWS]),
    "Exponential": ([A], [B]),
    "Gamma": ([A, B], [B, A]),
    "Geometric": ([P], [Q]),
    "Gumbel": ([LOC, A], [OTHER, B]),
    "HalfNormal": ([A], [B]),
    "Laplace": ([LOC, A], [OTHER, B]),
    "LogNormal": ([LOC, A], [OTHER, B]),
    "LowRankMultivariateNormal": (
        [VECTORS, [[1.0], [0.5], [-2.0]], [0.5, 1.0, 2.0]],
        [VECTORS[0], [[0.3], [1.0], [1.0]], B[:3]],
    ),
    "MultivariateNormal": ([VECTORS, FACTOR], [VECTORS[1], [FACTOR, FACTOR]]),
    "Normal": ([LOC, A], [OTHER, B]),
    "OneHotCategorical": ([ROWS], [OTHER_ROWS]),
    "Pareto": ([A, [0.8, 1.5, 2.5, 4.0]], [[0.1, 1.0, 3.0, 0.3], B]),
    "Poisson": ([A], [B]),
    "Uniform": ([[-0.5, 0.1, 0.2, 1.0], [0.5, 0.9, 1.0, 3.0]], [[-1.0, 0.0, 0.3, 0.5], [0.6, 1.0, 1.0, 3.5]]),
    "Wishart": ([[4.0, 6.0], FACTOR], [[5.0, 3.5], [FACTOR, FACTOR]]),
}
PAIRS = sorted({(p.__name__, q.__name__) for p, q in THEIRS} & {(p, q) for p in PARAMETERS for q in PARAMETERS})
# Found by their base classes.
PAIRS += [("Chi2", "Chi2"), ("Wishart", "Wishart"), ("LogNormal", "LogNormal"), ("Chi2", "Normal"), ("Normal", "Chi2")]
# Compared by default, the others with `-m full`.
DEFAULT = (
    "Bernoulli-Poisson Exponential-Gumbel Gamma-Gamma Gumbel-Gumbel Laplace-Laplace LogNormal-LogNormal Normal-Laplace "
    "Normal-Normal Pareto-Normal Poisson-Poisson Uniform-Beta"
).split()


def made(namespace: Any, name: str, parameters: list) -> tuple[Any, list[Any]]:
    kind = getattr(importlib.import_module(f"{namespace.__name__}.distributions"), name)
    tensors = [namespace.tensor(v, dtype=namespace.float64).requires_grad_() for v in parameters]
    if name in ("MultivariateNormal", "Wishart"):
        return kind(tensors[0], scale_tril=tensors[1]), tensors
    return kind(*(t.detach() if name == "Binomial" and i == 0 else t for i, t in enumerate(tensors))), tensors


def divergence(namespace: Any, pair: tuple[str, str]) -> tuple[np.ndarray, list[Any]]:
    distributions = importlib.import_module(f"{namespace.__name__}.distributions")
    (p, of_p), (q, of_q) = (made(namespace, name, PARAMETERS[name][i]) for i, name in enumerate(pair))
    found = distributions.kl_divergence(p, q)
    if not found.requires_grad:
        return found.numpy(), []
    finite = namespace.where(namespace.isfinite(found), found, namespace.zeros_like(found))
    gradients = namespace.autograd.grad(finite.sum(), [*of_p, *of_q], allow_unused=True)
    return found.detach().numpy(), [None if g is None else g.numpy() for g in gradients]


def test_the_table() -> None:
    """The same classes are registered."""
    assert {(p.__name__, q.__name__) for p, q in OURS} == {(p.__name__, q.__name__) for p, q in THEIRS}


@pytest.mark.parametrize(
    "pair", [pytest.param(p, id="-".join(p), marks=() if "-".join(p) in DEFAULT else pytest.mark.full) for p in PAIRS]
)
def test_as_in_torch(pair: tuple[str, str]) -> None:
    with eager(True), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # which entry is meant for Chi2 is ambiguous, here and there
        expected, their_gradients = divergence(torch, pair)
        found, gradients = divergence(torchlike, pair)
    assert_close(found, expected, "float64", "divergence")
    assert len(gradients) == len(their_gradients)
    for i, (ours, theirs) in enumerate(zip(gradients, their_gradients, strict=True)):
        ours, theirs = (np.zeros(1) if g is None else g for g in (ours, theirs))
        if ours.shape[-2:] == (3, 3):  # of a factor's upper triangle nothing is used
            ours, theirs = np.tril(ours), np.tril(theirs)
        # torch's trigamma is a short asymptotic series.
        np.testing.assert_allclose(*np.broadcast_arrays(ours, theirs), 2e-8, 1e-9, err_msg=f"gradient {i}")


def test_made_of_others() -> None:
    d = torchlike.distributions

    def normal(shift: float) -> Any:
        return d.Normal(torchlike.tensor([0.0, 1.0, 2.0]) + shift, 1.0)

    inner = d.kl_divergence(normal(0.0), normal(1.0))
    together = d.kl_divergence(d.Independent(normal(0.0), 1), d.Independent(normal(1.0), 1))
    assert together.item() == inner.sum().item() == 1.5
    transforms = [d.AffineTransform(1.0, 2.0), d.TanhTransform()]
    pair = (d.TransformedDistribution(normal(s), transforms) for s in (0.0, 1.0))
    assert d.kl_divergence(*pair).tolist() == inner.tolist()
    with pytest.raises(NotImplementedError):
        d.kl_divergence(d.TransformedDistribution(normal(0.0), transforms), d.TransformedDistribution(normal(0.0), []))


def test_looked_up_by_base_classes() -> None:
    d = torchlike.distributions

    class Mine(d.Normal): ...

    class Theirs(d.Normal): ...

    def of(fn: Callable) -> Any:
        return d.kl_divergence(Mine(0.0, 1.0), fn(0.0, 1.0))

    assert of(d.Normal).item() == 0
    before = dict(OURS)
    try:
        d.register_kl(Mine, d.Normal)(lambda p, q: "left")
        assert of(d.Normal) == of(Theirs) == "left"
        d.register_kl(d.Normal, Theirs)(lambda p, q: "right")
        with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(Mine, Theirs\)"):
            assert of(Theirs) == "left"
    finally:
        OURS.clear()
        OURS.update(before)
        torchlike.distributions.kl._KL_MEMOIZE.clear()
    with pytest.raises(NotImplementedError, match=r"No KL.*p type Normal and q type Cauchy"):
        d.kl_divergence(d.Normal(0.0, 1.0), d.Cauchy(0.0, 1.0))
    with pytest.raises(TypeError):
        d.register_kl(3, d.Normal)
