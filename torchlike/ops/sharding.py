"""Where values lie on a mesh: nothing is computed, XLA is told."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
from jax import lax

from torchlike.ops.registry import op


@op(ns="", method=False, out=False, linear=True)
def constrain(input, *, sharding):
    """The same values, lying as `sharding` (a `NamedSharding`) says; so does the gradient."""
    return lax.with_sharding_constraint(input, sharding)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _moved(x: Any, sharding: Any, home: Any) -> Any:
    return lax.with_sharding_constraint(x, sharding)


_moved.defvjp(
    lambda x, sharding, home: (_moved(x, sharding, home), None),
    lambda sharding, home, _, grad: (lax.with_sharding_constraint(grad, home),),
)


@op(ns="", method=False, out=False, linear=True)
def relocate(input, *, sharding, home):
    """The same values, lying as `sharding` says; the gradient lies as `home` says (gathered, and its gradient scattered)."""
    return _moved(input, sharding, home)
