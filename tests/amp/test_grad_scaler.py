"""GradScaler: the same numbers, states and errors as torch's, in one program a step."""

import copy
import pickle

import numpy as np
import pytest
import torch as real

import torchlike as torch
from torchlike import engine

OPTIMIZERS = {
    "sgd": ("SGD", {"lr": 0.1}),
    "momentum": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "dampened": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),  # the check is read on the host
    "adam": ("Adam", {"lr": 0.01, "amsgrad": True}),
    "adamw": ("AdamW", {"lr": 0.01}),
    "nadam": ("NAdam", {"lr": 0.01}),
    "radam": ("RAdam", {"lr": 0.01}),
    "adamax": ("Adamax", {"lr": 0.01}),
    "adagrad": ("Adagrad", {"lr": 0.01}),
    "adadelta": ("Adadelta", {"lr": 0.1}),
    "rmsprop": ("RMSprop", {"lr": 0.01, "momentum": 0.5, "centered": True}),
    "rprop": ("Rprop", {"lr": 0.01}),
    "asgd": ("ASGD", {"lr": 0.01, "t0": 2.0}),
    "adafactor": ("Adafactor", {"lr": 0.01}),  # likewise read on the host
}
ON_HOST = {"dampened", "adafactor"}
INF = (0, 3, 4)  # iterations whose gradients overflow


@pytest.fixture(autouse=True)
def fresh():
    engine.flush()
    engine.clear()
    engine.stats.reset()


def net_of(lib):
    lib.manual_seed(0)
    return lib.nn.Sequential(lib.nn.Linear(4, 8), lib.nn.Tanh(), lib.nn.Linear(8, 1))


def batch(i, lib):
    x = np.random.default_rng(i).standard_normal((6, 4)).astype(np.float32)
    if i in INF:
        x[0, 0] = np.inf
    return lib.tensor(x)


def iterate(lib, net, optimizer, scaler, i, clip=False):
    optimizer.zero_grad()
    scaler.scale(net(batch(i, lib)).square().mean()).backward()
    if clip:
        scaler.unscale_(optimizer)
        lib.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    scaler.step(optimizer)
    scaler.update()


def made(lib, name, **options):
    kind, numbers = OPTIMIZERS[name]
    net = net_of(lib)
    optimizer = getattr(lib.optim, kind)(net.parameters(), **numbers)
    return net, optimizer, lib.amp.GradScaler("cpu", **{"init_scale": 64.0, "growth_interval": 2, **options})


def same(net, optimizer, scaler, net_, optimizer_, scaler_):
    assert scaler.state_dict() == scaler_.state_dict()
    for own, theirs in zip(net.parameters(), net_.parameters(), strict=True):
        np.testing.assert_allclose(own.detach().numpy(), theirs.detach().numpy(), rtol=2e-5, atol=2e-6)
        state, state_ = optimizer.state.get(own, {}), optimizer_.state.get(theirs, {})
        if "step" in state_:
            assert float(state["step"]) == float(state_["step"])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_with_and_without_inf_are_those_of_torch_and_one_program_each(name):
    """Check, choice and the scale's update included; nothing is read on the host."""
    clip = name in ("momentum", "adam", "rprop", "adafactor")
    mine, theirs = made(torch, name), made(real, name)
    engine.flush()
    engine.stats.reset()
    for i in range(9):
        iterate(torch, *mine, i, clip)
        iterate(real, *theirs, i, clip)
        if i == 2:
            compiled = engine.stats.compiled
    assert engine.stats.compiled == compiled
    if name not in ON_HOST:
        assert compiled == 1
        assert engine.stats.run == 9
    same(*mine, *theirs)


def test_the_loader_between_steps_finds_nothing_pending():
    """`update` was computed by the step's program already."""
    mine = made(torch, "adam")
    iterate(torch, *mine, 1)
    run = engine.stats.run
    engine.flush()
    assert engine.stats.run == run


