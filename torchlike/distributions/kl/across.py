"""Divergences of distributions of different families."""

from __future__ import annotations

import math

from torchlike.distributions import _torch as torch
from torchlike.distributions._torch import Tensor
from torchlike.distributions.bernoulli import Bernoulli
from torchlike.distributions.beta import Beta
from torchlike.distributions.continuous_bernoulli import ContinuousBernoulli
from torchlike.distributions.exponential import Exponential
from torchlike.distributions.gamma import Gamma
from torchlike.distributions.gumbel import Gumbel
from torchlike.distributions.kl.registry import register_kl
from torchlike.distributions.laplace import Laplace
from torchlike.distributions.normal import Normal
from torchlike.distributions.pareto import Pareto
from torchlike.distributions.poisson import Poisson
from torchlike.distributions.uniform import Uniform
from torchlike.distributions.utils import euler_constant

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Bernoulli, q: Poisson) -> Tensor:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


# ---- from [0, 1] ----------------------------------------------------------------------------------------------------


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Beta, q: ContinuousBernoulli) -> Tensor:
    return -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._log_norm()


@register_kl(Beta, Exponential)
def _beta_exponential(p: Beta, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * (p.concentration1 / (p.concentration1 + p.concentration0))


@register_kl(Beta, Gamma)
def _beta_gamma(p: Beta, q: Gamma) -> Tensor:
    total = p.concentration1 + p.concentration0
    constant = q.concentration.lgamma() - q.concentration * q.rate.log()
    log_mean = p.concentration1.digamma() - total.digamma()
    return -p.entropy() + constant - (q.concentration - 1) * log_mean + q.rate * p.concentration1 / total


@register_kl(Beta, Normal)
def _beta_normal(p: Beta, q: Normal) -> Tensor:
    mean = p.mean
    return -p.entropy() + _minus_log_normal(q, mean, p.variance + mean.pow(2))


def _minus_log_normal(q: Normal, mean: Tensor, square: Tensor) -> Tensor:
    """The mean of `-log q(x)` for x of this mean and mean square."""
    variance = q.scale.pow(2)
    return _HALF_LOG_TWO_PI + q.scale.log() + 0.5 * square / variance - mean * q.loc / variance + 0.5 * q.loc.pow(2) / variance


@register_kl(Beta, Uniform)
def _beta_uniform(p: Beta, q: Uniform) -> Tensor:
    result = -p.entropy() + (q.high - q.low).log()
    return torch.where((q.low > p.support.lower_bound) | (q.high < p.support.upper_bound), math.inf, result)


@register_kl(ContinuousBernoulli, Exponential)
def _continuous_bernoulli_exponential(p: ContinuousBernoulli, q: Exponential) -> Tensor:
    return -p.entropy() - torch.log(q.rate) + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _continuous_bernoulli_normal(p: ContinuousBernoulli, q: Normal) -> Tensor:
    return -p.entropy() + _minus_log_normal(q, p.mean, p.variance + p.mean.pow(2))


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: ContinuousBernoulli, q: Uniform) -> Tensor:
    result = -p.entropy() + (q.high - q.low).log()
    # torch counts equal bounds as outside, too, here and in the other direction.
    return torch.where((q.low >= p.support.lower_bound) | (q.high <= p.support.upper_bound), math.inf, result)


# ---- from the positive numbers --------------------------------------------------------------------------------------


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Exponential, q: Gamma) -> Tensor:
    ratio = q.rate / p.rate
    return (
        -q.concentration * torch.log(ratio)
        + ratio
        + q.concentration.lgamma()
        + q.concentration * euler_constant
        - (1 + euler_constant)
    )


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Exponential, q: Gumbel) -> Tensor:
    product = p.rate * q.scale
    shift = q.loc / q.scale
    return product.log() - 1 + product.reciprocal() - shift + torch.exp(shift) * (product / (product + 1))


@register_kl(Exponential, Normal)
def _exponential_normal(p: Exponential, q: Normal) -> Tensor:
    mean = p.rate.reciprocal()
    return p.rate.log() - 1 + _minus_log_normal(q, mean, 2 * mean.pow(2))


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Gamma, q: Exponential) -> Tensor:
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Gamma, q: Gumbel) -> Tensor:
    product = p.rate * q.scale
    shift = q.loc / q.scale
    of_p = (p.concentration - 1) * p.concentration.digamma() - p.concentration.lgamma() - p.concentration
    mean = p.concentration / product - shift
    return of_p + product.log() + mean + torch.exp(shift) * (1 + product.reciprocal()).pow(-p.concentration)


@register_kl(Gamma, Normal)
def _gamma_normal(p: Gamma, q: Normal) -> Tensor:
    mean = p.concentration / p.rate
    return -p.entropy() + _minus_log_normal(q, mean, (p.concentration + 1) * mean / p.rate)


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Pareto, q: Exponential) -> Tensor:
    product = p.scale * q.rate
    mean = p.alpha * product / (p.alpha - 1)
    result = (p.alpha / product).log() - p.alpha.reciprocal() + mean - 1
    return torch.where(p.alpha <= 1, math.inf, result)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Pareto, q: Gamma) -> Tensor:
    log_mean = p.scale.log() + p.alpha.reciprocal()
    constant = q.concentration.lgamma() - q.concentration * q.rate.log()
    mean = q.rate * p.alpha * p.scale / (p.alpha - 1)
    result = p.alpha.log() - p.scale.log() - p.alpha.reciprocal() - 1 + constant + (1 - q.concentration) * log_mean + mean
    return torch.where(p.alpha <= 1, math.inf, result)


