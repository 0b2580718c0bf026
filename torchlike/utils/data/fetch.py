"""From indices to a batch: what both the loading process and its workers do."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any


class MapFetcher:
    """Batches of a dataset with random access.

    Args:
        batched: indices come as lists; otherwise one by one.
    """

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any]) -> None:
        self.dataset = dataset
        self.batched = batched
        self.collate_fn = collate_fn

    def __call__(self, indices: Any) -> Any:
        if not self.batched:
            return self.collate_fn(self.dataset[indices])
        if getattr(self.dataset, "__getitems__", None):
            return self.collate_fn(self.dataset.__getitems__(indices))
        return self.collate_fn([self.dataset[index] for index in indices])


class StreamFetcher:
    """Batches of a stream; the indices only say how many samples are wanted.

    Attributes:
        ended: the stream has; what it gave last may have been part of a batch.
    """

    def __init__(self, dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], drop_last: bool) -> None:
        self.dataset = dataset
        self.samples = iter(dataset)
        self.batched = batched
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.ended = False

    def __call__(self, places: Any) -> Any:
        """Raises StopIteration at the end of the stream."""
        if not self.batched:
            return self.collate_fn(next(self.samples))
        data: list = []
        while not self.ended and len(data) < len(places):
            try:
                data.append(next(self.samples))
            except StopIteration:
                self.ended = True
        if not data or (self.drop_last and len(data) < len(places)):
            raise StopIteration
        return self.collate_fn(data)

    def skip(self, samples: int) -> None:
        """Go on behind so many samples."""
        for _ in itertools.islice(self.samples, samples):
            pass
