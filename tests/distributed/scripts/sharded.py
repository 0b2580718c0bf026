"""Training with parameters in parts: fully_shard, FSDP, tensor and sequence parallel. Prints what it computed as JSON."""

import json
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, SequenceParallel, parallelize_module

kind, devices = sys.argv[1], int(sys.argv[2])
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
ways = size if size > 1 else devices


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(16), nn.Linear(16, 32), nn.Linear(32, 16)

    def forward(self, x):
        return x + self.down(torch.tanh(self.up(self.norm(x))))


torch.manual_seed(0)
model = nn.Sequential(Block(), Block(), nn.Linear(16, 8))
whole = {name: tuple(p.shape) for name, p in model.named_parameters()}
data_parallel = size if kind in ("fully_shard", "fsdp") else 1
if kind == "fully_shard":
    mesh = init_device_mesh("cpu", (ways,))
    for block in model[:2]:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
elif kind == "fsdp":
    model = FullyShardedDataParallel(model, device_mesh=init_device_mesh("cpu", (ways,)))
elif kind in ("tp", "sp"):
    mesh = init_device_mesh("cpu", (ways,), mesh_dim_names=("tp",))
    for block in model[:2]:
        plan = {"up": ColwiseParallel(), "down": RowwiseParallel()}
        if kind == "sp":
            layout = Shard(1)
            plan = {
                "norm": SequenceParallel(),
                "up": ColwiseParallel(input_layouts=layout),
                "down": RowwiseParallel(output_layouts=layout),
            }
        parallelize_module(block, mesh, plan)
    if kind == "sp":
        parallelize_module(model, mesh, {"2": ColwiseParallel(input_layouts=layout, output_layouts=Replicate())})
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
generator = torch.Generator().manual_seed(1)
losses, norms = [], []
for _ in range(10):
    x, y = torch.randn(16, 8, 16, generator=generator), torch.randn(16, 8, 8, generator=generator)
    if data_parallel > 1:
        x, y = x.chunk(size)[rank], y.chunk(size)[rank]
    elif kind == "sp" and size > 1:
        x = x.chunk(size, 1)[rank]
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    if kind == "fully_shard" and size > 1:  # plain clipping knows of the other ranks' parts
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    if kind == "fsdp":
        norms.append(model.clip_grad_norm_(0.5).item())
    optimizer.step()
    shown = loss.detach().clone()
    dist.all_reduce(shown)
    losses.append(shown.item() / size)
found = {"losses": losses, "norms": norms, "parts": {}, "states": {}}
for name, p in model.named_parameters():
    name = name.removeprefix("module.")
    if isinstance(p, DTensor):
        found["parts"][name] = list(p.to_local().shape)
        assert tuple(p.full_tensor().shape) == whole[name], (name, p.full_tensor().shape)
    state = optimizer.state[p]["exp_avg"]
    found["states"][name] = list((state.to_local() if isinstance(state, DTensor) else state).shape)
found["whole"] = whole
step = max((p for p in torch.engine.programs() if p.nodes > 20), key=lambda p: p.nodes)
found["hlo"] = [line for line in step.lower().compile().as_text().splitlines() if "metadata" in line and "(" in line]
found["compiled"] = len([p for p in torch.engine.programs() if p.nodes > 20])
dist.destroy_process_group()
print(json.dumps(found))
