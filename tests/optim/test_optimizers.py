"""Every optimizer through tensors: trajectories against torch, compilation counts, state dictionaries both ways."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch

import torchlike
from tests.optim.cases import (
    INFO,
    NAMES,
    OWN,
    Run,
    as_ours,
    as_torch,
    assert_agree,
    assert_same_state,
    cases,
    label,
)
from torchlike import engine
from torchlike.optim import SGD, Adam, Optimizer

PLAIN = [name for name in NAMES if name not in ("LBFGS", "SparseAdam")]  # a rule on dense gradients
REAL_ONLY = ("Adafactor", "LBFGS", "Muon", "SparseAdam")
STEPS = 50


def tiers(everything, few):
    """All as parameters, those that are not among the few only in the long tier: `pytest tests/optim -m full`."""
    full = pytest.mark.full
    return [one if one in few else pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=full) for one in everything]


OWN_FIRST = [(name, OWN[name][0]) for name in NAMES]
DEFAULT = [(name, {}) for name in NAMES if name != "LBFGS"]  # which compiles most
FEW = tiers(PLAIN, ("Adafactor", "Adam", "NAdam", "SGD"))


def runs(name, options, dtype=np.float32, **keywords):
    return Run(torchlike, name, options, dtype, **keywords), Run(torch, name, options, dtype, **keywords)


def agree(mine, real, tolerance=2e-6):
    for ours, theirs in zip(mine.arrays(), real.arrays(), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name,options", tiers(cases(), DEFAULT + OWN_FIRST), ids=label)
def test_trajectory(name, options):
    (mine, real), precise = runs(name, options), Run(torch, name, options, np.float64)
    for i in range(STEPS):
        for run in (mine, real, precise):
            run.step()
        if i == 0:
            compiled = engine.stats.compiled
        if i == 1:
            state = mine.optimizer.state_dict(), real.optimizer.state_dict()
            assert_same_state(*state, tolerance=None if name == "LBFGS" else 1e-5)  # it keeps differences of near equals
    if name != "LBFGS":  # whose number of iterations depends on values
        assert engine.stats.compiled == compiled, "the first and the later steps are one program"
        assert_same_state(mine.optimizer.state_dict(), real.optimizer.state_dict())
    assert_agree(mine.arrays(), real.arrays(), precise.arrays(), 2e-6)
    assert repr(mine.optimizer) == repr(real.optimizer)


def given(params):
    """A database entry's parameters as ours, each tensor once."""
    made: dict[int, object] = {}

    def ours(value):
        if isinstance(value, torch.Tensor):
            if id(value) not in made:
                made[id(value)] = tensor_like(value)
            return made[id(value)]
        if isinstance(value, dict):
            return {key: ours(item) for key, item in value.items()}
        return type(value)(map(ours, value)) if isinstance(value, (list, tuple)) else value

    return ours(params)


def tensor_like(value):
    if value.is_sparse:
        return torchlike.sparse_coo_tensor(np.zeros((1, 0), int).tolist(), [], tuple(value.shape))
    tensor = torchlike.tensor(value.detach().numpy())
    tensor = torchlike.nn.Parameter(tensor) if isinstance(value, torch.nn.Parameter) else tensor
    if value.grad is not None:
        tensor.grad = torchlike.tensor(value.grad.numpy())
    return tensor


ERRORS = [(name, case) for name in NAMES for case in INFO[name].optim_error_inputs_func("cpu", torch.float32)]


