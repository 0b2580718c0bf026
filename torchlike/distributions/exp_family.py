"""Exponential families: densities `exp(<t(x), theta> - F(theta) + k(x))` with natural parameters theta."""

from __future__ import annotations

from typing import Any

from torchlike.autograd import grad
from torchlike.autograd.grad_mode import enable_grad
from torchlike.distributions._torch import Tensor
from torchlike.distributions.distribution import Distribution
from torchlike.distributions.utils import sum_rightmost

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A distribution that knows its natural parameters and its log normalizer F.

    Entropies (and divergences within a family) follow from F and its gradient, by F. Nielsen and R. Nock, "Entropies and
    cross-entropies of exponential families", ICIP 2010.
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        """The natural parameters theta."""
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        """F, a function of the natural parameters."""
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        """The mean of k(x)."""
        raise NotImplementedError

    def _at_natural_params(self) -> tuple[list[Tensor], Tensor, tuple[Tensor, ...]]:
        """The natural parameters (cut off from what they came from, as in torch), F there, and its gradient."""
        with enable_grad():
            params = [p.detach().requires_grad_() for p in self._natural_params]
            normalizer = self._log_normalizer(*params)
            return params, normalizer, grad(normalizer.sum(), params, create_graph=True)

    def entropy(self) -> Tensor:
        """The entropy, as the Bregman divergence of the log normalizer."""
        carrier = self._mean_carrier_measure
        params, normalizer, slopes = self._at_natural_params()
        result: Any = normalizer - carrier
        for param, slope in zip(params, slopes, strict=True):
            result = result - sum_rightmost(param * slope, len(self._event_shape))
        return result