def test_a_parameter_without_gradient_does_not_count():
    mine, theirs = made(torch, "adam"), made(real, "adam")
    for lib, (net, optimizer, scaler) in ((torch, mine), (real, theirs)):
        for i in range(8):
            for param in net[2].parameters():
                param.requires_grad_(i % 3 != 1)
            iterate(lib, net, optimizer, scaler, i)
            if i == 6:  # without the scaler in between
                optimizer.step()
    same(*mine, *theirs)


def test_step_tensors_keep_their_identity_and_may_be_written():
    mine, theirs = made(torch, "adam"), made(real, "adam")
    for lib, (net, optimizer, scaler) in ((torch, mine), (real, theirs)):
        iterate(lib, net, optimizer, scaler, 1)
        held = optimizer.state[net[0].weight]["step"]
        iterate(lib, net, optimizer, scaler, 3)
        assert float(held) == 1.0
        held += 5
        iterate(lib, net, optimizer, scaler, 2)
        assert float(held) == 7.0
        assert optimizer.state[net[0].weight]["step"] is held
        optimizer.step()
        assert float(held) == 8.0
    same(*mine, *theirs)


def test_optimizer_state_goes_through_state_dict_and_copies():
    mine, theirs = made(torch, "adamw"), made(real, "adamw")
    for lib, (net, optimizer, scaler) in ((torch, mine), (real, theirs)):
        for i in range(4):
            iterate(lib, net, optimizer, scaler, i)
        saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
        other = lib.optim.AdamW(net.parameters())
        other.load_state_dict(copy.deepcopy(saved))
        assert float(other.state[net[0].weight]["step"]) == 2.0
        iterate(lib, net, other, scaler, 5)
        optimizer.load_state_dict(other.state_dict())
    same(*mine, *theirs)


def test_two_optimizers_share_a_scale():
    outcome = []
    for lib in (torch, real):
        nets = [net_of(lib), net_of(lib)]
        optimizers = [lib.optim.Adam(nets[0].parameters()), lib.optim.SGD(nets[1].parameters(), 0.1)]
        scaler = lib.amp.GradScaler("cpu", init_scale=64.0, growth_interval=2)
        for i in range(7):
            for net, optimizer, number in zip(nets, optimizers, (i, 1), strict=True):
                optimizer.zero_grad()
                scaler.scale(net(batch(number, lib)).square().mean()).backward()
            for optimizer in optimizers:
                scaler.step(optimizer)
            scaler.update()
        outcome.append((scaler.state_dict(), [p.detach().numpy() for net in nets for p in net.parameters()]))
    assert outcome[0][0] == outcome[1][0]
    for own, theirs in zip(outcome[0][1], outcome[1][1], strict=True):
        np.testing.assert_allclose(own, theirs, rtol=2e-5, atol=2e-6)


def test_an_optimizer_of_ones_own_is_asked_only_if_all_is_finite():
    calls = []

    class Own(torch.optim.Optimizer):
        def step(self, closure=None):
            calls.append(1)
            for param in self.param_groups[0]["params"]:
                param.data -= 0.1 * param.grad
            return "stepped"

    net = net_of(torch)
    optimizer, scaler = Own(net.parameters(), {}), torch.amp.GradScaler("cpu")
    results = []
    for i in (0, 1):
        optimizer.zero_grad()
        scaler.scale(net(batch(i, torch)).mean()).backward()
        results.append(scaler.step(optimizer))
        scaler.update()
    assert results == [None, "stepped"] and len(calls) == 1


