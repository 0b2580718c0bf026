"""Training through a pipeline, one stage a rank. Prints, a line a schedule, losses as JSON."""

import json
import sys
from itertools import pairwise

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed import pipelining

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
widths = [6, 12, 8, 10, 4][: size + 1] if size > 2 else [6, 12, 4]


def train(name):
    torch.manual_seed(0)
    layers = [nn.Sequential(nn.Linear(a, b), nn.Tanh()) for a, b in pairwise(widths)]
    stage = pipelining.PipelineStage(layers[rank], rank, size, "cpu")
    schedule = getattr(pipelining, name)(stage, n_microbatches=4, loss_fn=nn.functional.mse_loss)
    optimizer = torch.optim.Adam(layers[rank].parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(10):
        x, y = torch.randn(16, widths[0], generator=generator), torch.randn(16, widths[-1], generator=generator)
        optimizer.zero_grad()
        losses = []
        if rank == 0:
            assert schedule.step(x) is None
        elif rank == size - 1:
            out = schedule.step(target=y, losses=losses)
            assert out.shape == y.shape and len(losses) == 4
        else:
            schedule.step()
        optimizer.step()
        if losses:
            found.append(sum(loss.item() for loss in losses) / 4)
    everything = [None] * size
    dist.all_gather_object(everything, found)
    return {"schedule": name, "losses": everything[-1], "widths": widths}


results = [train(name) for name in sys.argv[1].split(",")]
dist.destroy_process_group()
for result in results:
    print(json.dumps(result))
