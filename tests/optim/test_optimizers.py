"""Optimizers through tensors: trajectories against torch, compilation counts, state dictionaries both ways."""

from __future__ import annotations

import copy
import itertools
import pickle

import numpy as np
import pytest

import torchlike
from torchlike import engine
from torchlike.optim import SGD, Adam, AdamW, Optimizer

torch = pytest.importorskip("torch")

STEPS = 50
SHAPES = ((3, 2), (4,), ())
OURS = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}


def cases():
    for momentum, dampening, nesterov, decay, maximize in itertools.product(
        (0, 0.9), (0, 0.3), (False, True), (0, 0.01), (False, True)
    ):
        if not (nesterov and (momentum == 0 or dampening != 0)):
            options = {"momentum": momentum, "dampening": dampening, "nesterov": nesterov, "weight_decay": decay}
            yield "SGD", {**options, "maximize": maximize}
    for amsgrad, decay, maximize in itertools.product((False, True), (0, 0.1), (False, True)):
        yield "Adam", {"amsgrad": amsgrad, "weight_decay": decay, "maximize": maximize}
        yield "AdamW", {"amsgrad": amsgrad, "weight_decay": decay, "maximize": maximize}
    yield "Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}
    yield "Adam", {"betas": (0.5, 0.7), "eps": 1e-3}


def pair(name, lib, rng, dtype=np.float32, **options):
    """The same parameters and optimizer in torch or here."""
    arrays = [rng.normal(size=shape).astype(dtype) for shape in SHAPES]
    params = [lib.nn.Parameter(lib.tensor(array)) for array in arrays]
    cls = getattr(torch.optim, name) if lib is torch else OURS[name]
    return params, cls(params, **options)


def both(name, dtype=np.float32, **options):
    made = [pair(name, lib, np.random.default_rng(0), dtype, **options) for lib in (torchlike, torch)]
    return [m[0] for m in made], [m[1] for m in made]


def step(libs_params, optimizers, rng, skip=()):
    """One step of both on the same random gradients; parameters numbered in `skip` get none."""
    for i, params in enumerate(zip(*libs_params, strict=True)):
        array = rng.normal(size=SHAPES[i]).astype(params[1].detach().numpy().dtype)
        for lib, param in zip((torchlike, torch), params, strict=True):
            param.grad = None if i in skip else lib.tensor(array)
    for optimizer in optimizers:
        optimizer.step()


def assert_same(params, tolerance=2e-6):
    for mine, real in zip(*params, strict=True):
        assert str(mine.dtype) == str(real.dtype)
        np.testing.assert_allclose(mine.detach().numpy(), real.detach().numpy(), rtol=tolerance, atol=tolerance)


def as_torch(state):
    """Our tensors as torch's, through every container."""
    if isinstance(state, torchlike.Tensor):
        return torch.tensor(state.detach().numpy())
    if isinstance(state, dict):
        return {key: as_torch(value) for key, value in state.items()}
    return type(state)(map(as_torch, state)) if isinstance(state, (list, tuple)) else state


def as_ours(state):
    if isinstance(state, torch.Tensor):
        return torchlike.tensor(state.detach().numpy())
    if isinstance(state, dict):
        return {key: as_ours(value) for key, value in state.items()}
    return type(state)(map(as_ours, state)) if isinstance(state, (list, tuple)) else state


