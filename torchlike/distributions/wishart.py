"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from numbers import Number
from typing import Any

import numpy as np

from torchlike.distributions import _torch as torch
from torchlike.distributions import constraints
from torchlike.distributions._torch import Tensor
from torchlike.distributions.chi2 import Chi2
from torchlike.distributions.exp_family import ExponentialFamily
from torchlike.distributions.multivariate_normal import log_diagonal, precision_to_scale_tril
from torchlike.distributions.utils import lazy_property
from torchlike.distributions.validation import require, there

__all__ = ["Wishart"]


def mvdigamma(x: Tensor, p: int) -> Tensor:
    """The derivative of the logarithm of the multivariate gamma function of dimension `p`."""
    steps = torch.arange(p, dtype=x.dtype, device=x.device)
    return torch.digamma(x.unsqueeze(-1) - steps.div(2)).sum(-1)


class Wishart(ExponentialFamily):
    """Positive definite matrices `(..., D, D)`: sums of the squares `x x^T` of `df` normal vectors.

    Samples are drawn by Bartlett's decomposition. (torch looks at them and draws again, up to `max_try_correction` times, what
    has come out singular; here nothing is read.)

    Args:
        df: degrees of freedom, more than D - 1.
        covariance_matrix, precision_matrix, scale_tril: one of the vectors' covariance, its inverse, its Cholesky factor.

    >>> import torchlike as torch
    >>> torch.distributions.Wishart(torch.tensor(3.0), torch.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self) -> dict[str, Any]:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(
        self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None, scale_tril: Any = None,
        validate_args: bool | None = None,
    ):  # fmt: skip
        given = {"covariance_matrix": covariance_matrix, "scale_tril": scale_tril, "precision_matrix": precision_matrix}
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        if isinstance(df, Number):
            df = torch.tensor(df, dtype=matrix.dtype, device=matrix.device)
        batch_shape = torch.broadcast_shapes(matrix.shape[:-2], df.shape)
        event_shape = matrix.shape[-2:]
        self.df = df.expand(batch_shape)
        self.__dict__[name] = matrix.expand((*batch_shape, -1, -1))
        self._check_df(event_shape[-1])
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = torch.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(matrix)
        self._dist_chi2 = self._chi2()

    def _check_df(self, p: int) -> None:
        def message(readable: bool) -> str:
            shown = self.df if readable else f"a tensor of shape {tuple(self.df.shape)}"
            return f"Value of df={shown} expected to be greater than ndim - 1 = {p - 1}."

        require(constraints.greater_than(p - 1), self.df, message)
        known = there(self.df)
        if isinstance(known, np.ndarray) and (known < p).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.", stacklevel=3
            )

    def _chi2(self) -> Chi2:
        """Of the squares of the diagonal of Bartlett's factor."""
        p = self._event_shape[-1]
        steps = torch.arange(p, dtype=self.df.dtype, device=self.df.device)
        return Chi2(df=self.df.unsqueeze(-1) - steps, validate_args=False)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        names = ("df", "covariance_matrix", "scale_tril", "precision_matrix")
        new = self._expanded(Wishart, batch_shape, _instance, *names)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        new._dist_chi2 = new._chi2()
        return new

    def _full(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The covariance's Cholesky factor."""
        return self._full(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The covariance of the vectors."""
        return self._full(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._full(torch.cholesky_inverse(self._unbroadcasted_scale_tril))

    def _df(self) -> Tensor:
        return self.df.reshape((*self._batch_shape, 1, 1))

    @property
    def mean(self) -> Tensor:
        return self._df() * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, math.nan)
        return factor.reshape((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        diagonal = self.covariance_matrix.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._df() * (self.covariance_matrix.pow(2) + outer)

    def rsample(self, sample_shape: Any = (), max_try_correction: Any = None) -> Tensor:
        self._numbers(sample_shape)  # torch draws once more what has come out well: to have its numbers, so does this
        return self._bartlett_sampling(sample_shape)

    def _bartlett_sampling(self, sample_shape: Any = ()) -> Tensor:
        """One draw by Bartlett's decomposition."""
        diagonal, below = self._numbers(sample_shape)
        factor = diagonal.clamp(min=torch.finfo(diagonal.dtype).eps).sqrt().diag_embed()
        p = self._event_shape[-1]
        rows, columns = torch.tril_indices(p, p, offset=-1)
        factor[..., rows, columns] = below
        chol = self._unbroadcasted_scale_tril @ factor
        return chol @ chol.mT

    def _numbers(self, sample_shape: Any) -> tuple[Tensor, Tensor]:
        """The squares of the diagonal of Bartlett's factor, and what stands below it."""
        diagonal = self._dist_chi2.rsample(sample_shape)
        p = self._event_shape[-1]
        shape = (*sample_shape, *self._batch_shape, p * (p - 1) // 2)
        return diagonal, torch.randn(shape, dtype=self.df.dtype, device=self.df.device)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        factor = self._unbroadcasted_scale_tril
        trace = torch.cholesky_solve(value, factor).diagonal(dim1=-2, dim2=-1).sum(-1)
        return (
            -nu * (p * math.log(2) / 2 + log_diagonal(factor))
            - torch.mvlgamma(nu / 2, p=p)
            + (nu - p - 1) / 2 * torch.linalg.slogdet(value).logabsdet
            - trace / 2
        )

    def entropy(self) -> Tensor:
        nu, p = self.df, self._event_shape[-1]
        return (
            (p + 1) * (p * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril))
            + torch.mvlgamma(nu / 2, p=p)
            - (nu - p - 1) / 2 * mvdigamma(nu / 2, p=p)
            + nu * p / 2
        )

    @property
    def _natural_params(self) -> tuple[Tensor, Tensor]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]  # as many as it has parameters
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return -half * torch.linalg.slogdet(-x).logabsdet + torch.mvlgamma(half, p=p)
