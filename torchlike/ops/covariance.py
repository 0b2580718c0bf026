"""Covariance and correlation of the rows of a matrix."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from torchlike.ops.linalg_common import adjoint
from torchlike.ops.registry import op


def _covariance(x, fweights, aweights, correction: int):
    x = x if x.ndim == 2 else x.reshape(1, -1)
    weights = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    if weights is None:
        total = x.shape[1]
        mean = jnp.sum(x, 1, keepdims=True) / total
        free = max(total - correction, 0)
    else:
        total = jnp.sum(weights)
        mean = jnp.sum(x * weights, 1, keepdims=True) / total
        lost = correction if aweights is None else correction * jnp.sum(weights * aweights) / total
        free = jnp.maximum(total - lost, 0)
    centred = x - mean
    spread = jnp.matmul(centred if weights is None else centred * weights, adjoint(centred))
    out = spread / jnp.asarray(free).astype(spread.real.dtype)
    return lax.squeeze(out, [d for d in range(2) if out.shape[d] == 1])


@op(ns="", method=False, promote="float", promoted=("input",), layout="contiguous")
def cov(input, fweights=None, aweights=None, *, correction: int = 1):
    """The covariance matrix of the rows: `(variables, observations) -> (variables, variables)`; one row gives a number."""
    return _covariance(input, fweights, aweights, correction)


@op(ns="", method=False, promote="float", layout="contiguous")
def corrcoef(input):
    """The correlation matrix of the rows, its entries (of complex ones both parts) held in [-1, 1]."""
    spread = _covariance(input, None, None, 1)
    if not spread.ndim:
        return spread / spread
    scale = jnp.sqrt(jnp.diagonal(spread).real).astype(spread.dtype)
    scaled = spread / scale[:, None] / scale[None, :]
    return lax.complex(_held(scaled.real), _held(scaled.imag)) if jnp.iscomplexobj(scaled) else _held(scaled)


def _held(x):
    return jnp.where(x > 1, 1, jnp.where(x < -1, -1, x))
