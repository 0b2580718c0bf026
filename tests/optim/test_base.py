"""The base class: groups and their checks, the step count, hooks, and optimizers that users write."""

from __future__ import annotations

import copy
from importlib import import_module

import pytest
import torch

import torchlike
from torchlike import engine
from torchlike.optim import SGD, Adam, Optimizer
from torchlike.optim import optimizer as module
from torchlike.optim.hooks import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

BAD = {
    "empty": lambda m, p: m.optim.SGD([], lr=0.1),
    "tensor": lambda m, p: m.optim.SGD(m.ones(2), lr=0.1),
    "number": lambda m, p: m.optim.SGD([3], lr=0.1),
    "set": lambda m, p: m.optim.SGD([{"params": {p}}], lr=0.1),
    "group": lambda m, p: m.optim.SGD([p], lr=0.1).add_param_group([p]),
    "non-leaf": lambda m, p: m.optim.SGD([p * 2], lr=0.1),
    "twice": lambda m, p: m.optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1),
    "names": lambda m, p: m.optim.SGD([("a", p), m.nn.Parameter(m.ones(1))], lr=0.1),
    "names-later": lambda m, p: m.optim.SGD([("a", p)], lr=0.1).add_param_group({"params": [m.nn.Parameter(m.ones(1))]}),
    "required": lambda m, p: m.optim.Optimizer([p], {"rate": import_module(f"{m.__name__}.optim.optimizer").required}),
    "sgd-lr": lambda m, p: m.optim.SGD([p], lr=-1),
    "sgd-lr-size": lambda m, p: m.optim.SGD([p], lr=m.ones(2)),
    "sgd-momentum": lambda m, p: m.optim.SGD([p], momentum=-1),
    "sgd-decay": lambda m, p: m.optim.SGD([p], weight_decay=-1),
    "sgd-nesterov": lambda m, p: m.optim.SGD([p], nesterov=True),
    "sgd-fused": lambda m, p: m.optim.SGD([p], fused=True, foreach=True),
    "sgd-fused-differentiable": lambda m, p: m.optim.SGD([p], fused=True, differentiable=True),
    "adam-lr": lambda m, p: m.optim.Adam([p], lr=-0.5),
    "adam-lr-foreach": lambda m, p: m.optim.Adam([p], lr=m.tensor(0.1), foreach=True),
    "adam-eps": lambda m, p: m.optim.Adam([p], eps=-1),
    "adam-beta": lambda m, p: m.optim.Adam([p], betas=(1.0, 0.5)),
    "adam-beta2": lambda m, p: m.optim.Adam([p], betas=(0.5, -0.5)),
    "adam-betas": lambda m, p: m.optim.Adam([p], betas=(0, 0.5)),
    "adam-decay": lambda m, p: m.optim.Adam([p], weight_decay=-1),
    "adam-fused": lambda m, p: m.optim.Adam([p], fused=True, foreach=True),
    "load-groups": lambda m, p: m.optim.SGD([p]).load_state_dict({"state": {}, "param_groups": []}),
    "load-size": lambda m, p: m.optim.SGD([p]).load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]}),
}


def one(lib=torchlike, size=2):
    return lib.nn.Parameter(lib.ones(size))


@pytest.mark.parametrize("name", BAD)
def test_errors(name):
    with pytest.raises((ValueError, TypeError, RuntimeError)) as reference:
        BAD[name](torch, one(torch))
    with pytest.raises(reference.type) as raised:
        BAD[name](torchlike, one())
    assert str(raised.value) == str(reference.value)


def test_duplicates_warn():
    weight = one()
    with pytest.warns(UserWarning, match="duplicate parameters"):
        SGD([weight, weight], lr=0.1)


def test_named_parameters():
    states = []
    for lib in (torchlike, torch):
        optimizer = lib.optim.SGD([("a", one(lib)), ("b", one(lib))], lr=0.1)
        optimizer.add_param_group({"params": [("c", one(lib))]})
        states.append(optimizer.state_dict())
    assert states[0] == states[1]
    fresh = SGD([("x", one()), ("y", one())], lr=0.5)
    fresh.add_param_group({"params": [("z", one())]})
    fresh.load_state_dict(states[0])
    assert fresh.param_groups[0]["param_names"] == ["a", "b"]
    assert fresh.param_groups[0]["lr"] == 0.1