def fails(lib, name, case):
    """Do what the database says must fail, and return the error (or warning)."""
    case = case.optimizer_error_input
    params, options = case.params, case.kwargs
    if lib is torchlike:
        params, options = given(params), as_ours(options)
    if params is None:
        params = [lib.nn.Parameter(lib.ones(1, 1))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            optimizer = getattr(lib.optim, name)(params, **options)
            optimizer.step(*([lambda: None] if name == "LBFGS" else []))
        except Exception as error:
            return error
    raise AssertionError("did not fail")


@pytest.mark.parametrize("name,case", ERRORS, ids=lambda v: getattr(getattr(v, "optimizer_error_input", None), "desc", v))
def test_errors(name, case):
    expected, got = fails(torch, name, case), fails(torchlike, name, case)
    assert type(got) is type(expected)
    assert str(got) == str(expected)


@pytest.mark.sampled(0.4)
@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("dtype", [np.float64, np.complex64, np.float16, "bfloat16"])
def test_dtypes(name, dtype):
    """Double to its own precision; half precision is updated in single and rounded once, so no further off than torch is."""
    if dtype == np.complex64 and name in REAL_ONLY:
        mine = Run(torchlike, name, {}, dtype)
        with pytest.raises(RuntimeError, match=f"{name} does not support complex parameters"):
            mine.step()
        return
    options = {"eps": 0.1} if name in ("Adam", "AdamW") and dtype == np.float16 else {}
    half = dtype in (np.float16, "bfloat16")
    mine, real = runs(name, options, np.float32 if half else dtype)
    precise = Run(torch, name, options, np.float32)
    if half:
        for lib, run in ((torchlike, mine), (torch, real)):
            kind = lib.float16 if dtype == np.float16 else lib.bfloat16
            for param in run.params:
                param.data = param.data.to(kind)
            run.gradient = lambda array, lib=lib, kind=kind: lib.tensor(array).to(kind)
    for _ in range(5):
        for run in (mine, real, *([precise] if half else [])):
            run.step()
    for i, (ours, theirs) in enumerate(zip(mine.params, real.params, strict=True)):
        assert str(ours.dtype) == str(theirs.dtype)
        for entry, other in zip(mine.optimizer.state[ours].values(), real.optimizer.state[theirs].values(), strict=True):
            assert str(entry.dtype) == str(other.dtype)
        ours, theirs = ours.detach(), theirs.detach()
        if half:
            ours, theirs, exact = ours.float().numpy(), theirs.float().numpy(), precise.arrays()[i]
            rounding = 2.0 ** (-8 if dtype == "bfloat16" else -11)
            close = np.allclose(ours, theirs, rtol=rounding * 2, atol=rounding)
            assert close or np.abs(ours - exact).max() <= np.abs(theirs - exact).max() + rounding
        else:
            tolerance = {np.float64: 1e-12, np.complex64: 2e-6}[dtype]
            tolerance = 2e-5 if name == "Muon" else tolerance  # 2^-8 of lr, where bfloat16 inside rounds the other way
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FEW)
def test_parameters_without_gradients(name):
    """A parameter that joins late has its own age; one that pauses keeps its state."""
    options = {"lr": 0.02} | ({"momentum": 0.9, "dampening": 0.5} if name == "SGD" else {})
    mine, real = runs(name, options)
    for skip in ((1,), (1,), (), (0, 2), (), (0, 1, 2), ()):
        for run in (mine, real):
            run.step(skip)
        agree(mine, real)
    assert_same_state(mine.optimizer.state_dict(), real.optimizer.state_dict())


@pytest.mark.parametrize("name", FEW)
def test_groups(name):
    """Options per group, another group added later, one changed between steps."""
    made = []
    for lib in (torchlike, torch):
        params = [lib.nn.Parameter(lib.ones(2, 2) * (i + 1)) for i in range(3)]
        first, second = {"params": params[0], "lr": 0.5}, {"params": [params[1]]}
        optimizer = getattr(lib.optim, name)([first, second], lr=0.1)
        for step in range(4):
            if step == 2:
                optimizer.add_param_group({"params": params[2:], "lr": 0.25})
                optimizer.param_groups[0]["lr"] = 0.05
            for i, param in enumerate(params):
                param.grad = lib.tensor([[1.0, -2.0], [0.5, step]]) * (i + 1)
            optimizer.step()
        made.append((params, optimizer))
    for ours, theirs in zip(made[0][0], made[1][0], strict=True):
        np.testing.assert_allclose(ours.tolist(), theirs.tolist(), rtol=2e-6)
    assert_same_state(made[0][1].state_dict(), made[1][1].state_dict())
    assert repr(made[0][1]) == repr(made[1][1])


@pytest.mark.sampled(0.4)
@pytest.mark.parametrize("name,options", tiers([*DEFAULT, *OWN_FIRST], OWN_FIRST), ids=label)
def test_state_dict_exchange(name, options):
    """Five steps in one library and five in the other, against ten in torch; and the other way round."""
    mine, real = runs(name, options)
    other_mine, other_real = runs(name, {"lr": 0.9})
    for run in (mine, real, other_mine, other_real):  # the others only for their random numbers to be as far
        for _ in range(5):
            run.step()
    other_mine.optimizer.load_state_dict(as_ours(real.optimizer.state_dict()))
    other_real.optimizer.load_state_dict(as_torch(mine.optimizer.state_dict()))
    for i in range(len(mine.params)):
        other_mine.params[i].data = torchlike.tensor(real.arrays()[i])
        other_real.params[i].data = torch.tensor(mine.arrays()[i])
    for _ in range(5):
        for run in (mine, real, other_mine, other_real):
            run.step()
    agree(other_mine, other_real, 1e-5)
    agree(other_mine, real, 1e-5)
    if name != "LBFGS":  # by now at the minimum, where its numbers are rounding errors
        assert_same_state(other_mine.optimizer.state_dict(), other_real.optimizer.state_dict())


