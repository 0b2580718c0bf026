"""Collectives: what processes compute together. Every row runs under a mesh axis, one process a place on it.

`group` has `ranks`, `parts`, `size` and `axis`, the name of the mesh axis (`torchlike.engine.processes.Ranks`): places in
`parts` communicate among themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.ops import moves
from torchlike.ops.registry import op

AXIS = "rank"  # the name of the mesh axis that processes are on
_row = partial(op, ns="", method=False, out=False, linear=True)


def _place(group: Any) -> Any:
    """This process's number among those it communicates with."""
    place = lax.axis_index(group.axis)
    if group.parts is None:
        return place
    table = np.zeros(len(group.ranks), np.int32)
    for part in group.parts:
        table[list(part)] = np.arange(len(part))
    return jnp.asarray(table)[place]


def _carried(fn: Callable[[Any], Any], x: Any) -> Any:
    """`fn` of an array in a dtype that every transport carries: bool travels as bytes, complex as two reals."""
    if x.dtype == jnp.bool_:
        return fn(x.astype(jnp.uint8)).astype(jnp.bool_)
    if jnp.iscomplexobj(x):
        return lax.complex(fn(jnp.real(x)), fn(jnp.imag(x)))
    return fn(x)


def _all_gather(x: Any, group: Any) -> Any:
    return _carried(lambda a: moves.gathered(a, group), x)


def _sum(x: Any, group: Any) -> Any:
    return _carried(lambda a: moves.total(a, group), x)


_FOLDS: dict[str, Callable] = {
    "product": lambda parts: jnp.prod(parts, 0, dtype=parts.dtype),
    "band": lambda parts: jnp.bitwise_and.reduce(parts, axis=0),
    "bor": lambda parts: jnp.bitwise_or.reduce(parts, axis=0),
    "bxor": lambda parts: jnp.bitwise_xor.reduce(parts, axis=0),
    "max": lambda parts: jnp.max(parts, 0),
    "min": lambda parts: jnp.min(parts, 0),
    "sum": lambda parts: jnp.sum(parts, 0, dtype=parts.dtype),
    "avg": lambda parts: _mean(jnp.sum(parts, 0, dtype=parts.dtype), parts.shape[0]),
}


def _mean(total: Any, count: int) -> Any:
    return total / count if jnp.issubdtype(total.dtype, jnp.inexact) else total // count


def _reduced(x: Any, group: Any, kind: str) -> Any:
    if x.dtype == jnp.bool_:  # as in torch: a sum of truths is whether any is true
        kind = {"sum": "bor", "max": "bor", "min": "band", "product": "band"}.get(kind, kind)
    elif kind in ("sum", "avg"):
        total = _sum(x, group)
        return total if kind == "sum" else _mean(total, group.size)
    elif kind in ("max", "min"):
        return moves.extreme(x, group, kind)
    return _FOLDS[kind](_all_gather(x, group))


@_row()
def all_reduce(input, *, group, kind="sum"):
    """Every process's tensor reduced, on every process. The gradient of a sum is the sum of the gradients."""
    return _reduced(input, group, kind)


@_row()
def all_reduce_coalesced(*tensors, group, kind="sum"):
    """`all_reduce` of many tensors at once."""
    return tuple(_reduced(t, group, kind) for t in tensors)


@_row()
def reduce_to(input, *, group, kind="sum", place=0):
    """`all_reduce` for the process at `place`; the others keep what they have."""
    return jnp.where(_place(group) == place, _reduced(input, group, kind), input)


@_row()
def broadcast_from(*tensors, group, place=0):
    """The tensors of the process at `place`, on every process."""
    here = _place(group) == place
    return tuple(_sum(jnp.where(here, t, jnp.zeros_like(t)), group) for t in tensors)


@_row()
def all_gather(input, *, group):
    """`(size, *shape)`: every process's tensor, on every process. The gradient is summed over the processes."""
    return _all_gather(input, group)


@_row()
def reduce_scatter(input, *, group, kind="sum"):
    """Of `(size, *shape)` on every process, reduced over the processes, to each its own `(*shape)`."""
    if kind in ("sum", "avg") and input.dtype != jnp.bool_:
        total = _carried(lambda a: moves.scattered(a, group), input)
        return total if kind == "sum" else _mean(total, group.size)
    if input.dtype == jnp.bool_:
        kind = {"sum": "bor", "max": "bor", "min": "band", "product": "band"}.get(kind, kind)
    return _FOLDS[kind](_exchange(input, group))


def _exchange(x: Any, group: Any) -> Any:
    return _carried(lambda a: moves.exchanged(a, group), x)


@_row()
def all_to_all(input, *, group):
    """Of `(size, *shape)` on every process: each gets the parts that the others have for it, in their order."""
    return _exchange(input, group)


@_row()
def scatter_from(input, *, group, place=0):
    """Of `(size, *shape)` on the process at `place`: each process gets its part."""
    return _exchange(input, group)[place]


