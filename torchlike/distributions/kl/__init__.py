"""Kullback-Leibler divergences: `kl_divergence(p, q)`, and the table of formulas that it looks into."""

from torchlike.distributions.kl import across, alike, infinite, made_of_others
from torchlike.distributions.kl.registry import _KL_MEMOIZE, _KL_REGISTRY, kl_divergence, register_kl

__all__ = ["kl_divergence", "register_kl"]
