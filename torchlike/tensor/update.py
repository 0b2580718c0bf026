"""The door for optimizers: every parameter updated in one recorded node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import jax.numpy as jnp

from torchlike.engine import dispatch, signature
from torchlike.engine.record import emit, local
from torchlike.ops.registry import Op
from torchlike.tensor.tensor import Tensor, bare


@cache
def _row(rule: Callable) -> Op:
    """A private row around an optimizer's rule. Its numbers are hyperparameters: inputs of the program from the start."""

    def fn(*operands, counts, static):
        ends = [*accumulate(counts)]
        params, *states, grads, hyper = (tuple(operands[end - n : end]) for n, end in zip(counts, ends, strict=True))
        params, new_states = rule(params, grads, tuple(states), hyper, static)
        return (*params, *(s for state in new_states for s in state))

    return Op(f"{rule.__module__}.{rule.__qualname__}", fn, ns="", method=False, dynamic=True, wide=True)


@cache
def _selecting_row(rule: Callable) -> Op:
    """As `_row`, with operands before the hyperparameters: a flag, and numbers that are arrays and follow the hyperparameters.
    Where the flag is not nought, everything stays what it was."""
    update = _row(rule).fn

    def fn(*operands, counts, static):
        *lists, unless, numbers = counts
        end = len(operands) - numbers
        found_inf, *arrays = operands[end - unless : end]
        rest = (*operands[: end - unless], *operands[end:], *arrays)
        new = update(*rest, counts=(*lists, numbers + len(arrays)), static=static)
        return tuple(jnp.where(found_inf != 0, old, value) for old, value in zip(operands, new, strict=False))

    return Op(f"{rule.__module__}.{rule.__qualname__}_unless", fn, ns="", method=False, dynamic=True, wide=True)


def differentiable_update(
    rule: Callable[..., Any],
    param: Tensor,
    grad: Tensor,
    states: Sequence[Tensor],
    hyper: Sequence[float | Tensor],
    static: Any = (),
) -> tuple[Tensor, ...]:
    """The new parameter and states of one parameter, by an op like any other, gradients included."""
    counts = (1, *(1 for _ in states), 1, len(hyper))
    out = dispatch.call(_row(rule), [param, *states, grad, *hyper], (counts, static))
    return out if isinstance(out, tuple) else (out,)


def apply_update(
    rule: Callable[..., Any],
    params: Sequence[Tensor],
    grads: Sequence[Tensor],
    states: Sequence[Sequence[Tensor]],
    hyper: Sequence[float],
    static: Any = (),
    unless: Sequence[Tensor] = (),
) -> bool:
    """Record `rule(params, grads, states, hyper, static) -> (new params, new states)` and write the results in place.

    Args:
        grads: what the rule reads beside the parameters, as many tensors as it wants.
        states: lists of tensors that are rewritten, too; for most rules one per kind of state, each as long as `params`.
        hyper: Python floats, given to the rule as zero-dim float64 arrays.
        static: hashable; what shapes the program.
        unless: empty, or a zero-dim tensor, not nought where nothing is to change (nobody reads it on the host), and zero-dim
            tensors that the rule finds behind `hyper`.

    Returns:
        False, and nothing is done, where the parameters are on several devices.
    """
    targets = [*params, *(t for state in states for t in state)]
    tensors = [*targets, *grads, *unless]  # results stand where their operands stand, so that buffers are updated in place
    try:
        values = [t._storage.value if t._view is None else t._read() for t in tensors]
    except dispatch.Elsewhere:  # parts, of which others are in other processes: all of one tensor's are cut alike
        own = [[t._differentiated() for t in some] for some in (params, grads, *states)]
        return apply_update(rule, own[0], own[1], own[2:], hyper, static, unless)
    specs: tuple[signature.Spec, ...] = (*[v.aval for v in values], *[float] * len(hyper))
    counts = (len(params), *map(len, states), len(grads))
    if unless:
        row, statics = _selecting_row(rule), ((*counts, len(unless), len(hyper)), static)
    else:
        row, statics = _row(rule), ((*counts, len(hyper)), static)
    sig = signature.find(row, specs, statics)
    if sig is None:
        if len({value.aval.device for value in values[: len(params)]}) > 1:
            return False
        sig = signature.make(row, specs, statics)
    plain = local.state.capture is None and local.state.notes is None
    for target, value in zip(targets, emit(sig, values, [float(h) for h in hyper]), strict=True):
        storage = target._storage
        if target._view is not None:
            target.data.copy_(bare(value))
        elif plain:  # what `write` does, without a call per tensor
            storage.value = value
            storage.version += 1
        else:
            storage.write(value)
    return True
