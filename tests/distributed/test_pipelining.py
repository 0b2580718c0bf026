"""Pipelines of two and four stages give the losses of one device."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
import torch

from tests.distributed.launching import ranks


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
@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("schedule", ["ScheduleGPipe", "Schedule1F1B"])
def test_losses_of_one_device(schedule, count, tmp_path):
    found = json.loads(ranks("pipeline.py", count, tmp_path, schedule)[0].splitlines()[-1])
    assert found["losses"] == pytest.approx(alone(found["widths"]), rel=2e-5)
