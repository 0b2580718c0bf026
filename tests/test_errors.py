"""Bad input: torch's exception class, a message that says at least as much, and nothing changed by the failed call."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.agree import eager
from tests.error_cases import GPU, TABLES

CASES = {f"{table}: {name}": call for table, calls in TABLES.items() for name, call in calls.items()}

# What torch's message says beyond ours, and why that is no loss.
OTHER_WORDS = {
    "type: mse of a number": {"size"},  # the attribute that the code happened to ask for
    "type: grad dtype": {"double", "Float"},  # C++ names; ours are torch.float64 and torch.float32
}


class World:
    """Tensors for a failing call to spoil: leaves and results, with work on them still pending."""

    np, copy = np, copy

    def __init__(self, t: Any):
        t.manual_seed(7)
        self.t, self.F, self.loader = t, t.nn.functional, t.utils.data.DataLoader
        self.a = t.arange(6.0).reshape(2, 3) + 1  # (2, 3)
        self.b = t.arange(20.0).reshape(4, 5) * 2  # (4, 5)
        self.ints = t.arange(6).reshape(2, 3) % 2
        self.mask = self.a > 3
        self.scalar = self.a.sum()
        self.weight = (self.a.detach() / 2).requires_grad_()
        self.h = self.weight * self.a + 1
        self.model = t.nn.Linear(3, 4)
        self.data = t.utils.data.TensorDataset(self.a, self.ints)
        self.versions = [x._version for x in self.tensors()]

    def tensors(self) -> list[Any]:
        return [self.a, self.b, self.ints, self.mask, self.scalar, self.weight, self.h, *self.model.parameters()]

    def seen(self) -> tuple[list[Any], list[np.ndarray]]:
        """Everything that a failed call could have changed: what is there, and the numbers that computing on with it gives."""
        t, model = self.t, self.model
        flags = [
            (
                str(x.dtype),
                tuple(x.shape),
                tuple(x.stride()),
                x._version - before,
                x.requires_grad,
                x.is_leaf,
                x.is_leaf and x.grad is None,
            )
            for x, before in zip(self.tensors(), self.versions, strict=True)
        ]
        names = [*model.state_dict(), *(name for name, _ in model.named_modules()), model.training]
        modes = [t.is_grad_enabled(), str(t.get_default_dtype())]
        (self.h.sum() * self.scalar + model(self.a).sum()).backward()
        sums = self.a[0] * 2 + self.ints[1] + self.b[0, :3]
        tensors = [*self.tensors(), sums, t.rand(3), *(x.grad for x in (self.weight, model.weight, model.bias))]
        return [flags, names, modes], [x.detach().numpy() for x in tensors]


def refused(library: Any, call: Callable) -> tuple[BaseException, World]:
    """The exception of a call, made twice: a refused call must not be remembered as one that worked."""
    world = World(library)
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what the test looks at
                call(library, world)
    return caught.value, world


def facts(message: str) -> set[str]:
    """The numbers and quoted names of a message's first line; an argument's position follows from its name."""
    line = re.sub(r" \(position \d+\)", "", message.splitlines()[0]) if message else ""
    return {*re.findall(r"\b\d+\b", line), *re.findall(r"[\"'`]([\w.]+)[\"'`]", line)}


def assert_same_state(ours: World, theirs: World) -> None:
    """Both failed calls left the same behind: nothing, or what torch had done before it noticed (part of a state_dict)."""
    (flags, numbers), (expected_flags, expected) = ours.seen(), theirs.seen()
    assert flags == expected_flags
    for mine, reference in zip(numbers, expected, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-6)


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("name", CASES)
def test_refused_as_by_torch(name: str) -> None:
    theirs, their_world = refused(torch, CASES[name])
    ours, our_world = refused(torchlike, CASES[name])
    assert type(ours).__name__ == type(theirs).__name__, f"torch: {theirs!r}, torchlike: {ours!r}"
    missing = facts(str(theirs)) - facts(str(ours)) - OTHER_WORDS.get(name, set())
    assert not missing, f"torch: {theirs}\ntorchlike: {ours}"
    assert str(ours)
    assert_same_state(our_world, their_world)
    with eager(True):
        at_once, _ = refused(torchlike, CASES[name])
    assert (type(at_once), str(at_once)) == (type(ours), str(ours))


@pytest.mark.parametrize("name", GPU)
def test_no_gpu(name: str) -> None:
    """torch built for GPUs raises RuntimeError where there is none; what is there is said too."""
    error, world = refused(torchlike, GPU[name])
    assert type(error) is RuntimeError
    assert re.search(r"No CUDA GPUs are available.*'cuda:0'.*cpu", str(error))
    assert_same_state(world, World(torch))


def test_failed_calls_leave_the_rest_pending() -> None:
    """What is recorded when a call fails still runs, in one program and once."""
    x = torchlike.ones(3)
    pending = [x * float(i) for i in range(4)]
    for _ in range(3):
        with pytest.raises(RuntimeError, match=r"The size of tensor a \(3\) must match the size of tensor b \(2\)"):
            pending[1] + torchlike.ones(2)
    before = torchlike.engine.stats.run
    assert [p.tolist() for p in pending] == [[float(i)] * 3 for i in range(4)]
    assert torchlike.engine.stats.run == before + 1


def test_absent_api() -> None:
    """The name that torch has and torchlike has not is in the message; `hasattr` and `except` work either way."""
    assert not hasattr(torchlike, "does_not_exist")
    assert getattr(torchlike, "does_not_exist", 5) == 5
    for kind in (AttributeError, NotImplementedError):
        with pytest.raises(kind, match=r"torch\.does_not_exist"):
            _ = torchlike.does_not_exist
    with pytest.raises(AttributeError, match="grid_sampler_9d"):
        _ = torchlike.nn.functional.grid_sampler_9d
    with pytest.raises(AttributeError, match="does_not_exist"):
        _ = torchlike.ones(2).does_not_exist


def test_where_torchlike_does_what_torch_refuses() -> None:
    """A slice that walks backwards; gradients of a value that was changed in place after it was used."""
    x = torchlike.arange(5)
    assert x[::-1].tolist() == [4, 3, 2, 1, 0]
    weight = torchlike.ones(2, requires_grad=True)
    half = weight * 2
    out = (half * half).sum()
    half.mul_(3)
    out.backward()
    assert weight.grad.tolist() == [8.0, 8.0]
