"""Checkpointing: torch's results and gradients, one program, and less memory."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch as real

import torchlike as torch
from torchlike.engine import aot, program, stats
from torchlike.utils.checkpoint import checkpoint, checkpoint_sequential


def _both(build):
    """`build(torch namespace)` under torch and here: lists of arrays."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [np.asarray(t.detach()) for t in build(real, real.utils.checkpoint)]
        actual = [np.asarray(t.detach()) for t in build(torch, torch.utils.checkpoint)]
    assert len(expected) == len(actual)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=2e-5, atol=1e-6)


def _model(T, dropout=0.0):
    T.manual_seed(3)
    return T.nn.Sequential(
        T.nn.Linear(6, 8), T.nn.Tanh(), T.nn.Dropout(dropout), T.nn.Linear(8, 6), T.nn.BatchNorm1d(6)
    ).double()


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_gradients_masks_and_statistics_are_torchs(reentrant, dropout):
    def run(T, C):
        model = _model(T, dropout)
        x = T.arange(24.0).double().reshape(4, 6).div(10).requires_grad_()
        out = C.checkpoint(model, x, use_reentrant=reentrant)
        (out**2 * T.arange(6.0)).sum().backward()
        following = T.rand(3)  # the generator stands where it would
        return [out, x.grad, *(p.grad for p in model.parameters()), following]

    _both(run)


def test_running_statistics_change_once():
    # torch's recomputation updates them again; here the function runs once, as without checkpoint.
    plain, saved = _model(torch), _model(torch)
    x = torch.arange(24.0).double().reshape(4, 6)
    plain(x).sum().backward()
    checkpoint(saved, x, use_reentrant=False).sum().backward()
    np.testing.assert_allclose(saved[4].running_mean, plain[4].running_mean, rtol=1e-6)
    assert saved[4].num_batches_tracked.item() == 1


def test_what_is_cut_off_the_tape_stays_cut_off():
    def run(T, C):
        w = T.tensor([1.0, 2.0], requires_grad=True)
        x = T.tensor([3.0, 5.0], requires_grad=True)

        def fn(x, scale, *, more):
            with T.no_grad():
                target = x * w
            return {"loss": (x * w - target).pow(2) + x.detach() * w * scale, "more": [more * x, 7]}

        out = C.checkpoint(fn, x, 2.0, use_reentrant=False, more=T.ones(2))
        (out["loss"] + out["more"][0]).sum().backward()
        assert out["more"][1] == 7
        return [out["loss"], x.grad, w.grad]

    _both(run)


def test_nested_twice_and_twice_differentiated():
    def run(T, C):
        w = T.tensor([0.3, 0.7], requires_grad=True)
        inner = lambda x: C.checkpoint(lambda y: (y * w).sin(), x, use_reentrant=False) * x  # noqa: E731
        x = T.tensor([1.0, 2.0], requires_grad=True)
        out = C.checkpoint(inner, x, use_reentrant=False)
        return [out, *T.autograd.grad(out.sum(), [x, w])]

    _both(run)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (first,) = torch.autograd.grad(checkpoint(lambda y: y**3, x, use_reentrant=False).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert second.tolist() == [6.0, 12.0]


def test_sequential_in_pieces():
    def run(T, C):
        T.manual_seed(0)
        chain = T.nn.Sequential(*[T.nn.Linear(4, 4) for _ in range(5)])
        x = T.ones(2, 4, requires_grad=True)
        C.checkpoint_sequential(chain, 2, x, use_reentrant=False).sum().backward()
        return [x.grad, *(p.grad for p in chain.parameters())]

    _both(run)
    assert checkpoint_sequential([torch.sin, torch.cos], 1, torch.zeros(2), use_reentrant=False).tolist() == [1, 1]


def test_reentrant_needs_an_input_that_requires_grad():
    w = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        out = checkpoint(lambda x: x * w, torch.ones(2), use_reentrant=True)
    assert not out.requires_grad
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(lambda x: x * 2, torch.ones(2, requires_grad=True))
    with pytest.raises(ValueError, match="Unexpected keyword arguments: foo"):
        checkpoint(lambda x: x, torch.ones(2), use_reentrant=True, foo=1)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(lambda x: x, torch.ones(2), use_reentrant=False, determinism_check="foo")


def test_what_cannot_be_captured_runs_as_it_is():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 20  # not what JAX would find

    x = torch.ones(2, requires_grad=True)
    checkpoint(Double.apply, x, use_reentrant=False).sum().backward()
    assert x.grad.tolist() == [20, 20]
    y = torch.ones(2, requires_grad=True)
    checkpoint(lambda t: t * t.sum().item() + torch.rand(2), y, use_reentrant=False).sum().backward()
    assert y.grad.tolist() == [2, 2]
    z = torch.zeros(2)
    checkpoint(lambda t: z.add_(t), y, use_reentrant=False)
    assert z.tolist() == [1, 1] and z.requires_grad


def _step(blocks, head, optimizer, x, save, policy=None):
    optimizer.zero_grad()
    h = x
    for block in blocks:
        h = checkpoint(block, h, use_reentrant=False, policy=policy) if save else block(h)
    loss = head(h).square().mean()
    loss.backward()
    optimizer.step()
    return loss


@pytest.mark.parametrize("depth", [4, pytest.param(24, marks=pytest.mark.full)])
def test_a_training_step_needs_less_memory_and_is_one_program(depth):
    losses, memory = [], []
    for save in (False, True):
        torch.manual_seed(0)
        blocks = torch.nn.ModuleList(torch.nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=True) for _ in range(depth))
        head = torch.nn.Linear(32, 1)
        optimizer = torch.optim.SGD([*blocks.parameters(), *head.parameters()], lr=0.01)
        x = torch.randn(16, 32, 32)
        program.clear()
        stats.reset()
        losses.append([_step(blocks, head, optimizer, x, save).item() for _ in range(3)])
        assert stats.compiled == 1
        step = max(program.programs(), key=lambda p: len(p.arguments))
        memory.append(aot.here(step).memory["temporaries"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    assert memory[1] < 0.4 * memory[0]


def test_a_policy_of_jax():
    import jax

    w = torch.ones(3, 3, requires_grad=True)
    x = torch.ones(2, 3)
    run = lambda t: (t @ w).sin() @ w  # noqa: E731
    checkpoint(run, x, use_reentrant=False, policy=jax.checkpoint_policies.dots_saveable).sum().backward()
    expected, w.grad = w.grad, None
    run(x).sum().backward()
    np.testing.assert_allclose(expected, w.grad, rtol=1e-6)


def test_a_function_that_asks_for_an_outside_value():
    pending = torch.arange(3.0) + 1  # not run yet when the function asks for it
    x = torch.ones(3, requires_grad=True)
    out = checkpoint(lambda t: t * pending.sum().item(), x, use_reentrant=False)
    out.sum().backward()
    assert x.grad.tolist() == [6, 6, 6] and pending.tolist() == [1, 2, 3]
