"""autograd.functional, forward_ad, gradcheck, graph, anomaly mode and batched gradients against torch's own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
import torchlike.autograd.forward_ad
import torchlike.autograd.functional

BOTH = [torch, torchlike]


def _numbers(tree: Any) -> list[Any]:
    if isinstance(tree, (tuple, list)):
        return [n for v in tree for n in _numbers(v)]
    return [tree.detach().numpy() if hasattr(tree, "detach") else tree]


def _agree(program: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = _numbers(program(torch))
    found = _numbers(program(torchlike))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def _two(t: Any) -> tuple:
    x = t.arange(1.0, 4.0, dtype=t.float64)
    return x, x.cos()


def _pair(a: Any, b: Any) -> Any:
    return a.sin() * b, (a * b).sum()


def _scalar(a: Any, b: Any) -> Any:
    return (a.sin() * b**2).sum()


FUNCTIONS = {
    "jacobian": lambda t, f: f.jacobian(_pair, _two(t)),
    "jacobian forward": lambda t, f: f.jacobian(_pair, _two(t), vectorize=True, strategy="forward-mode"),
    "jacobian of one": lambda t, f: f.jacobian(lambda a: a * a.sum(), _two(t)[0], vectorize=True),
    "hessian": lambda t, f: f.hessian(_scalar, _two(t)),
    "hessian forward": lambda t, f: f.hessian(_scalar, _two(t), vectorize=True, outer_jacobian_strategy="forward-mode"),
    "hessian of one": lambda t, f: f.hessian(lambda a: (a**3).sum(), _two(t)[0]),
    "vjp": lambda t, f: f.vjp(_pair, _two(t), (_two(t)[0], t.tensor(2.0, dtype=t.float64))),
    "vjp of a scalar": lambda t, f: f.vjp(_scalar, _two(t)),
    "jvp": lambda t, f: f.jvp(_pair, _two(t), _two(t)[::-1]),
    "vhp": lambda t, f: f.vhp(_scalar, _two(t), _two(t)),
    "hvp": lambda t, f: f.hvp(_scalar, _two(t), _two(t)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functional(name: str):
    _agree(lambda t: FUNCTIONS[name](t, t.autograd.functional))


def test_create_graph_keeps_the_history():
    def program(t: Any) -> Any:
        x = _two(t)[0].requires_grad_()
        t.autograd.functional.jacobian(lambda a: a**3, x, create_graph=True).sum().backward()
        assert not t.autograd.functional.jacobian(lambda a: a**3, x).requires_grad
        return x.grad

    _agree(program)


ERRORS = {
    "independent": lambda t, f: f.jacobian(lambda a: t.ones(3), t.ones(3), strict=True),
    "unused": lambda t, f: f.vjp(lambda a, b: a.sum(), (t.ones(3), t.ones(3)), strict=True),
    "no v": lambda t, f: f.vjp(lambda a: a, t.ones(3)),
    "size of v": lambda t, f: f.vjp(lambda a: a, t.ones(3), t.ones(2)),
    "not scalar": lambda t, f: f.hessian(lambda a: a, t.ones(3)),
    "not a tensor": lambda t, f: f.jacobian(lambda a: 3, t.ones(3)),
    "strategy": lambda t, f: f.jacobian(lambda a: a, t.ones(3), strategy="forward-mode"),
    "no level": lambda t, f: t.autograd.forward_ad.make_dual(t.ones(3), t.ones(3)),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's forward mode warns of torch's own deprecated parts
@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str):
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        ERRORS[name](torch, torch.autograd.functional)
    with pytest.raises(expected.type) as found:
        ERRORS[name](torchlike, torchlike.autograd.functional)
    assert str(found.value)[:50] == str(expected.value)[:50]


def test_dual_numbers():
    def program(t: Any) -> Any:
        fw = t.autograd.forward_ad
        x, v = _two(t)
        w = x.clone().requires_grad_()
        with fw.dual_level():
            dual = fw.make_dual(x, v)
            out = fw.unpack_dual((dual.sin() * dual * w).sum())
            out.tangent.backward()
            assert fw.unpack_dual(x).tangent is None
            with pytest.raises(RuntimeError, match="Nested"), fw.dual_level():
                pass
        with t.no_grad(), fw.dual_level():
            quiet = fw.unpack_dual(fw.make_dual(x, v) ** 2).tangent
        return [out.primal, out.tangent, w.grad, quiet]

    _agree(program)


def _wrong(t: Any) -> Any:
    class Wrong(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * ctx.saved_tensors[0]

    return Wrong


def test_gradcheck():
    t = torchlike
    x = _two(t)[0][:2].requires_grad_()
    c = t.tensor([1 + 2j], dtype=t.complex128, requires_grad=True)
    assert t.autograd.gradcheck(lambda a, b: (a.sin() * b.abs().sum(), b * b.conj() * a[0]), (x, c), check_forward_ad=True)
    assert t.autograd.gradgradcheck(lambda a, b: a**3 * b, (x, x.detach()))
    assert not t.autograd.gradcheck(_wrong(t).apply, (x,), raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0"):
        t.autograd.gradcheck(_wrong(t).apply, (x,))
    with pytest.raises(ValueError, match="at least one input"):
        t.autograd.gradcheck(lambda a: a, (x.detach(),))


def test_batched_gradients():
    def program(t: Any) -> Any:
        x = _two(t)[0].requires_grad_()
        y = x.detach().clone().requires_grad_()
        found = t.autograd.grad(x.sin() * x.sum(), (x, y), t.eye(3, dtype=t.float64), is_grads_batched=True, allow_unused=True)
        assert found[1] is None
        return found[0]

    _agree(program)


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_anomaly_mode_names_the_node():
    for t in BOTH:
        x = t.zeros(2, requires_grad=True)
        message = "Function 'SqrtBackward0' returned nan values in its 0th output"
        with pytest.raises(RuntimeError, match=message), t.autograd.detect_anomaly():
            (x.sqrt() * 0).sum().backward()
        (x.sqrt() * 0).sum().backward()
        with t.autograd.set_detect_anomaly(True, check_nan=False):
            (x.sqrt() * 0).sum().backward()


def test_hooks_on_several_gradients():
    def program(t: Any) -> Any:
        seen: list[Any] = []
        a, b = (v.requires_grad_() for v in _two(t))
        graph = t.autograd.graph
        with graph.register_multi_grad_hook((a, b), lambda grads: seen.extend(grads)):
            (a * b).sum().backward()
        (a * b).sum().backward()
        handle = graph.register_multi_grad_hook((a, b), lambda grad: seen.append(grad * 0), mode="any")
        (a * b).sum().backward()
        (a * b).sum().backward()
        handle.remove()
        assert graph.get_gradient_edge(a * b).output_nr == 0
        return seen

    _agree(program)


def test_hooks_on_saved_tensors():
    def program(t: Any) -> Any:
        x = _two(t)[0].requires_grad_()
        with t.autograd.graph.saved_tensors_hooks(lambda v: v.detach() * 3, lambda v: v):
            y = _wrong(t).apply(x)
        y.sum().backward()
        graph = t.autograd.graph
        with graph.disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="not here"):
            graph.saved_tensors_hooks(lambda v: v, lambda v: v).__enter__()
        return x.grad

    _agree(program)
    with torchlike.autograd.graph.save_on_cpu():
        x = torchlike.ones(2, requires_grad=True)
        _wrong(torchlike).apply(x).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_variable():
    v = torchlike.autograd.Variable(torchlike.ones(2), requires_grad=True)
    assert isinstance(v, torchlike.autograd.Variable) and v.requires_grad
    before = v._version
    torchlike.autograd.graph.increment_version(v)
    assert v._version == before + 1
