"""The door for optimizers: every parameter updated in one recorded node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from torchlike.engine import signature
from torchlike.engine.record import emit, local
from torchlike.ops.registry import Op
from torchlike.tensor.tensor import Tensor, bare


@cache
def _row(rule: Callable) -> Op:
    """A private row around an optimizer's rule. Its numbers are hyperparameters: inputs of the program from the start."""

    def fn(*operands, counts, static):
        n, states, hypers = counts
        groups = [tuple(operands[i * n : (i + 1) * n]) for i in range(2 + states)]
        *state, grads = groups[1:]
        params, new_states = rule(groups[0], grads, tuple(state), tuple(operands[len(operands) - hypers :]), static)
        return (*params, *(s for state in new_states for s in state))

    return Op(f"{rule.__module__}.{rule.__qualname__}", fn, ns="", method=False, dynamic=True, wide=True)


def apply_update(
    rule: Callable[..., Any],
    params: Sequence[Tensor],
    grads: Sequence[Tensor],
    states: Sequence[Sequence[Tensor]],
    hyper: Sequence[float],
    static: Any = (),
) -> None:
    """Record `rule(params, grads, states, hyper, static) -> (new params, new states)` and write the results in place.

    Args:
        states: one list per kind of state, each as long as `params`.
        hyper: Python floats, given to the rule as zero-dim float64 arrays.
        static: hashable; what shapes the program.
    """
    targets = [*params, *(t for state in states for t in state)]
    tensors = [*targets, *grads]  # results stand where their operands stand, so that buffers are updated in place
    values = [t._storage.value if t._view is None else t._read() for t in tensors]
    specs: tuple[signature.Spec, ...] = (*[v.aval for v in values], *[float] * len(hyper))
    statics = ((len(params), len(states), len(hyper)), static)
    row = _row(rule)
    sig = signature.find(row, specs, statics) or signature.make(row, specs, statics)
    plain = local.state.capture is None
    for target, value in zip(targets, emit(sig, values, [float(h) for h in hyper]), strict=True):
        storage = target._storage
        if target._view is not None:
            target.data.copy_(bare(value))
        elif plain:  # what `write` does, without a call per tensor
            storage.value = value
            storage.version += 1
        else:
            storage.write(value)
