"""Applying a dropout mask that was drawn elsewhere."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import cast_error
from torchlike.ops.registry import op

# -scale * alpha of SELU: what a dropped unit becomes, so that mean and variance stay (Klambauer et al., 2017).
_ALPHA = 1.7580993408473766


def _require_inexact(input: Array) -> None:
    """Raises RuntimeError for whole numbers, which cannot hold what dropout makes of them."""
    if not jnp.issubdtype(input.dtype, jnp.inexact):
        raise cast_error(dtypes.get_default_dtype(), dtypes.from_numpy(input.dtype))


@op(ns="", method=False, inplace=True, out=False, layout="elementwise", grad_name="Mul", raw=True)
def drop(input, kept, keep):
    """input / keep where `kept` (bool, of a shape that broadcasts), 0 elsewhere; `keep` is the probability of being kept."""
    _require_inexact(input)
    noise = kept.astype(input.dtype) / jnp.maximum(jnp.asarray(keep, input.dtype), jnp.finfo(input.dtype).tiny)
    return input * noise


@op(ns="", method=False, inplace=True, out=False, layout="elementwise", grad_name="Add")
def alpha_drop(input, kept, *, p):
    """Dropout that keeps a SELU network's mean and variance."""
    _require_inexact(input)
    if p == 1:
        return input * 0
    a = 1 / math.sqrt((_ALPHA**2 * p + 1) * (1 - p))
    return jnp.where(kept, input * a, -_ALPHA * a) + _ALPHA * a * p
