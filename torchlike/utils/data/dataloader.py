"""DataLoader: batches of a dataset, in this process."""

from __future__ import annotations

import math
import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import jax

from torchlike.base.errors import missing
from torchlike.engine import flush
from torchlike.engine.random import Generator
from torchlike.utils.data.batching import index_pieces, whole_batches
from torchlike.utils.data.collate import default_collate, default_convert
from torchlike.utils.data.dataset import Dataset, IterableDataset
from torchlike.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, draw_seed

T_co = TypeVar("T_co", covariant=True)


class _DatasetKind:
    Map = 0
    Iterable = 1


class _InfiniteConstantSampler(Sampler):
    """What a stream is asked with: it gives samples in its own order."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


def get_worker_info() -> None:
    """None: there are no worker processes yet, and None is what torch says outside of one."""


class DataLoader(Generic[T_co]):
    """Batches of a dataset. With the same seed they hold the same samples in the same order as torch's.

    Args:
        dataset: with random access, or an `IterableDataset`.
        batch_size: samples per batch; None gives single samples.
        shuffle: a new random order at each iteration.
        sampler: gives the indices; excludes `shuffle`.
        batch_sampler: gives lists of indices; excludes `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: only 0, loading in this process.
        collate_fn: makes a batch of a list of samples (`default_collate`), or converts single samples (`default_convert`).
        pin_memory, pin_memory_device: accepted; there is nothing to pin.
        drop_last: leave out the last batch if it is smaller.
        generator: where random orders come from; the default generator if None.
        timeout, worker_init_fn, multiprocessing_context, prefetch_factor, persistent_workers, in_order: for workers.

    Raises:
        ValueError: for arguments that exclude each other or are out of range.
        NotImplementedError: for `num_workers` above 0.

    >>> import torchlike as torch
    >>> dataset = torch.utils.data.TensorDataset(torch.arange(5))
    >>> [batch.tolist() for (batch,) in DataLoader(dataset, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    __initialized = False
    _iterator: Any = None

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler | Iterable | None = None,
        batch_sampler: Sampler[list] | Iterable[list] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        if isinstance(dataset, IterableDataset):
            self._dataset_kind = _DatasetKind.Iterable
            _check_stream(shuffle, sampler, batch_sampler)
        else:
            self._dataset_kind = _DatasetKind.Map
            shuffle = bool(shuffle)
        batch_size, drop_last = _check_batching(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            if self._dataset_kind == _DatasetKind.Iterable:
                sampler = _InfiniteConstantSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)  # type: ignore[arg-type]  # who has no length says so there
            else:
                sampler = SequentialSampler(dataset)  # type: ignore[arg-type]  # who has no length says so there
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._IterableDataset_len_called: int | None = None
        self.__initialized = True

    @property
    def multiprocessing_context(self) -> Any:
        """Always None: there are no workers."""
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None:
            raise ValueError(
                "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
                f"num_workers={self.num_workers}"
            )
        self.__multiprocessing_context: multiprocessing.context.BaseContext | None = context

    def __setattr__(self, attr: str, val: Any) -> None:
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if self.__initialized and attr in fixed:
            raise ValueError(f"{attr} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(attr, val)

    def __iter__(self) -> _BaseDataLoaderIter:
        return self._get_iterator()

    def _get_iterator(self) -> _BaseDataLoaderIter:
        return _SingleProcessDataLoaderIter(self)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def __len__(self) -> int:
        if self._dataset_kind == _DatasetKind.Map:
            return len(self._index_sampler)
        # What was promised is remembered: yielding more than that is worth a warning.
        length = self._IterableDataset_len_called = len(self.dataset)  # type: ignore[arg-type]  # who has no length says so there
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)


class _BaseDataLoaderIter:
    """One pass over a loader."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._dataset = loader.dataset
        self._collate_fn = loader.collate_fn
        self._num_yielded = 0
        if loader.pin_memory:
            _warn_about_pinning(loader.pin_memory_device)
        whole = None
        if loader._dataset_kind == _DatasetKind.Map and loader._auto_collation and self._collate_fn is default_collate:
            whole = whole_batches(self._dataset)
        self._sampler_iter = iter(loader._index_sampler) if whole is None else index_pieces(loader._index_sampler)
        # torch draws the workers' seed even where there are none. Most samplers draw only when they are first asked, later.
        self._base_seed = draw_seed(loader.generator)
        self._fetch = self._choose_fetch() if whole is None else whole

    def _choose_fetch(self) -> Callable[[Any], Any]:
        """What makes a batch of indices."""
        if self._loader._dataset_kind == _DatasetKind.Iterable:
            return self._fetch_stream()
        if not self._loader._auto_collation:
            return lambda index: self._collate_fn(self._dataset[index])
        return self._fetch_samples

    def _fetch_samples(self, indices: list) -> Any:
        dataset: Any = self._dataset
        if getattr(dataset, "__getitems__", None):
            return self._collate_fn(dataset.__getitems__(indices))
        return self._collate_fn([dataset[index] for index in indices])

    def _fetch_stream(self) -> Callable[[Any], Any]:
        samples, loader = iter(self._dataset), self._loader
        ended = False

        def fetch(places: Any) -> Any:
            nonlocal ended
            if not loader._auto_collation:
                return self._collate_fn(next(samples))
            data: list = []
            while not ended and len(data) < len(places):
                try:
                    data.append(next(samples))
                except StopIteration:
                    ended = True
            if not data or (loader.drop_last and len(data) < len(places)):
                raise StopIteration
            return self._collate_fn(data)

        return fetch

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def __next__(self) -> Any:
        # A loop that never asks for a value would record without end.
        flush()
        data = self._fetch(next(self._sampler_iter))
        self._num_yielded += 1
        promised = self._loader._IterableDataset_len_called
        if promised is not None and self._num_yielded > promised:
            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be {promised}(when accessing len(dataloader)), but "
                f"{self._num_yielded} samples have been fetched. ",
                stacklevel=2,
            )
        return data

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError("{} cannot be pickled", type(self).__name__)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")


def _check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if num_workers > 0:
        raise missing(
            f"torch.utils.data.DataLoader(num_workers={num_workers})", "use num_workers=0, which loads in this process"
        )


def _check_stream(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    for name, given, wrong in (
        ("shuffle", shuffle, shuffle not in (False, None)),
        ("sampler", sampler, sampler is not None),
        ("batch_sampler", batch_sampler, batch_sampler is not None),
    ):
        if wrong:
            raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}")


def _check_batching(
    batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> tuple[int | None, bool]:
    """The batch size (None if there is a batch sampler, or no batches) and `drop_last` that hold."""
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
        return None, False
    if batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
    return batch_size, drop_last


def _warn_about_pinning(device: str) -> None:
    if device:
        warnings.warn(
            "pin_memory_device is deprecated, the current accelerator will be used as the device,"
            f"ignore pin_memory_device='{device}'.",
            stacklevel=5,
        )
    if jax.default_backend() == "cpu":
        warnings.warn(
            "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
            stacklevel=5,
        )