@register_kl(Pareto, Normal)
def _pareto_normal(p: Pareto, q: Normal) -> Tensor:
    mean = p.alpha * p.scale / (p.alpha - 1)
    variance = q.scale.pow(2)
    spread = p.alpha * p.scale.pow(2) / ((p.alpha - 1).pow(2) * (p.alpha - 2))
    of_q = _HALF_LOG_TWO_PI + q.scale.log() + 0.5 * (spread + (mean - q.loc).pow(2)) / variance
    result = p.alpha.log() - p.scale.log() - p.alpha.reciprocal() - 1 + of_q
    return torch.where(p.alpha <= 2, math.inf, result)


# ---- from all real numbers ------------------------------------------------------------------------------------------


@register_kl(Gumbel, Normal)
def _gumbel_normal(p: Gumbel, q: Normal) -> Tensor:
    spread = (p.loc + p.scale * euler_constant - q.loc).pow(2) + p.scale.pow(2) * math.pi**2 / 6
    of_q = _HALF_LOG_TWO_PI + q.scale.log() + 0.5 * spread / q.scale.pow(2)
    return -p.scale.log() - (euler_constant + 1) + of_q


@register_kl(Laplace, Normal)
def _laplace_normal(p: Laplace, q: Normal) -> Tensor:
    spread = 2 * p.scale.pow(2) + (p.loc - q.loc).pow(2)
    return -torch.log(2 * p.scale) - 1 + _HALF_LOG_TWO_PI + q.scale.log() + 0.5 * spread / q.scale.pow(2)


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Normal, q: Gumbel) -> Tensor:
    shift = (p.loc - q.loc) / q.scale
    square = (p.scale / q.scale).pow(2)
    return q.scale.log() - p.scale.log() + shift + torch.exp(-shift + 0.5 * square) - (0.5 + _HALF_LOG_TWO_PI)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Normal, q: Laplace) -> Tensor:
    shift = (p.loc - q.loc) / p.scale
    near = math.sqrt(2 / math.pi) * torch.exp(-0.5 * shift.pow(2))
    distance = p.scale * (near + shift * torch.erf(math.sqrt(0.5) * shift))
    return -p.scale.log() - (0.5 + _HALF_LOG_TWO_PI) + torch.log(2 * q.scale) + distance / q.scale


# ---- from an interval -----------------------------------------------------------------------------------------------


def _x_log_x(x: Tensor) -> Tensor:
    return torch.xlogy(x, x)


def _mean_log(p: Uniform) -> Tensor:
    """The mean of `log(x)`."""
    return (_x_log_x(p.high) - _x_log_x(p.low)) / (p.high - p.low) - 1


@register_kl(Uniform, Beta)
def _uniform_beta(p: Uniform, q: Beta) -> Tensor:
    width = p.high - p.low
    rising = (q.concentration1 - 1) * _mean_log(p)
    falling = (q.concentration0 - 1) * ((_x_log_x(1 - p.low) - _x_log_x(1 - p.high)) / width - 1)
    constant = q.concentration1.lgamma() + q.concentration0.lgamma() - (q.concentration1 + q.concentration0).lgamma()
    result = constant - torch.log(width) - rising - falling
    outside = (p.high > q.support.upper_bound) | (p.low < q.support.lower_bound)
    return torch.where(outside, math.inf, result)


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Tensor:
    result = -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._log_norm()
    outside = (p.high >= q.support.upper_bound) | (p.low <= q.support.lower_bound)
    return torch.where(outside, math.inf, result)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Uniform, q: Exponential) -> Tensor:
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return torch.where(p.low < q.support.lower_bound, math.inf, result)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Uniform, q: Gamma) -> Tensor:
    constant = q.concentration.lgamma() - q.concentration * q.rate.log()
    mean = q.rate * (p.high + p.low) / 2
    result = -(p.high - p.low).log() + constant + (1 - q.concentration) * _mean_log(p) + mean
    return torch.where(p.low < q.support.lower_bound, math.inf, result)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Uniform, q: Gumbel) -> Tensor:
    shares = q.scale / (p.high - p.low)
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return shares.log() + 0.5 * (high + low) - shares * (torch.exp(-high) - torch.exp(-low))


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Tensor:
    width = p.high - p.low
    spread = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return _HALF_LOG_TWO_PI + torch.log(q.scale / width) + 0.5 * spread / q.scale.pow(2)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Uniform, q: Pareto) -> Tensor:
    constant = (q.alpha * q.scale.pow(q.alpha) * (p.high - p.low)).log()
    result = (q.alpha + 1) * _mean_log(p) - constant
    return torch.where(p.low < q.support.lower_bound, math.inf, result)
