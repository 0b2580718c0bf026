"""Where values lie on a mesh: nothing is computed, XLA is told."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.registry import op


@op(ns="", method=False, out=False, linear=True)
def constrain(input, *, sharding):
    """The same values, lying as `sharding` (a `NamedSharding`) says; so does the gradient."""
    return lax.with_sharding_constraint(input, sharding)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def _moved(x: Any, sharding: Any, home: Any, kind: Any, reduce: Any) -> Any:
    if kind is not None:
        x = lax.with_sharding_constraint(x.astype(kind), home)  # or it might be cast after it has moved
    return lax.with_sharding_constraint(x, sharding)


def _moved_back(sharding: Any, home: Any, kind: Any, reduce: Any, like: Any, grad: Any) -> tuple:
    return (lax.with_sharding_constraint(grad.astype(reduce or grad.dtype), home).astype(like.dtype),)


_moved.defvjp(lambda x, *static: (_moved(x, *static), jnp.zeros((), x.dtype)), _moved_back)


@op(ns="", method=False, out=False, linear=True)
def relocate(input, *, sharding, home, kind=None, reduce=None):
    """The same values, lying as `sharding` says; the gradient lies as `home` says (gathered, and its gradient scattered).

    They travel as dtype `kind`, and the gradient as `reduce` (None: as they are).
    """
    return _moved(input, sharding, home, kind, reduce)
