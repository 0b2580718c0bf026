"""Every schedule against torch's, number by number over 100 steps."""

from __future__ import annotations

import copy
import math
import pickle
import warnings

import pytest
import torch

import torchlike
from torchlike.optim import SGD, Adam
from torchlike.optim import lr_scheduler as ours

theirs = torch.optim.lr_scheduler
STEPS = 100


class Halve:
    """A callable object: schedulers save its attributes."""

    def __init__(self, scale=0.5):
        self.scale = scale

    def __call__(self, epoch):
        return self.scale ** (epoch / 10)


CASES = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]),
    "LambdaLR-one": lambda m, o: m.LambdaLR(o, Halve()),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda e: 0.97 + 0.001 * (e % 5)),
    "StepLR": lambda m, o: m.StepLR(o, 7, gamma=0.7),
    "StepLR-1": lambda m, o: m.StepLR(o, 1),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [30, 80, 80, 3], gamma=0.3),
    "ConstantLR": lambda m, o: m.ConstantLR(o, factor=0.25, total_iters=12),
    "LinearLR": lambda m, o: m.LinearLR(o, start_factor=0.1, end_factor=0.9, total_iters=40),
    "LinearLR-down": lambda m, o: m.LinearLR(o, start_factor=1.0, end_factor=0.05, total_iters=40),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.97),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o, total_iters=60, power=1.7),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, T_max=20, eta_min=0.003),
    "CosineAnnealingLR-long": lambda m, o: m.CosineAnnealingLR(o, T_max=200),
    "WarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=10, T_mult=2, eta_min=0.001),
    "WarmRestarts-1": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=7),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.1, step_size_up=8, step_size_down=5),
    "CyclicLR-2": lambda m, o: m.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], step_size_up=8, mode="triangular2"),
    "CyclicLR-exp": lambda m, o: m.CyclicLR(o, 0.01, 0.1, step_size_up=8, mode="exp_range", gamma=0.99),
    "CyclicLR-own": lambda m, o: m.CyclicLR(o, 0.01, 0.1, step_size_up=8, scale_fn=Halve(), scale_mode="iterations"),
    "CyclicLR-no-momentum": lambda m, o: m.CyclicLR(o, 0.01, 0.1, step_size_up=8, cycle_momentum=False),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, max_lr=0.1, total_steps=STEPS + 1),
    "OneCycleLR-linear": lambda m, o: m.OneCycleLR(
        o, max_lr=[0.1, 0.4], epochs=11, steps_per_epoch=10, anneal_strategy="linear", pct_start=0.2, div_factor=10.0
    ),
    "OneCycleLR-three": lambda m, o: m.OneCycleLR(o, max_lr=0.1, total_steps=STEPS + 3, three_phase=True),
    "OneCycleLR-plain": lambda m, o: m.OneCycleLR(o, max_lr=0.1, total_steps=STEPS + 1, cycle_momentum=False),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o,
        [m.LinearLR(o, 0.1, total_iters=10), m.CosineAnnealingLR(o, T_max=50), m.ExponentialLR(o, 0.9)],
        milestones=[10, 60],
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.ConstantLR(o, 0.1, total_iters=20), m.ExponentialLR(o, 0.95), m.CosineAnnealingLR(o, T_max=30)]
    ),
}


def optimizers(kind="SGD"):
    """Ours and torch's, with two groups of different rates."""
    for lib, cls in ((torchlike, {"SGD": SGD, "Adam": Adam}[kind]), (torch, getattr(torch.optim, kind))):
        groups = [{"params": [lib.nn.Parameter(lib.ones(2))], "lr": lr} for lr in (0.05, 0.2)]
        yield cls(groups, lr=1.0, **({"momentum": 0.9} if kind == "SGD" else {}))


