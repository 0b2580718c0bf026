"""The binomial distribution."""

from __future__ import annotations

from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._probabilities import Probabilities
from torchlike.distributions._torch import Tensor
from torchlike.distributions.bernoulli import enumerated
from torchlike.distributions.distribution import Distribution

__all__ = ["Binomial"]


def _above_zero(x: Tensor) -> Tensor:
    """`x` where it is positive, otherwise 0; the slope at 0 is a half."""
    return (x.clamp(min=0) + x - x.clamp(max=0)) / 2


class Binomial(Probabilities, Distribution):
    """How many of `total_count` trials succeed, each with probability `probs`.

    `entropy` and `enumerate_support` read `total_count`, which must be the same everywhere.

    >>> import torchlike as torch
    >>> torch.distributions.Binomial(4, torch.tensor(0.5)).mean
    tensor(2.)
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expand_param(self._expanded(Binomial, batch_shape, _instance, "total_count", "probs", "logits"))

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return torch.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        choices = torch.lgamma(n + 1) - torch.lgamma(value + 1) - torch.lgamma(n - value + 1)
        # log(1 + exp(logits)), without overflow
        softplus = _above_zero(self.logits) + torch.log1p(torch.exp(-torch.abs(self.logits)))
        return choices + value * self.logits - n * softplus

    def entropy(self) -> Tensor:
        self._one_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(torch.exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = self._one_count("enumerate_support")
        values = torch.arange(1 + count, dtype=self._param.dtype, device=self._param.device)
        return enumerated(values, self._batch_shape, expand)

    def _one_count(self, what: str) -> int:
        counts = self.total_count.detach()
        largest = int(counts.max().item())
        if counts.min().item() != largest:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{what}`.")
        return largest
