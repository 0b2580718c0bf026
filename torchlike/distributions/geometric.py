"""The geometric distribution."""

from __future__ import annotations

from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import constraints
from torchlike.distributions._drawing import log_uniform
from torchlike.distributions._probabilities import Probabilities
from torchlike.distributions._torch import Tensor
from torchlike.distributions.bernoulli import cross_entropy
from torchlike.distributions.distribution import Distribution
from torchlike.distributions.utils import broadcast_all
from torchlike.distributions.validation import require

__all__ = ["Geometric"]


class Geometric(Probabilities, Distribution):
    """How many trials fail before the first success, each succeeding with probability `probs` in (0, 1].

    (`Tensor.geometric_` counts the success as well.)

    >>> import torchlike as torch
    >>> torch.distributions.Geometric(torch.tensor(0.25)).mean
    tensor(3.)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)
        if self._validate_args and probs is not None:
            value = self.probs

            def message(readable: bool) -> str:
                return (
                    f"Expected parameter probs ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self._shown(readable)} to be positive but found invalid values:"
                    + (f"\n{value[~(value > 0)]}" if readable else "")
                )

            require(constraints.positive, value, message)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expand_param(self._expanded(Geometric, batch_shape, _instance, "probs", "logits"))

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return self.probs.new_zeros(self.probs.shape)

    @property
    def variance(self) -> Tensor:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            logs = log_uniform(self._extended_shape(sample_shape), self.probs)
            return (logs / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        failing = probs.masked_fill((probs == 1) & (value == 0), 0)  # 0 * log(0) is 0 here
        return value * (-failing).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        return cross_entropy(self.logits, self.probs) / self.probs
