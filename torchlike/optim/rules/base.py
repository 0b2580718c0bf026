"""What the rules are made with.

`@per_parameter` makes of a rule of one parameter that of a whole parameter group, the form that the engine records as one node:

    rule(params, grads, states, hyper, static) -> (new_params, new_states)

Numbers (learning rate, betas, the step count ...) are inputs of the compiled program, so a schedule compiles nothing. They
reach a rule as weakly typed float64 scalars: `1 - beta2` is computed in float64, as torch computes it in Python, and the
product with a float32 array stays float32, as if the number had been written into the program.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Layout(NamedTuple):
    """What shapes the program of a group's update: the `static` of a rule made by `per_parameter`.

    Attributes:
        states: names of the state arrays, in the order of the rule's `states`.
        hyper: names of the numbers that the whole group shares, in the order of `hyper`; step counts follow them.
        flags: whatever the rule branches on.
        steps: per parameter which of the step counts is its own, or None where all share the first.
    """

    states: tuple[str, ...]
    hyper: tuple[str, ...]
    flags: tuple
    steps: tuple[int, ...] | None


def per_parameter(rule: Callable) -> Callable:
    """The rule of a group from the rule of one parameter, which stays reachable as `.one`.

    `rule(param, grad, state, hyper, *flags)` gets `state` as a tuple of arrays and `hyper` as a namespace that also has
    `step`, the number of this step, counted from 1. Half-precision parameters are updated in float32 and rounded once;
    complex ones are updated as pairs of reals, as in torch.
    """

    @functools.partial(jax.jit, static_argnames=("steps", "static"))
    def one(param: jax.Array, grad: jax.Array, row: tuple, numbers: tuple, steps: bool, static: Layout) -> tuple:
        """One parameter's update: traced once for all parameters of a shape."""
        scope = SimpleNamespace(**dict(zip(static.hyper, numbers, strict=False)))
        if steps:
            scope.step = numbers[-1]
        new_param, new_row = rule(compute(param), compute(grad), tuple(map(compute, row)), scope, *static.flags)
        return store(new_param, param), tuple(map(store, new_row, row))

    @functools.wraps(rule)
    def group(params: tuple, grads: tuple, states: tuple, hyper: tuple, static: Layout) -> tuple:
        static = Layout(*static)  # a plain tuple where it came through dispatch
        numbers = [weak(number) for number in hyper]
        shared, steps = numbers[: len(static.hyper)], numbers[len(static.hyper) :]
        alike = static._replace(steps=None)  # whose step is whose makes no difference to a single one
        rows = list(zip(*states, strict=True)) if states else [()] * len(params)
        new_params, new_rows = [], []
        for i, (param, grad, row) in enumerate(zip(params, grads, rows, strict=True)):
            own = (*shared, steps[static.steps[i] if static.steps else 0]) if steps else tuple(shared)
            new_param, new_row = one(param, grad, row, own, bool(steps), alike)
            new_params.append(new_param)
            new_rows.append(new_row)
        return tuple(new_params), tuple(zip(*new_rows, strict=True)) if states else ()

    vars(group)["one"] = rule
    return group


def apply(transformation: Any, updates: jax.Array, param: jax.Array | None = None) -> jax.Array:
    """A transformation without state."""
    import optax

    return transformation.update(updates, optax.EmptyState(), param)[0]


def weak(number: Any) -> Any:
    # No public function weakens a traced scalar; only Python numbers are born weak, and they would be constants.
    from jax.extend.core.primitives import convert_element_type_p  # slow to import, and needed at the first step only

    return convert_element_type_p.bind(jnp.asarray(number), new_dtype=np.dtype(np.float64), weak_type=True, sharding=None)


def compute(array: jax.Array) -> jax.Array:
    """An array as the rules compute with it."""
    if jnp.iscomplexobj(array):
        return jnp.stack([array.real, array.imag], -1)
    return array.astype(jnp.float32) if array.dtype.itemsize < 4 else array


def store(new: jax.Array, old: jax.Array) -> jax.Array:
    """A result in the form of what it replaces."""
    if jnp.iscomplexobj(old):
        return jax.lax.complex(new[..., 0], new[..., 1]).astype(old.dtype)
    return new.astype(old.dtype)
