"""`shard_map` and `pmap`: functions of each device's own part."""

import pytest
import torch
from jax.sharding import PartitionSpec as P

import torchlike
import torchlike.distributed._functional_collectives as collectives
from torchlike import distributed as dist
from torchlike import engine


def rows():
    return torchlike.arange(8.0).reshape(4, 2)


def test_shard_map():
    mesh = dist.init_device_mesh("cpu", (4,), mesh_dim_names=("x",))
    group = dist.axis(mesh, "x")
    summed = dist.shard_map(lambda x: collectives.all_reduce(x, "sum", group), mesh, P("x"), P())
    x = rows().requires_grad_()
    y = summed(x)
    assert y.tolist() == [[12.0, 16.0]]
    (y * torchlike.tensor([1.0, 2.0])).sum().backward()
    assert x.grad.tolist() == [[1.0, 2.0]] * 4


def test_slices():
    x = rows()
    assert dist.pmap(lambda row: row * 2)(x).tolist() == (x * 2).tolist()
    weighted = dist.pmap(lambda row, w: (row * w).sum(), in_axes=(0, None))
    assert weighted(x, torchlike.tensor([1.0, 2.0])).tolist() == [2.0, 8.0, 14.0, 20.0]
    columns = dist.pmap(lambda d: {"sum": d["a"].sum(0)}, in_axes=-1, out_axes=-1)
    assert columns({"a": torchlike.ones(2, 3, 4)})["sum"].tolist() == [[2.0] * 4] * 3
    group = dist.Axis("devices", 4)
    means = dist.pmap(lambda row: collectives.all_reduce(row, "avg", group))
    assert means(x).tolist() == [[3.0, 4.0]] * 4


def test_a_module_as_torch_has_it():
    torch.manual_seed(0)
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    ours = torchlike.nn.Sequential(torchlike.nn.Linear(2, 3), torchlike.nn.Tanh())
    ours.load_state_dict({k: torchlike.from_numpy(v.numpy()) for k, v in theirs.state_dict().items()})
    spread = dist.pmap(ours)
    y = spread(rows() / 8)
    y.square().sum().backward()
    theirs(torch.arange(8.0).reshape(4, 2) / 8).square().sum().backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(torch.from_numpy(p.grad.numpy()), q.grad, rtol=1e-5)
    for _ in range(2):
        spread(rows()).sum().item()
    compiled = engine.stats.compiled
    for _ in range(3):
        spread(rows()).sum().item()
    assert engine.stats.compiled == compiled


def test_what_cannot_be_cut():
    with pytest.raises(ValueError, match="99 slices need as many devices, and there are 8"):
        dist.pmap(lambda x: x)(torchlike.ones(99, 1))
    with pytest.raises(ValueError, match="none to cut"):
        dist.pmap(lambda x: x, in_axes=None)(rows())
    with pytest.raises(ValueError, match=r"one number of slices, but got \[2, 4\]"):
        dist.pmap(lambda x, y: x)(rows(), torchlike.ones(2))
