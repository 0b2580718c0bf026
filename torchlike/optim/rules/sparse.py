"""Rules for gradients that name some rows of a parameter: (sparse dims, n) indices and (n, *dense dims) values.

Indices may repeat; equal ones are summed inside the program, whose shapes depend on n alone. Rows that no index names are
neither read nor written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from torchlike.optim.rules.base import Layout, compute, store, weak


def per_row(rule: Callable) -> Callable:
    """The rule of a group from a rule of rows, which stays reachable as `.one`.

    `rule(grad, state, hyper, *flags) -> (update, state)` sees the rows of each state that the gradient names, and its update
    is added to these rows of the parameter. `grads` are all indices, then all values.
    """

    @functools.wraps(rule)
    def group(params: tuple, grads: tuple, states: tuple, hyper: tuple, static: Layout) -> tuple:
        static = Layout(*static)  # a plain tuple where it came through dispatch
        numbers = [weak(number) for number in hyper]
        shared = dict(zip(static.hyper, numbers, strict=False))
        steps = numbers[len(shared) :]
        rows = list(zip(*states, strict=True)) if states else [()] * len(params)
        new_params, new_rows = [], []
        for i, (param, state) in enumerate(zip(params, rows, strict=True)):
            scope = SimpleNamespace(**shared)
            if steps:
                scope.step = steps[static.steps[i] if static.steps else 0]
            places, values = _coalesce(param.shape, grads[i], grads[len(params) + i])
            taken = tuple(compute(_take(array, places, values.shape)) for array in state)
            update, fresh = rule(compute(values), taken, scope, *static.flags)
            new_params.append(_add(param, places, update))
            new_rows.append(tuple(_put(old, places, new) for old, new in zip(state, fresh, strict=True)))
        return tuple(new_params), tuple(zip(*new_rows, strict=True)) if states else ()

    vars(group)["one"] = rule
    return group


@per_row
def sparse_sgd(grad: jax.Array, state: tuple, hyper: Any, maximize: bool) -> tuple:
    """`p = p - lr g`. Numbers: lr."""
    return (hyper.lr if maximize else -hyper.lr) * grad, state


@per_row
def sparse_adagrad(grad: jax.Array, state: tuple, hyper: Any, maximize: bool) -> tuple:
    """Adagrad's rule on the rows with a gradient. Numbers: lr, lr_decay, eps."""
    if maximize:
        grad = -grad
    total = state[0] + grad * grad
    rate = hyper.lr / (1 + (hyper.step - 1) * hyper.lr_decay)
    return -rate * grad / (jnp.sqrt(total) + hyper.eps), (total,)


@per_row
def sparse_adam(grad: jax.Array, state: tuple, hyper: Any, maximize: bool) -> tuple:
    """Adam's rule on the rows with a gradient, but eps is added before the bias is corrected.

    Numbers: lr, beta1, beta2, eps.
    """
    if maximize:
        grad = -grad
    mean, square = state
    mean = mean + (1 - hyper.beta1) * (grad - mean)
    square = square + (1 - hyper.beta2) * (grad * grad - square)
    rate = hyper.lr * jnp.sqrt(1 - hyper.beta2**hyper.step) / (1 - hyper.beta1**hyper.step)
    return -rate * (mean / (jnp.sqrt(square) + hyper.eps)), (mean, square)


def _coalesce(shape: tuple[int, ...], indices: jax.Array, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Distinct places in the flattened sparse dimensions `(n,)`, filled up with one past the end, and their sums."""
    sparse = shape[: indices.shape[0]]
    size = int(np.prod(sparse))
    places = jnp.ravel_multi_index(tuple(indices), sparse, mode="clip") if len(sparse) > 1 else indices[0]
    if size < 2**31 - 1:
        places = places.astype(jnp.int32)
    places, where = jnp.unique(places, size=places.shape[0], fill_value=size, return_inverse=True)
    return places, jnp.zeros_like(values).at[where.reshape(-1)].add(values)


def _flat(array: jax.Array, values: tuple[int, ...]) -> jax.Array:
    """The array with its sparse dimensions as one: `(N, *dense dims)`."""
    return array.reshape((-1, *values[1:]))


def _take(array: jax.Array, places: jax.Array, values: tuple[int, ...]) -> jax.Array:
    return _flat(array, values).at[places].get(mode="fill", fill_value=0)


def _put(array: jax.Array, places: jax.Array, rows: jax.Array) -> jax.Array:
    flat = array.reshape((-1, *_dense(array, rows)))
    return flat.at[places].set(store(rows, array), mode="drop").reshape(array.shape)


def _add(array: jax.Array, places: jax.Array, rows: jax.Array) -> jax.Array:
    flat = array.reshape((-1, *_dense(array, rows)))
    return flat.at[places].add(store(rows, array), mode="drop").reshape(array.shape)


def _dense(array: jax.Array, rows: jax.Array) -> tuple[int, ...]:
    """The dense dimensions of computed rows; a complex array's are computed with a pair of reals at the end."""
    return rows.shape[1:-1] if jnp.iscomplexobj(array) else rows.shape[1:]
