"""Divergences that are infinite whatever the parameters: q has no density where p has some."""

from __future__ import annotations

from typing import Any

from torchlike.distributions._torch import Tensor
from torchlike.distributions.bernoulli import Bernoulli
from torchlike.distributions.beta import Beta
from torchlike.distributions.binomial import Binomial
from torchlike.distributions.continuous_bernoulli import ContinuousBernoulli
from torchlike.distributions.exponential import Exponential
from torchlike.distributions.gamma import Gamma
from torchlike.distributions.gumbel import Gumbel
from torchlike.distributions.kl.registry import infinite_like, register_kl
from torchlike.distributions.laplace import Laplace
from torchlike.distributions.normal import Normal
from torchlike.distributions.pareto import Pareto
from torchlike.distributions.poisson import Poisson
from torchlike.distributions.uniform import Uniform

_BOUNDED = (Beta, ContinuousBernoulli, Uniform)
_POSITIVE = (Exponential, Gamma, Pareto)
# p by the parameter whose shape the result has, and every q that does not cover it.
_PAIRS: tuple[tuple[type, str, tuple[type, ...]], ...] = (
    (Beta, "concentration1", (Pareto,)),
    (ContinuousBernoulli, "probs", (Pareto,)),
    (Exponential, "rate", (*_BOUNDED, Pareto)),
    (Gamma, "concentration", (*_BOUNDED, Pareto)),
    (Gumbel, "loc", (*_BOUNDED, *_POSITIVE)),
    (Laplace, "loc", (*_BOUNDED, *_POSITIVE)),
    (Normal, "loc", (*_BOUNDED, *_POSITIVE)),
    (Pareto, "scale", _BOUNDED),
    (Poisson, "rate", (Bernoulli, Binomial)),
)


def _register(type_p: type, parameter: str, types_q: tuple[type, ...]) -> None:
    def infinite(p: Any, q: Any) -> Tensor:
        return infinite_like(getattr(p, parameter))

    for type_q in types_q:
        register_kl(type_p, type_q)(infinite)


for _entry in _PAIRS:
    _register(*_entry)