class TestStepCount:
    """`state[p]["step"]` is a tensor when somebody looks, a number otherwise."""

    @pytest.fixture
    def optimizer(self):
        weight = one()
        weight.grad = torchlike.ones(2)
        optimizer = Adam([weight], lr=0.1)
        optimizer.step()
        return optimizer

    def entry(self, optimizer):
        (entry,) = optimizer.state.values()
        return entry

    def test_reads(self, optimizer):
        entry = self.entry(optimizer)
        assert list(entry) == ["step", "exp_avg", "exp_avg_sq"]
        assert len(entry) == 3
        for read in (entry["step"], entry.get("step"), dict(entry)["step"], {**entry}["step"], next(iter(entry.values()))):
            assert read.dtype is torchlike.float32
            assert tuple(read.shape) == ()
            assert read.item() == 1.0
        assert "step" in entry
        assert entry.get("other", 7) == 7

    def test_writes_count(self, optimizer):
        entry = self.entry(optimizer)
        entry["step"].fill_(10)
        optimizer.step()
        assert entry["step"].item() == 11.0
        entry["step"] += 1
        optimizer.step()
        assert entry["step"].item() == 13.0
        entry["step"] = torchlike.tensor(3.0)
        optimizer.step()
        assert entry["step"].item() == 4.0

    def test_a_held_tensor_follows(self, optimizer):
        held = self.entry(optimizer)["step"]
        saved = optimizer.state_dict()
        for _ in range(3):
            optimizer.step()
        assert held.item() == 4.0
        assert self.entry(optimizer)["step"] is held
        assert saved["state"][0]["step"] is held
        held.fill_(20)
        optimizer.step()
        assert held.item() == 21.0
        del held, saved
        optimizer.step()
        assert self.entry(optimizer)._shown is None
        assert self.entry(optimizer)["step"].item() == 22.0

    def test_default_dtype(self, optimizer):
        torchlike.set_default_dtype(torchlike.float64)
        try:
            assert self.entry(optimizer)["step"].dtype is torchlike.float64
        finally:
            torchlike.set_default_dtype(torchlike.float32)

    def test_loading_copies_the_count(self, optimizer):
        saved = copy.deepcopy(optimizer.state_dict())
        other = Adam([one()], lr=0.1)
        other.load_state_dict(saved)
        (weight,) = other.param_groups[0]["params"]
        weight.grad = torchlike.ones(2)
        other.step()
        assert saved["state"][0]["step"].item() == 1.0
        assert other.state[weight]["step"].item() == 2.0

    def test_state_that_was_cleared_begins_anew(self, optimizer):
        optimizer.state.clear()
        optimizer.step()
        assert self.entry(optimizer)["step"].item() == 1.0

    def test_other_entries(self, optimizer):
        entry = self.entry(optimizer)
        entry.setdefault("mine", []).append(3)
        assert entry.pop("mine") == [3]
        assert entry.pop("mine", None) is None
        assert entry.pop("step").item() == 1.0
        assert "step" not in entry
        assert "exp_avg" in repr(entry)


def test_loading_casts_to_the_parameter():
    weight = torchlike.nn.Parameter(torchlike.ones(2, dtype=torchlike.float64))
    optimizer = SGD([weight], lr=0.1, momentum=0.9)
    group = {**optimizer.state_dict()["param_groups"][0]}
    optimizer.load_state_dict({"state": {0: {"momentum_buffer": torchlike.ones(2)}, "extra": 5}, "param_groups": [group]})
    assert optimizer.state[weight]["momentum_buffer"].dtype is torchlike.float64
    assert optimizer.state["extra"] == 5


def test_momentum_that_has_not_begun():
    """torch saved None for it once."""
    weight = one()
    optimizer = SGD([weight], lr=1.0, momentum=0.5, dampening=0.5)
    group = optimizer.state_dict()["param_groups"][0]
    optimizer.load_state_dict({"state": {0: {"momentum_buffer": None}}, "param_groups": [group]})
    weight.grad = torchlike.ones(2)
    optimizer.step()
    assert weight.tolist() == [0.0, 0.0]


