"""`state_dict` of loaders, DistributedSampler, and copies that are on their way (`pin_memory`)."""

from __future__ import annotations

import pickle

import jax
import numpy as np
import pytest
import torch

import torchlike
from tests.data.helpers import BOTH, Squares, plain, rows
from torchlike.base import device as devices
from torchlike.engine import staging
from torchlike.utils import data as ours
from torchlike.utils.data import pinning

theirs = torch.utils.data


class Counting(ours.IterableDataset):
    """A stream that each worker has every n-th sample of."""

    def __iter__(self):
        info = ours.get_worker_info()
        first, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, 23, step))


class Remembering(ours.IterableDataset):
    """A stream that knows where it is."""

    def __init__(self):
        self.at = 0

    def __iter__(self):
        while self.at < 20:
            self.at += 1
            yield self.at
        self.at = 0

    def state_dict(self):
        return {"at": self.at}

    def load_state_dict(self, state):
        self.at = state["at"]


def own():
    return torchlike.Generator().manual_seed(7)


RESUMED = {
    "shuffled": lambda: ours.DataLoader(rows(torchlike, ours, 20), batch_size=3, shuffle=True),
    "own-generator": lambda: ours.DataLoader(Squares(20), batch_size=3, shuffle=True, generator=own()),
    "replacement": lambda: ours.DataLoader(
        Squares(20), batch_size=3, sampler=ours.RandomSampler(range(20), replacement=True, num_samples=70, generator=own())
    ),
    "weighted": lambda: ours.DataLoader(Squares(4), sampler=ours.WeightedRandomSampler([1, 2, 3, 4], 20)),
    "singles": lambda: ours.DataLoader(Squares(20), batch_size=None),
    "stream": lambda: ours.DataLoader(Counting(), batch_size=3),
    "stream-state": lambda: ours.DataLoader(Remembering(), batch_size=3),
    "workers": lambda: ours.DataLoader(Squares(20), batch_size=3, shuffle=True, num_workers=2),
    "workers-stream": lambda: ours.DataLoader(Counting(), batch_size=2, num_workers=2),
    "workers-stream-state": lambda: ours.DataLoader(Remembering(), batch_size=2, num_workers=1, persistent_workers=True),
}


@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # the machine may have one processor
@pytest.mark.parametrize("name", RESUMED)
def test_goes_on_where_it_was(name):
    """Three batches, then the rest in another loader: as if nothing had happened, and the next epoch too."""
    whole = RESUMED[name]()
    torchlike.manual_seed(5)
    expected = [plain(batch) for batch in whole]
    after = torchlike.random.get_rng_state()
    following = [plain(batch) for batch in whole]
    torchlike.manual_seed(5)
    first = RESUMED[name]()
    iterator = iter(first)
    got = [plain(next(iterator)) for _ in range(3)]
    state = pickle.loads(pickle.dumps(first.state_dict()))
    del iterator
    torchlike.manual_seed(99)  # another process
    second = RESUMED[name]()
    second.load_state_dict(state)
    assert got + [plain(batch) for batch in second] == expected
    torchlike.random.set_rng_state(after)
    assert [plain(batch) for batch in second] == following
    end = second.state_dict()
    assert end["finished"]
    third = RESUMED[name]()
    third.load_state_dict(end)
    assert len([plain(batch) for batch in third]) == len(expected)


def test_states_of_other_loaders():
    with pytest.raises(ValueError, match="num_workers=0, and this one has num_workers=1"):
        ours.DataLoader(Squares(), num_workers=1).load_state_dict(ours.DataLoader(Squares()).state_dict())


@pytest.mark.parametrize("options", [
    {}, {"shuffle": False}, {"drop_last": True}, {"shuffle": False, "drop_last": True, "seed": 3}, {"seed": 11},
])  # fmt: skip
@pytest.mark.parametrize("size, replicas", [(10, 3), (9, 3), (2, 5), (11, 4)])
def test_distributed_sampler(size, replicas, options):
    found = []
    for _lib, data in BOTH:
        orders = []
        for rank in range(replicas):
            sampler = data.DistributedSampler(range(size), num_replicas=replicas, rank=rank, **options)
            orders.append((len(sampler), list(sampler), sampler.set_epoch(2), list(sampler)))
        found.append(orders)
    assert found[0] == found[1]


def test_distributed_sampler_errors():
    for rank in (3, -1):
        messages = []
        for _lib, data in BOTH:
            with pytest.raises(ValueError, match="Invalid rank") as error:
                data.DistributedSampler(range(3), num_replicas=3, rank=rank)
            messages.append(str(error.value))
        assert messages[0] == messages[1]
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        ours.DistributedSampler(range(3))


def test_pinned_batches_are_on_their_way(monkeypatch):
    """With a second CPU device standing in for an accelerator."""
    there = devices.device("cuda", 0)
    monkeypatch.setattr(devices, "jax_device", lambda where: jax.devices()[1 if where is there else 0])
    monkeypatch.setattr(devices, "resolve", lambda where: there if where == "cuda" else devices.CPU)
    x = {"a": torchlike.arange(5), "b": (torchlike.ones(2), "text", [torchlike.zeros(3)])}
    pinned = pinning.pin(x, there)
    assert pinned["a"].is_pinned()
    assert pinned["b"][2][0].is_pinned()
    assert isinstance(pinned["b"], list)  # as torch makes of a tuple
    array = staging.take(pinned["a"]._read(), there)
    assert array.devices() == {jax.devices()[1]}
    assert np.asarray(array).tolist() == [0, 1, 2, 3, 4]
    assert staging.take(pinned["a"]._read(), there) is None  # the copy was given away
    moved = pinned["b"][0].to("cuda")
    assert moved.device is there
    assert not pinned["b"][0].is_pinned()
    assert not torchlike.ones(2).is_pinned()
    monkeypatch.setattr(staging, "put", lambda array, where: "copy")  # between CPU devices it would share the memory
    count, late = len(staging._staged), torchlike.tensor([1.0, 2.0])
    pinning.pin(late, there)
    assert len(staging._staged) == count + 1
    del late
    assert len(staging._staged) == count  # what nobody asked for goes with its tensor


def test_names_that_libraries_import():
    from torchlike.utils.data._utils.collate import default_collate
    from torchlike.utils.data._utils.worker import WorkerInfo
    from torchlike.utils.data.dataloader import _MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter  # noqa: F401

    assert default_collate is ours.default_collate
    assert WorkerInfo(0, 1, 2, None).seed == 2
    assert isinstance(iter(ours.DataLoader(Squares())), _SingleProcessDataLoaderIter)
