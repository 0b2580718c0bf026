"""Optax transformations as optimizers, and optimizers as optax transformations."""

from __future__ import annotations

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import torchlike
from tests.optim.cases import NAMES, OWN, Run
from torchlike import engine
from torchlike.optim import LBFGS, SGD, Optimizer, SparseAdam, from_optax

SHAPES = ((3, 2), (4,), ())
FEW = ("Adafactor", "Adam", "ASGD", "SGD")
PLAIN = [name for name in NAMES if name not in ("LBFGS", "SparseAdam")]


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("name", [n if n in FEW else pytest.param(n, marks=pytest.mark.full) for n in PLAIN])
def test_to_optax_takes_the_same_next_steps(name, names):
    """Also from a state in use, under `jax.jit` and without JAX's double precision."""
    run = Run(torchlike, name, OWN[name][0])
    if names:
        run.optimizer = getattr(torchlike.optim, name)(
            [(f"p{9 - i}", p) for i, p in enumerate(run.params)], **OWN[name][0]
        )  # not in the order in which JAX sorts a dictionary
    for _ in range(2 if names else 0):
        run.step()
    transformation, state = run.optimizer.to_optax()
    keys = [f"p{9 - i}" for i in range(len(run.params))]

    def tree(tensors):
        arrays = [jnp.array(t.detach().numpy()) for t in tensors]
        return dict(zip(keys, arrays, strict=True)) if names else arrays

    params = tree(run.params)
    assert jax.tree.structure(transformation.init(params)) == jax.tree.structure(state)
    update = jax.jit(transformation.update)
    for _ in range(3):
        run.step()
        updates, state = update(tree([p.grad for p in run.params]), state, params)
        params = optax.apply_updates(params, updates)
    for ours, theirs in zip(run.params, [params[k] for k in keys] if names else params, strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=2e-6, atol=1e-6)


def test_to_optax_with_groups_and_a_schedule():
    params = [torchlike.nn.Parameter(torchlike.ones(2)) for _ in range(2)]
    optimizer = SGD([{"params": params[:1], "lr": 0.5}, {"params": params[1:]}], lr=0.1, momentum=0.9)
    transformation, state = optimizer.to_optax()
    assert [group["lr"] for group in state.hyperparams] == [0.5, 0.1]
    state = state._replace(hyperparams=({**state.hyperparams[0], "lr": 1.0}, state.hyperparams[1]))
    arrays = [jnp.ones(2), jnp.ones(2)]
    updates, _ = transformation.update(arrays, state, arrays)
    np.testing.assert_allclose(updates, [[-1.0, -1.0], [-0.1, -0.1]], rtol=1e-6)


def test_to_optax_errors():
    weight = torchlike.nn.Parameter(torchlike.ones(2))
    transformation, state = SGD([weight], lr=0.1).to_optax()
    with pytest.raises(ValueError, match="expected arrays of the optimizer's shapes"):
        transformation.update([jnp.ones(3)], state, [jnp.ones(3)])
    with pytest.raises(ValueError, match="Build it from named_parameters"):
        transformation.init({"a": jnp.ones(2)})
    with pytest.raises(ValueError, match="needs the parameters"):
        transformation.update([jnp.ones(2)], state)

    class Own(Optimizer):
        def step(self, closure=None):
            pass

    for optimizer in (Own([weight], {}), LBFGS([weight]), SparseAdam([weight])):
        with pytest.raises(NotImplementedError, match="to_optax"):
            optimizer.to_optax()


def clipped(learning_rate):
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(learning_rate))


TRANSFORMS = {
    "lion": (optax.lion, {"learning_rate": 0.01}),
    "lamb": (optax.lamb, {"learning_rate": 0.01, "weight_decay": 0.1}),
    "lars": (optax.lars, {"learning_rate": 0.1}),
    "adabelief": (optax.adabelief, {"learning_rate": 0.01}),
    "novograd": (optax.novograd, {"learning_rate": 0.01}),
    "schedule free": (optax.contrib.schedule_free_adamw, {"learning_rate": 0.01}),
    "schedule": (optax.sgd, {"learning_rate": optax.linear_schedule(0.1, 0.0, 10)}),
    "clipped": (clipped, {"learning_rate": 0.1}),
}


