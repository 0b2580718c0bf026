"""Divergences of two distributions of one family."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torchlike.autograd import grad
from torchlike.autograd.grad_mode import enable_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions._torch import Tensor
from torchlike.distributions.bernoulli import Bernoulli
from torchlike.distributions.beta import Beta
from torchlike.distributions.binomial import Binomial
from torchlike.distributions.categorical import Categorical
from torchlike.distributions.cauchy import Cauchy
from torchlike.distributions.continuous_bernoulli import ContinuousBernoulli
from torchlike.distributions.dirichlet import Dirichlet
from torchlike.distributions.exp_family import ExponentialFamily
from torchlike.distributions.exponential import Exponential
from torchlike.distributions.gamma import Gamma
from torchlike.distributions.geometric import Geometric
from torchlike.distributions.gumbel import Gumbel
from torchlike.distributions.half_normal import HalfNormal
from torchlike.distributions.kl.registry import register_kl
from torchlike.distributions.laplace import Laplace
from torchlike.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal, lowrank_logdet, lowrank_mahalanobis
from torchlike.distributions.multivariate_normal import MultivariateNormal, log_diagonal, mahalanobis
from torchlike.distributions.normal import Normal
from torchlike.distributions.one_hot_categorical import OneHotCategorical
from torchlike.distributions.pareto import Pareto
from torchlike.distributions.poisson import Poisson
from torchlike.distributions.uniform import Uniform
from torchlike.distributions.utils import euler_constant, sum_rightmost
from torchlike.distributions.validation import there

# ---- exponential families -------------------------------------------------------------------------------------------


@register_kl(ExponentialFamily, ExponentialFamily)
def _of_a_family(p: Any, q: Any) -> Tensor:
    """The Bregman divergence of the log normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using Bregman divergences"
        )
    with enable_grad():
        own = [param.detach().requires_grad_() for param in p._natural_params]
        normalizer = p._log_normalizer(*own)
        slopes = grad(normalizer.sum(), own, create_graph=True)
    other = q._natural_params
    result = q._log_normalizer(*other) - normalizer
    for mine, its, slope in zip(own, other, slopes, strict=True):
        result = result - sum_rightmost((its - mine) * slope, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _gammas(p: Gamma, q: Gamma) -> Tensor:
    return (
        q.concentration * (p.rate / q.rate).log()
        + torch.lgamma(q.concentration)
        - torch.lgamma(p.concentration)
        + (p.concentration - q.concentration) * torch.digamma(p.concentration)
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(Exponential, Exponential)
def _exponentials(p: Exponential, q: Exponential) -> Tensor:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Beta, Beta)
def _betas(p: Beta, q: Beta) -> Tensor:
    sum_p, sum_q = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    of_q = q.concentration1.lgamma() + q.concentration0.lgamma() + sum_p.lgamma()
    of_p = p.concentration1.lgamma() + p.concentration0.lgamma() + sum_q.lgamma()
    return (
        of_q
        - of_p
        + (p.concentration1 - q.concentration1) * torch.digamma(p.concentration1)
        + (p.concentration0 - q.concentration0) * torch.digamma(p.concentration0)
        + (sum_q - sum_p) * torch.digamma(sum_p)
    )


@register_kl(Dirichlet, Dirichlet)
def _dirichlets(p: Dirichlet, q: Dirichlet) -> Tensor:
    sum_p, sum_q = p.concentration.sum(-1), q.concentration.sum(-1)
    moved = (p.concentration - q.concentration) * (p.concentration.digamma() - sum_p.digamma().unsqueeze(-1))
    normalizers = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    return sum_p.lgamma() - sum_q.lgamma() - normalizers + moved.sum(-1)


# ---- of whole numbers -----------------------------------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def _bernoullis(p: Bernoulli, q: Bernoulli) -> Tensor:
    softplus = torch.functions.softplus
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = torch.where(q.probs == 0, math.inf, ones)
    ones = torch.where(p.probs == 0, 0.0, ones)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zeros = torch.where(q.probs == 1, math.inf, zeros)
    zeros = torch.where(p.probs == 1, 0.0, zeros)
    return ones + zeros


@register_kl(Binomial, Binomial)
def _binomials(p: Binomial, q: Binomial) -> Tensor:
    counts = there(p.total_count), there(q.total_count)
    if all(isinstance(n, np.ndarray) for n in counts) and (counts[0] < counts[1]).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    # Of values that p has and q has not the divergence is infinite.
    divergence = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return torch.where(p.total_count > q.total_count, math.inf, divergence)


@register_kl(Categorical, Categorical)
def _categoricals(p: Categorical, q: Categorical) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = torch.where((q.probs == 0).expand_as(terms), math.inf, terms)
    return torch.where((p.probs == 0).expand_as(terms), 0.0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hots(p: OneHotCategorical, q: OneHotCategorical) -> Tensor:
    return _categoricals(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _geometrics(p: Geometric, q: Geometric) -> Tensor:
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poissons(p: Poisson, q: Poisson) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


# ---- of real numbers ------------------------------------------------------------------------------------------------


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoullis(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Tensor:
    return p.mean * (p.logits - q.logits) + p._log_norm() + torch.log1p(-p.probs) - q._log_norm() - torch.log1p(-q.probs)


@register_kl(Normal, Normal)
def _normals(p: Normal, q: Normal) -> Tensor:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_normals(p: HalfNormal, q: HalfNormal) -> Tensor:
    return _normals(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplaces(p: Laplace, q: Laplace) -> Tensor:
    ratio = p.scale / q.scale
    distance = (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * torch.exp(-distance / p.scale) - 1


@register_kl(Cauchy, Cauchy)
def _cauchys(p: Cauchy, q: Cauchy) -> Tensor:
    """F. Chyzak and F. Nielsen, "A closed-form formula for the KL divergence between Cauchy distributions", 2019."""
    above = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log()
    return above - (4 * p.scale * q.scale).log()


@register_kl(Gumbel, Gumbel)
def _gumbels(p: Gumbel, q: Gumbel) -> Tensor:
    ratio = p.scale / q.scale
    shift = (q.loc - p.loc) / q.scale
    rising = torch.exp(shift + (1 + ratio).lgamma())
    return -ratio.log() - shift + ratio * euler_constant + rising - (1 + euler_constant)


@register_kl(Pareto, Pareto)
def _paretos(p: Pareto, q: Pareto) -> Tensor:
    ratio = q.alpha / p.alpha
    divergence = q.alpha * (p.scale.log() - q.scale.log()) - ratio.log() + ratio - 1
    return torch.where((p.support.lower_bound < q.support.lower_bound).expand_as(divergence), math.inf, divergence)


@register_kl(Uniform, Uniform)
def _uniforms(p: Uniform, q: Uniform) -> Tensor:
    divergence = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), math.inf, divergence)


# ---- normal vectors -------------------------------------------------------------------------------------------------


def _trace_of_squares(matrix: Tensor) -> Tensor:
    """The trace of `X X^T`."""
    return matrix.pow(2).sum((-2, -1))


def _same_events(p: Any, q: Any, what: str) -> None:
    if p.event_shape != q.event_shape:
        raise ValueError(f"KL-divergence between two {what} with different event shapes cannot be computed")


def _solved(factor: Tensor, matrix: Tensor) -> Tensor:
    """`L^-1 X`, both in batches that broadcast."""
    return torch.linalg.solve_triangular(factor, matrix, upper=False)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normals(p: MultivariateNormal, q: MultivariateNormal) -> Tensor:
    _same_events(p, q, "Multivariate Normals")
    of_p, of_q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    trace = _trace_of_squares(_solved(of_q, of_p))
    distance = mahalanobis(of_q, q.loc - p.loc)
    return log_diagonal(of_q) - log_diagonal(of_p) + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _low_rank_normals(p: LowRankMultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    _same_events(p, q, "Low Rank Multivariate Normals")
    # tr(Sq^-1 Sp) with Sq^-1 = D^-1 - A^T A, A = L^-1 W^T D^-1
    a = _scaled(q)
    traces = (
        (p._unbroadcasted_cov_diag / q._unbroadcasted_cov_diag).sum(-1)
        + _trace_of_squares(p._unbroadcasted_cov_factor * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1))
        - _trace_of_squares(a * p._unbroadcasted_cov_diag.sqrt().unsqueeze(-2))
        - _trace_of_squares(a.matmul(p._unbroadcasted_cov_factor))
    )
    return 0.5 * (_low_rank_logdet(q) - _low_rank_logdet(p) + traces + _low_rank_distance(p, q) - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _from_low_rank(p: MultivariateNormal, q: LowRankMultivariateNormal) -> Tensor:
    _same_events(p, q, "(Low Rank) Multivariate Normals")
    traces = _trace_of_squares(
        p._unbroadcasted_scale_tril * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1)
    ) - _trace_of_squares(_scaled(q).matmul(p._unbroadcasted_scale_tril))
    logs = _low_rank_logdet(q) - 2 * log_diagonal(p._unbroadcasted_scale_tril)
    return 0.5 * (logs + traces + _low_rank_distance(p, q) - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _of_low_rank(p: LowRankMultivariateNormal, q: MultivariateNormal) -> Tensor:
    _same_events(p, q, "(Low Rank) Multivariate Normals")
    of_q = q._unbroadcasted_scale_tril
    traces = _trace_of_squares(_solved(of_q, p._unbroadcasted_cov_factor)) + _trace_of_squares(
        _solved(of_q, torch.diag_embed(p._unbroadcasted_cov_diag.sqrt()))
    )
    logs = 2 * log_diagonal(of_q) - _low_rank_logdet(p)
    return 0.5 * (logs + traces + mahalanobis(of_q, q.loc - p.loc) - p.event_shape[0])


def _scaled(q: LowRankMultivariateNormal) -> Tensor:
    return _solved(q._capacitance_tril, q._unbroadcasted_cov_factor.mT / q._unbroadcasted_cov_diag.unsqueeze(-2))


def _low_rank_logdet(q: LowRankMultivariateNormal) -> Tensor:
    return lowrank_logdet(q._unbroadcasted_cov_diag, q._capacitance_tril)


def _low_rank_distance(p: Any, q: LowRankMultivariateNormal) -> Tensor:
    return lowrank_mahalanobis(q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag, q.loc - p.loc, q._capacitance_tril)
