"""Samplers: the order in which a loader asks for samples. With the same seed it is torch's own order.

Draws are made exactly when and as torch makes them (a sampler without a generator takes one seed from the default one when
its iteration begins), so that everything drawn afterwards agrees too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from torchlike.base import dtypes
from torchlike.engine import random
from torchlike.engine.random import Generator
from torchlike.tensor import Tensor
from torchlike.tensor.creation import as_tensor

T_co = TypeVar("T_co", covariant=True)


def draw_seed(generator: Generator | None) -> int:
    """A number in [0, 2**63), as `torch.empty((), dtype=torch.int64).random_(generator=generator)` draws it."""
    return int((generator or random.default_generator).random_(()))


class Sampler(Generic[T_co]):
    """Base class of samplers: `__iter__` yields indices (or lists of them); `__len__` says how many, if that is known."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, 2 ... in order.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """A random order, or random draws with replacement.

    Args:
        data_source: what is sampled; only its length is asked for.
        replacement: draw each index anew.
        num_samples: how many indices there are; as many as samples by default.
        generator: where the numbers come from; otherwise a new one, seeded from the default generator at each iteration.

    Raises:
        TypeError, ValueError: for a `replacement` that is no bool and a `num_samples` below 1.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        _check_count(self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices an iteration yields."""
        return len(self.data_source) if self._num_samples is None else self._num_samples  # the length may change

    def __iter__(self) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        generator = self._begin()
        if self.replacement:
            for _ in range(wanted // 32):
                yield from generator.randint(32, 0, n).tolist()
            yield from generator.randint(wanted % 32, 0, n).tolist()
            return
        for _ in range(wanted // n):
            yield from generator.randperm(n).tolist()
        yield from generator.randperm(n).tolist()[: wanted % n]

    def _begin(self) -> Generator:
        if self.generator is not None:
            return self.generator
        return Generator().manual_seed(draw_seed(None))

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    Args:
        indices: a sequence of indices.
        generator: where the numbers come from; the default generator if None.
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in (self.generator or random.default_generator).randperm(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices 0 to len(weights) - 1, drawn in proportion to their weights.

    Args:
        weights: (N,) nonnegative numbers that need not sum to 1.
        num_samples: how many to draw.
        replacement: whether an index may come twice; otherwise `num_samples` may not exceed the nonzero weights.
        generator: where the numbers come from; the default generator if None.

    Raises:
        ValueError: for arguments of the wrong kind, and weights that are not one-dimensional.
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        _check_count(num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights: Tensor = as_tensor(weights, dtype=dtypes.float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        generator = self.generator or random.default_generator
        yield from generator.multinomial(self.weights.numpy(), self.num_samples, self.replacement).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler (or any iterable).

    Args:
        drop_last: leave out the last list if it is shorter.

    Raises:
        ValueError: for a batch size that is no positive integer, or a `drop_last` that is no bool.

    >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]  # an iterable without a length has no number of batches
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def _check_count(num_samples: Any) -> None:
    if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
        raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
