"""Images inside a program are kept channels last: XLA's CPU convolutions want (N, *spatial, C), torch says (N, C, *spatial).

A convolution puts its operand into that order; elementwise ops and rows that know how (`channels_last`) pass it on; every
other op gets the order it expects. So a network transposes its images once at each end and not around each convolution.
Accelerators choose layouts themselves, and are left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from torchlike.base import device as devices
from torchlike.engine.signature import Signature, VjpSignature, paired
from torchlike.engine.value import Aval


class Last:
    """An array of shape (N, C, *spatial) stored as (N, *spatial, C)."""

    __slots__ = ("array",)

    def __init__(self, array: Any):
        self.array = array


def plain(x: Any) -> Any:
    """The array in the order of its shape."""
    return jnp.moveaxis(x.array, -1, 1) if type(x) is Last else x


def stored(x: Any) -> Any:
    """The array with its channels last."""
    return x.array if type(x) is Last else jnp.moveaxis(x, 1, -1)


def marked(array: Any, last: bool) -> Any:
    return Last(array) if last else array


def constant(x: Any) -> Any:
    """The array, or the image, as something that has no gradient."""
    return Last(lax.stop_gradient(x.array)) if type(x) is Last else lax.stop_gradient(x)


def zeros(aval: Aval, last: bool) -> Any:
    """Zeros of a description, stored channels last where asked."""
    shape = aval.shape
    return jnp.zeros((shape[0], *shape[2:], shape[1]) if last else shape, aval.dtype.np)


def orders(sig: Signature, tensors: Sequence[Any]) -> tuple[bool, ...] | None:
    """Which tensor operands go to `sig.fn_last` channels last; None where the op runs in the order of the shapes."""
    if sig.fn_last is None or sig.device is not devices.CPU or not tensors:
        return None
    avals, op = sig.tensors, sig.op
    rank = max(a.ndim for a in avals)
    if rank < 3:
        return None
    if op is not None and op.channels_last is not None:
        batched = avals[0].ndim == rank and (not op.prefers_channels_last or avals[1].ndim == rank)
        if not batched or not (op.prefers_channels_last or type(tensors[0]) is Last):
            return None
        return (True, *[False] * (len(avals) - 1))
    if not any(type(t) is Last for t in tensors) or any(a.ndim not in (0, rank) for a in avals):
        return None
    return tuple(a.ndim == rank for a in avals)


def arranged(tensors: Sequence[Any], last: Sequence[bool] | None) -> list[Any]:
    if last is None:
        return [plain(t) for t in tensors]
    return [stored(t) if moved else plain(t) for t, moved in zip(tensors, last, strict=True)]


def result_orders(sig: Signature, last: Sequence[bool] | None) -> list[bool]:
    """Which results come channels last: those of the images' rank."""
    if last is None:
        return [False] * len(sig.outs)
    rank = max(a.ndim for a in sig.tensors)
    return [o.ndim == rank for o in sig.outs]


def cotangents(sig: VjpSignature, arrived: Sequence[Any], last: Sequence[bool]) -> list[Any]:
    """All differentiable results' cotangents in the order of the results, zeros where none arrived."""
    given = iter(arrived)
    found: list[Any] = []
    for out, there, moved in zip(sig.forward.outs, sig.have, last, strict=True):
        value = next(given) if there else None
        if not out.dtype.is_differentiable:
            found.append(None)
        elif value is None:
            found.append(zeros(out, moved))
        else:
            found.append(stored(value) if moved else plain(value))
    return found


def linear_pullback(sig: VjpSignature, arrived: Sequence[Any], numbers: Sequence[Any]) -> list[Any] | None:
    """The pullback of a linear elementwise op with its cotangent channels last, or None where that is not the case."""
    forward = sig.forward
    if not forward.linear or forward.fn_last is not forward.fn or not any(type(c) is Last for c in arrived):
        return None
    rank = max(a.ndim for a in forward.tensors)
    last = orders(forward, [Last(None) if a.ndim == rank else None for a in forward.tensors])
    if last is None or forward.outs[0].ndim != rank:
        return None
    tensors, given = iter([zeros(a, moved) for a, moved in zip(forward.tensors, last, strict=True)]), iter(numbers)
    args = [next(given) if isinstance(s, type) else next(tensors) for s in forward.specs]
    _, pull = paired(forward, sig.needs, args, lambda c: c)
    grads = pull(cotangents(sig, arrived, result_orders(forward, last)))
    wanted = [moved for moved, needed in zip(last, sig.needs, strict=True) if needed]
    return [marked(g, moved) for g, moved in zip(grads, wanted, strict=True)]