def numbers(optimizer):
    keys = ("lr", "momentum", "betas", "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum")
    return [{key: group[key] for key in keys if key in group} for group in optimizer.param_groups]


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_sequence(name, kind):
    mine, real = optimizers(kind)
    schedule, reference = CASES[name](ours, mine), CASES[name](theirs, real)
    for step in range(STEPS):
        assert numbers(mine) == numbers(real), step
        assert schedule.get_last_lr() == reference.get_last_lr()
        mine.step()
        real.step()
        schedule.step()
        reference.step()
    state, expected = schedule.state_dict(), reference.state_dict()
    assert {k: v for k, v in state.items() if k != "_schedulers"} == {k: v for k, v in expected.items() if k != "_schedulers"}


@pytest.mark.parametrize("name", CASES)
def test_state_goes_on(name):
    """Half the way, then the rest with a new scheduler that loaded the state (pickled), against one that went through."""
    (whole, _), (half, _) = optimizers(), optimizers()
    through, first = CASES[name](ours, whole), CASES[name](ours, half)
    for optimizer, schedule in ((whole, through), (half, first)):
        for _ in range(50):
            optimizer.step()
            schedule.step()
    (rest, _) = optimizers()
    second = CASES[name](ours, rest)
    second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    rest.load_state_dict(copy.deepcopy(half.state_dict()))
    for _ in range(45):
        for optimizer, schedule in ((whole, through), (rest, second)):
            optimizer.step()
            schedule.step()
        assert second.get_last_lr() == through.get_last_lr()


@pytest.mark.parametrize("name", [n for n in CASES if not n.startswith(("Seq", "Chain", "OneCycle", "Cyclic"))])
def test_step_to_an_epoch(name):
    mine, real = optimizers()
    schedule, reference = CASES[name](ours, mine), CASES[name](theirs, real)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in (3, 40, 17, 0, 99):
            schedule.step(epoch)
            reference.step(epoch)
            assert schedule.get_last_lr() == pytest.approx(reference.get_last_lr(), rel=1e-14, abs=1e-16), epoch


@pytest.mark.parametrize("name", ["CosineAnnealingLR", "ExponentialLR", "LinearLR", "PolynomialLR", "StepLR", "ConstantLR"])
def test_resume_at_an_epoch(name):
    arguments = {"CosineAnnealingLR": (20,), "ExponentialLR": (0.9,), "StepLR": (5,)}.get(name, ())
    mine, real = optimizers()
    rates = []
    for module, optimizer in ((ours, mine), (theirs, real)):
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.3
        schedule = getattr(module, name)(optimizer, *arguments, last_epoch=9)
        row = [schedule.get_last_lr()]
        for _ in range(30):
            optimizer.step()
            schedule.step()
            row.append(schedule.get_last_lr())
        rates.append(row)
    assert rates[0] == rates[1]


@pytest.mark.parametrize("options", [
    {"patience": 2},
    {"mode": "max", "patience": 1, "threshold": 0.1, "threshold_mode": "abs", "cooldown": 3},
    {"patience": 0, "min_lr": [0.01, 0.05], "factor": 0.5},
    {"mode": "max", "patience": 1, "eps": 1e-3},
    {"patience": 3, "threshold_mode": "abs", "threshold": 0.05},
])  # fmt: skip
def test_plateau(options):
    mine, real = optimizers()
    schedule, reference = ours.ReduceLROnPlateau(mine, **options), theirs.ReduceLROnPlateau(real, **options)
    for step in range(STEPS):
        metric = math.sin(step / 5) + 1 / (step + 1)
        schedule.step(metric)
        reference.step(metric)
        assert schedule.get_last_lr() == reference.get_last_lr()
    assert schedule.state_dict() == reference.state_dict()


def test_fractional_epochs():
    mine, real = optimizers()
    schedule = ours.CosineAnnealingWarmRestarts(mine, T_0=5, T_mult=3)
    reference = theirs.CosineAnnealingWarmRestarts(real, T_0=5, T_mult=3)
    for step in range(STEPS):
        schedule.step(step / 7)
        reference.step(step / 7)
        assert schedule.get_last_lr() == reference.get_last_lr()
    with pytest.raises(ValueError, match="non-negative epoch"):
        schedule.step(-1)


