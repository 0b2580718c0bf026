"""Averages of a model: torch's numbers, states and errors; nothing is looked at while training."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
import torch

import torchlike
from tests.agree import raised
from torchlike.engine import flush, stats

SETTINGS = {
    "mean": lambda u: {},
    "mean, one by one": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "mean, buffers too": lambda u: {"use_buffers": True},
    "exponential": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.9)},
    "exponential, one by one, buffers too": lambda u: {"avg_fn": u.get_ema_avg_fn(0.9), "use_buffers": True},
    "exponential, buffers too": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.5), "use_buffers": True},
}


def _setup(lib, setting):
    utils = lib.optim.swa_utils
    lib.manual_seed(0)
    model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4))
    return model, lib.optim.SGD(model.parameters(), lr=0.1), utils.AveragedModel(model, **setting(utils)), lib.randn(8, 3)


def _train(lib, model, optimizer, average, x, steps=5):
    counts = []
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        average.update_parameters(model)
        flush()
        counts.append(stats.compiled)
    return counts


def _state(average):
    return {key: np.asarray(value).copy() for key, value in average.state_dict().items()}


def _same(mine, real):
    assert list(mine) == list(real)
    for key, value in mine.items():
        np.testing.assert_allclose(value, real[key], rtol=1e-5, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("name", SETTINGS)
def test_averages_are_torchs(name):
    found = []
    for lib in (torchlike, torch):
        model, optimizer, average, x = _setup(lib, SETTINGS[name])
        counts = _train(lib, model, optimizer, average, x)
        if lib is torchlike:
            assert counts[-1] == counts[2]  # the first copies, the second averages
        lib.optim.swa_utils.update_bn([(x, 0), (x * 2, 1)], average)
        found.append(_state(average) | {"out": np.asarray(average(x).detach())})
        assert average.module[1].momentum == 0.1 and average.training
    _same(*found)


def test_states_go_to_torch_and_back():
    for first, second in ((torchlike, torch), (torch, torchlike)):
        begun, resumed = _setup(first, SETTINGS["mean"]), _setup(second, SETTINGS["mean"])
        _train(first, *begun)
        resumed[2].load_state_dict({k: second.tensor(np.asarray(v)) for k, v in begun[2].state_dict().items()})
        resumed[0].load_state_dict({k: second.tensor(np.asarray(v)) for k, v in begun[0].state_dict().items()})
        for lib, parts in ((first, begun), (second, resumed)):
            _train(lib, *parts, steps=2)
        _same(_state(resumed[2]), _state(begun[2]))


def test_copies_count_for_themselves():
    model, optimizer, average, x = _setup(torchlike, SETTINGS["exponential"])
    _train(torchlike, model, optimizer, average, x, steps=1)
    for twin in (copy.deepcopy(average), pickle.loads(pickle.dumps(torchlike.optim.swa_utils.AveragedModel(model)))):
        begun = int(twin.n_averaged)
        twin.update_parameters(model)
        assert int(twin.n_averaged) == begun + 1 and int(average.n_averaged) == 1
    average.n_averaged.zero_()  # as if nothing had been: the next one is copied
    with torchlike.no_grad():
        model[0].weight.fill_(7)
    average.update_parameters(model)
    assert (average.module[0].weight == 7).all()


@pytest.mark.parametrize("options", [{}, {"anneal_strategy": "linear", "anneal_epochs": 4}, {"anneal_epochs": 0}])
def test_the_rate_anneals_as_torchs(options):
    rates, states = [], []
    for lib in (torchlike, torch):
        groups = [{"params": [lib.nn.Parameter(lib.ones(1))], "lr": lr} for lr in (0.1, 0.5)]
        optimizer = lib.optim.SGD(groups, lr=1.0)
        before = lib.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        after = lib.optim.swa_utils.SWALR(optimizer, [0.05, 0.2], **options)
        own = []
        for step in range(20):
            optimizer.step()
            (before if step < 5 else after).step()
            own.append([group["lr"] for group in optimizer.param_groups])
        rates.append(own)
        states.append(after.state_dict())
    assert rates[0] == rates[1]
    assert states[0] == states[1]


BAD = {
    "strategy": lambda lib, o: lib.optim.swa_utils.SWALR(o, 0.1, anneal_strategy="x"),
    "epochs": lambda lib, o: lib.optim.swa_utils.SWALR(o, 0.1, anneal_epochs=-1),
    "half an epoch": lambda lib, o: lib.optim.swa_utils.SWALR(o, 0.1, anneal_epochs=1.5),
    "rates": lambda lib, o: lib.optim.swa_utils.SWALR(o, [0.1, 0.2]),
    "decay": lambda lib, o: lib.optim.swa_utils.get_ema_avg_fn(2.0),
    "decay below": lambda lib, o: lib.optim.swa_utils.get_ema_multi_avg_fn(-1),
    "both": lambda lib, o: lib.optim.swa_utils.AveragedModel(lib.nn.Identity(), avg_fn=max, multi_avg_fn=max),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_are_torchs(name):
    texts = []
    for lib in (torchlike, torch):
        optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=0.1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            texts.append(raised(lambda: BAD[name](lib, optimizer)))  # noqa: B023 - called at once
    assert texts[0] == texts[1] != ""