@pytest.mark.parametrize("name", FEW)
def test_changing_numbers_compiles_nothing(name):
    mine, real = runs(name, {"lr": 0.1})
    for i in range(5):
        for run in (mine, real):
            group = run.optimizer.param_groups[0]
            group["lr"] = 0.1 / (i + 2)
            if "betas" in group:
                group["betas"] = (0.9 - i / 100, 0.99)
            run.step()
        if i == 0:
            compiled = engine.stats.compiled
    assert engine.stats.compiled == compiled
    agree(mine, real)


@pytest.mark.parametrize("name", FEW)
def test_tensor_learning_rate(name):
    """It is read at each step, so that `lr.mul_(...)` counts."""
    mine, real = (Run(lib, name, {}) for lib in (torchlike, torch))
    for run in (mine, real):
        run.optimizer.param_groups[0]["lr"] = run.lib.tensor(0.1)
    for _ in range(3):
        for run in (mine, real):
            run.step()
            run.optimizer.param_groups[0]["lr"].mul_(0.5)
    agree(mine, real)


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


DIFFERENTIABLE = {name: {"differentiable": True} for name in PLAIN if name not in ("Adafactor", "Muon")}


def step_of(lib, name, options, start, grad, state):
    """A step as a function of the parameter, its gradient and its state."""
    param = start.clone()
    param.grad = grad
    optimizer = getattr(lib.optim, name)([param], **options)
    optimizer.state[param].update({key: value.clone() for key, value in state.items()})
    optimizer.step()
    return param


def gradients(lib, name, options, state):
    """Of the sum of a new parameter's squares, to the old one, its gradient and the learning rate."""
    start, grad = (lib.tensor(v, dtype=lib.float64, requires_grad=True) for v in ([0.5, -1.0, 2.0], [1.0, 0.3, -0.7]))
    if "lr" in options:
        options = options | {"lr": lib.tensor(options["lr"], dtype=lib.float64, requires_grad=True)}
    new = step_of(lib, name, options, start * 1, grad * 1, {key: lib.tensor(v, dtype=lib.float64) for key, v in state.items()})
    wanted = [start, grad, *([options["lr"]] if "lr" in options else [])]
    found = lib.autograd.grad((new**2).sum(), wanted)
    return [new.tolist(), *(gradient.tolist() for gradient in found)]


MOMENTS = {"step": 10.0, "exp_avg": [0.1, 0.2, 0.3], "exp_avg_sq": [0.3, 0.2, 0.1]}
DIFFERENTIABLE_STATES = {
    "Adadelta": {"step": 10.0, "square_avg": [0.3, 0.2, 0.1], "acc_delta": [0.1, 0.2, 0.3]},
    "Adagrad": {"step": 10.0, "sum": [0.3, 0.2, 0.1]},
    "Adam": MOMENTS,
    "AdamW": MOMENTS,
    "Adamax": {"step": 10.0, "exp_avg": [0.1, 0.2, 0.3], "exp_inf": [0.3, 0.2, 0.1]},
    "ASGD": {"step": 10.0, "ax": [0.1, 0.2, 0.3], "mu": 1.0, "eta": 0.01},
    "NAdam": MOMENTS | {"mu_product": 0.6},
    "RAdam": MOMENTS,
    "RMSprop": {"step": 10.0, "square_avg": [0.3, 0.2, 0.1]},
    "Rprop": {"step": 10.0, "prev": [0.1, -0.2, 0.3], "step_size": [0.3, 0.2, 0.1]},
    "SGD": {"momentum_buffer": [0.1, 0.2, 0.3]},
}


