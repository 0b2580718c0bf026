"""`torch.compile` does what the plain program does, and once settled runs none of its Python."""

from __future__ import annotations

import numpy as np
import pytest

import torchlike as torch
from tests.compiler.programs import PROGRAMS, TOLD, batches, network, quiet
from torchlike import engine
from torchlike.nn import functional as F

# Programs that are compiled as a whole do the very same operations; an op of a whole model is differentiated by JAX at once.
EXACT = 1e-6
ROUNDING = 2e-5


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("name", PROGRAMS)
def test_same_numbers(name):
    plain = PROGRAMS[name](lambda fn: fn)
    ours = PROGRAMS[name](torch.compile)
    assert len(ours) == len(plain)
    for mine, other in zip(ours, plain, strict=True):
        np.testing.assert_allclose(mine, other, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("name", TOLD)
def test_what_stays_recorded_works_all_the_same(name):
    for mine, other in zip(quiet(name, torch.compile), quiet(name, lambda fn: fn), strict=True):
        np.testing.assert_allclose(mine, other, rtol=ROUNDING, atol=ROUNDING)


def training_step():
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    @torch.compile(fullgraph=True)
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, model, optimizer


def test_python_runs_no_more_once_settled(monkeypatch):
    step, model, _ = training_step()
    calls = []
    forward = torch.nn.Linear.forward
    monkeypatch.setattr(torch.nn.Linear, "forward", lambda self, x: (calls.append(1), forward(self, x))[1])
    losses = [step(x, y).item() for x, y in batches()]
    before = len(calls)  # two recordings of two layers
    for x, y in batches():
        step(x, y)
    assert len(calls) == before <= 3 * 2
    assert losses[-1] != losses[-2]
    before = engine.stats.compiled, engine.stats.nodes
    for x, y in batches():
        step(x, y)
    assert (engine.stats.compiled, engine.stats.nodes) == before
    assert next(model.parameters()).grad is not None


def test_one_program_is_compiled_for_a_step():
    step, _, optimizer = training_step()
    data = batches()
    engine.flush()
    before = engine.stats.compiled
    for k, (x, y) in enumerate(data):
        optimizer.param_groups[0]["lr"] = 0.01 / (k + 1)
        step(x, y)
    assert engine.stats.compiled - before == 1


def test_a_compiled_model_is_one_op_in_the_program_of_the_loop():
    model = network()
    called = torch.compile(model, fullgraph=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def loop(count):
        for x, y in batches(count):
            optimizer.zero_grad()
            F.cross_entropy(called(x), y).backward()
            optimizer.step()

    loop(4)
    before = engine.stats.compiled, engine.stats.run, engine.stats.nodes
    loop(4)
    assert engine.stats.compiled == before[0]
    assert engine.stats.run == before[1] + 4
    assert engine.stats.nodes <= before[2] + 4 * 10


def test_introspection():
    step, model, _ = training_step()
    with pytest.raises(RuntimeError, match="call it twice"):
        step.lower()
    for x, y in batches():
        step(x, y)
    lowered = step.lower()
    assert "stablehlo.dot_general" in lowered.as_text()
    compiled = lowered.compile()
    assert compiled.memory_analysis().temp_size_in_bytes >= 0
    assert compiled.cost_analysis()["flops"] > 0
    assert "dot_general" in str(step.jaxpr)
    _, state = step.pure
    assert sum(getattr(a, "shape", None) == model[0].weight.shape for a in state) >= 3  # with Adam's two averages


def warned(call, match):
    with pytest.warns(UserWarning, match=match):
        call()


def test_a_value_that_is_asked_for_is_told_with_its_line():
    @torch.compile
    def fn(x):
        y = x * 2
        return y + 1 if y.sum().item() > 0 else y - 1

    warned(lambda: fn(torch.ones(2)), r"test_compile.py:\d+ asks for a value")
    assert fn(torch.ones(2)).tolist() == [3.0, 3.0]
    assert fn(-torch.ones(2)).tolist() == [-3.0, -3.0]


def test_a_model_that_asks_for_a_value():
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(2))

        def forward(self, x):
            return self.w * x if bool((x > 0).all()) else self.w - x

    model = Net()
    called = torch.compile(model)
    warned(lambda: called(torch.ones(2) + 0).sum().backward(), "asks for a value")
    assert model.w.grad.tolist() == [1.0, 1.0]


def test_a_python_counter_is_followed():
    class Trainer:
        def __init__(self):
            self.count = 0

        @torch.compile
        def step(self, x):
            self.count += 1
            return x * self.count

    trainer = Trainer()
    with pytest.warns(UserWarning, match="'count' changes from call to call"):
        found = [trainer.step(torch.ones(1)).item() for _ in range(12)]
    assert found == [float(k) for k in range(1, 13)]
    assert trainer.count == 12


def test_a_kept_tensor_is_not_lost():
    kept = []

    @torch.compile
    def fn(x):
        y = x + 1
        kept.append(y)
        return y * 2

    warned(lambda: fn(torch.zeros(1)), "keeps a tensor")
    for k in range(4):
        fn(torch.full((1,), float(k)))
    assert [t.item() for t in kept] == [1.0, 1.0, 2.0, 3.0, 4.0]


def test_numpy_arguments_are_refused():
    fn = torch.compile(lambda a: torch.from_numpy(a) + 1)
    warned(lambda: fn(np.zeros(2)), "make it a tensor")
    assert fn(np.ones(2)).tolist() == [2.0, 2.0]


def test_fullgraph_raises():
    fn = torch.compile(lambda x: x.sum().item(), fullgraph=True)
    with pytest.raises(RuntimeError, match="cannot be one program"):
        fn(torch.ones(2) + 0)


def test_constants_that_change_are_noticed():
    rng = np.random.default_rng(0)
    fn = torch.compile(lambda x: x + torch.from_numpy(rng.random(2)))
    values = np.random.default_rng(0)

    def calls():
        for _ in range(9):
            np.testing.assert_allclose(fn(torch.zeros(2, dtype=torch.float64)).numpy(), values.random(2))

    warned(calls, "something else at each call")


def test_gradients_after_the_call_and_a_second_backward():
    weight = torch.nn.Parameter(torch.ones(2))

    @torch.compile
    def step(x):
        weight.grad = None
        loss = (weight * x).square().sum()
        loss.backward()
        return loss

    for _ in range(4):
        loss = step(torch.ones(2))
    assert loss.requires_grad
    assert weight.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_optimized_module():
    model = network()
    compiled = torch.compile(model)
    assert all(key.startswith("_orig_mod.") for key in compiled.state_dict())
    assert compiled[0] is model[0]
    assert len(compiled) == len(model)
    assert next(iter(compiled.parameters())) is next(model.parameters())
    compiled.eval()
    assert not model.training
    assert torch.compile(compiled) is compiled
    assert torch.compile(model, disable=True) is model


def test_errors():
    with pytest.raises(RuntimeError, match="Unrecognized mode"):
        torch.compile(lambda x: x, mode="fast")
    with pytest.raises(RuntimeError, match="can't be specified at the same time"):
        torch.compile(lambda x: x, mode="default", options={})
    with pytest.raises(RuntimeError, match="not int"):
        torch.compile(3)


def test_an_error_in_the_function_leaves_no_trace():
    @torch.compile
    def fn(x, good):
        y = x + 1
        if not good:
            raise KeyError("mine")
        return y

    for good in (True, True, False, True):
        if good:
            assert fn(torch.zeros(1), good).item() == 1.0
        else:
            with pytest.raises(KeyError, match="mine"):
                fn(torch.zeros(1), good)
    assert (torch.ones(1) + 1).item() == 2.0


def test_in_a_jax_transform_the_function_itself_runs():
    import jax

    fn = torch.compile(lambda x: x * 3)
    found = jax.jit(lambda a: torch.func.to_jax_array(fn(torch.func.from_jax_array(a))))(np.ones(2, np.float32))
    assert found.tolist() == [3.0, 3.0]
