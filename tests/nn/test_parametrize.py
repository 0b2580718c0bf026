"""Parametrizations, weight and spectral normalization (both kinds) against real torch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import torchlike as tl


def array(shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def look(t, m, x):
    """What is to be seen of a parametrized module."""
    out = m(x)
    out.abs().square().sum().backward()
    return {
        "class": type(m).__name__,
        "before": t.nn.utils.parametrize.type_before_parametrizations(m).__name__,
        "module": m,
        "parameters": [(n, p.grad) for n, p in m.named_parameters()],
        "out": out,
        "again": m.eval()(x),
    }


MODULES = {
    "linear": lambda t: (t.nn.Linear(4, 3), (2, 4)),
    "wide": lambda t: (t.nn.Linear(3, 5), (2, 3)),
    "square": lambda t: (t.nn.Linear(4, 4), (2, 4)),
    "conv": lambda t: (t.nn.Conv2d(2, 4, 3), (1, 2, 4, 4)),
    "transposed": lambda t: (t.nn.ConvTranspose1d(2, 4, 3), (1, 2, 4)),
    "embedding": lambda t: (t.nn.Embedding(5, 3), None),
}

PARAMETRIZED = {
    "weight_norm": ("linear", lambda p, m: p.weight_norm(m)),
    "weight_norm conv": ("conv", lambda p, m: p.weight_norm(m, dim=1)),
    "weight_norm None": ("conv", lambda p, m: p.weight_norm(m, "weight", None)),
    "weight_norm bias": ("linear", lambda p, m: p.weight_norm(m, "bias")),
    "spectral_norm": ("linear", lambda p, m: p.spectral_norm(m)),
    "spectral_norm conv": ("conv", lambda p, m: p.spectral_norm(m, n_power_iterations=3, dim=1)),
    "spectral_norm transposed": ("transposed", lambda p, m: p.spectral_norm(m, eps=1e-3)),
    "spectral_norm bias": ("linear", lambda p, m: p.spectral_norm(m, "bias")),
    "spectral_norm embedding": ("embedding", lambda p, m: p.spectral_norm(m)),
    "orthogonal": ("square", lambda p, m: p.orthogonal(m)),
    "orthogonal tall": ("wide", lambda p, m: p.orthogonal(m)),
    "orthogonal wide": ("linear", lambda p, m: p.orthogonal(m)),
    "orthogonal cayley": ("wide", lambda p, m: p.orthogonal(m, orthogonal_map="cayley")),
    "orthogonal exp": ("linear", lambda p, m: p.orthogonal(m, orthogonal_map="matrix_exp")),
    "orthogonal batch": ("conv", lambda p, m: p.orthogonal(m)),
    "orthogonal free": ("wide", lambda p, m: p.orthogonal(m, use_trivialization=False)),
    "orthogonal free wide": ("linear", lambda p, m: p.orthogonal(m, use_trivialization=False)),
    "orthogonal free exp": ("square", lambda p, m: p.orthogonal(m, use_trivialization=False)),
    "orthogonal free cayley": ("square", lambda p, m: p.orthogonal(m, orthogonal_map="cayley", use_trivialization=False)),
    "two": ("square", lambda p, m: p.spectral_norm(p.weight_norm(m))),
    "orthogonal name": ("linear", lambda p, m: p.orthogonal(m, orthogonal_map="q")),
    "orthogonal vector": ("linear", lambda p, m: p.orthogonal(m, "bias")),
    "orthogonal missing": ("linear", lambda p, m: p.orthogonal(m, "q")),
    "spectral_norm dim": ("linear", lambda p, m: p.spectral_norm(m, dim=2)),
    "spectral_norm iterations": ("linear", lambda p, m: p.spectral_norm(m, n_power_iterations=0)),
    "spectral_norm missing": ("linear", lambda p, m: p.spectral_norm(m, "q")),
    "weight_norm missing": ("linear", lambda p, m: p.weight_norm(m, "q")),
}  # fmt: skip


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("name", PARAMETRIZED)
def test_parametrizations(same, name):
    def code(t):
        kind, apply = PARAMETRIZED[name]
        m, shape = MODULES[kind](t)
        x = t.tensor([[0, 2, 4]]) if shape is None else t.from_numpy(array(shape))
        apply(t.nn.utils.parametrizations, m)
        return look(t, m, x), t.rand(1)

    same(code, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm", "orthogonal", "orthogonal tall", "orthogonal free"])
@pytest.mark.parametrize("leave", [True, False])
def test_assign_copy_and_remove(same, name, leave):
    def code(t):
        kind, apply = PARAMETRIZED[name]
        m, shape = MODULES[kind](t)
        weight = m.weight
        optimizer = t.optim.SGD(m.parameters(), lr=0.1)
        apply(t.nn.utils.parametrizations, m)
        with t.no_grad():
            value = t.linalg.qr(t.from_numpy(array(tuple(m.weight.shape), 3))).Q
            value = value if value.shape == m.weight.shape else t.from_numpy(array(tuple(m.weight.shape), 3))
            m.weight = value
        assigned = m.weight
        twin = copy.deepcopy(m)
        found = [assigned, twin, twin.weight, type(twin) is type(m)]
        kept = any(p is weight for p in m.parameters())
        m(t.from_numpy(array(shape))).sum().backward()
        optimizer.step()
        try:
            t.nn.utils.parametrize.remove_parametrizations(m, "weight", leave_parametrized=leave)
        except ValueError as error:
            return [*found, error]
        return [*found, m, type(m).__name__, type(m.weight).__name__, kept, m.weight is weight, list(vars(m))]

    same(code, rtol=2e-4, atol=2e-5)


def symmetric(t):
    class Symmetric(t.nn.Module):
        def forward(self, X):
            return X.triu() + X.triu(1).transpose(-1, -2)

        def right_inverse(self, A):
            return A.triu()

    return Symmetric()


def simple(t, forward, inverse=None):
    class Simple(t.nn.Module):
        pass

    Simple.forward = lambda self, *xs: forward(*xs)
    if inverse is not None:
        Simple.right_inverse = lambda self, x: inverse(x)
    return Simple()


REGISTERED = {
    "symmetric": lambda t, r, m: r(m, "weight", symmetric(t)),
    "buffer": lambda t, r, m: [m.register_buffer("b", t.ones(2)), r(m, "b", simple(t, lambda x: x * 2)), m.b],
    "two": lambda t, r, m: [
        r(m, "weight", symmetric(t)), r(m, "weight", simple(t, lambda x: x * 2, lambda x: x / 2)), m.weight],
    "two tensors": lambda t, r, m: [
        r(m, "bias", symmetric(t)), r(m, "weight", simple(t, lambda x: x * 2)), list(m.parametrizations)],
    "pair": lambda t, r, m: r(m, "weight", simple(t, lambda a, b: a + b, lambda x: (x / 2, x / 2))),
    "inverse not there": lambda t, r, m: [r(m, "weight", simple(t, lambda x: x * 2)), setattr(m, "weight", t.ones(4, 4))],
    "dtype": lambda t, r, m: r(m, "weight", simple(t, lambda x: x.double())),
    "shape": lambda t, r, m: r(m, "weight", simple(t, lambda x: x[:2])),
    "shape unsafe": lambda t, r, m: [
        r(m, "weight", simple(t, lambda x: x[:2]), unsafe=True), m.weight, m.parametrizations.weight.unsafe],
    "no tensor": lambda t, r, m: r(m, "weight", simple(t, lambda x: 3)),
    "inverse dtype": lambda t, r, m: r(m, "weight", simple(t, lambda x: x, lambda x: x.double())),
    "inverse number": lambda t, r, m: r(m, "weight", simple(t, lambda x: x, lambda x: 3)),
    "inverse numbers": lambda t, r, m: r(m, "weight", simple(t, lambda x, y: x, lambda x: (x, 3))),
    "second dtype": lambda t, r, m: [r(m, "weight", symmetric(t)), r(m, "weight", simple(t, lambda x: x.double()))],
    "second shape": lambda t, r, m: [r(m, "weight", symmetric(t)), r(m, "weight", simple(t, lambda x: x[0]))],
    "second inverse": lambda t, r, m: [r(m, "weight", symmetric(t)), r(m, "weight", simple(t, lambda x: x, lambda x: x[0]))],
    "second number": lambda t, r, m: [r(m, "weight", symmetric(t)), r(m, "weight", simple(t, lambda x: 3))],
    "missing": lambda t, r, m: r(m, "q", symmetric(t)),
    "assign dtype": lambda t, r, m: [r(m, "weight", symmetric(t)), setattr(m, "weight", t.ones(4, 4).double())],
    "assign parameter": lambda t, r, m: [r(m, "weight", symmetric(t)), setattr(m, "weight", t.nn.Parameter(t.ones(4, 4)))],
    "assign pair": lambda t, r, m: [
        r(m, "weight", simple(t, lambda a, b: a + b, lambda x: (x, x * 0))), setattr(m, "weight", t.ones(4, 4)), m.weight],
    "assign short pair": lambda t, r, m: [
        r(m, "weight", simple(t, lambda a, b: a + b, lambda x: (x, x) if x.sum() != 16 else (x,))),
        setattr(m, "weight", t.ones(4, 4))],
    "remove missing": lambda t, r, m: t.nn.utils.parametrize.remove_parametrizations(m, "q"),
    "remove pair": lambda t, r, m: [
        r(m, "weight", simple(t, lambda a, b: a + b, lambda x: (x, x))),
        t.nn.utils.parametrize.remove_parametrizations(m, "weight", leave_parametrized=False)],
    "none": lambda t, r, m: t.nn.utils.parametrize.ParametrizationList([], t.ones(1)),
    "pickle": lambda t, r, m: [r(m, "weight", symmetric(t)), pickle.dumps(m)],
    "is": lambda t, r, m: [t.nn.utils.parametrize.is_parametrized(m), r(m, "weight", symmetric(t)) and 0,
                           *[t.nn.utils.parametrize.is_parametrized(m, n) for n in (None, "weight", "bias")]],
}  # fmt: skip


@pytest.mark.parametrize("name", REGISTERED)
def test_registering(same, name):
    def code(t):
        m = t.nn.Linear(4, 4)
        try:
            found = REGISTERED[name](t, t.nn.utils.parametrize.register_parametrization, m)
        except Exception as error:
            found = error
        return found, m, type(m).__name__, list(dict(m.named_parameters()))

    same(code)


def test_cached(same):
    def code(t):
        calls = []
        m = t.nn.Linear(2, 2)
        t.nn.utils.parametrize.register_parametrization(m, "weight", simple(t, lambda x: [calls.append(1), x * 2][1]))
        before = len(calls)
        with t.nn.utils.parametrize.cached():
            one, other = m.weight, m.weight
            with t.nn.utils.parametrize.cached():
                inner = m.weight
        inside = len(calls) - before
        return inside, one is other, inner is one, m.weight is one, len(t.nn.utils.parametrize._cache)

    same(code)


def test_state_dicts_go_both_ways(same):
    def code(t):
        one, other = (t.nn.utils.parametrizations.weight_norm(t.nn.Linear(3, 2)) for _ in range(2))
        other.load_state_dict(one.state_dict())
        old = {"bias": t.ones(2), "weight_g": t.ones(2, 1) * 3, "weight_v": t.ones(2, 3)}
        keys = str(one.load_state_dict(old))
        return one, other, keys, one.weight

    same(code)


def test_transfer(same):
    def code(t):
        p = t.nn.utils.parametrize
        source, target = t.nn.Linear(4, 4), t.nn.Linear(4, 4)
        p.register_parametrization(source, "weight", symmetric(t))
        p.register_parametrization(source, "bias", simple(t, lambda a, b: a + b, lambda x: (x, x * 0)))
        p.transfer_parametrizations_and_params(source, target)
        alone = p.transfer_parametrizations_and_params(source, t.nn.Linear(4, 4), "weight")
        shared = target.parametrizations.weight.original is source.parametrizations.weight.original
        return (
            target,
            alone,
            shared,
            target.weight,
            p.transfer_parametrizations_and_params(t.nn.Linear(1, 1), t.nn.Linear(1, 1)),
        )

    same(code)


HOOKED = {
    "weight_norm": ("linear", lambda u, m: u.weight_norm(m), lambda u, m: u.remove_weight_norm(m)),
    "weight_norm conv": ("conv", lambda u, m: u.weight_norm(m, dim=1), lambda u, m: u.remove_weight_norm(m)),
    "weight_norm None": ("linear", lambda u, m: u.weight_norm(m, "weight", None), lambda u, m: u.remove_weight_norm(m)),
    "weight_norm twice": ("linear", lambda u, m: u.weight_norm(u.weight_norm(m)), None),
    "spectral_norm": ("linear", lambda u, m: u.spectral_norm(m), lambda u, m: u.remove_spectral_norm(m)),
    "spectral_norm conv": ("conv", lambda u, m: u.spectral_norm(m, "weight", 2), lambda u, m: u.remove_spectral_norm(m)),
    "spectral_norm transposed": ("transposed", lambda u, m: u.spectral_norm(m), lambda u, m: u.remove_spectral_norm(m, "q")),
    "spectral_norm twice": ("linear", lambda u, m: u.spectral_norm(u.spectral_norm(m)), None),
    "spectral_norm iterations": ("linear", lambda u, m: u.spectral_norm(m, n_power_iterations=0), None),
    "remove nothing": ("linear", lambda u, m: u.remove_weight_norm(m), None),
}  # fmt: skip


@pytest.mark.parametrize("name", HOOKED)
def test_normalization_by_hooks(same, name):
    def code(t):
        kind, apply, remove = HOOKED[name]
        m, shape = MODULES[kind](t)
        x = t.from_numpy(array(shape))
        apply(t.nn.utils, m)
        found = look(t, m, x)
        metadata = m.state_dict()._metadata
        try:
            remove(t.nn.utils, m)
        except ValueError as error:
            return found, metadata, error
        assert t is not tl or not m._load_state_dict_pre_hooks  # torch forgets to take off this one
        hooks = [len(h) for h in (m._forward_pre_hooks, m._state_dict_hooks)]
        return found, metadata, m, m(x), hooks, list(dict(m.named_parameters()))

    same(code, rtol=2e-4, atol=2e-5)


def test_spectral_states_of_before_version_1(same):
    def code(t):
        m = t.nn.utils.spectral_norm(t.nn.Linear(2, 3))
        m(t.ones(1, 2))
        state = m.state_dict()
        state["weight"] = m.weight.detach()
        wanted = state.pop("weight_v")
        del state._metadata[""]["spectral_norm"]
        fresh = t.nn.utils.spectral_norm(t.nn.Linear(2, 3))
        keys = str(fresh.load_state_dict(state))
        lacking = str(fresh.load_state_dict({"weight": m.weight}, strict=False))
        return keys, lacking, fresh, (fresh.weight_v @ wanted).abs()

    same(code, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
def test_a_training_step_is_one_program(name):
    tl.manual_seed(0)
    m = tl.nn.Sequential(getattr(tl.nn.utils.parametrizations, name)(tl.nn.Linear(4, 5)), tl.nn.ReLU(), tl.nn.Linear(5, 1))
    optimizer = tl.optim.SGD(m.parameters(), lr=0.1)
    x = tl.from_numpy(array((3, 4)))
    tl.engine.flush()
    tl.engine.stats.reset()
    for _ in range(3):
        optimizer.zero_grad()
        m(x).square().mean().backward()
        optimizer.step()
    assert (tl.engine.stats.compiled, tl.engine.stats.run) == (1, 3)
