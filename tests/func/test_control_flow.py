"""cond, while_loop, scan and associative_scan against the Python code that they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import torchlike as torch
from torchlike._higher_order_ops import associative_scan, scan
from torchlike.engine import stats


def _x(*shape: int) -> Any:
    return torch.sin(torch.arange(1.0, 1.0 + np.prod(shape), dtype=torch.float64)).reshape(shape)


def _close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)


def _gradients(fn: Any, *args: Any) -> list[Any]:
    """The value and the gradients of the sum of what `fn` returns."""
    leaves = [a.clone().requires_grad_() for a in args]
    out = fn(*leaves)
    loss = sum(o.sin().sum() for o in (out if isinstance(out, tuple) else (out,)))
    return [loss, *torch.autograd.grad(loss, leaves, materialize_grads=True, allow_unused=True)]


def _agree(fn: Any, plain: Any, *args: Any) -> None:
    for mine, expected in zip(_gradients(fn, *args), _gradients(plain, *args), strict=True):
        _close(mine, expected)


@pytest.mark.parametrize("positive", [True, False])
def test_cond(positive: bool):
    w = _x(3)
    x = w.abs() if positive else -w.abs()
    with_closure = lambda x, w: torch.cond(x.sum() > 0, lambda v: v.sin() * w, lambda v: v * 2, (x,))  # noqa: E731
    _agree(with_closure, lambda x, w: x.sin() * w if positive else x * 2, x, w)
    assert torch.cond(positive, lambda: 1, lambda: 2) == (1 if positive else 2)


def test_cond_of_a_batch_and_errors():
    x = torch.arange(6.0).reshape(2, 3)
    found = torch.vmap(lambda v: torch.cond(v.sum() > 5, lambda a: a * 2, lambda a: a - 1, (v,)))(x)
    assert found.tolist() == [[-1, 0, 1], [6, 8, 10]]
    with pytest.raises(RuntimeError, match="same structure"):
        torch.cond(torch.tensor(True), lambda: torch.ones(2), lambda: torch.ones(3))
    with pytest.raises(RuntimeError, match="bool or tensor"):
        torch.cond(1, lambda: 1, lambda: 2)
    with pytest.raises(RuntimeError, match=r"single-element"):
        torch.cond(torch.ones(2) > 0, lambda: 1, lambda: 2)


def test_a_cond_in_a_loop_is_compiled_once():
    x = torch.ones(3)
    for i in range(4):
        x = torch.cond(x.sum() > 5, lambda v: v * 0.5, lambda v: v * 3, (x,))
        torch.engine.flush()
        if i == 1:
            stats.reset()
    assert stats.compiled == 0 and x[0].item() == 2.25


def test_while_loop():
    count, x = torch.while_loop(lambda i, v: v.sum() < 100, lambda i, v: (i + 1, v * 2), (torch.tensor(0), torch.ones(3)))
    assert count.item() == 6 and x.tolist() == [64, 64, 64]
    w = torch.tensor(2.0, requires_grad=True)
    _, y = torch.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * w), (torch.tensor(0), torch.ones(2)), ())
    assert y.tolist() == [8, 8]
    each = torch.vmap(lambda n: torch.while_loop(lambda i, v: i < n, lambda i, v: (i + 1, v * 2), (n * 0, n * 0 + 1))[1])
    assert each(torch.tensor([0, 1, 4])).tolist() == [1, 2, 16]
    with pytest.raises(RuntimeError, match="keep its shapes"):
        torch.while_loop(lambda v: v.sum() < 3, lambda v: (torch.cat([v, v]),), (torch.ones(1),))


def test_a_loop_gives_gradients_step_by_step():
    x = torch.tensor(3.0, requires_grad=True)
    _, y = torch.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * x), (torch.tensor(0), x))
    y.backward()
    assert x.grad.item() == 4 * 27


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(reverse: bool):
    def step(carry: Any, x: Any, w: Any) -> Any:
        new = (carry * w + x["a"]).tanh()
        return new, new * x["b"]

    def plain(init: Any, a: Any, b: Any, w: Any) -> Any:
        ys = [None] * len(a)
        for i in reversed(range(len(a))) if reverse else range(len(a)):
            init, ys[i] = step(init, {"a": a[i], "b": b[i]}, w)
        return init, torch.stack(ys)

    def scanned(init: Any, a: Any, b: Any, w: Any) -> Any:
        return scan(lambda c, x: step(c, x, w), init, {"a": a, "b": b}, reverse=reverse)

    args = _x(3), _x(5, 3), _x(5, 3).cos(), _x(3) + 1
    _agree(scanned, plain, *args)
    mine, expected = (torch.func.jvp(f, args, args)[1] for f in (scanned, plain))
    _close(mine[0], expected[0])
    along = scan(lambda c, x: (c + x, c * x), _x(2), _x(2, 4), dim=1)
    assert along[1].shape == (2, 4)


def test_associative_scan():
    x = _x(4, 3)
    _agree(lambda v: associative_scan(torch.add, v, 0), lambda v: v.cumsum(0), x)
    _agree(lambda v: associative_scan(lambda a, b: a * b, v, 1), lambda v: v.cumprod(1), x)
    flipped = associative_scan(lambda a, b: a + b, x, 0, reverse=True, combine_mode="generic")
    _close(flipped, x.flip(0).cumsum(0).flip(0))
    pair = associative_scan(lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (x, x), 0)  # a linear recurrence
    h = torch.zeros(3, dtype=x.dtype)
    for i in range(4):
        h = x[i] * h + x[i]
        _close(pair[1][i], h)
