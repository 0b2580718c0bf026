"""Rematerialization: a function whose backward pass computes it again instead of keeping what it computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.base.device import device


def rematerialized(fn: Callable, where: device, policy: Callable[..., bool] | None = None) -> Callable:
    """`fn(arrays, numbers) -> arrays` under `jax.checkpoint`, or its like that XLA's CPU compiler respects.

    `jax.checkpoint` keeps the compiler from merging both computations by barriers, which XLA drops on CPU before it looks for
    common expressions: the memory saved would be none. There, and without a policy, the backward pass of the function is put
    into a branch that hangs on the arriving gradient: nothing in it can be merged with, or start before, what is outside.
    """
    if policy is None and where.type == "cpu":
        return lambda arrays, numbers: _in_a_branch(fn, arrays, numbers)
    return jax.checkpoint(fn, policy=policy)


def _in_a_branch(fn: Callable, arrays: Sequence[Any], numbers: Sequence[Any]) -> Any:
    traced = [isinstance(n, jax.core.Tracer) for n in numbers]

    def call(arrays: Any, given: Any) -> Any:
        rest = iter(given)
        return tuple(fn(arrays, [next(rest) if t else n for n, t in zip(numbers, traced, strict=True)]))

    smooth = [jnp.issubdtype(a.dtype, jnp.inexact) for a in arrays]

    def pullback(arrays: Any, given: Any, cotangents: Any) -> tuple:
        chosen = [a for a, s in zip(arrays, smooth, strict=True) if s]

        def of_smooth(*floats: Any) -> Any:
            rest = iter(floats)
            outs = call([next(rest) if s else a for a, s in zip(arrays, smooth, strict=True)], given)
            return tuple(o for o in outs if jnp.issubdtype(o.dtype, jnp.inexact))

        return jax.vjp(of_smooth, *chosen)[1](cotangents)

    @jax.custom_vjp
    def remat(arrays: Any, given: Any) -> Any:
        return call(arrays, given)

    def forward(arrays: Any, given: Any) -> tuple:
        return call(arrays, given), (arrays, given)

    def backward(kept: Any, cotangents: Any) -> tuple:
        arrived = tuple(c for c in cotangents if jnp.issubdtype(c.dtype, jnp.inexact))
        shapes = jax.eval_shape(pullback, *kept, arrived)
        grads = iter(lax.cond(_always(arrived), pullback, lambda *_: jax.tree.map(_zeros, shapes), *kept, arrived))
        return [next(grads) if s else None for s in smooth], None

    remat.defvjp(forward, backward)
    return remat(list(arrays), [n for n, t in zip(numbers, traced, strict=True) if t])


def _zeros(like: Any) -> Any:
    return jnp.zeros(like.shape, like.dtype)


def _always(arrived: Sequence[Any]) -> Any:
    """True, in a way that the compiler can neither know nor find out before the gradients are there."""
    total = sum(jnp.ravel(c)[0].astype(jnp.complex128 if jnp.iscomplexobj(c) else jnp.float64) for c in arrived if c.size)
    return lax.convert_element_type(jnp.isfinite(jnp.real(total)), jnp.int32) < 2
