"""Something goes wrong on rank 1: the others must hear of it, and stop. Run with the kind of fault and ranks' numbers."""

import datetime
import os
import signal
import sys
import time

import torchlike as torch
from torchlike import distributed as dist

kind, store, rank, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
bad = rank == 1
limit = datetime.timedelta(seconds=12 if kind in ("start", "late") else 60)
if kind == "start" and bad:
    os._exit(9)
dist.init_process_group("gloo", f"file://{store}", limit, size + (kind == "size" and bad), rank)
w = torch.nn.Parameter(torch.ones(4))
optimizer = torch.optim.SGD([w], 0.1)
for step in range(6):
    if bad and step == 3:
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "error":
            raise ArithmeticError("the moon is full")
        if kind == "end":
            sys.exit(0)
        if kind == "late":
            time.sleep(40)
    optimizer.zero_grad()
    (w * (step + rank)).sum().backward()
    dist.all_reduce(w.grad[:3] if kind == "shape" and bad and step == 3 else w.grad)
    optimizer.step()
dist.destroy_process_group()
print("ok")
