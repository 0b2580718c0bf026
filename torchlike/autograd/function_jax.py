"""A user's Function inside one of JAX's transforms: its backward is given to JAX as `jax.custom_vjp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from torchlike.engine.value import of_jax
from torchlike.tensor.tensor import Tensor, bare


def traced(tensors: Sequence[Tensor]) -> bool:
    """Whether JAX is transforming what computes these tensors, and the tape has no part in it."""
    return any(isinstance(t._value.array, jax.core.Tracer) for t in tensors) and not any(t._rg for t in tensors)


def _back(array: Any) -> Tensor | None:
    """A cotangent of JAX's as torch's; None for those of integers."""
    return None if array.dtype == jax.dtypes.float0 else bare(of_jax(_conj(array)))


def _conj(array: Any) -> Any:
    return jnp.conj(array) if jnp.iscomplexobj(array) else array


def apply(run: Callable, backward: Callable, args: tuple, places: Sequence[int], tensors: Sequence[Tensor]) -> Any:
    """`run(args) -> (ctx, result)`, with `backward(ctx, *cotangents)` for its derivative."""
    kept: dict[str, Any] = {}

    def forward(*arrays: Any) -> tuple:
        full = list(args)
        for place, array in zip(places, arrays, strict=True):
            full[place] = bare(of_jax(array))
        kept["ctx"], result = run(tuple(full))
        kept["tupled"], outs = isinstance(result, tuple), result if isinstance(result, tuple) else (result,)
        return tuple(o._read().on_device() for o in outs)

    def forward_saving(*arrays: Any) -> tuple:
        raw = {id(o): i for i, o in enumerate(forward(*arrays))}
        saved = [None if s is None else s[1].on_device() for s in kept["ctx"].saved]
        outs = op(*arrays)  # again, so that an outer derivative meets this one's backward too
        return outs, tuple(outs[raw[id(a)]] if id(a) in raw else a for a in saved)

    def pull(saved: tuple, cotangents: tuple) -> tuple:
        ctx = kept["ctx"]
        values = [None if a is None else of_jax(a) for a in saved]
        ctx.saved = tuple(None if v is None else (bare(v), v, False, None, 0) for v in values)
        with jax.enable_x64(True):
            grads = backward(ctx, *map(_back, cotangents))
            grads = grads if isinstance(grads, tuple) else (grads,)
            chosen = [grads[place] for place in places]
            return tuple(None if g is None else _conj(g._read().on_device()) for g in chosen)

    op = jax.custom_vjp(forward)
    op.defvjp(forward_saving, pull)
    with jax.enable_x64(True):
        outs = tuple(bare(of_jax(o)) for o in op(*(t._read().on_device() for t in tensors)))
    return outs if kept["tupled"] else outs[0]
