"""Rank 1 alone sees an infinite gradient: all ranks skip the step, and halve the scale."""

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler

dist.init_process_group("gloo")
R, W = dist.get_rank(), dist.get_world_size()
torch.manual_seed(0)
model = fully_shard(nn.Linear(4, 2 * W), mesh=init_device_mesh("cpu", (W,)))
optimizer = torch.optim.SGD(model.parameters(), 0.1)
scaler = ShardedGradScaler("cpu", init_scale=4.0)
before = model.weight.clone()
for bad in (True, False):
    optimizer.zero_grad()
    scaler.scale(model(torch.ones(1, 4)).sum()).backward()
    if bad and R == 1:
        model.weight.grad[0, 0] = float("inf")
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == 2.0
    assert torch.equal(model.weight, before) == bad, (R, bad)
assert torch.allclose(model.weight, before - 0.1)
dist.destroy_process_group()
print("ok")
