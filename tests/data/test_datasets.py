"""Datasets, splits and collation against torch."""

from __future__ import annotations

import collections

import numpy as np
import pytest
import torch

import torchlike
from tests.data.helpers import Fetching, Squares, compare, rows
from torchlike.utils import data as ours

theirs = torch.utils.data


def test_tensor_dataset():
    compare(lambda lib, data: (len(rows(lib, data)), rows(lib, data)[3], rows(lib, data)[-1], rows(lib, data)[2:4]))
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        ours.TensorDataset(torchlike.ones(2), torchlike.ones(3))


def test_concat():
    def run(lib, data):
        dataset = data.ConcatDataset([rows(lib, data, 3), rows(lib, data, 2), Squares(4)])
        return len(dataset), dataset.cumulative_sizes, [dataset[i] for i in (0, 2, 3, 4, 5, 8, -1, -9)]

    compare(run)
    assert isinstance(Squares() + Squares(), ours.ConcatDataset)
    with pytest.raises(ValueError, match="absolute value of index"):
        ours.ConcatDataset([Squares(3)])[-4]
    with pytest.raises(AssertionError, match="should not be an empty iterable"):
        ours.ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ours.ConcatDataset([ours.ChainDataset([])])


def test_subset():
    def run(lib, data):
        subset = data.Subset(rows(lib, data), [4, 2, 2])
        nested = data.Subset(subset, [2, 0])
        return len(nested), subset[0], nested[1], nested.__getitems__([0, 1]), data.Subset(Fetching(), [3, 4]).__getitems__([1])

    compare(run)

    class Half(ours.Subset):
        def __getitem__(self, index):
            return 0

    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
        Half(Squares(), [1])


def test_stack():
    def run(lib, data):
        as_tuple = data.StackDataset(rows(lib, data), Squares(), Fetching())
        as_dict = data.StackDataset(x=rows(lib, data), y=Squares())
        loaders = [list(data.DataLoader(dataset, 4)) for dataset in (as_tuple, as_dict)]
        return len(as_tuple), as_tuple[3], as_dict[2], as_tuple.__getitems__([1, 2]), loaders

    compare(run)


@pytest.mark.parametrize("make", [
    lambda d: d.StackDataset(),
    lambda d: d.StackDataset(Squares(3), Squares(4)),
    lambda d: d.StackDataset(Squares(3), y=Squares(3)),
    lambda d: d.StackDataset(a=Squares(3), y=Squares(4)),
])  # fmt: skip
def test_stack_errors(make):
    with pytest.raises(ValueError, match=r".") as reference:
        make(theirs)
    with pytest.raises(ValueError, match=r".") as raised:
        make(ours)
    assert str(raised.value) == str(reference.value)


@pytest.mark.parametrize("lengths", [[3, 7], [10], [0.5, 0.5], [0.3, 0.3, 0.4], [0.33, 0.33, 0.34], [1, 2, 3, 4]])
@pytest.mark.parametrize("own_generator", [False, True])
def test_random_split(lengths, own_generator):
    def run(lib, data):
        generator = lib.Generator().manual_seed(4) if own_generator else None
        options = {"generator": generator} if generator else {}
        return [list(part.indices) for part in data.random_split(Squares(10), lengths, **options)]

    compare(run)


@pytest.mark.parametrize("lengths", [[3, 3], [1.5, -0.5]])
def test_random_split_errors(lengths):
    with pytest.raises(ValueError, match=r".") as reference:
        theirs.random_split(Squares(10), lengths)
    with pytest.raises(ValueError, match=r".") as raised:
        ours.random_split(Squares(10), lengths)
    assert str(raised.value) == str(reference.value)


Point = collections.namedtuple("Point", ["x", "y"])

BATCHES = {
    "ints": lambda lib: [1, 2, 3],
    "bools": lambda lib: [True, False],
    "floats": lambda lib: [1.0, 2.5],
    "strings": lambda lib: ["a", "b"],
    "bytes": lambda lib: [b"a", b"b"],
    "tensors": lambda lib: [lib.ones(2), lib.zeros(2)],
    "tensors-pending": lambda lib: [lib.ones(2) * i for i in range(3)],
    "tensors-mixed": lambda lib: [lib.tensor([1.0, 2.0]), lib.ones(2) * 3],
    "scalars": lambda lib: [lib.tensor(1), lib.tensor(2)],
    "rows": lambda lib: list(lib.arange(6.0).reshape(3, 2)),
    "arrays": lambda lib: [np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)],
    "arrays-int": lambda lib: [np.arange(3), np.arange(3)],
    "numpy-float": lambda lib: [np.float64(1.0), np.float64(2.0)],
    "numpy-float32": lambda lib: [np.float32(1.0), np.float32(2.0)],
    "numpy-int": lambda lib: [np.int32(1), np.int32(2)],
    "numpy-bool": lambda lib: [np.bool_(True), np.bool_(False)],
    "tuples": lambda lib: [(1, lib.ones(2)), (2, lib.ones(2))],
    "lists": lambda lib: [[1, 2.0], [3, 4.0]],
    "dicts": lambda lib: [{"a": 1, "b": [lib.ones(1), "x"]}, {"a": 2, "b": [lib.ones(1), "y"]}],
    "ordered": lambda lib: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "default": lambda lib: [collections.defaultdict(int, a=1), collections.defaultdict(int, a=2)],
    "named": lambda lib: [Point(1, lib.ones(2)), Point(2, lib.ones(2))],
    "range": lambda lib: [range(2), range(2)],
    "nested": lambda lib: [({"x": (1, [2.0])},), ({"x": (3, [4.0])},)],
    "one": lambda lib: [lib.ones(3)],
}


@pytest.mark.parametrize("name", BATCHES)
def test_collate(name):
    types = []

    def run(lib, data):
        out = data.default_collate(BATCHES[name](lib))
        types.append(type(out).__name__)
        return out

    compare(run)
    assert types[0] == types[1]


@pytest.mark.parametrize("name", BATCHES)
def test_convert(name):
    types = []

    def run(lib, data):
        out = data.default_convert(BATCHES[name](lib))
        types.append(type(out).__name__)
        return out

    compare(run)
    assert types[0] == types[1]


@pytest.mark.parametrize("make", [
    lambda lib: [object(), object()],
    lambda lib: [None],
    lambda lib: [np.array(["a"]), np.array(["b"])],
    lambda lib: [[1, 2], [3]],
    lambda lib: [lib.ones(2), lib.ones(3)],
])  # fmt: skip
def test_collate_errors(make):
    with pytest.raises((TypeError, RuntimeError)) as reference:
        theirs.default_collate(make(torch))
    with pytest.raises(reference.type) as raised:
        ours.default_collate(make(torchlike))
    assert str(raised.value) == str(reference.value)


def test_collate_keeps_gradients():
    leaf = torchlike.ones(2, requires_grad=True)
    ours.default_collate([leaf, leaf * 2]).sum().backward()
    assert leaf.grad.tolist() == [3.0, 3.0]


def test_custom_map():
    from torchlike.utils.data.collate import collate

    joined = collate(
        [("a", 1), ("b", 2)], collate_fn_map={str: lambda b, collate_fn_map: "".join(b), int: lambda b, **_: sum(b)}
    )
    assert joined == ["ab", 3]


def test_not_implemented():
    with pytest.raises(NotImplementedError, match="should implement __getitem__"):
        ours.Dataset()[0]
    assert ours.Dataset[int]  # generic, as in annotations of users' classes
