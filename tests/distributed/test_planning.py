"""`distributed.plan`: steps compiled for machines that are not here."""

from __future__ import annotations

import pytest

import torchlike
from torchlike import distributed as dist
from torchlike.distributed.planning import CHIPS


def parts():
    torchlike.manual_seed(0)
    model = torchlike.nn.Sequential(torchlike.nn.Linear(64, 256), torchlike.nn.Tanh(), torchlike.nn.Linear(256, 64))
    return model, (torchlike.randn(32, 64), torchlike.randn(32, 64)), torchlike.nn.functional.mse_loss


def test_on_fake_devices():
    model, batch, loss = parts()
    before = model[0].weight.clone()
    optimizer = torchlike.optim.Adam(model.parameters())
    mesh = dist.init_device_mesh("cpu", (8,))
    whole = dist.plan(model, mesh, batch, loss_fn=loss, optimizer=optimizer)
    cut = dist.plan(model, mesh, batch, loss_fn=loss, optimizer=optimizer, parallel="fsdp")
    size = 4 * sum(p.numel() for p in model.parameters())
    assert whole.devices == 8 and whole.collectives["all-reduce"][1] >= size and set(whole.collectives) == {"all-reduce"}
    assert cut.memory["arguments"] < whole.memory["arguments"] / 4  # parameters and both moments are in parts
    assert "all-gather" in cut.collectives and "8 devices" in str(cut)
    assert torchlike.equal(model[0].weight, before) and model[0].weight.grad is None  # nothing was run
    with pytest.raises(ValueError, match="parallel must be"):
        dist.plan(model, mesh, batch, loss_fn=loss, parallel="magic")


@pytest.mark.tpu
@pytest.mark.full
def test_for_a_tpu():
    model, batch, loss = parts()
    optimizer = torchlike.optim.Adam(model.parameters())
    found = dist.plan(model, "v5e:2x2", batch, loss_fn=loss, optimizer=optimizer, parallel="fsdp")
    assert found.chip == "v5e" and found.fits and found.devices == 4
    assert found.memory["peak"] < CHIPS["v5e"][2]
    assert set(found.seconds) == {"computing", "memory", "communication"} and all(s > 0 for s in found.seconds.values())
    assert {"all-gather", "reduce-scatter"} & set(found.collectives), str(found)
