"""Parameters in parts: fully_shard, FSDP, tensor and sequence parallel give one device's losses; DTensor on fake devices."""

from __future__ import annotations

import json
import math
import re
from collections import Counter

import numpy as np
import pytest
import torch

import torchlike
from tests.distributed.launching import ranks
from torchlike.distributed.device_mesh import init_device_mesh
from torchlike.distributed.fsdp import fully_shard
from torchlike.distributed.tensor import DTensor, Replicate, Shard, distribute_module, distribute_tensor
from torchlike.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torchlike.engine import placement


@pytest.fixture(autouse=True)
def on_one_device_again():
    torchlike.engine.clear()
    yield
    placement.spread.active = False


def net_of(t):
    """The model of scripts/sharded.py."""

    class Block(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.up, self.down = t.nn.LayerNorm(16), t.nn.Linear(16, 32), t.nn.Linear(32, 16)

        def forward(self, x):
            return x + self.down(t.tanh(self.up(self.norm(x))))

    t.manual_seed(0)
    return t.nn.Sequential(Block(), Block(), t.nn.Linear(16, 8))


def losses_of(t, model, clip: bool = False, steps: int = 10) -> list[float]:
    optimizer = t.optim.AdamW(model.parameters(), lr=0.01)
    generator = t.Generator().manual_seed(1)
    losses = []
    for _ in range(steps):
        x, y = t.randn(16, 8, 16, generator=generator), t.randn(16, 8, 8, generator=generator)
        optimizer.zero_grad()
        loss = t.nn.functional.mse_loss(model(x), y)
        loss.backward()
        if clip:
            t.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        losses.append(loss.item())
    if t is torchlike:
        for name, p in model.named_parameters():
            state = optimizer.state[p]["exp_avg"]
            assert not isinstance(p, DTensor) or state.placements == p.placements == p.grad.placements, name
    return losses


def counted(hlo: list[str]) -> Counter:
    kinds = "all-reduce|reduce-scatter|all-gather|all-to-all|collective-permute"
    return Counter(kind for line in hlo for kind in re.findall(rf" ({kinds})(?:-start)?\(", line))


def step_hlo() -> list[str]:
    step = max(torchlike.engine.programs()[-4:], key=lambda p: p.nodes)
    return step.lower().compile().as_text().splitlines()


def test_fully_shard_on_devices():
    mesh = init_device_mesh("cpu", (8,))
    model = net_of(torchlike)
    for part in [*model[:2], model]:
        fully_shard(part, mesh=mesh)
    got = losses_of(torchlike, model, clip=True, steps=5)
    np.testing.assert_allclose(got, losses_of(torch, net_of(torch), clip=True, steps=5), rtol=2e-5)
    assert type(model).__name__ == "FSDPSequential" and isinstance(model[0].up.weight, torchlike.nn.Parameter)
    step = max(torchlike.engine.programs()[-4:], key=lambda p: p.nodes)
    cut = [s for s, a in zip(step.options["in_shardings"], step.arguments, strict=True) if math.prod(a.shape) >= 8]
    assert all(s.spec for s in cut[: 3 * 14])  # no parameter and no state is whole
    assert counted(step_hlo())["all-gather"] == 14  # each parameter once
    state = model.state_dict()
    assert state["0.up.weight"].full_tensor().tolist() == model[0].up.weight.tolist()


def test_tensor_parallel_on_devices():
    mesh = init_device_mesh("cpu", (2, 4), mesh_dim_names=("dp", "tp"))
    model = net_of(torchlike)
    for block in model[:2]:
        parallelize_module(block, mesh["tp"], {"up": ColwiseParallel(), "down": RowwiseParallel()})
    np.testing.assert_allclose(losses_of(torchlike, model, steps=4), losses_of(torch, net_of(torch), steps=4), rtol=2e-5)
    assert counted(step_hlo()) == {"all-reduce": 4}  # one a block and direction
    assert model[0].up.weight.placements == (Replicate(), Shard(0)) and model[0].down.weight.to_local().shape == (16, 8)
    fully_shard(model, mesh=mesh["dp"])
    assert model[0].up.weight.placements == (Shard(1), Shard(0))
    np.testing.assert_allclose(losses_of(torchlike, model, steps=2), losses_of(torch, _trained(4), steps=2), rtol=1e-4)


def _trained(steps: int):
    model = net_of(torch)
    losses_of(torch, model, steps=steps)
    return model


def test_dtensor():
    mesh = init_device_mesh("cpu", (2, 4), mesh_dim_names=("x", "y"))
    assert (mesh.shape, mesh.size(), mesh["y"].size(), mesh.get_coordinate()) == ((2, 4), 8, 4, [0, 0])
    whole = torchlike.arange(32.0).reshape(8, 4)
    x = distribute_tensor(whole, mesh, [Shard(0), Shard(1)])
    assert isinstance(x, DTensor) and not isinstance(whole, DTensor) and not hasattr(whole, "placements")
    assert (x.placements, tuple(x.to_local().shape), tuple(x.shape)) == ((Shard(0), Shard(1)), (4, 1), (8, 4))
    leaf = x.clone().requires_grad_()
    y = leaf @ leaf.T
    assert torchlike.equal(y.detach().full_tensor(), whole @ whole.T) and y.full_tensor().placements == (Replicate(),) * 2
    y.redistribute(placements=[Replicate(), Shard(1)]).sum().backward()
    assert torchlike.equal(leaf.grad, 2 * whole.sum(0).expand(8, 4))
    assert x.redistribute(placements=[Shard(1), Replicate()]).placements == (Shard(1), Replicate())
    module = distribute_module(torchlike.nn.Linear(4, 4), mesh)
    assert module.weight.placements == (Replicate(), Replicate()) and module(x).shape == (8, 4)
    with pytest.raises(NotImplementedError, match="unequal parts"):
        distribute_tensor(torchlike.ones(3), mesh, [Shard(0), Replicate()])
    with pytest.raises(ValueError, match="must have the same length"):
        distribute_tensor(whole, mesh, [Shard(0)])
    with pytest.raises(RuntimeError, match="JAX sees 8"):
        init_device_mesh("cpu", (16,))
    with pytest.raises(KeyError, match="Invalid mesh_dim_name"):
        mesh["z"]


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("count, devices", [(2, 0), (4, 0), (1, 2), (1, 4), (1, 8)])
@pytest.mark.parametrize("kind", ["fully_shard", "fsdp", "tp", "sp"])
def test_losses_of_one_device(kind, count, devices, tmp_path):
    said = ranks("sharded.py", count, tmp_path, kind, str(devices), devices=devices)
    found = json.loads(said[0].splitlines()[-1])
    wanted = losses_of(torch, net_of(torch), clip=kind == "fsdp" or (kind == "fully_shard" and count > 1))
    np.testing.assert_allclose(found["losses"], wanted, rtol=5e-5)
    ways, moves = count * max(devices, 1), counted(found["hlo"])
    if kind in ("fully_shard", "fsdp"):
        for name, shape in found["whole"].items():  # neither a parameter nor its state is whole
            assert math.prod(found["parts"][name]) * ways == math.prod(found["states"][name]) * ways == math.prod(shape), name
        assert moves["all-gather"] == 14 and moves["reduce-scatter"] == (14 if count > 1 else 0)
    elif kind == "tp":
        assert moves == {"all-reduce": 4}
    assert found["compiled"] == 1


@pytest.mark.full
def test_a_step_that_one_rank_must_skip(tmp_path):
    assert all(out.endswith("ok\n") for out in ranks("scaler.py", 2, tmp_path))