class Plain(Optimizer):
    """As in every tutorial: a loop of tensor operations."""

    def __init__(self, params, lr=0.1, write=lambda p, g, lr: p.add_(g, alpha=-lr)):
        super().__init__(params, {"lr": lr})
        self.write = write

    @torchlike.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["sum"] = torchlike.zeros_like(p)
                state["step"] += 1
                state["sum"].add_(p.grad)
                self.write(p, p.grad, group["lr"])


@pytest.mark.parametrize("write", [
    lambda p, g, lr: p.add_(g, alpha=-lr),
    lambda p, g, lr: p.data.add_(-lr * g),
    lambda p, g, lr: p.sub_(lr * g),
    lambda p, g, lr: p.copy_(p - lr * g),
    lambda p, g, lr: setattr(p, "data", p.data - lr * g),
])  # fmt: skip
def test_own_optimizer(write):
    weights = [one(), one(size=3)]
    optimizer = Plain(weights, write=write)
    for _ in range(3):
        for weight in weights:
            weight.grad = torchlike.ones(weight.shape)
        optimizer.step()
        assert engine.flush() is None
    assert weights[0].tolist() == pytest.approx([0.7, 0.7])
    assert optimizer.state[weights[0]]["step"] == 3
    assert optimizer.state[weights[1]]["sum"].tolist() == [3.0, 3.0, 3.0]
    assert weights[0].requires_grad
    assert weights[0].is_leaf
    state = optimizer.state_dict()
    assert state["state"][0]["step"] == 3
    again = Plain([one(), one(size=3)])
    again.load_state_dict(copy.deepcopy(state))
    assert again.state_dict()["state"][1]["sum"].tolist() == [3.0, 3.0, 3.0]


def test_own_step_is_run_at_its_end():
    weight = one()
    optimizer = Plain([weight])
    weight.grad = torchlike.ones(2)
    optimizer.step()
    runs = engine.stats.run
    weight.tolist()
    assert engine.stats.run == runs


def test_own_step_compiles_once_or_twice():
    weight = one()
    optimizer = Plain([weight])
    counts = []
    for _ in range(6):
        weight.grad = torchlike.ones(2)
        optimizer.step()
        counts.append(engine.stats.compiled)
    assert counts[2:] == [counts[1]] * 4


def test_base_class_has_no_step():
    with pytest.raises(NotImplementedError):
        Optimizer([one()], {}).step()


def test_step_hooks_in_order():
    weight = one()
    optimizer = SGD([weight], lr=0.5)
    seen = []
    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("all before")),
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("all after")),
    ]
    optimizer.step()
    assert seen == ["all before", "before", "after", "all after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 4


def test_pre_hook_replaces_arguments():
    optimizer = SGD([one()], lr=0.5)
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 5), {})):
        assert optimizer.step() == 5
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_state_dict_hooks():
    optimizer = SGD([one()], lr=0.5)
    seen = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append(2))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append(1), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 3})
    assert optimizer.state_dict()["more"] == 3
    assert seen == [1, 2]
    optimizer.register_load_state_dict_pre_hook(
        lambda o, state: {**state, "param_groups": [{**state["param_groups"][0], "lr": 7}]}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert optimizer.param_groups[0]["lr"] == 7
    assert seen[-1] == "loaded"


def test_hooks_are_not_pickled_but_there():
    optimizer = SGD([one()], lr=0.5)
    optimizer.register_step_pre_hook(lambda o, args, kwargs: None)
    twin = copy.deepcopy(optimizer)
    assert not twin._optimizer_step_pre_hooks
    twin.step()
    assert repr(module.required) == "<required parameter>"


def test_a_step_with_torch_s_helpers():
    """The names that optimizers written for torch import from torch.optim.optimizer."""
    recorded = []

    class Own(Optimizer):
        @module._use_grad_for_differentiable
        def step(self, closure=None):
            recorded.append(torchlike.is_grad_enabled())
            (weight,) = self.param_groups[0]["params"]
            weight.add_(weight.grad, alpha=-module._get_value(module._to_scalar(self.param_groups[0]["lr"])))

    weight = one()
    weight.grad = torchlike.ones(2)
    Own([weight], {"lr": torchlike.tensor([0.5])}).step()
    assert weight.tolist() == [0.5, 0.5]
    assert recorded == [False]
    assert module.register_optimizer_step_pre_hook is register_optimizer_step_pre_hook
