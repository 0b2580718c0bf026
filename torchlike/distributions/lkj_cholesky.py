"""The LKJ distribution of correlation matrices."""

from __future__ import annotations

import math
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._torch import Tensor
from torchlike.distributions.beta import Beta
from torchlike.distributions.distribution import Distribution
from torchlike.distributions.utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors L of correlation matrices `(dim, dim)`, with `det(L L^T) ** (concentration - 1)` as density of those.

    Samples are drawn by the onion method of D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices
    based on vines and extended onion method", Journal of Multivariate Analysis 100, 2009.

    >>> import torchlike as torch
    >>> torch.distributions.LKJCholesky(3, 0.5).sample().shape
    torch.Size([3, 3])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # Of the squared length of what stands left of the diagonal, row by row.
        marginal = self.concentration + 0.5 * (dim - 2)
        options = {"dtype": self.concentration.dtype, "device": self.concentration.device}
        offset = torch.cat([torch.zeros(1, **options), torch.arange(dim - 1, **options)])
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset, validate_args=False)
        super().__init__(self.concentration.shape, (dim, dim), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._expanded(LKJCholesky, batch_shape, _instance, "concentration")
        new.dim, new._beta = self.dim, self._beta.expand((*batch_shape, self.dim))
        return new

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            square = self._beta.sample(sample_shape).unsqueeze(-1)
            shape = self._extended_shape(sample_shape)
            normal = torch.randn(shape, dtype=square.dtype, device=square.device).tril(-1)
            sphere = normal / normal.norm(dim=-1, keepdim=True)
            first = torch.arange(self.dim, device=square.device).reshape(self.dim, 1) == 0  # nothing stands left of it
            left = square.sqrt() * sphere.masked_fill(first, 0.0)
            rest = torch.clamp(1 - (left**2).sum(-1), min=torch.finfo(left.dtype).tiny)
            return left + torch.diag_embed(rest.sqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        n = self.dim
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = torch.arange(2, n + 1, device=self.concentration.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + n - order
        unnormalized = (order * diagonal.log()).sum(-1)
        alpha = self.concentration + 0.5 * (n - 1)
        normalizer = 0.5 * (n - 1) * math.log(math.pi) + torch.mvlgamma(alpha - 0.5, n - 1) - torch.lgamma(alpha) * (n - 1)
        return unnormalized - normalizer
