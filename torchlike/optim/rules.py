"""The update rules: pure functions of one parameter, `(param, grad, state, hyper, flags) -> (param, state)`.

`@per_parameter` makes of such a function the rule of a whole parameter group, the form that the engine records as one node:

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

    @functools.wraps(rule)
    def group(params: tuple, grads: tuple, states: tuple, hyper: tuple, static: Layout) -> tuple:
        numbers = [_weak(number) for number in hyper]
        shared = dict(zip(static.hyper, numbers, strict=False))
        steps = numbers[len(shared) :]
        rows = list(zip(*states, strict=True)) if states else [()] * len(params)
        new_params, new_rows = [], []
        for i, (param, grad, row) in enumerate(zip(params, grads, rows, strict=True)):
            scope = SimpleNamespace(**shared)
            if steps:
                scope.step = steps[static.steps[i] if static.steps else 0]
            new_param, new_row = rule(_compute(param), _compute(grad), tuple(map(_compute, row)), scope, *static.flags)
            new_params.append(_store(new_param, param))
            new_rows.append(tuple(map(_store, new_row, row)))
        return tuple(new_params), tuple(zip(*new_rows, strict=True)) if states else ()

    vars(group)["one"] = rule
    return group


@per_parameter
def sgd(
    param: jax.Array,
    grad: jax.Array,
    state: tuple,
    hyper: Any,
    momentum: bool,
    dampened: bool,
    nesterov: bool,
    weight_decay: bool,
    maximize: bool,
) -> tuple:
    """`v = momentum v + (1 - dampening) g`, `p = p - lr v`; Nesterov's form takes `g + momentum v`.

    The first step takes the gradient undampened. Numbers: lr, momentum, dampening, weight_decay.
    """
    import optax

    if maximize:
        grad = -grad
    if weight_decay:
        grad = _apply(optax.add_decayed_weights(hyper.weight_decay), grad, param)
    if momentum:
        if dampened:
            grad = grad * jnp.where(hyper.step == 1, 1.0, 1 - hyper.dampening)
        grad, trace = optax.trace(hyper.momentum, nesterov).update(grad, optax.TraceState(state[0]))
        state = (trace.trace,)
    return optax.apply_updates(param, _apply(optax.scale_by_learning_rate(hyper.lr), grad)), state


@per_parameter
def adam(
    param: jax.Array,
    grad: jax.Array,
    state: tuple,
    hyper: Any,
    amsgrad: bool,
    weight_decay: bool,
    decoupled: bool,
    maximize: bool,
) -> tuple:
    """`m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `p = p - lr m^ / (sqrt(v^) + eps)`, with `^` bias-corrected.

    `decoupled` weight decay shrinks the parameter (AdamW), the other kind adds to the gradient. AMSGrad divides by the
    largest `v` so far. Numbers: lr, beta1, beta2, eps, weight_decay.
    """
    import optax

    if maximize:
        grad = -grad
    if weight_decay and not decoupled:
        grad = _apply(optax.add_decayed_weights(hyper.weight_decay), grad, param)
    if amsgrad:
        update, state = _amsgrad(grad, state, hyper)
    else:
        scale = optax.scale_by_adam(hyper.beta1, hyper.beta2, hyper.eps)
        update, moments = scale.update(grad, optax.ScaleByAdamState(hyper.step - 1, *state))
        state = (moments.mu, moments.nu)
    if weight_decay and decoupled:
        update = _apply(optax.add_decayed_weights(hyper.weight_decay), update, param)
    return optax.apply_updates(param, _apply(optax.scale_by_learning_rate(hyper.lr), update)), state


def _amsgrad(grad: jax.Array, state: tuple, hyper: Any) -> tuple:
    """As `optax.scale_by_amsgrad`, except that torch corrects the bias after it took the maximum, not before."""
    import optax

    mu = optax.tree.update_moment(grad, state[0], hyper.beta1, 1)
    nu = optax.tree.update_moment_per_elem_norm(grad, state[1], hyper.beta2, 2)
    largest = jnp.maximum(state[2], nu)
    mu_hat = optax.tree.bias_correction(mu, hyper.beta1, hyper.step)
    nu_hat = optax.tree.bias_correction(largest, hyper.beta2, hyper.step)
    return mu_hat / (jnp.sqrt(nu_hat) + hyper.eps), (mu, nu, largest)


def _apply(transformation: Any, updates: jax.Array, param: jax.Array | None = None) -> jax.Array:
    """A transformation without state."""
    import optax

    return transformation.update(updates, optax.EmptyState(), param)[0]


def _weak(number: Any) -> Any:
    # No public function weakens a traced scalar; only Python numbers are born weak, and they would be constants.
    from jax.extend.core.primitives import convert_element_type_p  # slow to import, and needed at the first step only

    return convert_element_type_p.bind(jnp.asarray(number), new_dtype=np.dtype(np.float64), weak_type=True, sharding=None)


def _compute(array: jax.Array) -> jax.Array:
    """An array as the rules compute with it."""
    if jnp.iscomplexobj(array):
        return jnp.stack([array.real, array.imag], -1)
    return array.astype(jnp.float32) if array.dtype.itemsize < 4 else array


def _store(new: jax.Array, old: jax.Array) -> jax.Array:
    """A result in the form of what it replaces."""
    if jnp.iscomplexobj(old):
        return jax.lax.complex(new[..., 0], new[..., 1]).astype(old.dtype)
    return new.astype(old.dtype)
