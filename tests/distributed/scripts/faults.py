"""Something goes wrong on one rank: the others must hear of it, and stop. `faults.py KIND STORE RANK WORLD_SIZE`."""

import datetime
import os
import signal
import sys
import time

import torchlike as torch
from torchlike import distributed as dist
from torchlike.distributed import lifecycle

kind, store, rank, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
bad = rank == (0 if kind == "size of rank 0" else 1)


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


if kind == "start" and bad:
    os._exit(9)
if kind == "joining" and bad:  # it has met the others, and goes before JAX has joined their devices
    lifecycle._join_devices = die
limit = datetime.timedelta(seconds=12 if kind in ("start", "joining", "late") else 60)
dist.init_process_group("gloo", f"file://{store}", limit, size + (kind.startswith("size") and bad), rank)
w = torch.nn.Parameter(torch.ones(4))
optimizer = torch.optim.SGD([w], 0.1)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(4, 2)) if kind == "backward" else None
for step in range(6):
    now = bad and step == 3
    if now:
        if kind == "kill":
            die()
        if kind == "error":
            raise ArithmeticError("the moon is full")
        if kind == "end":
            sys.exit(0)
        if kind == "late":
            time.sleep(40)
    if kind == "save" and step == 3:
        import orbax.checkpoint as orbax

        import torchlike.distributed.checkpoint as dcp

        if bad:
            orbax.AsyncCheckpointer.save = die
        dcp.save({"w": w, "step": step}, checkpoint_id=f"{store}-checkpoint")
    optimizer.zero_grad()
    if model is not None:
        hidden = model.module.weight * step
        if now:
            hidden.register_hook(die)
        model(hidden).sum().backward()
        model.module.bias.grad.sum().item()
    (w * (step + rank)).sum().backward()
    dist.all_reduce(w.grad[:3] if kind == "shape" and now else w.grad)
    optimizer.step()
dist.destroy_process_group()
print("ok")