@_row()
def own_part(input, *, group):
    """This process's own of `(size, *shape)`, which all have alike."""
    return lax.dynamic_index_in_dim(input, _place(group), 0, keepdims=False)


@_row()
def permute_parts(input, *, group, pairs):
    """What process `pairs[i][0]` has goes to process `pairs[i][1]` (numbers on the mesh); who gets nothing has zeros."""
    return _carried(lambda a: moves.permuted(a, group, pairs), input)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _summed(x: Any, group: Any) -> Any:
    return _sum(x, group)


_summed.defvjp(lambda x, group: (_sum(x, group), None), lambda group, _, grad: (grad,))


@_row()
def sum_alike(input, *, group):
    """`all_reduce` by sum for what all processes go on to use alike: each gradient already is the whole one."""
    return _summed(input, group)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def _shared(x: Any, group: Any) -> Any:
    return x


_shared.defvjp(lambda x, group: (x, None), lambda group, _, grad: (_sum(grad, group),))


@_row()
def use_apart(input, *, group):
    """The tensor itself, which all processes have alike and use differently: its gradient is the sum of theirs."""
    return _shared(input, group)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def _unsharded(x: Any, group: Any, dim: int, kind: Any, reduce: Any) -> Any:
    return moves.joined(x.astype(kind or x.dtype), group, dim)


def _unsharded_back(group: Any, dim: int, kind: Any, reduce: Any, like: Any, grad: Any) -> tuple:
    grad = grad.astype(reduce or grad.dtype)
    total = moves.summed_part(grad, group, dim)
    return ((total / group.size).astype(like.dtype),)


_unsharded.defvjp(lambda x, *static: (_unsharded(x, *static), jnp.zeros((), x.dtype)), _unsharded_back)


@_row()
def unshard(input, *, group, dim=0, kind=None, reduce=None):
    """The processes' parts put together along `dim`. The gradient of each part is the mean of all processes' gradients.

    They travel as dtype `kind`, and the gradients as `reduce` (None: as they are).
    """
    return _unsharded(input, group, dim, kind, reduce)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def _averaged(x: Any, group: Any, kind: Any, reduce: Any) -> Any:
    return x.astype(kind or x.dtype)


def _averaged_back(group: Any, kind: Any, reduce: Any, like: Any, grad: Any) -> tuple:
    return ((_sum(grad.astype(reduce or grad.dtype), group) / group.size).astype(like.dtype),)


_averaged.defvjp(lambda x, *static: (_averaged(x, *static), jnp.zeros((), x.dtype)), _averaged_back)


@_row()
def average_gradient(input, *, group, kind=None, reduce=None):
    """The tensor itself, as dtype `kind`; its gradient is the mean of all processes' gradients, which travel as `reduce`."""
    return _averaged(input, group, kind, reduce)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _joined(x: Any, group: Any, dim: int) -> Any:
    return moves.joined(x, group, dim)


def _joined_back(group: Any, dim: int, _: Any, grad: Any) -> tuple:
    size = grad.shape[dim] // group.size
    return (lax.dynamic_slice_in_dim(grad, _place(group) * size, size, dim),)


_joined.defvjp(lambda x, group, dim: (_joined(x, group, dim), None), _joined_back)


@_row()
def join_alike(input, *, group, dim=0):
    """The processes' parts put together along `dim`, for what all go on to use alike: the gradient of a part is a part."""
    return _joined(input, group, dim)


@_row()
def split_alike(input, *, group, dim=0):
    """This process's part along `dim` of what all have alike; the gradient is put together from all parts'."""
    return _split(input, group, dim)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _split(x: Any, group: Any, dim: int) -> Any:
    size = x.shape[dim] // group.size
    return lax.dynamic_slice_in_dim(x, _place(group) * size, size, dim)


_split.defvjp(
    lambda x, group, dim: (_split(x, group, dim), None),
    lambda group, dim, _, grad: (moves.joined(grad, group, dim),),
)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _sum_split(x: Any, group: Any, dim: int) -> Any:
    return moves.summed_part(x, group, dim)


_sum_split.defvjp(
    lambda x, group, dim: (_sum_split(x, group, dim), None),
    lambda group, dim, _, grad: (moves.joined(grad, group, dim),),
)


@_row()
def sum_split(input, *, group, dim=0):
    """The sum over the processes, of which each gets its part along `dim`."""
    return _sum_split(input, group, dim)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _join_apart(x: Any, group: Any, dim: int) -> Any:
    return moves.joined(x, group, dim)


_join_apart.defvjp(
    lambda x, group, dim: (_join_apart(x, group, dim), None),
    lambda group, dim, _, grad: (moves.summed_part(grad, group, dim),),
)


@_row()
def join_apart(input, *, group, dim=0):
    """The processes' parts put together along `dim`, for what they use differently: the gradient is summed."""
    return _join_apart(input, group, dim)
