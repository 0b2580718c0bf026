"""A data-parallel script as tutorials have it, for torch: `tutorial.py WORLD_SIZE FOLDER`."""

import os
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn, optim
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler


class ToyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.net1 = nn.Linear(10, 10)
        self.relu = nn.ReLU()
        self.net2 = nn.Linear(10, 5)

    def forward(self, x):
        return self.net2(self.relu(self.net1(x)))


def setup(rank, world_size):
    os.environ["MASTER_ADDR"] = "localhost"
    os.environ.setdefault("MASTER_PORT", "12355")
    dist.init_process_group("gloo", rank=rank, world_size=world_size)


def demo(rank, world_size, folder):
    setup(rank, world_size)
    torch.manual_seed(0)
    model = DistributedDataParallel(ToyModel())
    loss_fn = nn.MSELoss()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    data = TensorDataset(torch.randn(64, 10), torch.randn(64, 5))
    sampler = DistributedSampler(data, shuffle=True)
    loader = DataLoader(data, batch_size=16 // world_size, sampler=sampler)
    for epoch in range(2):
        sampler.set_epoch(epoch)
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            if rank == 0:
                print(f"loss {loss.item():.4f}")  # only one rank looks, amid the step
            optimizer.step()
    path = os.path.join(folder, "model.checkpoint")
    if rank == 0:
        torch.save(model.state_dict(), path)
    dist.barrier()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    print(f"rank {rank} weight {model.module.net1.weight.sum().item():.4f}")
    dist.destroy_process_group()


if __name__ == "__main__":
    size = int(sys.argv[1])
    if size == 1:
        demo(0, 1, sys.argv[2])
    else:
        mp.spawn(demo, args=(size, sys.argv[2]), nprocs=size, join=True)
