"""Save on one mesh, go on or load on another: `checkpoint.py MODE FOLDER DEVICES`. Prints losses as JSON."""

import json
import os
import signal
import sys

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch import nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict, get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

mode, folder, devices = sys.argv[1], sys.argv[2], int(sys.argv[3])
dist.init_process_group("gloo")
rank, size = dist.get_rank(), dist.get_world_size()
torch.manual_seed(0 if mode == "save" else 5)
model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
fully_shard(model, mesh=init_device_mesh("cpu", (size if size > 1 else devices,)))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
generator = torch.Generator().manual_seed(1)


def train(steps):
    losses = []
    for _ in range(steps):
        x, y = torch.randn(16, 8, generator=generator), torch.randn(16, 4, generator=generator)
        x, y = x.chunk(size)[rank], y.chunk(size)[rank]
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        shown = loss.detach().clone()
        dist.all_reduce(shown)
        losses.append(shown.item() / size)
    return losses


def state():
    net, adam = get_state_dict(model, optimizer)
    return {"model": net, "optimizer": adam, "step": 3, "generator": generator.get_state()}


if mode == "save":
    train(3)
    dcp.save(state(), checkpoint_id=folder)
    print(json.dumps(train(3)))
elif mode == "kill":
    train(1)  # so that there is a state to load into
    found = state()
    dcp.load(found, checkpoint_id=folder)
    future = dcp.async_save(found | {"step": 99}, checkpoint_id=folder)
    os.kill(os.getpid(), signal.SIGKILL)
else:
    train(1)
    found = state()
    dcp.load(found, checkpoint_id=folder)
    assert found["step"] == 3
    set_state_dict(model, optimizer, model_state_dict=found["model"], optim_state_dict=found["optimizer"])
    generator.set_state(found["generator"])
    full = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True))
    assert full["0.weight"].shape == (16, 8)
    print(json.dumps(train(3)))
dist.destroy_process_group()
