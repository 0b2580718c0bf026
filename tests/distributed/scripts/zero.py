"""Training with `ZeroRedundancyOptimizer`; the same for torch and torchlike. Prints what it computed as JSON."""

import json

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()


def made():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))
    groups = [{"params": list(net[0].parameters())}, {"params": list(net[2].parameters()), "lr": 0.02}]
    return net, ZeroRedundancyOptimizer(groups, optimizer_class=torch.optim.AdamW, lr=0.01)


def train(model, optimizer, seed):
    generator = torch.Generator().manual_seed(seed)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    losses = []
    for _ in range(5):
        x, y = torch.randn(8, 6, generator=generator), torch.randn(8, 3, generator=generator)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x.chunk(size)[rank]), y.chunk(size)[rank])
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


net, optimizer = made()
found = {"losses": train(DistributedDataParallel(net), optimizer, 1)}
found["own"] = sorted(p.numel() for group in optimizer.optim.param_groups for p in group["params"])
try:
    optimizer.state_dict()
except RuntimeError as error:
    found["refused"] = str(error)
optimizer.consolidate_state_dict(to=0)
saved = [optimizer.state_dict() if rank == 0 else None]
dist.broadcast_object_list(saved, 0)
found["sizes"] = {i: list(state["exp_avg"].shape) for i, state in saved[0]["state"].items()}
found["average"] = saved[0]["state"][0]["exp_avg"].flatten().tolist()
found["groups"] = [{k: group[k] for k in ("lr", "weight_decay", "params")} for group in saved[0]["param_groups"]]
other, again = made()
other.load_state_dict(net.state_dict())
again.load_state_dict(saved[0])
found["again"] = train(DistributedDataParallel(other), again, 2)
found["weight"] = other[0].weight.detach().flatten().tolist()
dist.destroy_process_group()
print(json.dumps(found))
