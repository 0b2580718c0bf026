"""Parametrizations that come with the library: orthogonal matrices, weight normalization, spectral normalization."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.numeric import finfo
from torchlike.nn import functional as F
from torchlike.nn.modules.conv import _ConvTransposeNd
from torchlike.nn.modules.module import Module
from torchlike.nn.utils import parametrize
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.arithmetic import allclose
from torchlike.tensor.overloads.linalg import solve
from torchlike.tensor.overloads.normalization import norm_except_dim
from torchlike.tensor.overloads.normalization import weight_norm as apply_norm
from torchlike.tensor.overloads.ranges import eye
from torchlike.tensor.random import randn

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _is_orthogonal(Q: Any) -> bool:
    n, k = Q.shape[-2:]
    identity = eye(k, dtype=Q.dtype, device=Q.device)
    # A reasonable bound on what rounding leaves of Q^H Q = 1.
    return allclose(Q.mH @ Q, identity, atol=10.0 * n * finfo(Q.dtype).eps)


def _make_orthogonal(A: Any) -> Tensor:
    """The orthogonal factor of `A (*, n, k)`, n >= k, made unique by the signs of the other factor's diagonal."""
    X, tau = ops.geqrf(A)
    Q = ops.linalg_householder_product(X, tau)
    return Q * X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


class _Orthogonal(Module):
    """Matrices with orthonormal rows or columns, as a function of free ones.

    `matrix_exp` and `cayley` map the skew-symmetric matrix of the lower triangle, `householder` a product of reflections.
    With `use_trivialization` the result is multiplied by `base`, so that any orthogonal matrix can be assigned
    (Lezcano-Casado, 2019).
    """

    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == _OrthMaps.householder:
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Tensor:
        n, k = X.shape[-2:]
        transposed = n < k
        if transposed:
            X, n, k = X.mT, k, n
        Q = self._reflections(X) if self.orthogonal_map == _OrthMaps.householder else self._rotation(X, n, k)
        if hasattr(self, "base"):
            Q = self.base @ Q
        return Q.mT if transposed else Q

    def _reflections(self, X: Any) -> Any:
        A = X.tril(diagonal=-1)  # (*, n, k)
        tau = 2.0 / (1.0 + (A * A).sum(dim=-2))
        Q = ops.linalg_householder_product(A, tau)
        return Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)  # the diagonal is 1 or -1

    def _rotation(self, X: Any, n: int, k: int) -> Any:
        X = X.tril()
        if n != k:
            X = ops.cat([X, X.new_zeros(n, n - k).expand(*X.shape[:-2], -1, -1)], dim=-1)
        A = X - X.mH  # (*, n, n)
        if self.orthogonal_map == _OrthMaps.matrix_exp:
            Q = ops.matrix_exp(A)
        else:
            identity = eye(n, dtype=A.dtype, device=A.device)
            Q = solve(identity - A * 0.5, identity + A * 0.5)
        return Q[..., :k] if n != k else Q

    @no_grad()
    def right_inverse(self, Q: Any) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}.")
        transposed = Q.size(-2) < Q.size(-1)
        tall = Q.mT if transposed else Q
        if not hasattr(self, "base"):
            made = self._without_base(tall)
            return made.mT if transposed else made
        n, k = tall.shape[-2:]
        if n != k:  # complete the basis at random
            extra = randn(*tall.shape[:-2], n, n - k, dtype=tall.dtype, device=tall.device)
            tall = _make_orthogonal(ops.cat([tall, extra], dim=-1))
        else:
            tall = tall.clone() if _is_orthogonal(tall) else _make_orthogonal(tall)
        self.base = tall
        # All maps send minus the identity (whose lower triangle counts) to the identity.
        diagonal = Q.new_full((*Q.shape[:-2], min(Q.shape[-2:])), -1.0)
        return ops.diagonal_scatter(creation.zeros_like(Q), diagonal, dim1=-2, dim2=-1)

    def _without_base(self, Q: Any) -> Any:
        if self.orthogonal_map != _OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations "
                "when use_trivialization=False."
            )
        A, tau = ops.geqrf(Q)
        signs = A.diagonal(dim1=-2, dim2=-1).sign()
        # Where a reflection is left out (tau = 0), LAPACK's sign is the other one.
        return ops.diagonal_scatter(A, ops.where(tau == 0.0, -signs, signs), dim1=-2, dim2=-1)


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keep `module.<name> (*, n, k)` orthogonal: `Q^H Q = 1` for n >= k, else `Q Q^H = 1`.

    Args:
        orthogonal_map: "matrix_exp", "cayley" or "householder"; by default the first for square and complex matrices, else
            the last.
        use_trivialization: needs more memory, and lets any orthogonal matrix be assigned.

    Raises:
        ValueError: where there is no such tensor, it has fewer than 2 dimensions, or the map is unknown.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    chosen = getattr(_OrthMaps, orthogonal_map, None)
    if chosen is None:
        raise ValueError(f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}')
    orth = _Orthogonal(weight, chosen, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, orth, unsafe=True)


class _WeightNorm(Module):
    """`g v / |v|`, the norm taken over all dimensions but one (Salimans and Kingma, 2016)."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return apply_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


class _OldKeys:
    """Reads the states that the hook-based `nn.utils.weight_norm` wrote."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{self.name}_g", f"{prefix}{self.name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{self.name}.original{i}"] = state_dict.pop(key)


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Split `module.<name>` into its norm (`original0`) and its direction (`original1`).

    Args:
        dim: the dimension that has a norm for each index; None: one norm for all.
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_OldKeys(name))
    return module


class _SpectralNorm(Module):
    """The weight over its greatest singular value, which power iteration follows in training (Miyato et al., 2018)."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if dim >= ndim or dim < -ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            for name, size in zip(("_u", "_v"), matrix.size(), strict=True):
                start = matrix.new_empty(size).normal_(0, 1)
                self.register_buffer(name, F.normalize(start, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight: Any) -> Any:
        """`weight` with dimension `dim` in front and the rest as one."""
        if self.dim != 0:
            weight = weight.permute(self.dim, *(d for d in range(weight.dim()) if d != self.dim))
        return weight.flatten(1)

    @no_grad()
    def _power_method(self, weight_mat: Any, n_power_iterations: int) -> None:
        u, v = self._u, self._v
        for _ in range(n_power_iterations):
            u = F.normalize(ops.mv(weight_mat, v), dim=0, eps=self.eps)
            v = F.normalize(ops.mv(weight_mat.H, u), dim=0, eps=self.eps)
        self._u.copy_(u)
        self._v.copy_(v)

    def forward(self, weight: Any) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next call writes into the buffers
        return weight / ops.vdot(u, ops.mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value  # taken as it is: it may have any norm


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide `module.<name>` by its spectral norm.

    Args:
        n_power_iterations: for each forward in training.
        dim: of the outputs; 1 for transposed convolutions, else 0 by default.

    Raises:
        ValueError: where there is no such tensor, or for fewer than one iteration. IndexError: for such a `dim`.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if isinstance(module, _ConvTransposeNd) else 0
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