def assert_same_state(mine, real):
    """State dictionaries with the same keys in the same order, the same kinds of value, and equal numbers."""
    assert mine["param_groups"] == real["param_groups"]
    assert [list(group) for group in mine["param_groups"]] == [list(group) for group in real["param_groups"]]
    assert list(mine["state"]) == list(real["state"])
    for key, entry in real["state"].items():
        assert list(mine["state"][key]) == list(entry)
        assert type(mine["state"][key]) is dict
        for name, value in entry.items():
            own = mine["state"][key][name]
            assert str(own.dtype) == str(value.dtype)
            assert tuple(own.shape) == tuple(value.shape)
            np.testing.assert_allclose(own.numpy(), value.numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name,options", list(cases()))
def test_trajectory(name, options):
    rng = np.random.default_rng(1)
    params, optimizers = both(name, lr=0.02, **options)
    step(params, optimizers, rng)
    compiled = engine.stats.compiled
    for i in range(1, STEPS):
        step(params, optimizers, rng)
        if i == 1:
            assert_same_state(optimizers[0].state_dict(), optimizers[1].state_dict())
    assert engine.stats.compiled == compiled, "the first and the later steps are one program"
    assert_same(params)
    assert_same_state(optimizers[0].state_dict(), optimizers[1].state_dict())
    assert repr(optimizers[0]) == repr(optimizers[1])


@pytest.mark.parametrize("name,options", [("SGD", {"momentum": 0.9}), ("Adam", {}), ("AdamW", {"amsgrad": True})])
def test_float64(name, options):
    rng = np.random.default_rng(1)
    params, optimizers = both(name, np.float64, lr=0.02, **options)
    for _ in range(10):
        step(params, optimizers, rng)
    assert_same(params, 1e-14)


@pytest.mark.parametrize("name,options", [("SGD", {"momentum": 0.9, "dampening": 0.5}), ("Adam", {})])
def test_parameters_without_gradients(name, options):
    """A parameter that joins late has its own age; one that pauses keeps its state."""
    rng = np.random.default_rng(1)
    params, optimizers = both(name, lr=0.02, **options)
    for skip in ((1,), (1,), (), (0, 2), (), (0, 1, 2), ()):
        step(params, optimizers, rng, skip)
        assert_same(params)
    assert_same_state(optimizers[0].state_dict(), optimizers[1].state_dict())


def test_groups():
    made = []
    for lib, cls in ((torchlike, AdamW), (torch, torch.optim.AdamW)):
        params = [lib.nn.Parameter(lib.ones(3)) for _ in range(3)]
        optimizer = cls([{"params": params[0], "lr": 0.5}, {"params": [params[1]], "weight_decay": 0.0}], lr=0.1)
        optimizer.add_param_group({"params": params[2:], "betas": (0.5, 0.6)})
        for _ in range(3):
            for i, param in enumerate(params):
                param.grad = lib.ones(3) * (i + 1)
            optimizer.step()
        made.append((params, optimizer))
    assert_same([made[0][0], made[1][0]])
    assert_same_state(made[0][1].state_dict(), made[1][1].state_dict())
    assert repr(made[0][1]) == repr(made[1][1])


@pytest.mark.parametrize("name,options", [("SGD", {"momentum": 0.9}), ("SGD", {}), ("Adam", {}), ("AdamW", {"amsgrad": True})])
def test_state_dict_exchange(name, options):
    """Ten steps in one library, ten in the other, against twenty in torch; and the other way round."""
    rng = np.random.default_rng(1)
    params, optimizers = both(name, lr=0.02, **options)
    other_params, others = both(name, lr=0.9, **options)
    for _ in range(10):
        step(params, optimizers, rng)
    # Crossed over: ours goes on from torch's state, torch from ours.
    others[0].load_state_dict(as_ours(optimizers[1].state_dict()))
    others[1].load_state_dict(as_torch(optimizers[0].state_dict()))
    for i in range(len(SHAPES)):
        other_params[0][i].data = torchlike.tensor(params[1][i].detach().numpy())
        other_params[1][i].data = torch.tensor(params[0][i].detach().numpy())
    state = rng.bit_generator.state
    for _ in range(10):
        step(params, optimizers, rng)
    rng.bit_generator.state = state
    for _ in range(10):
        step(other_params, others, rng)
    assert_same(other_params)
    assert_same([other_params[0], params[1]])
    assert_same_state(others[0].state_dict(), others[1].state_dict())


def test_changing_numbers_compiles_nothing():
    rng = np.random.default_rng(1)
    params, optimizers = both("Adam", lr=0.1)
    step(params, optimizers, rng)
    compiled = engine.stats.compiled
    for i in range(5):
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 0.1 / (i + 2)
            optimizer.param_groups[0]["betas"] = (0.9 - i / 100, 0.99)
        step(params, optimizers, rng)
    assert engine.stats.compiled == compiled
    assert_same(params)


def test_tensor_hyperparameters():
    rng = np.random.default_rng(1)
    arrays = [pair("Adam", lib, np.random.default_rng(0), lr=lib.tensor(0.1)) for lib in (torchlike, torch)]
    params, optimizers = [a[0] for a in arrays], [a[1] for a in arrays]
    for _ in range(3):
        step(params, optimizers, rng)
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"].mul_(0.5)
    assert_same(params)


def test_closure_runs_with_gradients():
    weight = torchlike.nn.Parameter(torchlike.ones(2))
    optimizer = SGD([weight], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    with torchlike.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 2.0
    assert weight.tolist() == [0.5, 0.5]


def test_training_converges_as_one_program():
    rng = np.random.default_rng(0)
    x, y = torchlike.tensor(rng.normal(size=(16, 3)).astype("f")), torchlike.tensor(rng.normal(size=(16, 1)).astype("f"))
    weight = torchlike.nn.Parameter(torchlike.tensor(np.zeros((3, 1), "f")))
    optimizer = Adam([weight], lr=0.05)
    compiled = None
    losses = []
    for i in range(20):
        optimizer.zero_grad()
        loss = ((x @ weight - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss)
        if i == 0:
            compiled = engine.stats.compiled
    assert engine.stats.compiled == compiled
    assert losses[-1].item() < losses[0].item()


def test_zero_grad():
    weight = torchlike.nn.Parameter(torchlike.ones(2))
    optimizer = SGD([weight], lr=0.1)
    weight.grad = torchlike.ones(2)
    kept = weight.grad
    optimizer.zero_grad(set_to_none=False)
    assert weight.grad is kept
    assert kept.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert weight.grad is None


def test_differentiable_is_refused_where_it_would_matter():
    leaf = torchlike.ones(2, requires_grad=True)
    optimizer = SGD([leaf * 2], lr=0.1, differentiable=True)
    optimizer.param_groups[0]["params"][0].grad = torchlike.ones(2)
    with pytest.raises(NotImplementedError, match="differentiable=True"):
        optimizer.step()


def test_optimizer_deepcopy_and_pickle():
    weight = torchlike.nn.Parameter(torchlike.ones(2))
    optimizer = Adam([weight], lr=0.1)
    weight.grad = torchlike.ones(2)
    optimizer.step()
    for twin in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        (param,) = twin.param_groups[0]["params"]
        assert param is not weight
        assert twin.state[param]["step"].item() == 1.0
        param.grad = torchlike.ones(2)
        twin.step()
        assert twin.state[param]["step"].item() == 2.0
        assert param.tolist() == pytest.approx([0.8, 0.8])
    assert weight.tolist() == pytest.approx([0.9, 0.9])
    assert isinstance(optimizer, Optimizer)
