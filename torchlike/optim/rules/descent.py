"""Rules that follow the gradient itself: SGD, ASGD, Rprop, Muon."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from torchlike.optim.rules.base import apply, per_parameter, weak


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
        grad = apply(optax.add_decayed_weights(hyper.weight_decay), grad, param)
    if momentum:
        if dampened:
            grad = grad * jnp.where(hyper.step == 1, 1.0, 1 - hyper.dampening)
        grad, trace = optax.trace(hyper.momentum, nesterov).update(grad, optax.TraceState(state[0]))
        state = (trace.trace,)
    return optax.apply_updates(param, apply(optax.scale_by_learning_rate(hyper.lr), grad)), state


@per_parameter
def asgd(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, maximize: bool) -> tuple:
    """`p = (1 - lambd eta) p - eta g`, `ax += mu (p - ax)`, then `eta` and `mu` of the next step.

    The state is (ax, mu, eta), the last two zero-dim. Numbers: lr, lambd, alpha, t0, weight_decay.
    """
    average, mu, eta = state
    if maximize:
        grad = -grad
    if weight_decay:
        grad = grad + hyper.weight_decay * param
    rate = weak(eta)
    param = param * (1 - hyper.lambd * rate) - rate * grad
    average = jnp.where(weak(mu) == 1, param, average + (param - average) * weak(mu))
    next_eta = hyper.lr / (1 + hyper.lambd * hyper.lr * hyper.step) ** hyper.alpha
    next_mu = 1 / jnp.maximum(1, hyper.step - hyper.t0)
    return param, (average, next_mu, next_eta)


@per_parameter
def rprop(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, maximize: bool) -> tuple:
    """Steps of a size of their own per element: longer while the gradient keeps its sign, shorter and skipped where it turns.

    The state is (prev, step_size). Numbers: eta_minus, eta_plus, step_min, step_max.
    """
    previous, size = state
    if maximize:
        grad = -grad
    agreement = jnp.sign(grad * previous)
    factor = jnp.where(agreement > 0, hyper.eta_plus, jnp.where(agreement < 0, hyper.eta_minus, 1.0)).astype(size.dtype)
    size = jnp.clip(size * factor, hyper.step_min, hyper.step_max)
    grad = jnp.where(agreement < 0, 0, grad)
    return param - jnp.sign(grad) * size, (grad, size)


@per_parameter
def muon(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, nesterov: bool, steps: int, adjust: str | None) -> tuple:
    """Momentum, made orthogonal by `steps` Newton-Schulz iterations in bfloat16, as in torch.

    Numbers: lr, weight_decay, momentum, eps and the coefficients a, b, c.
    """
    buffer = grad + hyper.momentum * (state[0] - grad)
    update = grad + hyper.momentum * (buffer - grad) if nesterov else buffer
    update = _orthogonal(update, hyper, steps)
    rows, columns = param.shape
    ratio = 0.2 * max(rows, columns) ** 0.5 if adjust == "match_rms_adamw" else max(1, rows / columns) ** 0.5
    param = param * (1 - hyper.lr * hyper.weight_decay) - hyper.lr * ratio * update.astype(param.dtype)
    return param, (buffer,)


def _orthogonal(x: jax.Array, hyper: Any, steps: int) -> jax.Array:
    """The nearest matrix with orthonormal rows or columns, about: singular values end between 0.5 and 1.5."""
    x = _rounded(x)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x  # (small, large)
    norm = _rounded(jnp.linalg.norm(x.astype(jnp.float32)))
    x = _rounded(x / jnp.maximum(norm, hyper.eps).astype(jnp.float32))
    for _ in range(steps):
        gram = _rounded(_product(x, x.T))  # (small, small)
        polynomial = _rounded(hyper.b * gram.astype(jnp.float32) + hyper.c * _product(gram, gram))
        x = _rounded(hyper.a * x.astype(jnp.float32) + _product(polynomial, x))
    return x.T if tall else x


def _product(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b, preferred_element_type=jnp.float32)


def _rounded(array: jax.Array) -> jax.Array:
    """In bfloat16. A plain cast would be left out by XLA wherever the next operation widens again."""
    return jax.lax.reduce_precision(array, 8, 7).astype(jnp.bfloat16)
