"""Divergences of distributions that are made of others."""

from __future__ import annotations

from torchlike.distributions._torch import Tensor
from torchlike.distributions.independent import Independent
from torchlike.distributions.kl.registry import kl_divergence, register_kl
from torchlike.distributions.transformed_distribution import TransformedDistribution
from torchlike.distributions.utils import sum_rightmost


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    """One bijective transform of both changes nothing."""
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
