"""What the tests of datasets and loaders share."""

from __future__ import annotations

import torch

import torchlike
from torchlike.utils import data as ours

theirs = torch.utils.data

BOTH = ((torchlike, ours), (torch, theirs))


def plain(value):
    """Tensors as lists, whichever library they are of."""
    if isinstance(value, (torch.Tensor, torchlike.Tensor)):
        return str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "_fields"):
        return type(value)(*map(plain, value))
    return type(value)(map(plain, value)) if isinstance(value, (list, tuple)) else value


def compare(make):
    """Run `make(lib, data)` in both libraries from one seed; the results and the next random numbers must agree."""
    results = []
    for lib, data in BOTH:
        lib.manual_seed(3)
        results.append((plain(make(lib, data)), lib.rand(3).tolist(), lib.randperm(5).tolist()))
    assert results[0] == results[1]
    return results[0][0]


class Squares(ours.Dataset):
    """Any object will do as a dataset, in both libraries."""

    def __init__(self, size=10):
        self.size = size

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        return index * index

    def __len__(self):
        return self.size


class Fetching(Squares):
    def __getitems__(self, indices):
        return [-i for i in indices]


def rows(lib, data, size=10):
    return data.TensorDataset(lib.arange(size * 2.0).reshape(size, 2), lib.arange(size))
