"""Pipelines of stages, one a process or one a device of this process, give the losses of one device."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import torch

import torchlike
from tests.distributed.launching import ranks
from torchlike.distributed.device_mesh import init_device_mesh
from torchlike.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe


def alone(widths: list[int]) -> list[float]:
    torch.manual_seed(0)
    pairs = pairwise(widths)
    model = torch.nn.Sequential(*[torch.nn.Sequential(torch.nn.Linear(a, b), torch.nn.Tanh()) for a, b in pairs])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(10):
        x, y = torch.randn(16, widths[0], generator=generator), torch.randn(16, widths[-1], generator=generator)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count", [2, 4])
def test_of_processes(count, tmp_path):
    said = ranks("pipeline.py", count, tmp_path, "ScheduleGPipe,Schedule1F1B")[0].splitlines()
    results = [json.loads(line) for line in said if line.startswith("{")]
    for found in results:
        assert found["losses"] == pytest.approx(alone(found["widths"]), rel=2e-5), found["schedule"]
    assert len(results) == 2


def here(schedule, widths: list[int]) -> list[float]:
    """Each stage on a device of its own, all in this process."""
    count = len(widths) - 1
    torchlike.manual_seed(0)
    layers = [torchlike.nn.Sequential(torchlike.nn.Linear(a, b), torchlike.nn.Tanh()) for a, b in pairwise(widths)]
    mesh = init_device_mesh("cpu", (count,))
    stages = [PipelineStage(layer, i, count, "cpu", group=mesh) for i, layer in enumerate(layers)]
    run = schedule(stages, n_microbatches=4, loss_fn=torchlike.nn.functional.mse_loss)
    optimizer = torchlike.optim.Adam([p for layer in layers for p in layer.parameters()], lr=0.01)
    generator = torchlike.Generator().manual_seed(1)
    found = []
    for step in range(10):
        if step == 2:
            compiled = torchlike.engine.stats.compiled
        x = torchlike.randn(16, widths[0], generator=generator)
        y = torchlike.randn(16, widths[-1], generator=generator)
        optimizer.zero_grad()
        losses = []
        out = run.step(x, target=y, losses=losses)
        optimizer.step()
        found.append(sum(loss.item() for loss in losses) / 4)
    assert torchlike.engine.stats.compiled == compiled  # nothing after the second step
    assert out.shape == (16, widths[-1]) and len(losses) == 4
    for i, layer in enumerate(layers):  # each device has its own stage, and nothing else
        for p in layer.parameters():
            held = [p._read().force(), p.grad._read().force(), optimizer.state[p]["exp_avg"]._read().force()]
            assert all([d.id for d in array.devices()] == [i] for array in held)
    plain = run.eval(x, target=y)
    assert plain.shape == out.shape and not plain.requires_grad
    return found


WIDTHS = {2: [6, 12, 4], 4: [6, 12, 8, 10, 4], 8: [6, 12, 8, 10, 6, 5, 9, 7, 4]}


CASES = [(schedule, count) for schedule in (Schedule1F1B, ScheduleGPipe) for count in WIDTHS]


@pytest.mark.parametrize("schedule, count", [CASES[0], *[pytest.param(*case, marks=pytest.mark.full) for case in CASES[1:]]])
def test_on_devices(schedule, count):
    np.testing.assert_allclose(here(schedule, WIDTHS[count]), alone(WIDTHS[count]), rtol=2e-5)


def test_stages_that_do_not_fit():
    mesh = init_device_mesh("cpu", (2,))
    stage = PipelineStage(torchlike.nn.Linear(2, 2), 0, 2, group=mesh)
    with pytest.raises(ValueError, match="needs all 2 stages"):
        ScheduleGPipe(stage, 2)
    with pytest.raises(ValueError, match="stage 2 of 3 does not fit a mesh of 2 devices"):
        PipelineStage(torchlike.nn.Linear(2, 2), 2, 3, group=mesh)
