"""The examples' training steps go through the real TPU compiler, on one chip and with the batch split over four."""

import importlib.util
from pathlib import Path

import pytest

import torchlike as torch
from torchlike import engine
from torchlike.engine import aot

pytestmark = [pytest.mark.tpu, pytest.mark.timeout(300)]
EXAMPLES = Path(__file__).parents[2] / "examples"
BATCH = 24  # no parameter has it as its first size, so that batches are known by it


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def digits():
    net = example("digits").DigitNet()
    optimizer = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9)
    x, y = torch.rand(BATCH, 1, 8, 8), torch.randint(0, 10, (BATCH,))
    return net, optimizer, lambda: torch.nn.functional.cross_entropy(net(x), y)


def char_lm():
    net = example("char_lm").GPT(vocabulary=96, context=32, layers=2, width=64, heads=4, dropout=0.1)
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    x, y = torch.randint(0, 96, (BATCH, 32)), torch.randint(0, 96, (BATCH, 32))
    return net, optimizer, lambda: torch.nn.functional.cross_entropy(net(x).flatten(0, 1), y.flatten())


def training_step(make):
    """The program of one recorded training step."""
    net, optimizer, loss_of = make()
    engine.flush()
    engine.clear()
    loss_of().backward()
    optimizer.step()
    (program,) = engine.programs()
    return net, program


@pytest.fixture(scope="module")
def chips():
    return aot.mesh("v5e:2x2")


@pytest.mark.parametrize("make", [digits, char_lm])
def test_training_step_compiles_for_v5e(make, chips):
    net, program = training_step(make)
    parameters = sum(p.numel() for p in net.parameters())
    here = aot.here(program)
    whole = aot.compile_for(program, chips)
    split = aot.compile_for(program, chips, split=lambda a: len(a.shape) > 0 and a.shape[0] == BATCH)
    assert whole.memory["arguments"] >= 4 * parameters
    assert whole.flops > 6 * parameters  # at least a multiply and an add per parameter, forward and twice backward
    assert split.flops < 0.6 * whole.flops  # each chip does its quarter of the batch, and all of the update
    assert "all-reduce" in split.text  # the gradients' sum over the chips
    assert "all-reduce" not in whole.text
    assert here.memory["aliased"] >= 4 * parameters  # parameters are updated in their own buffers
    assert whole.memory["aliased"] >= 4 * parameters
