"""`DataParallel` and its steps, on GPUs that are CPU devices in disguise: outputs, gradients and buffers of one device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchlike as tl
from torchlike.base import device as devices


@pytest.fixture
def gpus(monkeypatch):
    """ "cuda:0" to "cuda:7" are the fake CPU devices."""
    monkeypatch.setitem(devices._PLATFORMS, "cuda", "cpu")
    devices.jax_device.cache_clear()
    yield 8
    tl.engine.clear()
    devices.jax_device.cache_clear()


def net(t):
    t.manual_seed(0)
    return t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4), t.nn.Tanh(), t.nn.Linear(4, 2))


def close(ours, theirs):
    np.testing.assert_allclose(ours.detach().cpu().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_as_each_part_on_its_own(gpus, rng):
    """A batch of 12 on 3 devices is 3 batches of 4: statistics are each part's, and the first device's are kept."""
    model, plain = net(tl).to("cuda:0"), net(torch)
    parallel = tl.nn.DataParallel(model, device_ids=[0, 1, 2])
    x = rng.standard_normal((12, 3)).astype(np.float32)
    out = parallel(tl.tensor(x, device="cuda:0"))
    assert out.device == tl.device("cuda:0") and tuple(out.shape) == (12, 2)
    parts = [plain(torch.tensor(part)) for part in np.split(x, 3)[::-1]][::-1]  # the first part's statistics come last
    close(out, torch.cat(parts))
    out.square().sum().backward()
    torch.cat(parts).square().sum().backward()
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        assert ours.grad.device == tl.device("cuda:0")
        close(ours.grad, theirs.grad)
    first = net(torch)
    first(torch.tensor(x[:4]))
    close(model[1].running_mean, first[1].running_mean)
    assert [n for n, _ in parallel.named_parameters()] == [f"module.{n}" for n, _ in plain.named_parameters()]


def test_fewer_parts_than_devices_and_keywords(gpus):
    class Scaled(tl.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = tl.nn.Parameter(tl.ones(2))

        def forward(self, x, scale=1.0, extra=None):
            return {"out": x * self.weight * scale, "n": (extra["y"].sum(),)}

    model = tl.nn.DataParallel(Scaled().to("cuda:0"), [0, 1, 2, 3])
    with pytest.warns(UserWarning, match="unsqueeze"):
        out = model(tl.ones(2, 2), scale=3.0, extra={"y": tl.ones(2)})  # from the CPU, in two parts
    assert out["out"].tolist() == [[3.0, 3.0], [3.0, 3.0]] and out["n"][0].tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="must have its parameters and buffers on device cuda:1"):
        tl.nn.DataParallel(Scaled().to("cuda:0"), [1, 2])(tl.ones(2, 2))


def test_one_device_and_replicas(gpus):
    single = tl.nn.DataParallel(tl.nn.Linear(2, 2), [1])
    assert next(single.parameters()).device == tl.device("cuda:1")
    assert single(tl.ones(1, 2)).device == tl.device("cuda:1")
    module = tl.nn.LSTM(2, 3).to("cuda:0")
    first, second = tl.nn.parallel.replicate(module, [0, 1])
    assert list(first.parameters()) == [] and second.weight_ih_l0.device == tl.device("cuda:1")
    outs = tl.nn.parallel.parallel_apply([first, second], tl.nn.parallel.scatter(tl.ones(4, 2, 2), [0, 1], dim=1))
    gathered = tl.nn.parallel.gather([out[0] for out in outs], 1, dim=1)
    assert gathered.device == tl.device("cuda:1")
    close(gathered, torch.from_numpy(module(tl.ones(4, 2, 2).cuda())[0].detach().cpu().numpy()))
    gathered.sum().backward()
    assert module.weight_ih_l0.grad.device == tl.device("cuda:0")


def test_between_devices(gpus):
    comm, x = tl.nn.parallel.comm, tl.arange(6.0).cuda()
    parts = comm.scatter(x, [0, 1], [2, 4])
    assert [(p.tolist(), str(p.device)) for p in parts] == [([0.0, 1.0], "cuda:0"), ([2.0, 3.0, 4.0, 5.0], "cuda:1")]
    assert comm.gather(parts, 0, -1).tolist() == x.tolist()
    copies = comm.broadcast(x, [0, 1])
    assert [str(c.device) for c in copies] == ["cuda:0", "cuda:1"]
    assert comm.reduce_add(copies, 1).tolist() == (x * 2).tolist()
    assert [s.tolist() for s in comm.reduce_add_coalesced([copies, copies])] == [[2 * v for v in x.tolist()]] * 2
    for call in (
        lambda: comm.broadcast(x), lambda: comm.scatter(x, [0, 1], [1]), lambda: comm.reduce_add([]),
        lambda: comm.scatter(x, [0], out=[x]), lambda: comm.gather([x], 0, 1, out=x),
    ):  # fmt: skip
        with pytest.raises(RuntimeError):
            call()
    with pytest.raises(ValueError, match="input 1 has invalid size: got 1, but expected 6"):
        comm.reduce_add([x, tl.ones(1)])


def test_without_gpus():
    model = tl.nn.DataParallel(tl.nn.Linear(2, 2), device_ids=[0, 1])
    assert model.device_ids == [] and tuple(model(tl.ones(3, 2)).shape) == (3, 2)
    assert tuple(tl.nn.parallel.data_parallel(tl.nn.ReLU(), tl.ones(3), [0, 1]).shape) == (3,)
