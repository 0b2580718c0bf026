"""Hooks of modules against real torch: their order, what they see, what they may replace."""

from __future__ import annotations

import importlib

import pytest

import torchlike as tl


def recorder(t, trace):
    """A module of two layers that writes down every hook call."""

    class Double(t.nn.Module):
        def forward(self, x, y=2, fail=False):
            trace.append("forward")
            if fail:
                raise ValueError("boom")
            return x * y

    return Double()


def hooked(t, trace, m):
    def write(name):
        return lambda *args: trace.append((name, list(args[1:])))

    m.register_forward_pre_hook(write("pre"))
    m.register_forward_pre_hook(write("pre with kwargs, first"), with_kwargs=True, prepend=True)
    m.register_forward_hook(write("after"))
    m.register_forward_hook(write("after with kwargs, always"), with_kwargs=True, always_call=True)
    m.register_forward_hook(write("after, first"), prepend=True)
    m.register_full_backward_hook(write("backward"))
    m.register_full_backward_hook(write("backward, first"), prepend=True)
    m.register_full_backward_pre_hook(write("before backward"))
    return m


CALLS = {
    "plain": lambda t, m, x: m(x),
    "keyword": lambda t, m, x: m(x, y=3),
    "no gradient in": lambda t, m, x: m(t.ones(2), t.nn.Parameter(t.ones(2))),
    "gradient by keyword": lambda t, m, x: m(t.ones(2), y=t.nn.Parameter(t.ones(2))),
    "one of two": lambda t, m, x: m(x, t.ones(2)),
    "error": lambda t, m, x: m(x, fail=True),
    "no_grad": lambda t, m, x: [t.set_grad_enabled(False), m(x), t.set_grad_enabled(True)][1],
}


@pytest.mark.parametrize("name", CALLS)
def test_hooks_in_order(same, name):
    def code(t):
        trace = []
        m = hooked(t, trace, recorder(t, trace))
        x = t.ones(2, requires_grad=True)
        try:
            out = CALLS[name](t, m, x)
            if out.requires_grad:
                out.sum().backward()
        except ValueError as error:
            trace.append(error)
        return trace, x.grad

    same(code)


def with_hook(register, hook, call=lambda t, m, x: m(x)):
    """The result and the gradient when one hook of a kind is there."""

    def code(t):
        trace = []
        m = recorder(t, trace)
        getattr(m, register)(lambda *args: hook(t, *args))
        x = t.ones(2, requires_grad=True)
        out = call(t, m, x)
        out.sum().backward()
        return out, x.grad

    return code


REPLACING = {
    "args": with_hook("register_forward_pre_hook", lambda t, m, args: args[0] * 5),
    "output": with_hook("register_forward_hook", lambda t, m, args, out: out + 1),
    "grad_input": with_hook("register_full_backward_hook", lambda t, m, gi, go: (gi[0] * 10,)),
    "grad_output": with_hook("register_full_backward_pre_hook", lambda t, m, go: (go[0] * 10,)),
    "too many grad_inputs": with_hook("register_full_backward_hook", lambda t, m, gi, go: (1, 2, 3)),
    "too many grad_outputs": with_hook("register_full_backward_pre_hook", lambda t, m, go: (1, 2, 3)),
}


@pytest.mark.parametrize("name", REPLACING)
def test_hooks_replace(same, name):
    same(REPLACING[name])


def test_pre_hook_with_kwargs(same):
    def code(t):
        m = recorder(t, [])
        handle = m.register_forward_pre_hook(lambda m, a, k: ((a[0] + 1,), {"y": 7}), with_kwargs=True)
        first = m(t.ones(2))
        handle.remove()
        handle.remove()
        second = m(t.ones(2))
        m.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True)
        try:
            m(t.ones(2))
        except RuntimeError as error:
            return first, second, error, list(m._forward_pre_hooks_with_kwargs.values())

    same(code)


def test_global_hooks(same):
    def code(t):
        from_module = {tl: "torchlike.nn.modules.module"}.get(t, "torch.nn.modules.module")
        hooks = importlib.import_module(from_module)
        trace = []
        handles = [
            hooks.register_module_forward_pre_hook(lambda m, a: trace.append(("pre", type(m).__name__))),
            hooks.register_module_forward_hook(lambda m, a, o: trace.append(("after", type(m).__name__))),
            hooks.register_module_full_backward_hook(lambda m, gi, go: trace.append(("backward", type(m).__name__))),
            hooks.register_module_parameter_registration_hook(lambda m, n, p: trace.append(("parameter", n))),
            hooks.register_module_buffer_registration_hook(lambda m, n, p: trace.append(("buffer", n))),
            hooks.register_module_module_registration_hook(lambda m, n, p: trace.append(("module", n))),
        ]
        try:
            m = t.nn.Sequential(t.nn.Linear(2, 2), t.nn.Tanh())
            m.register_forward_pre_hook(lambda m, a: trace.append("own"))
            m(t.ones(1, 2, requires_grad=True)).sum().backward()
        finally:
            for handle in handles:
                handle.remove()
        count = len(trace)
        m(t.ones(1, 2))
        return trace, len(trace) - count

    same(code)
