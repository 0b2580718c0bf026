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
from torchlike.distributed.fsdp import FullyShardedDataParallel, MixedPrecision, MixedPrecisionPolicy, fully_shard
from torchlike.distributed.tensor import DTensor, Replicate, Shard, distribute_module, distribute_tensor
from torchlike.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torchlike.engine import placement


@pytest.fixture(autouse=True)
def on_one_device_again():
    torchlike.engine.clear()
    yield
    placement.spread.active = False


EVEN, UNEVEN = (16, 32, 8), (15, 33, 7)


def net_of(t, sizes=EVEN):
    """The model of scripts/sharded.py."""
    width, hidden, outs = sizes

    class Block(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.up, self.down = t.nn.LayerNorm(width), t.nn.Linear(width, hidden), t.nn.Linear(hidden, width)

        def forward(self, x):
            return x + self.down(t.tanh(self.up(self.norm(x))))

    t.manual_seed(0)
    return t.nn.Sequential(Block(), Block(), t.nn.Linear(width, outs))


def losses_of(t, model, clip: bool = False, steps: int = 10, sizes=EVEN) -> list[float]:
    width, _, outs = sizes
    optimizer = t.optim.AdamW(model.parameters(), lr=0.01)
    generator = t.Generator().manual_seed(1)
    losses = []
    for _ in range(steps):
        x, y = t.randn(16, 8, width, generator=generator), t.randn(16, 8, outs, generator=generator)
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


def _bytes(tensor, device=None) -> int:
    shards = tensor._read().force().addressable_shards
    return sum(s.data.nbytes for s in shards if s.device.id == device)


def test_memory_of_a_device():
    """Parameters, gradients and optimizer state: an eighth on each of eight devices, with 10 % to spare."""
    mesh = init_device_mesh("cpu", (8,))
    torchlike.manual_seed(0)
    layers = torchlike.nn
    block = [layers.Linear(96, 384), layers.GELU(), layers.Linear(384, 96), layers.LayerNorm(96)]
    model = layers.Sequential(layers.Embedding(1003, 96), *block, layers.Linear(96, 1003))  # 1003 is a prime
    whole = 4 * 4 * sum(p.numel() for p in model.parameters())  # with its gradient and two moments
    fully_shard(model, mesh=mesh)
    optimizer = torchlike.optim.Adam(model.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        model(torchlike.arange(64).reshape(8, 8)).square().mean().backward()
        optimizer.step()
    moments = [optimizer.state[p][name] for p in model.parameters() for name in ("exp_avg", "exp_avg_sq")]
    held = [t for p in model.parameters() for t in (p, p.grad)] + moments
    for device in range(8):
        assert whole / 8 <= sum(_bytes(t, device) for t in held) <= 1.1 * whole / 8
    step = max(torchlike.engine.programs()[-4:], key=lambda p: p.nodes)
    given = step.lower().compile().memory_analysis().argument_size_in_bytes
    assert given <= 1.1 * whole / 4 * 3 / 8 + 8 * 8 * 8  # what the program takes: parameters, moments, the batch


def test_mixed_precision():
    """Gradients are reduced in the policy's dtype, buffers are of theirs."""
    mesh = init_device_mesh("cpu", (8,))

    def gradient(**dtypes):
        torchlike.manual_seed(0)
        layer = fully_shard(torchlike.nn.Linear(16, 8), mesh=mesh, mp_policy=MixedPrecisionPolicy(**dtypes))
        out = layer(torchlike.linspace(-1, 1, 256).reshape(16, 16))
        out.float().square().sum().backward()
        assert layer.weight.grad.dtype is layer.weight.dtype is torchlike.float32
        return out.dtype, layer.weight.grad.full_tensor().numpy()

    kind, plain = gradient()
    assert kind is torchlike.float32
    kind, rough = gradient(reduce_dtype=torchlike.bfloat16)
    assert kind is torchlike.float32 and not np.array_equal(rough, plain)
    assert np.array_equal(rough, torchlike.tensor(rough).bfloat16().float().numpy())  # it has been in bfloat16
    np.testing.assert_allclose(rough, plain, rtol=2**-7)
    kind, halved = gradient(param_dtype=torchlike.bfloat16, reduce_dtype=torchlike.float32, output_dtype=torchlike.float16)
    assert kind is torchlike.float16
    np.testing.assert_allclose(halved, plain, rtol=0.1, atol=0.05 * np.abs(plain).max())
    wrapped = FullyShardedDataParallel(
        torchlike.nn.BatchNorm1d(16), device_mesh=mesh, mixed_precision=MixedPrecision(buffer_dtype=torchlike.bfloat16)
    )
    assert wrapped.module.running_mean.dtype is torchlike.bfloat16 and wrapped.module.weight.dtype is torchlike.float32
    assert wrapped.module.num_batches_tracked.dtype is torchlike.int64


def test_uneven_on_devices():
    """What the devices do not divide is whole on each of them; the numbers are the same."""
    model = net_of(torchlike, UNEVEN)
    fully_shard(model, mesh=init_device_mesh("cpu", (8,)))
    got = losses_of(torchlike, model, steps=3, sizes=UNEVEN)
    np.testing.assert_allclose(got, losses_of(torch, net_of(torch, UNEVEN), steps=3, sizes=UNEVEN), rtol=2e-5)


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [2, 4])
def test_dtensor_of_processes(count, tmp_path):
    assert all(out.endswith("ok\n") for out in ranks("dtensor.py", count, tmp_path))


MESHES = [(2, 0), (4, 0), (1, 2), (1, 4), (1, 8)]
KINDS = {count: ["fully_shard", "fsdp", "tp", "sp", *(["uneven"] if count > 1 else [])] for count in (1, 2, 4)}
CASES = [(*mesh, kind) for mesh in MESHES for kind in [*KINDS[mesh[0]], *(["2d"] if max(mesh) >= 4 else [])]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What a script computes on some processes and devices, all kinds in one start."""
    known: dict[tuple, dict] = {}

    def found(count: int, devices: int) -> dict:
        if (count, devices) not in known:
            kinds = ",".join(kind for *mesh, kind in CASES if tuple(mesh) == (count, devices))
            folder = tmp_path_factory.mktemp("ranks")
            said = ranks("sharded.py", count, folder, kinds, str(devices), devices=devices)[0]
            results = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
            known[count, devices] = {result["kind"]: result for result in results}
        return known[count, devices]

    return found


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count, devices, kind", CASES)
def test_losses_of_one_device(count, devices, kind, trained):
    found, sizes = trained(count, devices)[kind], UNEVEN if kind == "uneven" else EVEN
    clip = kind == "fsdp" or (kind in ("fully_shard", "uneven") and count > 1)
    wanted = losses_of(torch, net_of(torch, sizes), clip=clip, sizes=sizes)
    np.testing.assert_allclose(found["losses"], wanted, rtol=5e-5)
    ways, moves = count * max(devices, 1), counted(found["hlo"])
    if kind in ("fully_shard", "fsdp"):
        for name, shape in found["whole"].items():  # neither a parameter nor its state is whole
            assert math.prod(found["parts"][name]) * ways == math.prod(found["states"][name]) * ways == math.prod(shape), name
        assert moves["all-gather"] == 14 and moves["reduce-scatter"] == (14 if count > 1 else 0)
    elif kind == "uneven":  # in unequal parts
        for name, shape in found["whole"].items():
            assert found["parts"][name] == found["states"][name] == [-(-shape[0] // count), *shape[1:]], name
    elif kind == "tp":
        assert moves == {"all-reduce": 4}
    assert found["compiled"] == 1


@pytest.mark.full
def test_a_step_that_one_rank_must_skip(tmp_path):
    assert all(out.endswith("ok\n") for out in ranks("scaler.py", 2, tmp_path))
