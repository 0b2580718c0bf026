"""DataLoader and samplers: the same samples in the same order as torch's, and the same random numbers afterwards."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import torchlike
from tests.data.helpers import Fetching, Squares, compare, rows
from torchlike.utils import data as ours

theirs = torch.utils.data

LOADERS = {
    "plain": {},
    "batches": {"batch_size": 4},
    "drop": {"batch_size": 4, "drop_last": True},
    "shuffle": {"shuffle": True},
    "shuffle-batches": {"batch_size": 3, "shuffle": True},
    "shuffle-even": {"batch_size": 5, "shuffle": True},
    "shuffle-drop": {"batch_size": 4, "shuffle": True, "drop_last": True},
    "one-batch": {"batch_size": 100, "shuffle": True},
    "singles": {"batch_size": None},
    "singles-shuffled": {"batch_size": None, "shuffle": True},
    "sampler": {"batch_size": 3, "sampler": [5, 1, 1, 9, 0]},
    "batch-sampler": {"batch_sampler": [[0, 1, 2], [7], [3, 3]]},
    "collate": {"batch_size": 3, "collate_fn": len},
    "workers-arguments": {
        "batch_size": 3,
        "timeout": 0,
        "persistent_workers": False,
        "in_order": False,
        "prefetch_factor": None,
    },
}


@pytest.mark.parametrize("dataset", ["tensors", "object", "fetching", "subset"])
@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("name", LOADERS)
def test_epochs(name, own_generator, dataset):
    def run(lib, data):
        source = {
            "tensors": lambda: rows(lib, data),
            "object": Squares,
            "fetching": Fetching,
            "subset": lambda: data.Subset(rows(lib, data, 20), list(range(3, 13))),
        }[dataset]()
        generator = lib.Generator().manual_seed(11) if own_generator else None
        loader = data.DataLoader(source, generator=generator, **LOADERS[name])
        epochs = [list(loader) for _ in range(3)]
        next(iter(loader))  # left before its end
        epochs.append(list(loader))
        if generator is not None:
            epochs.append(generator.get_state().tolist()[:100])
        return len(loader), epochs

    compare(run)


SAMPLERS = {
    "sequential": lambda data, g: data.SequentialSampler(range(7)),
    "random": lambda data, g: data.RandomSampler(range(7), generator=g),
    "random-more": lambda data, g: data.RandomSampler(range(7), num_samples=17, generator=g),
    "random-fewer": lambda data, g: data.RandomSampler(range(7), num_samples=3, generator=g),
    "random-exact": lambda data, g: data.RandomSampler(range(7), num_samples=14, generator=g),
    "replacement": lambda data, g: data.RandomSampler(range(7), replacement=True, num_samples=70, generator=g),
    "replacement-32": lambda data, g: data.RandomSampler(range(7), replacement=True, num_samples=64, generator=g),
    "subset": lambda data, g: data.SubsetRandomSampler([4, 2, 9, 9, 1], generator=g),
    "weighted": lambda data, g: data.WeightedRandomSampler([0.1, 3.0, 0.0, 0.5, 2.0], 30, generator=g),
    "weighted-without": lambda data, g: data.WeightedRandomSampler([0.1, 3.0, 0.2, 0.5], 4, replacement=False, generator=g),
    "batches": lambda data, g: data.BatchSampler(data.RandomSampler(range(7), generator=g), 3, False),
    "batches-drop": lambda data, g: data.BatchSampler(data.RandomSampler(range(7), generator=g), 3, True),
    "batches-even-drop": lambda data, g: data.BatchSampler(range(6), 3, True),
}


@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name, own_generator):
    def run(lib, data):
        generator = lib.Generator().manual_seed(5) if own_generator else None
        sampler = SAMPLERS[name](data, generator)
        lists = [list(sampler), list(sampler)]
        return lists, len(sampler), generator.get_state().tolist()[:100] if generator else None

    compare(run)


def test_sampler_in_a_loader_of_a_shared_generator():
    """Draws made between batches come at the same places."""

    def run(lib, data):
        generator = lib.Generator().manual_seed(5)
        loader = data.DataLoader(rows(lib, data), batch_size=4, shuffle=True, generator=generator)
        return [[(batch, lib.rand(2, generator=generator)) for batch in loader] for _ in range(2)]

    compare(run)


def test_replacement_draws_as_it_goes():
    def run(lib, data):
        generator = lib.Generator().manual_seed(5)
        sampler = data.RandomSampler(range(50), replacement=True, num_samples=80, generator=generator)
        loader = data.DataLoader(rows(lib, data, 50), batch_size=10, sampler=sampler, generator=generator)
        return [(batch, lib.rand(2, generator=generator)) for batch in loader]

    compare(run)


class TestStreams:
    class Stream(ours.IterableDataset):
        def __init__(self, size=7, promised=None):
            self.size, self.promised = size, promised

        def __iter__(self):
            return iter(range(self.size))

        def __len__(self):
            if self.promised is None:
                raise TypeError("no length")
            return self.promised

    def stream(self, data, *args):
        """Both libraries ask for a dataset of their own class."""
        return type("Stream", (data.IterableDataset,), dict(self.Stream.__dict__))(*args)

    @pytest.mark.parametrize("options", [
        {}, {"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}, {"batch_size": 7},
        {"shuffle": False},
    ])  # fmt: skip
    def test_batches(self, options):
        compare(lambda lib, data: [list(data.DataLoader(self.stream(data), **options)) for _ in range(2)])

    def test_lengths(self):
        for options in ({}, {"batch_size": 3}, {"batch_size": 3, "drop_last": True}, {"batch_size": None}):
            compare(lambda lib, data, options=options: len(data.DataLoader(self.stream(data, 7, 8), **options)))

    def test_more_than_promised_warns(self):
        loader = ours.DataLoader(self.Stream(7, 5), batch_size=None)
        assert len(loader) == 5
        with pytest.warns(UserWarning, match="was reported to be 5"):
            list(loader)

    def test_chain(self):
        def run(lib, data):
            chained = self.stream(data, 2, 2) + self.stream(data, 3, 3)
            assert isinstance(chained, data.ChainDataset)
            return len(chained), list(chained)

        compare(run)

    def test_chain_of_something_else(self):
        with pytest.raises(AssertionError, match="ChainDataset only supports IterableDataset"):
            list(ours.ChainDataset([Squares()]))


BAD = {
    "workers": lambda d, s: d.DataLoader(s, num_workers=-1),
    "timeout": lambda d, s: d.DataLoader(s, timeout=-1),
    "prefetch": lambda d, s: d.DataLoader(s, prefetch_factor=2),
    "prefetch-negative": lambda d, s: d.DataLoader(s, num_workers=1, prefetch_factor=-2),
    "persistent": lambda d, s: d.DataLoader(s, persistent_workers=True),
    "shuffle-sampler": lambda d, s: d.DataLoader(s, shuffle=True, sampler=[1]),
    "batch-sampler": lambda d, s: d.DataLoader(s, batch_sampler=[[1]], batch_size=2),
    "batch-sampler-drop": lambda d, s: d.DataLoader(s, batch_sampler=[[1]], drop_last=True),
    "none-drop": lambda d, s: d.DataLoader(s, batch_size=None, drop_last=True),
    "batch-size": lambda d, s: d.DataLoader(s, batch_size=0),
    "batch-size-float": lambda d, s: d.DataLoader(s, batch_size=2.0),
    "drop-last": lambda d, s: d.DataLoader(s, drop_last=1),
    "empty": lambda d, s: d.DataLoader([], shuffle=True),
    "context": lambda d, s: d.DataLoader(s, multiprocessing_context="fork"),
    "fixed": lambda d, s: setattr(d.DataLoader(s), "batch_size", 3),
    "timeout-later": lambda d, s: iter(d.DataLoader(s, timeout=1)),
    "replacement": lambda d, s: d.RandomSampler(s, replacement=1),
    "num-samples": lambda d, s: d.RandomSampler(s, num_samples=0),
    "weighted": lambda d, s: d.WeightedRandomSampler([[1.0]], 2),
    "weighted-count": lambda d, s: d.WeightedRandomSampler([1.0], 0),
    "weighted-replacement": lambda d, s: d.WeightedRandomSampler([1.0], 1, replacement=0),
    "weighted-too-many": lambda d, s: list(d.WeightedRandomSampler([1.0, 2.0], 3, replacement=False)),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name):
    with pytest.raises(Exception) as reference:  # noqa: PT011 - whatever torch raises
        BAD[name](theirs, Squares())
    with pytest.raises(reference.type) as raised:
        BAD[name](ours, Squares())
    assert str(raised.value) == str(reference.value)


@pytest.mark.parametrize("options", [{"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}])
def test_stream_errors(options):
    messages = []
    for data in (ours, theirs):
        stream = type("Stream", (data.IterableDataset,), {"__iter__": lambda self: iter(())})()
        with pytest.raises(ValueError, match="expected unspecified") as raised:
            data.DataLoader(stream, **options)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_pinning_warns_without_an_accelerator():
    loader = ours.DataLoader(Squares(), pin_memory=True)
    with pytest.warns(UserWarning, match="no accelerator is found"):
        list(loader)


@pytest.mark.parametrize("make", [lambda: rows(torchlike, ours), lambda: ours.Subset(rows(torchlike, ours), range(3))])
def test_index_out_of_bounds(make):
    loader = ours.DataLoader(make(), batch_sampler=[[0, 1], [2, 10]])
    with pytest.raises(IndexError, match=r"index 10 is out of|index 10"):
        list(loader)


def test_negative_indices_count_from_the_end():
    compare(lambda lib, data: list(data.DataLoader(rows(lib, data), batch_sampler=[[-1, 0], [-10, 2]])))


def test_subclass_that_picks_its_own_way():
    def run(lib, data):
        class Doubled(data.TensorDataset):
            def __getitem__(self, index):
                return tuple(2 * item for item in super().__getitem__(index))

        dataset = Doubled(lib.arange(6), lib.arange(6.0))
        return list(data.DataLoader(dataset, 4)), list(data.DataLoader(data.Subset(dataset, [5, 3]), 2))

    compare(run)


def test_iterator():
    loader = ours.DataLoader(rows(torchlike, ours), batch_size=4)
    iterator = iter(loader)
    assert iter(iterator) is iterator
    assert len(iterator) == 3
    with pytest.raises(NotImplementedError):
        iterator.__getstate__()


def test_a_loop_without_optimizer_stays_bounded():
    from torchlike import engine

    total = torchlike.zeros(2)
    runs = []
    for batch, _ in ours.DataLoader(rows(torchlike, ours, 40), batch_size=4):
        runs.append(engine.stats.run)
        total = total + batch.sum(0)
    assert runs == sorted(set(runs))
    assert total.tolist() == [1560.0, 1600.0]


def test_batches_compile_once():
    from torchlike import engine

    loader = ours.DataLoader(rows(torchlike, ours, 40), batch_size=4, shuffle=True)
    means = []
    compiled = []
    for _ in range(2):
        for batch, _ in loader:
            means.append(batch.mean())
            compiled.append(engine.stats.compiled)
    assert set(compiled[1:]) == {compiled[0] + 1}
    assert np.mean([mean.item() for mean in means]) == pytest.approx(39.5)


def test_warnings_of_random_split():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        ours.random_split(range(3), [0.9, 0.05, 0.05, 0.0])
    assert "Length of split at index 3 is 0" in str(seen[-1].message)
