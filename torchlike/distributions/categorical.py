"""The categorical distribution."""

from __future__ import annotations

import math
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._drawing import indices
from torchlike.distributions._probabilities import Probabilities, only_one
from torchlike.distributions._torch import Size, Tensor
from torchlike.distributions.bernoulli import enumerated
from torchlike.distributions.distribution import Distribution

__all__ = ["Categorical"]


class Categorical(Probabilities, Distribution):
    """Indices 0 to K - 1, drawn in proportion to `probs` `(..., K)`, or to the exponentials of `logits`.

    `probs` need not sum to 1, and `logits` may be off by a constant: the attributes are normalized.

    >>> import torchlike as torch
    >>> torch.distributions.Categorical(torch.tensor([1.0, 3.0])).log_prob(torch.tensor(1))
    tensor(-0.2877)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _binary = False

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None):
        only_one(probs, logits)
        name, given = ("logits", logits) if probs is None else ("probs", probs)
        if given.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is None:
            self._keep(name, logits - logits.logsumexp(-1, keepdim=True))
        else:
            self._keep(name, probs / probs.sum(-1, keepdim=True))
        self._param = given if probs is None else self.probs
        self._num_events = self._param.shape[-1]
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        given = "probs" if self._param is self.__dict__.get("probs") else "logits"
        new = self._expanded(Categorical, batch_shape, _instance, "probs", "logits")
        new._param, new._num_events = new.__dict__[given], self._num_events
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    def _nowhere(self) -> Tensor:
        return torch.full(self._extended_shape(), math.nan, dtype=self.probs.dtype, device=self.probs.device)

    @property
    def mean(self) -> Tensor:
        """NaN: categories have no mean."""
        return self._nowhere()

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        """NaN: categories have no variance."""
        return self._nowhere()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        sample_shape = Size(sample_shape)
        with no_grad():
            drawn = indices(self.probs.detach().reshape(-1, self._num_events), sample_shape.numel())
            return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        places, table = value.long().unsqueeze(-1), self.logits
        if places.shape[:-1] != table.shape[:-1]:
            places, table = torch.broadcast_tensors(places, table)
            places = places[..., :1]
        return table.gather(-1, places).squeeze(-1)

    def entropy(self) -> Tensor:
        logits = torch.clamp(self.logits, min=torch.finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        return enumerated(torch.arange(self._num_events, device=self._param.device), self._batch_shape, expand)