def test_warns_when_the_scheduler_steps_first():
    (optimizer, _) = optimizers()
    schedule = ours.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"lr_scheduler.step\(\)` before `optimizer.step"):
        schedule.step()
    schedule.step()


def test_warns_when_step_was_replaced():
    (optimizer, _) = optimizers()
    schedule = ours.StepLR(optimizer, 2)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        schedule.step()


def test_warns_about_get_lr_and_epoch():
    (optimizer, _) = optimizers()
    schedule = ours.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match="get_last_lr"):
        schedule.get_lr()
    optimizer.step()
    with pytest.warns(UserWarning, match="epoch parameter"):
        schedule.step(3)


def test_own_scheduler():
    class Warmup(ours.LRScheduler):
        def get_lr(self):
            return [base * min(1.0, (self.last_epoch + 1) / 4) for base in self.base_lrs]

    (optimizer, _) = optimizers()
    schedule = Warmup(optimizer)
    assert schedule.get_last_lr() == [0.05 / 4, 0.2 / 4]
    optimizer.step()
    schedule.step()
    assert schedule.get_last_lr() == [0.05 / 2, 0.2 / 2]
    assert issubclass(ours.StepLR, ours.LRScheduler)


@pytest.mark.parametrize("make", [
    lambda m, o: m.StepLR(object(), 2),
    lambda m, o: m.StepLR(o, 2, last_epoch=3),
    lambda m, o: m.LambdaLR(o, [lambda e: 1.0]),
    lambda m, o: m.MultiplicativeLR(o, 3),
    lambda m, o: m.ConstantLR(o, factor=2.0),
    lambda m, o: m.LinearLR(o, start_factor=0.0),
    lambda m, o: m.LinearLR(o, end_factor=2.0),
    lambda m, o: m.SequentialLR(o, [m.ConstantLR(o)], [3]),
    lambda m, o: m.SequentialLR(o, [], []),
    lambda m, o: m.ChainedScheduler([]),
    lambda m, o: m.ChainedScheduler([m.ReduceLROnPlateau(o)]),
    lambda m, o: m.ReduceLROnPlateau(o, factor=1.0),
    lambda m, o: m.ReduceLROnPlateau(o, mode="up"),
    lambda m, o: m.ReduceLROnPlateau(o, threshold_mode="both"),
    lambda m, o: m.ReduceLROnPlateau(o, min_lr=[0.1]),
    lambda m, o: m.CyclicLR(o, [0.1], 0.2),
    lambda m, o: m.CyclicLR(o, 0.1, 0.2, mode="square"),
    lambda m, o: m.CosineAnnealingWarmRestarts(o, 0),
    lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, T_mult=0),
    lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, eta_min="0"),
    lambda m, o: m.OneCycleLR(o, 0.1),
    lambda m, o: m.OneCycleLR(o, 0.1, total_steps=-1),
    lambda m, o: m.OneCycleLR(o, 0.1, total_steps=10, pct_start=2.0),
    lambda m, o: m.OneCycleLR(o, 0.1, total_steps=10, anneal_strategy="sin"),
])  # fmt: skip
def test_errors(make):
    mine, real = optimizers()
    with pytest.raises((ValueError, TypeError, KeyError)) as reference:
        make(theirs, real)
    with pytest.raises(reference.type) as raised:
        make(ours, mine)
    assert str(raised.value) == str(reference.value)


def test_one_cycle_ends():
    (optimizer, _) = optimizers()
    schedule = ours.OneCycleLR(optimizer, 0.1, total_steps=2)
    optimizer.step()
    schedule.step()
    schedule.step()
    with pytest.raises(ValueError, match="Tried to step 3 times"):
        schedule.step()


def test_tensor_rate_stays_the_tensor():
    rate = torchlike.tensor(0.1)
    optimizer = Adam([torchlike.nn.Parameter(torchlike.ones(2))], lr=rate)
    schedule = ours.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(0.05)
    assert schedule.get_last_lr()[0] is not rate
