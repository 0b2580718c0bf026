"""Transforms inside transforms, inside and around the tape, with closures, writes, hooks and random numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.func.test_transforms import _same
from torchlike.engine import stats


def _both(program: Any) -> None:
    """`program(namespace)` under torchlike and torch."""
    found = program(torchlike)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's transforms warn of torch's own deprecated parts
        expected = program(torch)
    _same(found, expected)


def _x(t: Any, *shape: int) -> Any:
    count = int(np.prod(shape))
    return t.sin(t.arange(1.0, count + 1.0, dtype=t.float64)).reshape(shape)


def test_a_gradient_of_a_gradient_reaches_what_is_outside():
    def program(t: Any) -> Any:
        w = _x(t, 3).requires_grad_()
        inner = t.func.grad(lambda p: ((p * w).sin() ** 2).sum())(_x(t, 3))
        inner.pow(2).sum().backward()
        return [inner, w.grad]

    _both(program)


def test_maml():
    def program(t: Any) -> Any:
        t.manual_seed(0)
        model = t.nn.Sequential(t.nn.Linear(2, 4), t.nn.Tanh(), t.nn.Linear(4, 1)).double()
        params = dict(model.named_parameters())
        x = _x(t, 5, 2)

        def loss(p: Any) -> Any:
            return (t.func.functional_call(model, p, (x,)) ** 2).mean()

        for _ in range(2):
            grads = t.func.grad(loss)(params)
            params = {name: p - 0.1 * g for (name, p), g in zip(params.items(), grads.values(), strict=True)}
        loss(params).backward()
        return [p.grad for p in model.parameters()]

    _both(program)


def test_a_loop_with_transforms_is_compiled_once():
    model = torchlike.nn.Linear(3, 1)
    optimizer = torchlike.optim.SGD(model.parameters(), lr=0.1)
    x = torchlike.randn(8, 3)

    def per_example(params: Any, example: Any) -> Any:
        return torchlike.func.functional_call(model, params, (example,)).pow(2).sum()

    for step in range(4):
        optimizer.zero_grad()
        params = dict(model.named_parameters())
        norms = torchlike.vmap(torchlike.func.grad(per_example), in_dims=(None, 0))(params, x)
        loss = sum(g.pow(2).mean() for g in norms.values())
        loss.backward()
        optimizer.step()
        loss.item()
        if step == 1:
            stats.reset()
    assert stats.compiled == 0 and stats.run == 2


@pytest.mark.parametrize("order", ["jvp_grad", "grad_jvp", "jvp_jvp", "grad_grad", "vmap_jvp_grad", "jacrev_vmap_jacfwd"])
def test_any_order(order: str):
    def program(t: Any) -> Any:
        f = t.func
        x = _x(t, 3)
        inner = lambda v: (v.sin() * v.sum()).sum()  # noqa: E731
        return {
            "jvp_grad": lambda: f.jvp(f.grad(inner), (x,), (x.cos(),)),
            "grad_jvp": lambda: f.grad(lambda v: f.jvp(inner, (v,), (v.cos(),))[1])(x),
            "jvp_jvp": lambda: f.jvp(lambda v: f.jvp(inner, (v,), (v.cos(),))[1], (x,), (x,)),
            "grad_grad": lambda: f.grad(lambda v: f.grad(inner)(v).pow(2).sum())(x),
            "vmap_jvp_grad": lambda: t.vmap(lambda v: f.jvp(f.grad(inner), (v,), (v.cos(),)))(_x(t, 2, 3)),
            "jacrev_vmap_jacfwd": lambda: f.jacrev(lambda v: t.vmap(f.jacfwd(lambda u: u.sin() * u.sum()))(v))(_x(t, 2, 3)),
        }[order]()

    _both(program)


def test_vmap_of_trees_dimensions_and_chunks():
    def program(t: Any) -> Any:
        x, y = _x(t, 4, 3), _x(t, 3, 5)
        fn = lambda d, b: {"sum": d["x"] + b.sum(), "outer": t.outer(d["x"], b)}  # noqa: E731
        mapped = lambda **o: t.vmap(fn, in_dims=({"x": 1}, 0), out_dims={"sum": 0, "outer": -1}, **o)({"x": x}, y)  # noqa: E731
        nested = t.vmap(t.vmap(t.dot, in_dims=(0, None)), in_dims=(None, 1))(x, y)
        constant = t.vmap(lambda a: t.ones(2, dtype=t.float64))(x)
        return [mapped(), mapped(chunk_size=2), nested, constant]

    _both(program)


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_random_numbers_of_a_batch_are_torchs(randomness: str):
    def program(t: Any) -> Any:
        t.manual_seed(3)
        fn = lambda x: t.nn.functional.dropout(x) + t.rand(()) + t.randn_like(x)  # noqa: E731
        return [t.vmap(fn, randomness=randomness)(t.ones(3, 20, dtype=t.float64))]

    _both(program)


def test_a_users_backward_counts_inside_a_batch():
    def program(t: Any) -> Any:
        class Straight(t.autograd.Function):
            generate_vmap_rule = True

            @staticmethod
            def forward(x: Any) -> Any:
                return x.round()

            @staticmethod
            def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
                ctx.save_for_backward(*inputs)

            @staticmethod
            def backward(ctx: Any, grad: Any) -> Any:
                return grad * ctx.saved_tensors[0] * 3

            @staticmethod
            def jvp(ctx: Any, tangent: Any) -> Any:
                return tangent * 7

        x = _x(t, 2, 3)
        each = t.vmap(lambda v: Straight.apply(v) * v)
        first = t.func.grad(lambda v: each(v).sum())
        return [first(x), t.func.grad(lambda v: first(v).pow(2).sum())(x), t.func.jvp(Straight.apply, (x,), (x,))]

    _both(program)


def test_writes_inside_a_batch():
    def program(t: Any) -> Any:
        x = _x(t, 2, 3)
        held = x.clone()
        out = t.vmap(lambda v: v.mul_(2) + 1)(held)
        return [out, held]

    _both(program)
    shared = torchlike.zeros(3)
    with pytest.raises(RuntimeError, match="vmap: inplace arithmetic"):
        torchlike.vmap(lambda v: shared.add_(v))(torchlike.ones(2, 3))
    assert shared.tolist() == [0, 0, 0]


def test_no_grad_and_detach_inside():
    def program(t: Any) -> Any:
        def fn(v: Any) -> Any:
            with t.no_grad():
                fixed = v * 2
            return (v * fixed + v.detach().sin() * v).sum()

        x = _x(t, 2, 3)
        with t.no_grad():
            outside = t.func.grad(fn)(x)
        return [t.func.grad(fn)(x), outside, t.func.grad(lambda v: t.vmap(fn)(v).sum())(x), t.vmap(t.func.grad(fn))(x)]

    _both(program)


def test_results_have_a_history_only_where_it_leads_outside():
    x, w = torchlike.ones(3), torchlike.ones(3, requires_grad=True)
    assert not torchlike.func.grad(lambda v: (v * v).sum())(x).requires_grad
    assert torchlike.func.grad(lambda v: (v * w).sum())(x).requires_grad
    with torchlike.no_grad():
        assert not torchlike.func.grad(lambda v: (v * w).sum())(x).requires_grad
    assert not torchlike.vmap(lambda v: v * 2)(x).requires_grad and torchlike.vmap(lambda v: v * 2)(w).requires_grad


def test_backward_inside_a_transform():
    def fn(v: Any) -> Any:  # torch allows no requires_grad_ inside transforms
        leaf = v.detach().requires_grad_()
        (leaf**3).sum().backward()
        return (leaf.grad * v).sum()

    x = _x(torchlike, 2, 3)
    _same(torchlike.func.grad(fn)(x), 3 * x**2)
    _same(torchlike.vmap(fn)(x), (3 * x**3).sum(1))


def test_many_models_as_one():
    def program(t: Any) -> Any:
        t.manual_seed(0)
        models = [t.nn.Sequential(t.nn.Linear(3, 4), t.nn.ReLU(), t.nn.Linear(4, 2)).double() for _ in range(3)]
        params, buffers = t.func.stack_module_state(models)
        call = lambda p, b, x: t.func.functional_call(models[0], (p, b), (x,))  # noqa: E731
        out = t.vmap(call, in_dims=(0, 0, None))(params, buffers, _x(t, 5, 3))
        out.pow(2).sum().backward()
        return [out, {name: p.grad for name, p in params.items()}]

    _both(program)


ERRORS = {
    "no scalar": lambda t, x: t.func.grad(lambda v: v)(x),
    "no tensor": lambda t, x: t.func.grad(lambda v: 3)(x),
    "argnums": lambda t, x: t.func.grad(lambda v: v.sum(), argnums=3)(x),
    "no argnums": lambda t, x: t.func.grad(lambda v: v.sum(), argnums=())(x),
    "no aux": lambda t, x: t.func.grad(lambda v: v.sum(), has_aux=True)(x),
    "a number": lambda t, x: t.func.grad(lambda v: v.sum())(3),
    "integers": lambda t, x: t.func.grad(lambda v: v.sum())(x.long()),
    "vjp of a number": lambda t, x: t.func.vjp(lambda v: 3, x),
    "cotangent": lambda t, x: t.func.vjp(lambda v: v, x)[1](t.ones(2)),
    "tangents": lambda t, x: t.func.jvp(lambda v: v, (x,), (x[:2],)),
    "primals": lambda t, x: t.func.jvp(lambda v: v, x, x),
    "chunks": lambda t, x: t.func.jacrev(lambda v: v, chunk_size=0),
    "randomness": lambda t, x: t.vmap(lambda v: v + t.rand(()))(x),
    "randomness name": lambda t, x: t.vmap(lambda v: v, randomness="some")(x),
    "in_dims": lambda t, x: t.vmap(lambda v: v, in_dims=1)(x),
    "in_dims tree": lambda t, x: t.vmap(lambda v: v, in_dims=(0, 0))(x),
    "in_dims None": lambda t, x: t.vmap(lambda v: v, in_dims=None)(x),
    "sizes": lambda t, x: t.vmap(lambda v, w: v)(x, t.ones(4)),
    "no inputs": lambda t, x: t.vmap(lambda: 1)(),
    "a number mapped": lambda t, x: t.vmap(lambda v: v)(3),
    "out number": lambda t, x: t.vmap(lambda v: 3)(x),
    "out None": lambda t, x: t.vmap(lambda v: v, out_dims=None)(x),
    "chunk size": lambda t, x: t.vmap(lambda v: v, chunk_size=0)(x),
    "item": lambda t, x: t.vmap(lambda v: v.item())(x),
    "no models": lambda t, x: t.func.stack_module_state([]),
    "functionalize": lambda t, x: t.func.functionalize(lambda v: v, remove="all"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's transforms warn of torch's own deprecated parts
@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_torchs(case: str):
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        ERRORS[case](torch, torch.ones(3))
    with pytest.raises(expected.type) as found:
        ERRORS[case](torchlike, torchlike.ones(3))
    assert str(found.value)[:40] == str(expected.value)[:40]
