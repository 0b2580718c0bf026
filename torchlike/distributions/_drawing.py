"""Random numbers whose distribution depends on tensors.

Values that are there already give torch's own numbers by torch's own functions. Where parameters are still pending, what can be
drawn without looking at them is (the numbers are the same), so that sampling does not cut a program in two.
"""

from __future__ import annotations

import math

import jax
import numpy as np

from torchlike.base.dtypes import float32, float64
from torchlike.distributions import _torch as torch
from torchlike.distributions._torch import Tensor
from torchlike.distributions.validation import there
from torchlike.engine.record import local
from torchlike.tensor.random_draw import on_device, placed, stream


def _inside(x: Tensor) -> bool:
    """Whether numbers are drawn in the program: on accelerators, and within JAX's transforms."""
    return on_device(x.device) or isinstance(there(x), jax.core.Tracer)


def bernoulli(probs: Tensor) -> Tensor:
    """0 or 1, each 1 with the probability that stands there."""
    if there(probs) is not None and not _inside(probs):
        return torch.bernoulli(probs)
    kind = float64 if probs.dtype is float64 else float32
    return (torch.rand(tuple(probs.shape), dtype=kind, device=probs.device) < probs).to(probs.dtype)


def indices(probs: Tensor, count: int) -> Tensor:
    """Indices drawn with replacement in proportion to `probs` (B, N): int64 (count, B)."""
    if _inside(probs):  # the smallest of exponential waiting times
        shape = (count, *probs.shape)
        unit = torch.rand(shape, dtype=float32, device=probs.device).clamp(min=torch.finfo(float32).tiny)
        return (probs / -torch.log(unit)).argmax(-1)
    if there(probs) is None and (count == 1 or local.state.capture is not None):
        waits = torch.empty((count, *probs.shape), dtype=probs.dtype).exponential_()
        return (probs / waits).argmax(-1)
    return torch.multinomial(probs, count, True).T


def exponential(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Exponential numbers of rate 1."""
    options = {"dtype": like.dtype, "device": like.device}
    if _inside(like):
        return -torch.log1p(-torch.rand(shape, **options))
    return torch.empty(shape, **options).exponential_()


def cauchy(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Cauchy numbers around 0 of scale 1."""
    options = {"dtype": like.dtype, "device": like.device}
    if _inside(like):
        return torch.tan(math.pi * (torch.rand(shape, **options) - 0.5))
    return torch.empty(shape, **options).cauchy_()


def log_uniform(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Logarithms of uniform numbers in (0, 1)."""
    return torch.empty(shape, dtype=like.dtype, device=like.device).uniform_(torch.finfo(like.dtype).tiny, 1).log()


def von_mises(loc: Tensor, concentration: Tensor) -> Tensor:
    """Angles around `loc`, by rejection from a wrapped Cauchy distribution (Best and Fisher 1979), on the host."""
    centre, kappa = (x.detach().to(float64)._read().numpy() for x in (loc, concentration))
    with np.errstate(all="ignore"):
        tau = 1 + np.sqrt(1 + 4 * kappa**2)
        rho = (tau - np.sqrt(2 * tau)) / (2 * kappa)
        r = np.where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))  # there rho is not precise: its Taylor series
        found, done = np.empty(loc.shape), np.zeros(loc.shape, bool)
        while not done.all():
            u1, u2, u3 = stream(None).uniform((3, *loc.shape), np_dtype=np.float64)
            z = np.cos(math.pi * u1)
            f = (1 + r * z) / (r + z)
            c = kappa * (r - f)
            accept = (c * (2 - c) - u2 > 0) | (np.log(c / u2) + 1 - c >= 0)
            found = np.where(accept, np.sign(u3 - 0.5) * np.arccos(f), found)
            done |= accept
    angles = np.mod(found + math.pi + centre, 2 * math.pi) - math.pi
    return placed(angles.astype(loc.dtype.np), loc.device)
