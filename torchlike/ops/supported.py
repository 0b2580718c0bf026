"""Which dtypes an op takes, where torch's kernels are made for a few only."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import Array

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name


def require(x: Array, kernel: str, *also: Any) -> None:
    """Raises NotImplementedError, as torch's kernels do, unless `x` is of a real floating dtype or of a kind in `also`.

    Kinds are numpy's: `jnp.integer`, `jnp.int64`, `jnp.bool_`, `jnp.complexfloating` ...
    """
    if not any(jnp.issubdtype(x.dtype, kind) for kind in (jnp.floating, *also)):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(dtypes.from_numpy(x.dtype))}'")
