"""DTensors that lie on several processes: every rank sees the same whole."""

import copy

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_module, distribute_tensor

dist.init_process_group("gloo")
R, W = dist.get_rank(), dist.get_world_size()
mesh = init_device_mesh("cpu", (W,))
torch.manual_seed(R)  # differs: the first rank's is everybody's


def whole_of(tensor):
    found = [None] * W
    dist.all_gather_object(found, tensor.detach().numpy())
    return torch.tensor(found[0])


def same(got, wanted):
    assert isinstance(got, DTensor) and tuple(got.shape) == tuple(wanted.shape), (got, wanted.shape)
    torch.testing.assert_close(got.full_tensor(), wanted)


def placing():
    first = torch.randn(3 * W - 1, 2 * W - 1)  # the last part is a shorter one
    whole = whole_of(first)
    for placement in (Shard(0), Shard(-1), Replicate()):
        x = distribute_tensor(first, mesh, [placement])
        same(x, whole)
        own = whole.chunk(W, placement.dim)[R] if isinstance(placement, Shard) else whole
        assert torch.equal(x.to_local(), own), (x.to_local(), own)
        for other in (Shard(0), Shard(1), Replicate()):
            moved = x.redistribute(placements=[other])
            assert moved.placements == (other,)
            same(moved, whole)
    assert str(x).startswith("DTensor(local_tensor=") and x.device_mesh == mesh
    built = DTensor.from_local(torch.full((2,), float(R)), mesh, [Shard(0)])
    assert built.full_tensor().tolist() == [float(r) for r in range(W) for _ in range(2)]
    partial = DTensor.from_local(torch.full((W,), float(R)), mesh, [Partial()])
    total = [float(sum(range(W)))] * W
    assert (
        partial.full_tensor().tolist() == total and partial.redistribute(placements=[Shard(0)]).to_local().tolist() == total[:1]
    )
    with pytest.raises(RuntimeError, match=r"got mixed torch\.Tensor and DTensor"):
        x + whole
    with pytest.raises(NotImplementedError, match=r"dimension 0 \(1 elements\) leaves one without any"):
        distribute_tensor(torch.ones(1, 2), mesh, [Shard(0)])


def operations():
    a, b = torch.randn(2 * W - 1, 4), torch.randn(4, 2 * W)
    x, y = distribute_tensor(a, mesh, [Shard(0)]), distribute_tensor(b, mesh, [Shard(1)])
    a, b = whole_of(a), whole_of(b)
    for wanted, got, placement in (
        (a * 2 + 1, x * 2 + 1, Shard(0)),
        (a.tanh() + a, x.tanh() + x, Shard(0)),
        (a @ b, x @ y, Replicate()),
        (a.sum(0), x.sum(0), Replicate()),
        (a.t(), x.t(), Replicate()),
        (a[1:, 2], x[1:, 2], Replicate()),
        (torch.cat([a, a]), torch.cat([x, x]), Replicate()),
        (a.softmax(0), x.softmax(0), Replicate()),
    ):
        same(got, wanted)
        assert got.placements == (placement,), (got.placements, placement)
    top, at = x.max(dim=1)
    same(top, a.max(dim=1).values)
    same(at, a.max(dim=1).indices)
    assert x.sum().item() == pytest.approx(a.sum().item()) and bool((x == x).all())
    with torch.no_grad():
        x.mul_(3).add_(x)
        x[0] = 7.0
    changed = a * 6
    changed[0] = 7.0
    same(x, changed)
    with pytest.raises(NotImplementedError, match="in-place operations on views of a DTensor"):
        x.t().add_(1)


def products():
    """Matrix products that need nothing but the parts, forwards and backwards."""
    a, b = torch.ones(4, 2 * W), torch.arange(2.0 * W * W).reshape(2 * W, W)
    for left, right, result in (
        (Replicate(), Shard(1), Shard(1)),
        (Shard(1), Shard(0), Partial()),
        (Shard(0), Replicate(), Shard(0) if W == 2 or W == 4 else Replicate()),
    ):
        x = distribute_tensor(a, mesh, [left]).requires_grad_()
        w = distribute_tensor(b, mesh, [right]).requires_grad_()
        out = x @ w
        assert out.placements == (result,), (left, right, out.placements)
        same(out.detach(), a @ b)
        (out.redistribute(placements=[Replicate()]) ** 2).sum().backward()
        p, q = a.clone().requires_grad_(), b.clone().requires_grad_()
        ((p @ q) ** 2).sum().backward()
        assert x.grad.placements == x.placements
        same(x.grad, p.grad)
        same(w.grad, q.grad)


def training():
    """A module with distributed parameters, against the plain one."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 4 * W + 1), nn.Tanh(), nn.Linear(4 * W + 1, 7))
    cut = copy.deepcopy(plain)

    def partition(name, module, mesh):
        if isinstance(module, nn.Linear):
            for key, p in list(module.named_parameters()):
                module.register_parameter(key, nn.Parameter(distribute_tensor(p, mesh, [Shard(0)])))

    distribute_module(cut, mesh, partition, input_fn=lambda m, inputs, mesh: tuple(distribute_tensor(x, mesh) for x in inputs))
    assert all(isinstance(p, DTensor) and isinstance(p, nn.Parameter) and p.is_leaf for p in cut.parameters())
    optimizers = [torch.optim.AdamW(m.parameters(), lr=0.05) for m in (plain, cut)]
    for step in range(4):
        x, losses = torch.full((5, 6), 0.1 * step + 0.2), []
        for model, optimizer in zip((plain, cut), optimizers, strict=True):
            optimizer.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.3)
            optimizer.step()
            losses.append(loss.item())
        assert losses[0] == pytest.approx(losses[1], rel=1e-5), (step, losses)
    for p, q in zip(plain.parameters(), cut.parameters(), strict=True):
        assert q.placements == (Shard(0),)
        same(q.detach(), p.detach())
        moment = optimizers[1].state[q]["exp_avg"]
        same(moment, optimizers[0].state[p]["exp_avg"])


for check in (placing, operations, products, training):
    check()
dist.destroy_process_group()
print("ok")
