"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._torch import Tensor
from torchlike.distributions.distribution import Distribution
from torchlike.distributions.utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """What exceeds a high threshold: `loc` and more, with a tail that `concentration` makes heavy (> 0) or ends (< 0).

    >>> import torchlike as torch
    >>> torch.distributions.GeneralizedPareto(0.0, 1.0, 0.5).mean
    tensor(2.)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None):
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(GeneralizedPareto, batch_shape, _instance, "loc", "scale", "concentration")

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, torch.where(self.concentration < 0, end, math.inf))

    def _flat(self) -> tuple[Tensor, Tensor]:
        """Where the concentration is 0, for which the formulas are limits, and the concentration with 1 there."""
        flat = torch.isclose(self.concentration, torch.zeros_like(self.concentration))
        return flat, self.concentration.masked_fill(flat, 1.0)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        unit = torch.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.icdf(unit)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        flat, k = self._flat()
        return -torch.log(self.scale) - torch.where(flat, z, (1 / k + 1) * torch.log1p(k * z))

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The logarithm of the probability of more than `value`."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        flat, k = self._flat()
        return torch.where(flat, -z, -torch.log1p(k * z) / k)

    def log_cdf(self, value: Tensor) -> Tensor:
        """The logarithm of `cdf`."""
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value: Tensor) -> Tensor:
        return torch.exp(self.log_cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        flat, k = self._flat()
        log_left = torch.log1p(-value)
        return self.loc + self.scale * torch.where(flat, -log_left, torch.expm1(-k * log_left) / k)

    def _where_below(self, limit: float, moment: Tensor) -> Tensor:
        return torch.where(self.concentration < limit, moment, math.nan)

    @property
    def mean(self) -> Tensor:
        return self._where_below(1, self.loc + self.scale / (1 - self.concentration))

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        k = self.concentration
        return self._where_below(0.5, self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k)))

    def entropy(self) -> Tensor:
        return torch.log(self.scale) + self.concentration + 1
