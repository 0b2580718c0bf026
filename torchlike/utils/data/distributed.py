"""DistributedSampler: each process of several takes its share of a dataset."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sized
from typing import Any

from torchlike.engine.random import Generator
from torchlike.utils.data.sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index from `rank` on, of an order that is the same in all processes.

    Indices are repeated (or, with `drop_last`, left out) so that every process has equally many.

    Args:
        num_replicas, rank: how many processes there are and which this one is; of the default process group if None.
        shuffle: an order of its own for each epoch; call `set_epoch` before each.
        seed: of that order, the same in all processes.

    Raises:
        ValueError: for a rank out of range, or where there is no process group to ask.

    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Sized,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.num_replicas = _group().get_world_size() if num_replicas is None else num_replicas
        self.rank = _group().get_rank() if rank is None else rank
        if self.rank >= self.num_replicas or self.rank < 0:
            raise ValueError(f"Invalid rank {self.rank}, rank should be in the interval [0, {self.num_replicas - 1}]")
        self.dataset = dataset
        self.epoch = 0
        self.drop_last = drop_last
        self.shuffle = shuffle
        self.seed = seed
        self.num_samples = _share(len(dataset), self.num_replicas, drop_last)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        count = len(self.dataset)
        if self.shuffle:
            order = Generator().manual_seed(self.seed + self.epoch).randperm(count).tolist()
        else:
            order = list(range(count))
        if not self.drop_last:
            missing = self.total_size - len(order)
            order += (order * math.ceil(missing / max(len(order), 1)))[:missing]
        order = order[: self.total_size]
        if len(order) != self.total_size:
            raise AssertionError(f"Number of indices ({len(order)}) does not match total_size ({self.total_size})")
        return iter(order[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """The epoch whose order comes next; without this every epoch has the same."""
        self.epoch = epoch


def _share(count: int, replicas: int, drop_last: bool) -> int:
    if drop_last and count % replicas != 0:
        return math.ceil((count - replicas) / replicas)
    return math.ceil(count / replicas)


def _group() -> Any:
    """`torchlike.distributed`, which stands above this: there can be a process group only where somebody has loaded it."""
    found = sys.modules.get("torchlike.distributed")
    if found is None or not found.is_available() or not found.is_initialized():
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
    return found