def test_an_optimizer_that_unscales_itself_gets_scale_and_check():
    seen = []
    for lib in (torch, real):

        class Own(lib.optim.SGD):
            _step_supports_amp_scaling = True

            def step(self, closure=None):
                seen.append(
                    (float(self.grad_scale), float(self.found_inf), float(self.param_groups[0]["params"][0].grad.sum()))
                )

        weight = lib.nn.Parameter(lib.ones(3))
        optimizer, scaler = Own([weight], 0.1), lib.amp.GradScaler("cpu", init_scale=4.0)
        for factor in (1.0, float("inf")):
            optimizer.zero_grad()
            scaler.scale((weight * factor).sum()).backward()
            scaler.step(optimizer)
            scaler.update()
            assert "found_inf" not in vars(optimizer) and "grad_scale" not in vars(optimizer)
    assert seen[:2] == seen[2:] == [(4.0, 0.0, 12.0), (4.0, 1.0, float("inf"))]


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # torch's own, once a process
def test_sparse_gradients():
    rows = []
    for lib in (torch, real):
        weight = lib.nn.Parameter(lib.ones(5, 2))
        optimizer, scaler = lib.optim.SparseAdam([weight], 0.1), lib.amp.GradScaler("cpu", init_scale=16.0)
        for factor in (1.0, float("inf"), 2.0):
            scaler.scale(lib.ones(()))
            weight.grad = lib.sparse_coo_tensor(lib.tensor([[1, 3, 3]]), lib.full((3, 2), 16.0 * factor), (5, 2))
            scaler.step(optimizer)
            if factor == 1.0:
                rows.append(weight.grad.to_dense().numpy().copy())
            scaler.update()
        rows.append(weight.detach().numpy())
    np.testing.assert_array_equal(rows[0], rows[2])
    np.testing.assert_allclose(rows[1], rows[3], rtol=1e-6)


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "float64"])
def test_unscaled_gradients_are_torchs(kind):
    found = []
    for lib in (torch, real):
        weight = lib.tensor([1.0, 2.0, 3.0], dtype=getattr(lib, kind), requires_grad=True)
        optimizer, scaler = lib.optim.SGD([weight], 0.1), lib.amp.GradScaler("cpu", init_scale=3.0)
        scaler.scale((weight * weight).sum()).backward()
        scaler.unscale_(optimizer)
        found.append((weight.grad.dtype, weight.grad.double().numpy()))
    assert str(found[0][0]).split(".")[-1] == str(found[1][0]).split(".")[-1] == kind
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_outputs_of_any_nesting():
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    one = torch.ones(2)
    assert scaler.scale(one).tolist() == [2.0, 2.0]
    pair = scaler.scale([one, (one, one * 2)])
    assert type(pair) is list and type(pair[1]) is tuple and pair[1][1].tolist() == [4.0, 4.0]
    lazy = scaler.scale(t for t in [one])
    assert not isinstance(lazy, list) and next(lazy).tolist() == [2.0, 2.0]
    half = real.amp.GradScaler("cpu").scale(real.ones((), dtype=real.float16)).dtype
    assert str(torch.amp.GradScaler("cpu").scale(torch.ones((), dtype=torch.float16)).dtype).split(".")[-1] == str(half)[6:]


def test_update_with_a_scale_of_ones_own():
    for lib in (torch, real):
        scaler = lib.amp.GradScaler("cpu")
        scaler.scale(lib.ones(1))
        scaler.update(8.0)
        assert scaler.get_scale() == 8.0
        scaler.update(lib.tensor(4.0))
        assert scaler.get_scale() == 4.0
        with pytest.raises(AssertionError, match="new_scale should be a float"):
            scaler.update(lib.ones(2))


def test_a_scale_that_would_overflow_stays():
    states = []
    for lib in (torch, real):
        scaler, weight = lib.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=1), lib.nn.Parameter(lib.ones(1))
        scaler.scale(weight.sum() * 1e-3).backward()
        scaler.step(lib.optim.SGD([weight], 0.1))
        scaler.update()
        states.append(scaler.state_dict())
    assert states[0] == states[1]
    assert states[0]["scale"] == 2.0**127


