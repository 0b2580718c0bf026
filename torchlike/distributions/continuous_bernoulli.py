"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._probabilities import Probabilities
from torchlike.distributions._torch import Tensor
from torchlike.distributions.bernoulli import cross_entropy
from torchlike.distributions.exp_family import ExponentialFamily
from torchlike.distributions.utils import broadcast_all, clamp_probs
from torchlike.distributions.validation import require

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Probabilities, ExponentialFamily):
    """Numbers in [0, 1] with a density proportional to `probs ** x * (1 - probs) ** (1 - x)`.

    G. Loaiza-Ganem and J. P. Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational autoencoders",
    NeurIPS 2019.

    Args:
        lims: between these the formulas, which divide by `probs - 0.5`, give way to Taylor series.

    >>> import torchlike as torch
    >>> torch.distributions.ContinuousBernoulli(torch.tensor(0.5)).mean
    tensor(0.5000)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ):
        self._take(probs, logits)
        self._lims = lims
        if probs is not None:
            if validate_args:  # what was not asked for is clamped without a word, as in torch
                require(constraints.unit_interval, self._param, lambda readable: "The parameter probs has invalid values")
            self._keep("probs", clamp_probs(self._param))
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expand_param(self._expanded(ContinuousBernoulli, batch_shape, _instance, "probs", "logits"))
        new._lims = self._lims
        return new

    def _stable(self) -> tuple[Tensor, Tensor]:
        """Where `probs` is away from a half, and `probs` there (the lower limit elsewhere)."""
        outside = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        return outside, torch.where(outside, self.probs, self._lims[0])

    def _log_norm(self) -> Tensor:
        """The logarithm of the constant before the density."""
        outside, p = self._stable()
        below, above = torch.where(p <= 0.5, p, 0.0), torch.where(p >= 0.5, p, 1.0)
        difference = torch.where(p <= 0.5, torch.log1p(-2.0 * below), torch.log(2.0 * above - 1.0))
        exact = torch.log(torch.abs(torch.log1p(-p) - torch.log(p))) - difference
        x = torch.pow(self.probs - 0.5, 2)
        return torch.where(outside, exact, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self) -> Tensor:
        outside, p = self._stable()
        exact = p / (2.0 * p - 1.0) + 1.0 / (torch.log1p(-p) - torch.log(p))
        x = self.probs - 0.5
        return torch.where(outside, exact, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * torch.pow(x, 2)) * x)

    @property
    def stddev(self) -> Tensor:
        return torch.sqrt(self.variance)

    @property
    def variance(self) -> Tensor:
        outside, p = self._stable()
        exact = p * (p - 1.0) / torch.pow(1.0 - 2.0 * p, 2) + 1.0 / torch.pow(torch.log1p(-p) - torch.log(p), 2)
        x = torch.pow(self.probs - 0.5, 2)
        return torch.where(outside, exact, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        unit = torch.rand(self._extended_shape(sample_shape), dtype=self.probs.dtype, device=self.probs.device)
        return self.icdf(unit)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return self._log_norm() - cross_entropy(logits, value)

    def cdf(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        outside, p = self._stable()
        exact = (torch.pow(p, value) * torch.pow(1.0 - p, 1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = torch.where(outside, exact, value)
        return torch.where(value <= 0.0, 0.0, torch.where(value >= 1.0, 1.0, inside))

    def icdf(self, value: Tensor) -> Tensor:
        outside, p = self._stable()
        exact = (torch.log1p(-p + value * (2.0 * p - 1.0)) - torch.log1p(-p)) / (torch.log(p) - torch.log1p(-p))
        return torch.where(outside, exact, value)

    def entropy(self) -> Tensor:
        log_not, log_probs = torch.log1p(-self.probs), torch.log(self.probs)
        return self.mean * (log_not - log_probs) - self._log_norm() - log_not

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:  # type: ignore[override]  # as many as it has parameters
        outside = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        safe = torch.where(outside, x, self._lims[0] - 0.5)
        exact = torch.log(torch.abs(torch.expm1(safe))) - torch.log(torch.abs(safe))
        return torch.where(outside, exact, 0.5 * x + torch.pow(x, 2) / 24.0 - torch.pow(x, 4) / 2880.0)
