"""Whether an op compiles for a TPU that is not there: forward and gradient, by libtpu (the extra `tpu`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jax
import torch
from jax.sharding import NamedSharding, PartitionSpec

import torchlike
from torchlike.engine import aot

from .calls import OURS, TORCH, Call, quiet
from .translate import leaves, to_torchlike

TOPOLOGY = "v5e:2x2"


@cache
def _where() -> NamedSharding:
    return NamedSharding(aot.mesh(TOPOLOGY), PartitionSpec())


def forward(calls: list[Call]) -> Iterator[str | None]:
    """None where a call compiles, else the compiler's words."""
    for call in calls:
        yield _compile(call, False)


def gradient(calls: list[Call]) -> Iterator[str | None]:
    """The same for the results together with the gradients of the arguments."""
    for call in calls:
        yield _compile(call, True)


def _compile(call: Call, gradient: bool) -> str | None:
    with quiet():
        given = call.arguments(TORCH)
        tensors = [t for t in leaves(list(given), torch.Tensor) if _dense(t)]
        arrays = [to_torchlike(t.detach())._read().on_device() for t in tensors]
        wanted = [t.requires_grad for t in tensors]
        try:
            with jax.enable_x64(True):
                shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=_where()) for a in arrays]
                jax.jit(_pure(call, given, wanted if gradient else None), out_shardings=_where()).lower(*shapes).compile()
        except Exception as error:
            return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return None


def _pure(call: Call, given: tuple, wanted: list[bool] | None) -> Callable[..., Any]:
    """The call as a function of arrays: its results, and with `wanted` the gradients of those arguments too."""

    def pure(*arrays: Any) -> list[Any]:
        made = [torchlike.from_jax(a) for a in arrays]
        if wanted is not None:
            made = [t.requires_grad_() if w else t for t, w in zip(made, wanted, strict=True)]
        input, args, keywords = _filled(given, iter(made))
        out = call.operation(OURS)(input, *args, **keywords)
        out = out if wanted is None else call.processed(OURS, out)
        found = list(leaves(out, torchlike.Tensor))
        if wanted is not None:
            outs = [t for t in found if t.requires_grad]
            of = [t for t in made if t.requires_grad]
            if outs and of:
                found += [
                    g
                    for g in torchlike.autograd.grad(outs, of, [torchlike.ones_like(o) for o in outs], allow_unused=True)
                    if g is not None
                ]
        return [t.detach().to_dense().__jax_array__() for t in found]

    return pure


def _dense(tensor: torch.Tensor) -> bool:
    """Sparse arguments stay constants of the program: how many places they have is part of its shapes."""
    return tensor.layout is torch.strided


def _filled(value: Any, tensors: Iterator[Any]) -> Any:
    """The arguments with their tensors, in order, taken from `tensors`; the rest translated."""
    if isinstance(value, torch.Tensor) and _dense(value):
        return next(tensors)
    if type(value) in (list, tuple):
        return type(value)(_filled(v, tensors) for v in value)
    if isinstance(value, dict):
        return {k: _filled(v, tensors) for k, v in value.items()}
    return to_torchlike(value)
