"""Loaders with worker processes: torch's samples in torch's order, its random numbers in the workers, its errors."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import re
import signal
import threading
import time
import warnings

import numpy as np
import pytest
import torch

import torchlike
from tests.data.everything import Everything, Library
from tests.data.helpers import BOTH, Fetching, Squares, compare, rows
from torchlike.utils import data as ours

theirs = torch.utils.data

pytestmark = pytest.mark.filterwarnings(
    "ignore:os.fork:RuntimeWarning",  # JAX's, of torch's workers; ours are started without it
    "ignore:This DataLoader will create:UserWarning",  # the machine may have one processor
)

LOADERS = {
    "plain": {},
    "batches": {"batch_size": 3},
    "drop": {"batch_size": 4, "drop_last": True},
    "shuffle": {"batch_size": 3, "shuffle": True},
    "singles": {"batch_size": None},
    "sampler": {"batch_size": 3, "sampler": [5, 1, 1, 9, 0]},
    "batch-sampler": {"batch_sampler": [[0, 1, 2], [7], [3, 3]]},
    "collate": {"batch_size": 3, "collate_fn": lambda batch: len(batch)},
    "prefetch": {"batch_size": 2, "shuffle": True, "prefetch_factor": 1},
    "prefetch-all": {"batch_size": 2, "shuffle": True, "prefetch_factor": 20},
    "three": {"batch_size": 2, "shuffle": True, "num_workers": 3},
    "persistent": {"batch_size": 3, "shuffle": True, "persistent_workers": True},
    "timeout": {"batch_size": 3, "timeout": 60},
}


DEFAULT = ("singles", "shuffle", "prefetch-all", "persistent")  # the others are as likely to fail as these: see -m full


@pytest.mark.parametrize("name", [n if n in DEFAULT else pytest.param(n, marks=pytest.mark.full) for n in LOADERS])
def test_epochs(name):
    def run(lib, data):
        source = {"collate": Squares, "singles": Fetching}.get(name, lambda: rows(lib, data))()
        generator = lib.Generator().manual_seed(11) if name in ("shuffle", "persistent") else None
        loader = data.DataLoader(source, generator=generator, **{"num_workers": 2, **LOADERS[name]})
        epochs = [list(loader)]
        next(iter(loader))  # left before its end
        epochs.append(list(loader))
        return len(loader), epochs, generator and generator.get_state().tolist()[:50]

    compare(run)


class Draws(Squares):
    """Random numbers of every kind that users draw in a worker."""

    def __init__(self, lib, data):
        super().__init__(6)
        self.lib, self.data = lib, data

    def __getitem__(self, index):
        info = self.data.get_worker_info()
        drawn = self.lib.rand(2).tolist(), random.random(), np.random.random()  # noqa: NPY002 - users' code
        return index, info.id, info.num_workers, info.seed, self.lib.initial_seed(), *drawn, self.started

    started = -1


@pytest.mark.parametrize("persistent", [False, True])
def test_random_numbers_in_workers(persistent):
    def run(lib, data):
        def start(worker_id):
            info = data.get_worker_info()
            info.dataset.started = worker_id + 100

        options = {"num_workers": 2, "worker_init_fn": start, "persistent_workers": persistent, "collate_fn": lambda b: b}
        loader = data.DataLoader(Draws(lib, data), batch_size=2, **options)
        return [list(loader) for _ in range(2)]

    compare(run)
    assert ours.get_worker_info() is None


def stream(data, sizes):
    """A stream that each worker has a part of its own of."""

    def samples(self):
        info = data.get_worker_info()
        part = 0 if info is None else info.id
        return iter(range(10 * part, 10 * part + sizes[part]))

    return type("Stream", (data.IterableDataset,), {"__iter__": samples})()


@pytest.mark.parametrize("options", [
    {"batch_size": 2}, {"batch_size": 2, "drop_last": True}, {"batch_size": None},
    {"batch_size": 3, "persistent_workers": True},
])  # fmt: skip
def test_streams(options):
    # torch drops what it asked of an ended worker when it hears of the end: with one task out that is always the same
    for sizes in ((5, 5), (4, 4, 4)):
        options = options | {"num_workers": len(sizes), "prefetch_factor": 1}
        compare(lambda lib, data: [list(data.DataLoader(stream(data, sizes), **options)) for _ in range(2)])  # noqa: B023
    for sizes in ((7, 2), (0, 5)):
        loader = ours.DataLoader(stream(ours, sizes), num_workers=2, batch_size=2)
        assert sorted(i for b in loader for i in b.tolist()) == [*range(sizes[0]), *range(10, 10 + sizes[1])]


def test_persistent_workers_stay():
    loader = ours.DataLoader(Process(), num_workers=2, persistent_workers=True)
    first, second = [{int(b) for b in loader} for _ in range(2)]
    assert first == second
    assert len(first) == 2
    next(iter(loader))
    assert {int(b) for b in loader} == first  # begun anew in the middle of an epoch
    fresh = ours.DataLoader(Process(), num_workers=2)
    assert {int(b) for b in fresh}.isdisjoint({int(b) for b in fresh})


class Process(Squares):
    def __getitem__(self, index):
        return os.getpid()


class Waiting(Squares):
    """The first sample takes until the sixth is fetched, by another worker."""

    fetched = multiprocessing.Event()

    def __getitem__(self, index):
        if index == 0:
            self.fetched.wait(60)
        if index == 5:
            self.fetched.set()
        return index


def test_out_of_order():
    for _lib, data in BOTH:
        Waiting.fetched.clear()
        found = [int(b) for b in data.DataLoader(Waiting(8), num_workers=2, in_order=False, prefetch_factor=2)]
        assert sorted(found) == list(range(8))
        assert found.index(0) > 1


class Two(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


class Failing(Squares):
    def __init__(self, how):
        super().__init__(4)
        self.how = how

    def __getitem__(self, index):
        if index == 2:
            if self.how == "sleep":
                time.sleep(60)
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "exit":
                os._exit(3)
            if self.how == "decode":
                return b"\xff".decode()
            raise {"key": KeyError("k"), "value": ValueError("bad"), "two": Two(1, 2), "index": IndexError()}[self.how]
        return index


def _said(error):
    """A message without lines of code and file names of the libraries."""
    text = re.sub(r'  File ".*(dataloader|fetch|worker|iterators|workers)\.py".*\n(    .*\n)+', "", str(error))
    return re.sub(r"pid(\(s\))? \d+", "pid", text)


@pytest.mark.parametrize("how", ["key", "value", "two", "index", "decode"])
def test_errors_come_from_workers(how):
    raised = []
    for _lib, data in BOTH:
        loader, got = iter(data.DataLoader(Failing(how), num_workers=2)), []
        with pytest.raises(Exception) as error:  # noqa: PT011 - whatever torch raises
            got.extend(int(batch) for batch in loader)
        raised.append((type(error.value).__name__, _said(error.value), got, [int(batch) for batch in loader]))  # it goes on
    assert raised[0] == raised[1]
    assert raised[0][2:] == ([0, 1], [3])


@pytest.mark.parametrize("how, reason", [
    ("kill", r"DataLoader worker \(pid \d+\) is killed by signal: Killed\. $"),
    ("exit", r"DataLoader worker \(pid \d+\) exited unexpectedly with exit code 3\. Details are lost due to multiprocessing"),
])  # fmt: skip
def test_a_worker_that_dies_is_an_error(how, reason):
    # torch says the same, at a moment that depends on when its signal handler runs
    loader = iter(ours.DataLoader(Failing(how), num_workers=2))
    assert [int(next(loader)), int(next(loader))] == [0, 1]
    with pytest.raises(RuntimeError, match=r"^DataLoader worker \(pid\(s\) \d+\) exited unexpectedly$") as error:
        next(loader)
    assert re.match(reason, str(error.value.__cause__))
    assert list(loader) == []


def test_other_failures():
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0\.5 seconds"):
        list(ours.DataLoader(Failing("sleep"), num_workers=2, timeout=0.5))
    with pytest.raises(
        ZeroDivisionError, match=r"Caught ZeroDivisionError in DataLoader worker process 0\.\nOriginal Traceback"
    ):
        list(ours.DataLoader(Squares(), num_workers=2, worker_init_fn=lambda i: 1 / 0))
    with pytest.raises(Exception, match=r"in DataLoader worker process 0\.(.|\n)*pickle"):  # where torch waits for ever
        list(ours.DataLoader(Squares(), num_workers=2, collate_fn=lambda batch: lambda: batch))
    grad = ours.DataLoader([torchlike.ones(2, requires_grad=True)] * 2, num_workers=1)
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
        list(grad)


BAD = {
    "context": {"multiprocessing_context": "zzz"},
    "context-type": {"multiprocessing_context": 3},
    "prefetch": {"prefetch_factor": -1},
}


@pytest.mark.parametrize("name", BAD)
def test_argument_errors(name):
    with pytest.raises(Exception) as reference:  # noqa: PT011 - whatever torch raises
        list(theirs.DataLoader(Squares(), num_workers=1, **BAD[name]))
    with pytest.raises(reference.type) as raised:
        list(ours.DataLoader(Squares(), num_workers=1, **BAD[name]))
    assert str(raised.value) == str(reference.value)
    with pytest.raises(AssertionError, match="prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter"):
        iter(ours.DataLoader(Squares(), num_workers=1, prefetch_factor=0))


def _close(a, b):
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return all(_close(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_close, a, b))
    if isinstance(a, str):
        return a == b
    assert str(a.dtype) == str(b.dtype)
    assert tuple(a.shape) == tuple(b.shape)
    np.testing.assert_allclose(a.double().numpy(), b.double().numpy(), rtol=1e-5, atol=1e-6)
    return True


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_tensors_made_in_workers(method):
    expected = list(theirs.DataLoader(Everything(torch), batch_size=2))
    source = Everything(torchlike if method == "fork" else Library())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = list(ours.DataLoader(source, batch_size=2, num_workers=1, multiprocessing_context=method))
    assert not [w for w in seen if "fork" in str(w.message)]
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert _close(a, b)
    found[0]["image"].add_(1)  # the memory is ours


def test_large_batches_and_kept_ones():
    source = ours.TensorDataset(torchlike.arange(64.0).reshape(64, 1).expand(64, 5000) * 1.0)
    kept = [batch for (batch,) in ours.DataLoader(source, batch_size=8, num_workers=2)]
    assert [batch[:, -1].tolist() for batch in kept] == [[float(8 * i + j) for j in range(8)] for i in range(8)]
    kept = list(ours.DataLoader([np.full(9000, i) for i in range(4)], batch_size=None, num_workers=2, collate_fn=lambda a: a))
    assert all(type(a) is np.ndarray and a.flags.writeable and (a == i).all() for i, a in enumerate(kept))


def test_no_workers_are_left():
    iterator = iter(ours.DataLoader(Squares(50), num_workers=2))
    next(iterator)
    processes = [worker.process for worker in iterator._workers]
    pids = [process.pid for process in processes]
    del iterator, processes
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_loader_in_a_worker_and_iterators_side_by_side():
    class Nested(Squares):
        def __getitem__(self, index):
            return sum(int(b) for b in ours.DataLoader(Squares(3)))

    loader = ours.DataLoader(Nested(4), num_workers=2)
    assert [[int(a), int(b)] for a, b in zip(loader, loader, strict=True)] == [[5, 5]] * 4


def _memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="counts descriptors in Linux's /proc")
@pytest.mark.parametrize("batches", [3000, pytest.param(20_000, marks=pytest.mark.full)])
def test_nothing_leaks(batches):
    """Batches in shared memory, many times over: descriptors, maps and memory stay as they are."""
    source = [np.zeros(5000, np.float32)] * batches
    loader = ours.DataLoader(source, batch_size=1, num_workers=2)
    marks = []
    for i, _batch in enumerate(loader):
        if i in (batches // 3, batches - 5):
            with open("/proc/self/maps") as file:
                maps = sum("torchlike-batch" in line for line in file)
            marks.append((len(os.listdir("/proc/self/fd")), maps, _memory()))
    (fds, maps, memory), (fds_after, maps_after, memory_after) = marks
    assert fds_after <= fds
    assert maps_after <= maps + 2
    assert memory_after - memory < 8e6
    assert not [name for name in os.listdir("/dev/shm") if "torchlike" in name]


@pytest.mark.full  # two minutes of forks
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:.*programs of the same:RuntimeWarning")  # the other thread is to compile, again and again
def test_forks_while_another_thread_trains_and_compiles():
    """The other thread may hold no lock of JAX or of a generator at the moment of a fork: the worker would wait for ever."""
    stop = threading.Event()

    def train():
        model = torchlike.nn.Linear(64, 10)
        optimizer = torchlike.optim.SGD(model.parameters(), lr=0.1)
        for step in itertools.count():
            if stop.is_set():
                return
            optimizer.zero_grad()
            model(torchlike.randn(32 + step % 40, 64)).sum().backward()  # a new shape is a new program
            optimizer.step()

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(40):
            assert len(list(ours.DataLoader(Everything(torchlike), batch_size=2, num_workers=2, timeout=60))) == 2
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("workers", [0, 2])
def test_datasets_of_grain(workers):
    """grain's datasets with random access are datasets here, too, its transformations included."""
    grain = pytest.importorskip("grain", reason="needs grain: pip install torchlike[data]")
    source = grain.MapDataset.source([np.full(3, i) for i in range(6)]).map(lambda x: x + 1)
    found = [batch.tolist() for batch in ours.DataLoader(source, batch_size=4, num_workers=workers)]
    assert found == [[[i + 1] * 3 for i in part] for part in ((0, 1, 2, 3), (4, 5))]