@pytest.mark.parametrize("name,more", [
    *((name, {}) for name in DIFFERENTIABLE_STATES),
    ("Adam", {"lr": 0.1, "weight_decay": 0.1}), ("AdamW", {"lr": 0.1}), ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
])  # fmt: skip
def test_differentiable(name, more):
    """Gradients through a step, to the learning rate too, are torch's."""
    options = {"differentiable": True} | ({"momentum": 0.9} if name == "SGD" else {}) | more
    mine, real = (gradients(lib, name, options, DIFFERENTIABLE_STATES[name]) for lib in (torchlike, torch))
    for ours, theirs in zip(mine, real, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_differentiable_needs_parameters_that_are_no_leaves():
    for lib in (torchlike, torch):
        leaf = lib.ones(2, requires_grad=True)
        leaf.grad = lib.ones(2)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            lib.optim.SGD([leaf], lr=0.1, differentiable=True).step()


@pytest.mark.parametrize("name", NAMES)
def test_optimizer_deepcopy_and_pickle(name):
    """A copy goes on exactly as the original, on parameters of its own."""
    original, _ = runs(name, OWN[name][0])
    for _ in range(2):
        original.step()
    twins = []
    for twin in (copy.deepcopy(original.optimizer), pickle.loads(pickle.dumps(original.optimizer))):
        other = copy.copy(original)
        other.optimizer, other.params = twin, twin.param_groups[0]["params"]
        assert not {id(p) for p in other.params} & {id(p) for p in original.params}
        other.rng = copy.deepcopy(original.rng)
        twins.append(other)
    for run in (original, *twins):
        run.step()
    for other in twins:
        for one, two in zip(other.arrays(), original.arrays(), strict=True):
            np.testing.assert_array_equal(one, two)
    assert isinstance(original.optimizer, Optimizer)


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # torch's own calls
@pytest.mark.parametrize("name,options", [
    ("SGD", {"lr": 0.1}), ("SGD", {"lr": 0.1, "maximize": True}), ("Adagrad", {"lr": 0.1, "lr_decay": 0.1}),
    ("SparseAdam", {"lr": 0.1}),
])  # fmt: skip
@pytest.mark.parametrize("shape,places", [((5, 2), [[0, 3, 0, 4]]), ((3, 2, 2), [[0, 2, 0], [1, 0, 1]]), ((4,), [[1, 1, 1]])])
def test_sparse_gradients(name, options, shape, places):
    """Rows named twice count twice, rows not named stay; other rows at the next step compile nothing."""
    made, compiled = [], None
    for lib in (torchlike, torch):
        param = lib.nn.Parameter(lib.ones(shape))
        optimizer = getattr(lib.optim, name)([param], **options)
        for step in range(3):
            rng = np.random.default_rng(step)
            where = [[(i + step) % size for i in row] for row, size in zip(places, shape, strict=False)]
            values = rng.normal(size=(len(where[0]), *shape[len(where) :])).astype("f")
            param.grad = lib.sparse_coo_tensor(where, values.tolist(), shape, check_invariants=False)
            optimizer.step()
            if lib is torchlike and step == 1:
                compiled = engine.stats.compiled
        if lib is torchlike:
            assert engine.stats.compiled == compiled
        made.append((param, optimizer))
    np.testing.assert_allclose(made[0][0].tolist(), made[1][0].tolist(), rtol=2e-6, atol=1e-7)
    assert_same_state(made[0][1].state_dict(), made[1][1].state_dict())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("SGD", "Adagrad", "SparseAdam", "LBFGS")])
def test_sparse_gradients_are_refused(name):
    messages = []
    for lib in (torchlike, torch):
        param = lib.nn.Parameter(lib.ones(3, 2))
        param.grad = lib.sparse_coo_tensor([[1]], [[1.0, 1.0]], (3, 2), check_invariants=False)
        with pytest.raises(RuntimeError) as raised:
            getattr(lib.optim, name)([param]).step()
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_swap_in():
    """Within the block the optimizer moves other parameters, by their state."""
    results = []
    for lib in (torchlike, torch):
        param, other = lib.nn.Parameter(lib.ones(2)), lib.nn.Parameter(lib.zeros(2))
        optimizer = lib.optim.Adam([param], lr=0.1)
        param.grad = lib.ones(2)
        optimizer.step()
        state = copy.deepcopy(optimizer.state_dict())
        other.grad = lib.tensor([1.0, -3.0])
        with lib.optim.swap_in_optimizer_params_and_state(optimizer, {"p": other}, state):
            optimizer.step()
        results.append([param.tolist(), other.tolist(), optimizer.param_groups[0]["params"][0] is param])
        for bad in ([], {"state": [], "param_groups": []}, {"state": {}, "param_groups": []}, {**state, "state": {7: {}}}):
            with (
                pytest.raises(RuntimeError) as raised,
                lib.optim.swap_in_optimizer_params_and_state(optimizer, {"p": other}, bad),
            ):
                pass
            results[-1].append(str(raised.value))
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-6)
    assert results[0][2:] == results[1][2:]


@pytest.mark.full
def test_lbfgs_on_rosenbrock():
    """The valley that line searches are tried on, to its end; two parameters, one of them complex."""
    for lib in (torchlike, torch):
        x = lib.nn.Parameter(lib.tensor(-1.2 + 1.0j))
        optimizer = lib.optim.LBFGS([x], max_iter=100, line_search_fn="strong_wolfe")

        def closure(x=x, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (1 - x.real) ** 2 + 100 * (x.imag - x.real**2) ** 2
            loss.backward()
            return loss

        optimizer.step(closure)
        assert abs(x.item() - (1 + 1j)) < 1e-4
