"""`from_numpy` and `numpy()` share elements with numpy arrays as torch's do: each scenario gives torch's results."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch

import torchlike
from torchlike.tensor.shared import Shared

LARGE = (1 << 18) // 4 + 8  # float32 elements, beyond those that are always compared


def array_written(t, n):
    a = np.ones(n, np.float32)
    x = t.from_numpy(a)
    first = x.sum().item() if n < LARGE else 0
    a[1:3] = 7
    return first, x[:5].tolist(), x.sum().item()


def tensor_written(t, n):
    a = np.zeros(n, np.float32)
    x = t.from_numpy(a)
    x.add_(1)
    x[2] = 5
    x.view(-1)[3:4].mul_(8)
    return a[:5].tolist(), a.sum()


def read_out_before(t, n):
    x = t.zeros(n)
    a = x.numpy()
    x += 2
    x[0] = 9
    return a[:4].tolist(), a.sum()


def read_out_written(t, n):
    x = t.zeros(n)
    a = x.numpy()
    a += 3
    return x[:3].tolist(), (x * 2).sum().item()


def read_out_and_dropped(t, n):
    x = t.zeros(n)
    x.numpy()[1] = 4
    x.numpy()[:1] += 2
    return x[:3].tolist()


def two_arrays(t, n):
    x = t.zeros(n)
    a, b = x.numpy(), x.numpy()
    a[0] = 1
    del a
    b[1] = 2
    x[2] = 3
    return b[:4].tolist(), x[:4].tolist()


def parameter(t, n):
    w = t.nn.Parameter(t.ones(n))
    kept = w.detach().cpu().numpy()
    optimizer = t.optim.SGD([w], lr=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (w * 3).sum().backward()
        optimizer.step()
    grad = w.grad.numpy()
    w.grad.zero_()
    w.data.numpy()[1] = 100
    return kept[:3].tolist(), grad[:2].tolist(), w[:3].tolist()


def made_and_filled(t, n):
    def build():
        a = np.empty(n, np.float32)
        x = t.from_numpy(a)
        a[:] = 3
        return x

    x = build()
    return x[:2].tolist(), x.sum().item()


def of_a_view(t, n):
    a = np.zeros((4, n), np.float32)
    x = t.from_numpy(a[1:3])
    x += 1
    a[2] += 5 if n < LARGE else 0
    return a[:, 0].tolist(), x[:, 1].tolist()


def transposed(t, n):
    a = np.zeros((3, n), np.float32)
    x = t.from_numpy(a.T)
    x[0] = t.tensor([1.0, 2.0, 3.0])
    return a[:, :2].tolist(), list(x.shape)


def as_tensor(t, n):
    a = np.zeros(n, np.float32)
    x, y = t.as_tensor(a), t.as_tensor(a, dtype=t.float64)
    z, copied = t.asarray(a), t.tensor(a)
    a[0] = 1
    return x[0].item(), y[0].item(), z[0].item(), copied[0].item()


def back_and_forth(t, n):
    a = np.zeros(n, np.float32)
    b = t.from_numpy(a).numpy()
    b[0] = 1
    return a[0], np.shares_memory(a, b)


def views_read_out(t, n):
    x = t.zeros(n, 2)
    flat, turned = x.view(-1).numpy(), x.t().numpy()
    x[0, 1] = 5
    flat[2] = 7
    return turned[:, :2].tolist(), flat[:4].tolist(), x[:2].tolist()


def rows_read_out(t, n):
    x = t.arange(12.0).view(3, 4)
    row, column, part = x[1].numpy(), x[:, 2].numpy(), x[1:, 1:3].numpy()
    x.mul_(2)
    row[0] = -1
    return row.tolist(), column.tolist(), part.tolist(), x.tolist()


def not_written_through(t, n):
    x = t.zeros(n)
    a = x.clone().numpy()
    b = (x + 1).numpy()
    c = np.asarray(x).copy()
    x += 1
    return a[0], b[0], c[0], x.double().numpy()[0]


def other_types(t, n):
    found = []
    for dtype in (np.int64, np.uint8, np.bool_, np.float16, np.complex128, np.float64):
        a = np.zeros(n, dtype)
        x = t.from_numpy(a)
        a[1] = 1
        x[0] = 1
        found.append((str(x.dtype).rpartition(".")[2], a[0].item(), x[1].item()))
    scalar = np.array(2.0)
    y = t.from_numpy(scalar)
    y += 1
    return found, scalar.item()


def nan_stays(t, n):
    a = np.full(n, np.nan, np.float32)
    x = t.from_numpy(a)
    version = x._version
    found = [x.isnan().all().item(), x.isnan().any().item()]
    return found, x._version - version


def reassigned(t, n):
    x = t.zeros(n)
    a = x.numpy()
    x.data = t.ones(n)
    x += 1
    return a[0], x[0].item()


SCENARIOS = [
    array_written, tensor_written, read_out_before, read_out_written, read_out_and_dropped, two_arrays, parameter,
    made_and_filled, of_a_view, transposed, as_tensor, back_and_forth, views_read_out, rows_read_out, not_written_through,
    other_types, nan_stays, reassigned,
]  # fmt: skip


@pytest.mark.parametrize("size", [6, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.__name__)
def test_as_torch(scenario, size):
    if size == LARGE and scenario is views_read_out:
        size //= 4  # of a large one such parts are copies, see test_large_part
    assert scenario(torchlike, size) == scenario(torch, size)


def test_large_part():
    x = torchlike.zeros(4, LARGE)
    part = x[1].numpy()
    x += 1
    assert part[0] == 0  # torch: 1
    assert x.t().numpy()[0, 0] == 1


def test_nothing_is_kept():
    """An array that nobody holds is let go of, and a storage is plain again."""
    x = torchlike.zeros(8)
    kept = weakref.ref(x.numpy())
    assert type(x._storage) is Shared
    assert x.sum().item() == 0
    assert type(x._storage) is not Shared
    assert kept() is None
    y = torchlike.zeros(LARGE)
    kept = weakref.ref(y.numpy())
    assert kept() is None  # a large one at once
    assert type(y._storage) is not Shared
    made = torchlike.from_numpy(np.ones(5))
    assert made.sum().item() == 5
    assert type(made._storage) is not Shared


def test_not_copied_for_nothing():
    array = np.ones(1000)
    place = array.ctypes.data
    x = torchlike.from_numpy(array)
    del array
    assert x._read().numpy().ctypes.data == place


def test_protocol():
    x = torchlike.zeros(4)
    shared, copied, cast = np.asarray(x), np.array(x), np.asarray(x, np.float64)
    x += 1
    assert [shared[0], copied[0], cast[0]] == [1, 0, 0]


def test_compiled_step():
    w = torchlike.nn.Parameter(torchlike.ones(4))
    optimizer = torchlike.optim.SGD([w], lr=0.1)

    @torchlike.compile
    def step(x):
        optimizer.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    kept = w.detach().numpy()
    for k in range(4):
        step(torchlike.ones(4))
        if k:  # the first call is watched
            np.testing.assert_allclose(kept, w.detach().tolist())


def test_in_transforms():
    x = torchlike.ones(3)
    kept = x.numpy()
    found = torchlike.func.grad(lambda v: (v * x).sum())(torchlike.ones(3))
    kept[0] = 5
    again = torchlike.func.grad(lambda v: (v * x).sum())(torchlike.ones(3))
    assert found.tolist() == [1, 1, 1]
    assert again.tolist() == [5, 1, 1]


def test_threads_and_copies():
    import copy
    import pickle

    x = torchlike.zeros(4)
    kept = x.numpy()
    kept[0] = 1
    twins = [copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone()]
    kept[1] = 1
    x += 1
    assert [t.tolist() for t in twins] == [[1, 0, 0, 0]] * 3
    gc.collect()
    assert kept.tolist() == x.tolist() == [2, 2, 1, 1]