def test_numbers_state_and_pickling():
    net, optimizer, scaler = made(torch, "adam")
    theirs = made(real, "adam")
    scaler.set_growth_factor(3.0), scaler.set_backoff_factor(0.25), scaler.set_growth_interval(3)
    assert (scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval()) == (3.0, 0.25, 3)
    for i in range(3):
        iterate(torch, net, optimizer, scaler, i)
    other = theirs[2]
    other.load_state_dict(scaler.state_dict())  # torch's reads ours
    assert other.state_dict() == scaler.state_dict()
    copied = pickle.loads(pickle.dumps(scaler))
    assert copied.state_dict() == scaler.state_dict() and copied._scale is None
    loaded = torch.amp.GradScaler("cpu")
    loaded.scale(torch.ones(1))
    loaded.load_state_dict(scaler.state_dict())
    assert loaded.state_dict() == scaler.state_dict()
    scaler.scale(net(batch(1, torch)).mean()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(AssertionError, match="may only be pickled"):
        pickle.dumps(scaler)
    assert torch.amp.GradScaler("cpu", init_scale=4.0).get_scale() == 4.0


def test_not_enabled():
    net, optimizer, scaler = made(torch, "sgd", enabled=False)
    loss = net(batch(1, torch)).mean()
    assert scaler.scale(loss) is loss
    loss.backward()
    before = net[0].weight.detach().clone()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert not torch.equal(before, net[0].weight)
    assert (scaler.get_scale(), scaler.is_enabled(), scaler.state_dict(), scaler._get_growth_tracker()) == (1.0, False, {}, 0)
    scaler.load_state_dict({})
    pickle.loads(pickle.dumps(scaler))


def ready(lib, grad=True):
    net, optimizer, scaler = made(lib, "sgd")
    loss = scaler.scale(net(batch(1, lib)).mean())
    if grad:
        loss.backward()
    return optimizer, scaler


def _unscale_twice(lib):
    optimizer, scaler = ready(lib)
    scaler.unscale_(optimizer), scaler.unscale_(optimizer)


def _unscale_after_step(lib):
    optimizer, scaler = ready(lib)
    scaler.step(optimizer), scaler.unscale_(optimizer)


def _step_twice(lib):
    optimizer, scaler = ready(lib)
    scaler.step(optimizer), scaler.step(optimizer)


def _half_gradients(lib):
    weight = lib.ones(2, dtype=lib.float16, requires_grad=True)
    scaler = lib.amp.GradScaler("cpu", init_scale=2.0)
    scaler.scale(weight.sum()).backward()
    scaler.unscale_(lib.optim.SGD([weight], 0.1))


ERRORS = {
    "unscale twice": _unscale_twice,
    "unscale after step": _unscale_after_step,
    "step twice": _step_twice,
    "half gradients": _half_gradients,
    "no gradient": lambda lib: (lambda o, s: s.step(o))(*ready(lib, grad=False)),
    "nothing checked": lambda lib: ready(lib)[1].update(),
    "closure": lambda lib: (lambda o, s: s.step(o, closure=lambda: None))(*ready(lib)),
    "step before scale": lambda lib: lib.amp.GradScaler("cpu").step(made(lib, "sgd")[1]),
    "unscale before scale": lambda lib: lib.amp.GradScaler("cpu").unscale_(made(lib, "sgd")[1]),
    "update before scale": lambda lib: lib.amp.GradScaler("cpu").update(),
    "growth": lambda lib: lib.amp.GradScaler("cpu", growth_factor=1.0),
    "backoff": lambda lib: lib.amp.GradScaler("cpu", backoff_factor=1.0),
    "no tensor": lambda lib: lib.amp.GradScaler("cpu").scale(3),
    "empty state": lambda lib: lib.amp.GradScaler("cpu").load_state_dict({}),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_torchs(case):
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whichever torch raises
        ERRORS[case](real)
    with pytest.raises(theirs.type) as mine:
        ERRORS[case](torch)
    assert str(mine.value) == str(theirs.value)


def test_older_names():
    with pytest.warns(FutureWarning, match=r"torch\.amp\.GradScaler\('cpu'"):
        assert torch.cpu.amp.GradScaler(init_scale=2.0).get_scale() == 2.0
    with pytest.warns(FutureWarning, match=r"torch\.amp\.GradScaler\('cuda'"):
        assert isinstance(torch.cuda.amp.GradScaler(enabled=False), torch.amp.GradScaler)
    if not torch.cuda.is_available():
        with pytest.warns(UserWarning, match="CUDA is not available"):
            assert not torch.amp.GradScaler().is_enabled()
