"""The pure update rules against torch's optimizers, without tensors of ours in between."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from torchlike.optim import rules
from torchlike.optim.rules import Layout

STEPS = 50
SHAPES = ((4, 3), (7,), ())


def torch_trajectory(make, dtype=np.float32):
    """The parameters after 50 steps on fixed gradients, and those gradients."""
    rng = np.random.default_rng(0)
    starts = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    grads = [[rng.normal(size=shape).astype(dtype) for shape in SHAPES] for _ in range(STEPS)]
    params = [torch.nn.Parameter(torch.tensor(start)) for start in starts]
    optimizer = make(params)
    for row in grads:
        for param, grad in zip(params, row, strict=True):
            param.grad = torch.tensor(grad)
        optimizer.step()
    return starts, grads, [param.detach().numpy() for param in params]


def run_rule(rule, starts, grads, states, hyper, flags, steps):
    layout = Layout(states, tuple(hyper), flags, None)
    with jax.enable_x64(True):
        traces = []
        step = jax.jit(lambda *args: traces.append(1) or rule(*args), static_argnums=4)
        params = tuple(starts)
        arrays = tuple(tuple(jnp.zeros_like(p) for p in starts) for _ in states)
        for i, row in enumerate(grads):
            numbers = (*(np.float64(v) for v in hyper.values()), *((np.float64(i + 1),) if steps else ()))
            params, arrays = step(params, tuple(row), arrays, numbers, layout)
    assert len(traces) == 1
    return params


SGD_CASES = [
    case
    for case in itertools.product((0.0, 0.9), (0.0, 0.3), (False, True), (0.0, 0.01), (False, True))
    if not (case[2] and (case[0] == 0 or case[1] != 0))
]


@pytest.mark.parametrize("momentum,dampening,nesterov,weight_decay,maximize", SGD_CASES)
def test_sgd(momentum, dampening, nesterov, weight_decay, maximize):
    options = {
        "momentum": momentum, "dampening": dampening, "nesterov": nesterov, "weight_decay": weight_decay, "maximize": maximize
    }  # fmt: skip
    starts, grads, expected = torch_trajectory(lambda p: torch.optim.SGD(p, lr=0.05, **options))
    hyper = {"lr": 0.05, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
    dampened = momentum != 0 and dampening != 0
    flags = (momentum != 0, dampened, nesterov, weight_decay != 0, maximize)
    got = run_rule(rules.sgd, starts, grads, ("momentum_buffer",) if momentum else (), hyper, flags, dampened)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=2e-6)


ADAM_CASES = [(*case, np.float32) for case in itertools.product((False, True), (0.0, 0.1), (False, True), (False, True))]
ADAM_CASES += [(amsgrad, 0.1, False, False, dtype) for amsgrad in (False, True) for dtype in (np.float64, np.complex64)]


@pytest.mark.parametrize("amsgrad,weight_decay,decoupled,maximize,dtype", ADAM_CASES)
def test_adam(amsgrad, weight_decay, decoupled, maximize, dtype):
    make = lambda p: torch.optim.Adam(  # noqa: E731 - short
        p, lr=0.01, amsgrad=amsgrad, weight_decay=weight_decay, decoupled_weight_decay=decoupled, maximize=maximize
    )
    starts, grads, expected = torch_trajectory(make, dtype)
    hyper = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": weight_decay}
    flags = (amsgrad, weight_decay != 0, decoupled, maximize)
    states = ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if amsgrad else ()))
    got = run_rule(rules.adam, starts, grads, states, hyper, flags, True)
    tolerance = 1e-13 if dtype is np.float64 else 2e-6
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def test_half_precision_is_rounded_once():
    with jax.enable_x64(True):
        param, grad = np.ones(3, np.float16), np.full(3, 0.1, np.float16)
        zeros = (np.zeros(3, np.float16),)
        layout = Layout(("exp_avg", "exp_avg_sq"), ("lr", "beta1", "beta2", "eps", "weight_decay"), (False,) * 4, None)
        (new,), ((mean,), (square,)) = rules.adam((param,), (grad,), (zeros, zeros), (0.1, 0.9, 0.999, 1e-8, 0.0, 1.0), layout)
    assert new.dtype == mean.dtype == square.dtype == np.float16
    np.testing.assert_allclose(new, 0.9, rtol=1e-3)
    np.testing.assert_allclose(square, 1e-5, rtol=1e-2)


def test_parameters_of_different_age():
    with jax.enable_x64(True):
        one, zeros = np.ones(2, np.float32), np.zeros(2, np.float32)
        names = ("lr", "beta1", "beta2", "eps", "weight_decay")
        layout = Layout(("exp_avg", "exp_avg_sq"), names, (False,) * 4, (0, 1, 0))
        numbers = (0.1, 0.9, 0.999, 1e-8, 0.0, 1.0, 3.0)
        params, _ = rules.adam((one,) * 3, (one,) * 3, ((zeros,) * 3, (zeros,) * 3), numbers, layout)
    np.testing.assert_array_equal(params[0], params[2])
    assert not np.allclose(params[0], params[1])
