"""Every collective on every rank, against what numpy says. Run by torchlike's launcher."""

import datetime

import numpy as np
import torch
import torch.distributed as dist

early = torch.arange(4.0)  # made before the ranks meet: it has to survive that
double = early * 2
dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=60))
R, W = dist.get_rank(), dist.get_world_size()
assert dist.is_initialized() and dist.get_backend() == "gloo" and dist.is_torchelastic_launched()
assert early.sum().item() == 6 and double.tolist() == [0, 2, 4, 6]
every = [np.arange(6.0, dtype=np.float32).reshape(2, 3) * (r + 1) + r for r in range(W)]
mine = torch.tensor(every[R])


def same(got, wanted):
    np.testing.assert_allclose(got.detach().numpy(), wanted, rtol=1e-6)


def reductions():
    folds = {"SUM": np.sum, "AVG": np.mean, "PRODUCT": np.prod, "MIN": np.min, "MAX": np.max}
    for name, fold in folds.items():
        x = mine.clone()
        work = dist.all_reduce(x, getattr(dist.ReduceOp, name), async_op=True)
        assert work.wait() and work.is_completed() and work.result()[0] is x
        same(x, fold(np.stack(every), 0))
    for name, fold in {"BAND": np.bitwise_and, "BOR": np.bitwise_or, "BXOR": np.bitwise_xor}.items():
        x = torch.tensor([5 + R, 12])
        dist.all_reduce(x, getattr(dist.ReduceOp, name))
        assert x.tolist() == fold.reduce([[5 + r, 12] for r in range(W)], 0).tolist()
    for kind in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64, torch.complex64):
        x = torch.tensor([1, 0]).to(kind)
        dist.all_reduce(x)
        assert x.dtype is kind and x.tolist() == [torch.tensor(W).to(kind).item(), 0], (kind, x)
    x = mine.clone()
    dist.reduce(x, 1)
    same(x, sum(every) if R == 1 else every[R])
    a, b = torch.ones(2) * R, torch.ones(3, dtype=torch.int64)
    dist.all_reduce_coalesced([a, b])
    assert a.tolist() == [sum(range(W))] * 2 and b.tolist() == [W] * 3
    x = torch.tensor(0.0) if R else torch.tensor(1.0)  # constants that differ: the compiler must not think that they do not
    dist.all_reduce(x)
    assert x.item() == 1


def moves():
    x = mine.clone()
    dist.broadcast(x[0], src=W - 1)  # through a view
    same(x, np.stack([every[-1][0], every[R][1]]))
    outs = [torch.empty(2, 3) for _ in range(W)]
    dist.all_gather(outs, mine)
    same(torch.stack(outs), np.stack(every))
    flat, stacked = torch.empty(2 * W, 3), torch.empty(W, 2, 3)
    dist.all_gather_into_tensor(flat, mine)
    dist.all_gather_into_tensor(stacked, mine, async_op=True).wait()
    same(flat, np.concatenate(every))
    same(stacked, np.stack(every))
    out = torch.empty(2, 3)
    dist.reduce_scatter(out, [mine + k for k in range(W)])
    same(out, sum(every) + W * R)
    part = torch.empty(3)
    dist.reduce_scatter_tensor(part, mine[:1].repeat(W, 1) * torch.arange(1.0, W + 1)[:, None], dist.ReduceOp.MAX)
    same(part, np.max([e[0] * (R + 1) for e in every], 0))
    outs = [torch.empty(k + 1) for _ in range(W) for k in [R]]
    dist.all_to_all(outs, [torch.full((k + 1,), 10.0 * R + k) for k in range(W)])
    assert [o.tolist() for o in outs] == [[10.0 * r + R] * (R + 1) for r in range(W)]
    out = torch.empty(W)
    dist.all_to_all_single(out, torch.arange(float(W)) + 10 * R)
    assert out.tolist() == [10.0 * r + R for r in range(W)]
    sizes = [r + 1 for r in range(W)]
    out = torch.empty((R + 1) * W)
    dist.all_to_all_single(out, torch.arange(float(sum(sizes))), [R + 1] * W, sizes)
    assert out.tolist() == [float(sum(sizes[:R]) + k) for _ in range(W) for k in range(R + 1)]
    out = torch.empty(2)
    dist.scatter(out, [torch.full((2,), float(k)) for k in range(W)] if R == 1 else None, src=1)
    assert out.tolist() == [R, R]
    outs = [torch.empty(2, 3) for _ in range(W)] if R == 0 else None
    dist.gather(mine, outs, dst=0)
    if outs:
        same(torch.stack(outs), np.stack(every))


