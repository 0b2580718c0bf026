"""An ordinary script of data-parallel training; the same for torch and torchlike.

`ddp.py KINDS` prints, a line a kind, what it computed as JSON.
"""

import json
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()


def model_of(seed, kind):
    torch.manual_seed(seed)
    norm = nn.BatchNorm1d(12) if kind != "plain" else nn.Identity()
    return nn.Sequential(nn.Linear(6, 12), norm, nn.ReLU(), nn.Linear(12, 3))


def train(kind):
    net = model_of(rank, kind)  # differs: the first rank's is everybody's
    if kind == "sync":
        net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    model = DistributedDataParallel(net)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(1)
    losses = []
    for step in range(10):
        x, y = torch.randn(16, 6, generator=generator), torch.randn(16, 3, generator=generator)
        x, y = x.chunk(size)[rank], y.chunk(size)[rank]
        optimizer.zero_grad()
        if step == 4:  # a gradient in two parts, averaged once
            with model.no_sync():
                nn.functional.mse_loss(model(x), y).backward()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        shown = loss.detach().clone()
        dist.all_reduce(shown)
        losses.append(shown.item() / size)
    found = {"losses": losses, "weight": model.module[0].weight.detach().flatten().tolist(), "keys": list(model.state_dict())}
    if kind == "norm":
        found["mean"] = model.module[1].running_mean.tolist()
        found["count"] = model.module[1].num_batches_tracked.item()
    if hasattr(torch, "engine"):
        step = max((p for p in torch.engine.programs() if p.nodes > 8), key=lambda p: p.nodes)
        compiled = step.jitted if hasattr(step.jitted, "as_text") else step.lower().compile()
        found["hlo"] = [line for line in compiled.as_text().splitlines() if "metadata" in line and "(" in line]
        torch.engine.clear()
    return found


everything = [{"kind": kind} | train(kind) for kind in sys.argv[1].split(",")]
dist.destroy_process_group()
for found in everything:
    print(json.dumps(found))
