"""Rules that divide the gradient by its own past size: Adagrad, Adadelta, RMSprop, Adafactor."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from torchlike.optim.rules.base import apply, per_parameter


def _start(param: jax.Array, grad: jax.Array, hyper: Any, weight_decay: bool, maximize: bool) -> jax.Array:
    import optax

    if maximize:
        grad = -grad
    return apply(optax.add_decayed_weights(hyper.weight_decay), grad, param) if weight_decay else grad


def _end(param: jax.Array, update: jax.Array, lr: Any) -> jax.Array:
    import optax

    return optax.apply_updates(param, apply(optax.scale_by_learning_rate(lr), update))


@per_parameter
def adagrad(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, maximize: bool) -> tuple:
    """`s = s + g^2`, `p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)`. Numbers: lr, lr_decay, weight_decay, eps.

    optax's rule adds eps below the root and leaves elements alone whose sum is zero.
    """
    grad = _start(param, grad, hyper, weight_decay, maximize)
    total = state[0] + grad * grad
    rate = hyper.lr / (1 + (hyper.step - 1) * hyper.lr_decay)
    return _end(param, grad / (jnp.sqrt(total) + hyper.eps), rate), (total,)


@per_parameter
def adadelta(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, maximize: bool) -> tuple:
    """`d = sqrt(u + eps) / sqrt(v + eps) g`, with running averages `v` of `g^2` and `u` of `d^2`; `p = p - lr d`.

    The state is (v, u). Numbers: lr, rho, eps, weight_decay.
    """
    import optax

    grad = _start(param, grad, hyper, weight_decay, maximize)
    update, moments = optax.scale_by_adadelta(hyper.rho, hyper.eps).update(grad, optax.ScaleByAdaDeltaState(*state))
    return _end(param, update, hyper.lr), (moments.e_g, moments.e_x)


@per_parameter
def rmsprop(
    param: jax.Array,
    grad: jax.Array,
    state: tuple,
    hyper: Any,
    momentum: bool,
    centered: bool,
    weight_decay: bool,
    maximize: bool,
) -> tuple:
    """`p = p - lr b`, with the momentum `b` of `g / (sqrt(v) + eps)`; `centered` divides by the deviation, not the size.

    The state is (v, b, m) as far as they are wanted. Numbers: lr, momentum, alpha, eps, weight_decay.
    """
    import optax

    grad = _start(param, grad, hyper, weight_decay, maximize)
    if centered:
        scale = optax.scale_by_stddev(hyper.alpha, hyper.eps, eps_in_sqrt=False)
        update, moments = scale.update(grad, optax.ScaleByRStdDevState(state[-1], state[0]))
        averages: tuple = (moments.nu, moments.mu)
    else:
        scale = optax.scale_by_rms(hyper.alpha, hyper.eps, eps_in_sqrt=False)
        update, moments = scale.update(grad, optax.ScaleByRmsState(state[0]))
        averages = (moments.nu,)
    if momentum:
        update, trace = optax.trace(hyper.momentum).update(update, optax.TraceState(state[1]))
        averages = (averages[0], trace.trace, *averages[1:])
    return _end(param, update, hyper.lr), averages


@per_parameter
def adafactor(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, maximize: bool) -> tuple:
    """Steps relative to the parameter's size, divided by a second moment of which rows and columns alone are kept.

    The state is (row_var, col_var) from two dimensions on, otherwise (variance,). Numbers: lr, beta2_decay, eps1, eps2, d,
    weight_decay.
    """
    if maximize:
        grad = -grad
    rate = jnp.minimum(hyper.lr, 1 / jnp.sqrt(hyper.step)) * jnp.maximum(hyper.eps2, _root_mean_square(param))
    if weight_decay:
        param = param * (1 - hyper.lr * hyper.weight_decay)
    weight = hyper.step**hyper.beta2_decay
    squares = grad * grad
    if len(state) == 2:
        row = state[0] + weight * (jnp.mean(squares, -1, keepdims=True) - state[0])  # (..., r, 1)
        column = state[1] + weight * (jnp.mean(squares, -2, keepdims=True) - state[1])  # (..., 1, c)
        estimate = row * column / jnp.maximum(jnp.mean(row, -2, keepdims=True), hyper.eps1)
        state = (row, column)
    else:
        estimate = state[0] + weight * (squares - state[0])
        state = (estimate,)
    update = grad * jax.lax.rsqrt(jnp.maximum(estimate, hyper.eps1 * hyper.eps1))
    clip = jnp.maximum(1.0, _root_mean_square(update) / hyper.d)
    return param - rate / clip * update, state


def _root_mean_square(array: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.mean(array * array))