def letters():
    after, before = (R + 1) % W, (R - 1) % W
    got = torch.empty(2, 3)
    for work in dist.batch_isend_irecv([dist.P2POp(dist.isend, mine, after), dist.P2POp(dist.irecv, got, before)]):
        work.wait()
    same(got, every[before])
    if R == 0:
        dist.send(torch.arange(3), 1, tag=7)
    elif R == 1:
        x = torch.empty(3, dtype=torch.int64)
        assert dist.recv(x, tag=7) == 0 and x.tolist() == [0, 1, 2]


def objects():
    found = [None] * W
    dist.all_gather_object(found, {"rank": R})
    assert found == [{"rank": r} for r in range(W)]
    given = ["a", R] if R == 1 else [None, None]
    dist.broadcast_object_list(given, src=1)
    assert given == ["a", 1]
    out = [None]
    dist.scatter_object_list(out, list(range(10, 10 + W)) if R == 0 else None)
    assert out == [10 + R]
    dist.barrier()
    dist.monitored_barrier()
    dist.barrier(async_op=True).wait()


def parts():
    pair = dist.new_group([0, 1])
    x = torch.ones(2) * (R + 1)
    if R < 2:
        dist.all_reduce(x, group=pair)
        assert x.tolist() == [3, 3] and dist.get_rank(pair) == R and dist.get_process_group_ranks(pair) == [0, 1]
    else:
        assert pair == dist.GroupMember.NON_GROUP_MEMBER and dist.get_rank(pair) == -1
    half, _ = dist.new_subgroups(max(W // 2, 1))
    x, whole = torch.ones(1) * R, torch.ones(1)
    before = torch.engine.stats.run
    dist.all_reduce(x, group=half)
    dist.all_reduce(whole)
    assert x.item() == sum(dist.get_process_group_ranks(half)) and whole.item() == W
    assert torch.engine.stats.run == before + 1  # parts of the world and the world in one program


def gradients():
    import torch.distributed._functional_collectives as functional

    p = torch.ones(2, requires_grad=True)
    (dist.nn.all_reduce(p * (R + 1)) ** 2).sum().backward()
    total = sum(range(1, W + 1))
    assert p.grad.tolist() == [2.0 * total * W * (R + 1)] * 2
    q = torch.ones(W, requires_grad=True)
    (functional.reduce_scatter_tensor(q * (R + 1), "sum", 0, dist.group.WORLD) * (R + 1)).sum().backward()
    assert q.grad.tolist() == [float((R + 1) * (k + 1)) for k in range(W)]
    s = torch.full((1,), float(R), requires_grad=True)
    (functional.all_gather_tensor(s, 0, dist.group.WORLD) * (R + 1)).sum().backward()
    assert s.grad.item() == total
    t = torch.ones(1, requires_grad=True)
    (dist.permute(t * (R + 1), [(r, (r + 1) % W) for r in range(W)]) * (R + 1)).sum().backward()
    assert t.grad.item() == ((R + 1) % W + 1) * (R + 1)


def one_program():
    """A step with its collective is one program, compiled once, though only rank 0 looks at the loss."""
    w = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([w], 0.1)
    for i in range(4):
        if i == 1:
            torch.engine.stats.reset()
        optimizer.zero_grad()
        loss = (w * mine[0]).sum()
        loss.backward()
        dist.all_reduce(w.grad)
        optimizer.step()
        if R == 0:
            loss.item()
    assert (torch.engine.stats.run, torch.engine.stats.compiled) == (3, 0), torch.engine.stats
    same(w, 1 - 0.4 * sum(every)[0])


for check in (reductions, moves, letters, objects, parts, gradients, one_program):
    check()
dist.destroy_process_group()
assert not dist.is_initialized() and early.sum().item() == 6 and mine.sum().item() == every[R].sum()
print("ok")