def gradients(rng):
    return [np.asarray(rng.normal(size=shape), np.float32) for shape in SHAPES]


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_from_optax(name, finished):
    """The same parameters as optax by itself; one program for all steps; the state survives saving, copying, pickling."""
    factory, options = TRANSFORMS[name]
    transform = factory(**options)
    arrays = gradients(np.random.default_rng(0))
    params = [torchlike.nn.Parameter(torchlike.tensor(a)) for a in arrays]
    optimizer = from_optax(params, transform) if finished else from_optax(params, factory, **options)
    state = transform.init(arrays)
    rng = np.random.default_rng(1)
    for i in range(6):
        grads = gradients(rng)
        updates, state = transform.update(grads, state, arrays)
        arrays = optax.apply_updates(arrays, updates)
        for param, grad in zip(params, grads, strict=True):
            param.grad = torchlike.tensor(grad)
        optimizer.step()
        if i == 0:
            compiled = engine.stats.compiled
        if i == 2:  # a second optimizer takes over
            saved = copy.deepcopy(optimizer.state_dict())
            optimizer = from_optax(params, transform) if finished else from_optax(params, factory, **options)
            optimizer.load_state_dict(saved)
    assert engine.stats.compiled == compiled
    for param, array in zip(params, arrays, strict=True):
        # By itself optax computes 1 - b^t in single precision: the updates, of about 0.1, differ in the fifth digit.
        np.testing.assert_allclose(param.detach().numpy(), array, rtol=1e-5, atol=5e-6)
    twin = copy.deepcopy(optimizer)
    twin.step()
    optimizer.step()


def test_from_optax_options_are_the_groups():
    """A learning rate that changes, groups of their own, a parameter that joins late; nothing compiles for the rate."""
    params = [torchlike.nn.Parameter(torchlike.ones(2)) for _ in range(3)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.5}]
    optimizer = from_optax(groups, optax.lion, lr=0.25, b1=0.8, weight_decay=0.0)
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert optimizer.param_groups[1]["b1"] == 0.8
    for param in params[:2]:
        param.grad = torchlike.ones(2)
    optimizer.step()
    assert [p[0].item() for p in params] == [0.75, 0.5, 1.0]
    optimizer.step()  # the first also made the gradients
    compiled = engine.stats.compiled
    scheduler = torchlike.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step()
    scheduler.step()
    optimizer.step()
    assert engine.stats.compiled == compiled
    assert params[0][0].item() == 0.75 - 0.25 - 0.25 - 0.125
    params[2].grad = torchlike.ones(2)
    optimizer.step()
    assert params[2][0].item() == 1.0 - 0.25
    assert list(optimizer.state_dict()["state"][0]) == ["inner_state.0.mu"]
    with pytest.raises(TypeError, match="takes no further options"):
        from_optax(params, optax.lion(0.1), b1=0.5)


def test_from_optax_and_back():
    params = [torchlike.nn.Parameter(torchlike.ones(2)) for _ in range(2)]
    optimizer = from_optax(params, optax.adam, lr=0.25)
    for _ in range(2):
        for param in params:
            param.grad = torchlike.ones(2)
        optimizer.step()
    transformation, state = optimizer.to_optax()
    arrays = {i: jnp.array(p.detach().numpy()) for i, p in enumerate(params)}
    updates, _ = transformation.update({i: jnp.ones(2) for i in arrays}, state, arrays)
    optimizer.step()
    for i, param in enumerate(params):
        np.testing.assert_allclose(arrays[i] + updates[i], param.tolist(), rtol=1e-6)


def test_from_optax_factor():
    """A finished transformation has `lr` as a factor, so that schedulers work on it."""
    weight = torchlike.nn.Parameter(torchlike.ones(2))
    optimizer = from_optax([weight], optax.sgd(0.5), lr=0.5)
    weight.grad = torchlike.ones(2)
    optimizer.step()
    assert weight.tolist() == [0.75, 0.75]
    assert pickle.loads(pickle.dumps(optimizer.state_dict())) == optimizer.state_dict()
