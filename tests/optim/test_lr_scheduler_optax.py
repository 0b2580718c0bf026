"""Schedules that depend on the step alone are optax's; nests of schedules, and states that come from torch, are torch's."""

from __future__ import annotations

import warnings

import optax
import pytest
import torch

from tests.optim.test_lr_scheduler import CASES, numbers, optimizers
from torchlike import ones
from torchlike.engine import flush, stats
from torchlike.nn import Parameter
from torchlike.optim import SGD
from torchlike.optim import lr_scheduler as ours

theirs = torch.optim.lr_scheduler
LR = 0.4
SAME = {
    "ConstantLR": (lambda o: ours.ConstantLR(o, 0.25, 12), optax.piecewise_constant_schedule(LR * 0.25, {12: 4.0})),
    "CosineAnnealingLR": (lambda o: ours.CosineAnnealingLR(o, 99, 0.1), optax.cosine_decay_schedule(LR, 99, 0.25)),
    "ExponentialLR": (lambda o: ours.ExponentialLR(o, 0.97), optax.exponential_decay(LR, 1, 0.97)),
    "LinearLR": (lambda o: ours.LinearLR(o, 0.1, 0.9, 40), optax.linear_schedule(LR * 0.1, LR * 0.9, 40)),
    "MultiStepLR": (
        lambda o: ours.MultiStepLR(o, [30, 80], 0.3),
        optax.piecewise_constant_schedule(LR, {30: 0.3, 80: 0.3}),
    ),
    "OneCycleLR": (  # torch counts the first step into the ascent
        lambda o: ours.OneCycleLR(o, LR, total_steps=100, div_factor=20, final_div_factor=50),
        optax.cosine_onecycle_schedule(99, LR, 29.5 / 99, 20, 50),
    ),
    "OneCycleLR-linear": (
        lambda o: ours.OneCycleLR(o, LR, total_steps=100, div_factor=20, final_div_factor=50, anneal_strategy="linear"),
        optax.join_schedules(
            [optax.linear_schedule(LR / 20, LR, 29), optax.linear_schedule(LR, LR / 1000, 70)],
            [29],
        ),
    ),
    "PolynomialLR": (lambda o: ours.PolynomialLR(o, 60, 1.7), optax.polynomial_schedule(LR, 0.0, 1.7, 60)),
    "StepLR": (lambda o: ours.StepLR(o, 7, 0.7), optax.exponential_decay(LR, 7, 0.7, staircase=True)),
    "WarmRestarts": (
        lambda o: ours.CosineAnnealingWarmRestarts(o, 25),
        optax.join_schedules([optax.cosine_decay_schedule(LR, 25)] * 4, [25, 50, 75]),
    ),
    "SequentialLR": (
        lambda o: ours.SequentialLR(o, [ours.LinearLR(o, 0.1, 1.0, 10), ours.CosineAnnealingLR(o, 89)], [10]),
        optax.warmup_cosine_decay_schedule(LR * 0.1, LR, 10, 99),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_is_optaxs(name):
    build, schedule = SAME[name]
    optimizer = SGD([Parameter(ones(1))], lr=LR)
    mine = build(optimizer)
    for step in range(100):
        assert mine.get_last_lr()[0] == pytest.approx(float(schedule(step)), rel=2e-5, abs=1e-7), step
        optimizer.step()
        if step < 99:
            mine.step()


NESTS = {  # a sequence of chains or of sequences is refused by torch, too
    "chain with a sequence": lambda m, o: m.ChainedScheduler(
        [
            m.SequentialLR(o, [m.ConstantLR(o, 0.2, 5), m.ExponentialLR(o, 0.95)], milestones=[8]),
            m.MultiStepLR(o, [30, 60]),
        ]
    ),
    "chain of chains": lambda m, o: m.ChainedScheduler(
        [m.ChainedScheduler([m.LinearLR(o, 0.1, total_iters=10), m.ExponentialLR(o, 0.97)]), m.StepLR(o, 9)]
    ),
}


def _lockstep(count, *pairs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in range(count):
            for optimizer, schedule in pairs:
                optimizer.step()
                schedule.step()
            for got, wanted in zip(numbers(pairs[0][0]), numbers(pairs[1][0]), strict=True):
                assert got["lr"] == pytest.approx(wanted["lr"], rel=1e-12), step


@pytest.mark.parametrize("name", NESTS)
def test_nests_are_torchs(name):
    mine, real = optimizers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairs = (mine, NESTS[name](ours, mine)), (real, NESTS[name](theirs, real))
    _lockstep(100, *pairs)


@pytest.mark.parametrize("name", [n for n in CASES if n != "CyclicLR-own" and not n.startswith(("LambdaLR", "Multiplicative"))])
@pytest.mark.parametrize("from_torch", [True, False])
def test_states_go_to_torch_and_back(name, from_torch):
    """Half the way in one library, then the rest from its state in the other."""
    (mine, real), (other_mine, other_real) = optimizers(), optimizers()
    first, second = (real, other_mine) if from_torch else (mine, other_real)
    modules = (theirs, ours) if from_torch else (ours, theirs)
    begun, resumed = CASES[name](modules[0], first), CASES[name](modules[1], second)
    for _ in range(50):
        first.step()
        begun.step()
    resumed.load_state_dict(begun.state_dict())
    for old, new in zip(first.param_groups, second.param_groups, strict=True):
        new.update({key: value for key, value in old.items() if key != "params"})
    _lockstep(45, (second, resumed), (first, begun))


def test_a_rate_that_changes_compiles_nothing():
    weight = Parameter(ones(1))
    optimizer = SGD([weight], lr=LR, momentum=0.9)
    schedule = ours.OneCycleLR(optimizer, LR, total_steps=20)
    counts = []
    for _ in range(15):
        optimizer.zero_grad()
        (weight * weight).sum().backward()
        optimizer.step()
        schedule.step()
        flush()
        counts.append(stats.compiled)
    assert counts[-1] == counts[1]
