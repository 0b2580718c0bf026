"""Parameters that a rank, or every rank, leaves out."""

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
R, W = dist.get_rank(), dist.get_world_size()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x, which):
        return self.b(self.a(x)) if which else self.a(x)


torch.manual_seed(0)
model = DistributedDataParallel(Net(), find_unused_parameters=True)
x = torch.ones(1, 2)
model(x, R == 0).sum().backward()
net = model.module
assert net.c.weight.grad is None  # nobody used it
assert net.b.bias.grad.tolist() == [1 / W, 1 / W]  # one rank did
alone = nn.Linear(2, 2)
alone.load_state_dict(net.a.state_dict())
wanted = (net.b.weight.sum(0) + (W - 1)) / W
assert torch.allclose(net.a.bias.grad, wanted), (net.a.bias.grad, wanted)

strict = DistributedDataParallel(Net())
strict(x, True).sum().backward()
with pytest.raises(RuntimeError, match="Expected to have finished reduction"):
    strict(x, True)

hooked = DistributedDataParallel(nn.Linear(2, 1))


def half(state, bucket):
    assert [tuple(g.shape) for g in bucket.gradients()] == [tuple(p.shape) for p in bucket.parameters()]
    return dist.all_reduce(bucket.buffer() / 2, async_op=True).get_future()


hooked.register_comm_hook(None, half)
hooked(x * (R + 1)).sum().backward()
assert hooked.module.weight.grad.tolist() == [[sum(range(1, W + 1)) / 2] * 2]
dist.destroy_process_group()
print("ok")
