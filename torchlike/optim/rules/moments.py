"""Rules with running averages of the gradient and of its size: Adam and its kin."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from torchlike.optim.rules.base import apply, per_parameter, weak


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
        grad = apply(optax.add_decayed_weights(hyper.weight_decay), grad, param)
    if amsgrad:
        update, state = _amsgrad(grad, state, hyper)
    else:
        scale = optax.scale_by_adam(hyper.beta1, hyper.beta2, hyper.eps)
        update, moments = scale.update(grad, optax.ScaleByAdamState(hyper.step - 1, *state))
        state = (moments.mu, moments.nu)
    if weight_decay and decoupled:
        update = apply(optax.add_decayed_weights(hyper.weight_decay), update, param)
    return optax.apply_updates(param, apply(optax.scale_by_learning_rate(hyper.lr), update)), state


def _amsgrad(grad: jax.Array, state: tuple, hyper: Any) -> tuple:
    """As `optax.scale_by_amsgrad`, except that torch corrects the bias after it took the maximum, not before."""
    import optax

    mu = optax.tree.update_moment(grad, state[0], hyper.beta1, 1)
    nu = optax.tree.update_moment_per_elem_norm(grad, state[1], hyper.beta2, 2)
    largest = jnp.maximum(state[2], nu)
    mu_hat = optax.tree.bias_correction(mu, hyper.beta1, hyper.step)
    nu_hat = optax.tree.bias_correction(largest, hyper.beta2, hyper.step)
    return mu_hat / (jnp.sqrt(nu_hat) + hyper.eps), (mu, nu, largest)


@per_parameter
def adamax(param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, maximize: bool) -> tuple:
    """`m = b1 m + (1 - b1) g`, `u = max(b2 u, |g| + eps)`, `p = p - lr m^ / u`.

    Numbers: lr, beta1, beta2, eps, weight_decay.
    """
    import optax

    if maximize:
        grad = -grad
    if weight_decay:
        grad = apply(optax.add_decayed_weights(hyper.weight_decay), grad, param)
    scale = optax.scale_by_adamax(hyper.beta1, hyper.beta2, hyper.eps)
    update, moments = scale.update(grad, optax.ScaleByAdamState(hyper.step - 1, *state))
    param = optax.apply_updates(param, apply(optax.scale_by_learning_rate(hyper.lr), update))
    return param, (moments.mu, moments.nu)


@per_parameter
def nadam(
    param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, decoupled: bool, maximize: bool
) -> tuple:
    """Adam with Nesterov's momentum, which warms up: `mu_t = b1 (1 - 0.96^(t psi) / 2)`.

    The state is (mu_product, m, v), the first zero-dim. Numbers: lr, beta1, beta2, eps, weight_decay, momentum_decay.
    """
    product, mean, square = state
    param, grad = _decay(param, grad, hyper, weight_decay, decoupled, maximize)
    mu = hyper.beta1 * (1 - 0.5 * 0.96 ** (hyper.step * hyper.momentum_decay))
    next_mu = hyper.beta1 * (1 - 0.5 * 0.96 ** ((hyper.step + 1) * hyper.momentum_decay))
    product = product * mu
    mean, square = _averages(grad, mean, square, hyper)
    denominator = jnp.sqrt(square / (1 - hyper.beta2**hyper.step)) + hyper.eps
    past = weak(product)
    param = param - hyper.lr * (1 - mu) / (1 - past) * grad / denominator
    param = param - hyper.lr * next_mu / (1 - past * next_mu) * mean / denominator
    return param, (product, mean, square)


@per_parameter
def radam(
    param: jax.Array, grad: jax.Array, state: tuple, hyper: Any, weight_decay: bool, decoupled: bool, maximize: bool
) -> tuple:
    """Adam, rectified: the first steps, whose variance is not known yet, are those of momentum alone.

    Numbers: lr, beta1, beta2, eps, weight_decay.
    """
    param, grad = _decay(param, grad, hyper, weight_decay, decoupled, maximize)
    mean, square = _averages(grad, state[0], state[1], hyper)
    correction1, correction2 = 1 - hyper.beta1**hyper.step, 1 - hyper.beta2**hyper.step
    limit = 2 / (1 - hyper.beta2) - 1
    length = limit - 2 * hyper.step * hyper.beta2**hyper.step / correction2
    known = length > 5.0
    rectified = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
    rate = jnp.sqrt(jnp.where(known, rectified * correction2, 1.0))
    update = mean / correction1 * hyper.lr
    return param - jnp.where(known, update * (rate / (jnp.sqrt(square) + hyper.eps)), update), (mean, square)


def _decay(
    param: jax.Array, grad: jax.Array, hyper: Any, weight_decay: bool, decoupled: bool, maximize: bool
) -> tuple[jax.Array, jax.Array]:
    """Parameter and gradient after the weight decay of either kind."""
    if maximize:
        grad = -grad
    if weight_decay and decoupled:
        param = param * (1 - hyper.lr * hyper.weight_decay)
    elif weight_decay:
        grad = grad + hyper.weight_decay * param
    return param, grad


def _averages(grad: jax.Array, mean: jax.Array, square: jax.Array, hyper: Any) -> tuple[jax.Array, jax.Array]:
    import optax

    mean = optax.tree.update_moment(grad, mean, hyper.beta1, 1)
    return mean, optax.tree.update_moment(grad, square, hyper.beta2, 2)
