"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._torch import Tensor
from torchlike.distributions.categorical import Categorical
from torchlike.distributions.distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """One of K distributions of a family, chosen by a categorical one.

    Args:
        mixture_distribution: a `Categorical` over the K components, its batch a part of theirs.
        component_distribution: a distribution with the components in its last batch dimension.

    >>> import torchlike as torch
    >>> d = torch.distributions
    >>> d.MixtureSameFamily(d.Categorical(torch.ones(2)), d.Normal(torch.tensor([-1.0, 1.0]), 1.0)).variance
    tensor(2.)
    """

    arg_constraints: Any = {}
    has_rsample = False

    def __init__(self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None):
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        _check(mixture_distribution, component_distribution)
        self._num_component = component_distribution.batch_shape[-1]
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(component_distribution.batch_shape[:-1], event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(MixtureSameFamily, batch_shape, _instance)
        new._component_distribution = self._component_distribution.expand((*batch_shape, self._num_component))
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._num_component, new._event_ndims = self._num_component, self._event_ndims
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """The distribution of the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    @property
    def mean(self) -> Tensor:
        return (self._weights() * self._component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Tensor:
        weights, components = self._weights(), self._component_distribution
        within = (weights * components.variance).sum(-1 - self._event_ndims)
        between = (weights * (components.mean - self._pad(self.mean)).pow(2.0)).sum(-1 - self._event_ndims)
        return within + between

    def _weights(self) -> Tensor:
        return self._pad_mixture_dimensions(self._mixture_distribution.probs)

    def cdf(self, value: Tensor) -> Tensor:
        of_components = self._component_distribution.cdf(self._pad(value))
        return (of_components * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        of_components = self._component_distribution.log_prob(self._pad(value))
        weights = torch.log_softmax(self._mixture_distribution.logits, -1)
        return torch.logsumexp(of_components + weights, -1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            sample_len, batch_len = len(sample_shape), len(self.batch_shape)
            place = sample_len + batch_len
            chosen = self._mixture_distribution.sample(sample_shape)
            samples = self._component_distribution.sample(sample_shape)
            chosen = chosen.reshape((*chosen.shape, *(1,) * (self._event_ndims + 1)))
            chosen = chosen.expand((*samples.shape[:place], 1, *self._event_shape))
            return samples.gather(place, chosen).squeeze(place)

    def _pad(self, x: Tensor) -> Tensor:
        return x.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x: Tensor) -> Tensor:
        more = len(self.batch_shape) - len(self._mixture_distribution.batch_shape)
        return x.reshape((*x.shape[:-1], *(1,) * more, x.shape[-1], *(1,) * self._event_ndims))

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"


def _check(mixture: Any, components: Any) -> None:
    """Raise ValueError where the two do not fit together."""
    if not isinstance(mixture, Categorical):
        raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
    if not isinstance(components, Distribution):
        raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
    of_mixture, of_components = mixture.batch_shape, components.batch_shape[:-1]
    for size1, size2 in zip(reversed(of_mixture), reversed(of_components), strict=False):
        if size1 != 1 and size2 != 1 and size1 != size2:
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({of_mixture}) is not compatible with "
                f"`component_distribution.batch_shape`({of_components})"
            )
    km, kc = mixture.logits.shape[-1], components.batch_shape[-1]
    if km != kc:
        raise ValueError(
            f"`mixture_distribution component` ({km}) does not equal `component_distribution.batch_shape[-1]` ({kc})"
        )
