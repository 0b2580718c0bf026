"""`linspace` and `eye` are recorded, and still have torch's numbers to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchlike

ENDS = [*np.random.default_rng(3).uniform(-1000, 1000, (12, 2)).tolist(), [0, 1], [1, 0], [-1e30, 1e30], [3, 3]]


@pytest.mark.parametrize("count", [2, 3, 10, 1001, 50_000])
def test_float32_linspace_is_torchs_to_the_bit(count: int) -> None:
    for start, end in ENDS:
        ours = torchlike.linspace(start, end, count)
        np.testing.assert_array_equal(ours.numpy(), torch.linspace(start, end, count).numpy(), str((start, end)))


def test_linspace_is_recorded() -> None:
    x = torchlike.linspace(0, 1, 1000)
    assert x._storage.value.array is None


@pytest.mark.parametrize("start,end", [(0.0, float("inf")), (-3e38, 3e38)])
def test_linspace_of_what_float32_cannot_step(start: float, end: float) -> None:
    np.testing.assert_array_equal(torchlike.linspace(start, end, 5).numpy(), torch.linspace(start, end, 5).numpy())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "bool", "complex64"])
@pytest.mark.parametrize("sizes", [(3,), (2, 4), (4, 2), (0, 3)], ids=str)
def test_eye(sizes: tuple[int, ...], dtype: str) -> None:
    ours = torchlike.eye(*sizes, dtype=getattr(torchlike, dtype))
    theirs = torch.eye(*sizes, dtype=getattr(torch, dtype))
    assert str(ours.dtype) == str(theirs.dtype)
    assert ours.tolist() == theirs.tolist()
