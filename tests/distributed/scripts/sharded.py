"""Training with parameters in parts: fully_shard, FSDP, tensor and sequence parallel.

`sharded.py KINDS DEVICES` prints, a line a kind, what it computed as JSON.
"""

import json
import re
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, SequenceParallel, parallelize_module

devices = int(sys.argv[2])
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
ways = size if size > 1 else devices
MOVES = re.compile(r" (all-reduce|reduce-scatter|all-gather|all-to-all|collective-permute)(-start)?\(")


class Block(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return x + self.down(torch.tanh(self.up(self.norm(x))))


def cut(model, kind):
    """The model in parts, and the mesh."""
    names = {"2d": ("dp", "tp"), "tp": ("tp",), "sp": ("tp",)}.get(kind)
    mesh = init_device_mesh("cpu", (2, ways // 2) if kind == "2d" else (ways,), mesh_dim_names=names)
    if kind == "fsdp":
        return FullyShardedDataParallel(model, device_mesh=mesh), mesh
    plan = {"up": ColwiseParallel(), "down": RowwiseParallel()}
    layout = Shard(1)
    if kind == "sp":
        plan = {
            "norm": SequenceParallel(),
            "up": ColwiseParallel(input_layouts=layout),
            "down": RowwiseParallel(output_layouts=layout),
        }
        parallelize_module(model, mesh, {"2": ColwiseParallel(input_layouts=layout, output_layouts=Replicate())})
    for block in model[:2]:
        if kind in ("2d", "tp", "sp"):
            parallelize_module(block, mesh["tp"], plan)
        if kind in ("2d", "fully_shard", "uneven"):
            fully_shard(block, mesh=mesh["dp"] if kind == "2d" else mesh)
    if kind in ("2d", "fully_shard", "uneven"):
        fully_shard(model, mesh=mesh["dp"] if kind == "2d" else mesh)
    return model, mesh


def own(kind, mesh, x, y):
    """This rank's part of a batch."""
    if size > 1 and kind in ("fully_shard", "fsdp", "uneven"):
        return x.chunk(size)[rank], y.chunk(size)[rank]
    if size > 1 and kind == "2d":
        return x.chunk(2)[mesh.get_local_rank("dp")], y.chunk(2)[mesh.get_local_rank("dp")]
    return (x.chunk(size, 1)[rank], y) if kind == "sp" and size > 1 else (x, y)


def train(kind):
    width, hidden, outs = (15, 33, 7) if kind == "uneven" else (16, 32, 8)  # of uneven ones no dimension divides
    torch.manual_seed(0)
    model = nn.Sequential(Block(width, hidden), Block(width, hidden), nn.Linear(width, outs))
    whole = {name: tuple(p.shape) for name, p in model.named_parameters()}
    model, mesh = cut(model, kind)
    torch.engine.flush()
    torch.engine.clear()  # of programs only those of training are left to be looked at
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(10):
        x, y = torch.randn(16, 8, width, generator=generator), torch.randn(16, 8, outs, generator=generator)
        x, y = own(kind, mesh, x, y)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        if kind in ("fully_shard", "uneven") and size > 1:  # plain clipping knows of the other ranks' parts
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        if kind == "fsdp":
            model.clip_grad_norm_(0.5).item()
        optimizer.step()
        shown = loss.detach().clone()
        dist.all_reduce(shown)
        losses.append(shown.item() / size)
    step = max((p for p in torch.engine.programs() if p.nodes > 20), key=lambda p: p.nodes)
    compiled = step.jitted if hasattr(step.jitted, "as_text") else step.lower().compile()
    found = {"kind": kind, "losses": losses, "whole": whole, "parts": {}, "states": {}}
    found["hlo"] = [line for line in compiled.as_text().splitlines() if MOVES.search(line)]
    found["compiled"] = len([p for p in torch.engine.programs() if p.nodes > 20])
    for name, p in model.named_parameters():
        name = name.removeprefix("module.")
        if isinstance(p, DTensor):
            found["parts"][name] = list(p.to_local().shape)
            assert tuple(p.full_tensor().shape) == whole[name], (name, p.full_tensor().shape)
        state = optimizer.state[p]["exp_avg"]
        found["states"][name] = list((state.to_local() if isinstance(state, DTensor) else state).shape)
    return found


everything = [train(kind) for kind in sys.argv[1].split(",")]
dist.destroy_process_group()
for found in everything:
    print(json.dumps(found))
