"""DataLoader: batches of a dataset, made in this process or by workers."""

from __future__ import annotations

import math
import multiprocessing
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from torchlike.base.settings import available_processors
from torchlike.engine.random import Generator
from torchlike.utils.data import resume
from torchlike.utils.data.collate import default_collate, default_convert
from torchlike.utils.data.dataset import Dataset, IterableDataset
from torchlike.utils.data.iterators import _BaseDataLoaderIter, _DatasetKind, _SingleProcessDataLoaderIter
from torchlike.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from torchlike.utils.data.worker import get_worker_info as get_worker_info
from torchlike.utils.data.workers import _MultiProcessingDataLoaderIter

T_co = TypeVar("T_co", covariant=True)


class _InfiniteConstantSampler(Sampler):
    """What a stream is asked with: it gives samples in its own order."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader(Generic[T_co]):
    """Batches of a dataset. With the same seed they hold the same samples in the same order as torch's.

    Args:
        dataset: with random access, or an `IterableDataset`.
        batch_size: samples per batch; None gives single samples.
        shuffle: a new random order at each iteration.
        sampler: gives the indices; excludes `shuffle`.
        batch_sampler: gives lists of indices; excludes `batch_size`, `shuffle`, `sampler` and `drop_last`.
        num_workers: processes that make the batches; 0 makes them in this one.
        collate_fn: makes a batch of a list of samples (`default_collate`), or converts single samples (`default_convert`).
        pin_memory: start the transfer of a batch (with workers of the next one, too) to the accelerator before it is wanted.
        drop_last: leave out the last batch if it is smaller.
        timeout: seconds to wait for a batch of a worker; 0 waits for ever.
        worker_init_fn: called in each worker with its number, when it starts.
        multiprocessing_context: "fork", "spawn", "forkserver" or a context; Python's default if None. Forked workers (the
            default on Linux up to Python 3.13) take any dataset and function as they are, others what pickles.
        generator: where random orders come from; the default generator if None.
        prefetch_factor: batches that each worker is asked for in advance; 2 if None.
        persistent_workers: keep the workers from one epoch to the next.
        in_order: give batches in the order of the sampler; otherwise as they come.

    Workers leave XLA alone: tensor operations run there in numpy. `state_dict()` says where an epoch is, and after
    `load_state_dict` the next iteration goes on from there.

    Raises:
        ValueError: for arguments that exclude each other or are out of range.

    >>> import torchlike as torch
    >>> dataset = torch.utils.data.TensorDataset(torch.arange(5))
    >>> [batch.tolist() for (batch,) in DataLoader(dataset, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    __initialized = False
    _iterator: Any = None
    _latest: weakref.ref | None = None  # the iterator that state_dict speaks of
    _at_end = True  # it has given everything, or there is none
    _resume: dict | None = None  # a state for the next iterator to begin with

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
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
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
        """The context that workers are started in; None is Python's default. May be set to a context or its name."""
        return self.__multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: Any) -> None:
        if context is not None:
            context = _context(context, self.num_workers)
        self.__multiprocessing_context: multiprocessing.context.BaseContext | None = context

    def __setattr__(self, attr: str, val: Any) -> None:
        fixed = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
        if self.__initialized and attr in fixed:
            raise ValueError(f"{attr} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(attr, val)

    def __iter__(self) -> _BaseDataLoaderIter:
        if self.persistent_workers and self.num_workers > 0:
            if self._iterator is None or not self._iterator._workers:
                self._iterator = self._get_iterator()
            else:
                self._iterator._reset()
            self._latest = weakref.ref(self._iterator)
            return self._iterator
        iterator = self._get_iterator()
        self._latest = weakref.ref(iterator)
        return iterator

    def _get_iterator(self) -> _BaseDataLoaderIter:
        if self.num_workers == 0:
            return _SingleProcessDataLoaderIter(self)
        self.check_worker_number_rationality()
        return _MultiProcessingDataLoaderIter(self)

    def check_worker_number_rationality(self) -> None:
        """Warn of more workers than processors."""
        have = available_processors()
        if self.num_workers > have:
            warnings.warn(
                f"This DataLoader will create {self.num_workers} worker processes in total. Our suggested max number of worker "
                f"in current system is {have}, which is smaller than what this DataLoader is going to create. Please be aware "
                "that excessive worker creation might get DataLoader running slow or even freeze, lower the worker number to "
                "avoid potential slowness/freeze if necessary.",
                stacklevel=4,
            )

    # ---- where it is ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Where the latest iteration is: what `load_state_dict` takes, in this or another process.

        With workers it counts the batches that were given, not those that were made in advance. Random numbers that
        workers draw after a resumption are new ones.
        """
        iterator = None if self._latest is None else self._latest()
        state: dict[str, Any] = {"version": resume.VERSION, "num_workers": self.num_workers, "finished": True}
        if iterator is None or self._at_end:
            return state | {"generators": resume.states(self)}
        return state | iterator._where() | {
            "finished": False, "yielded": iterator._num_yielded, "generators": iterator._generators
        }  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next iteration begin where `state_dict` says: in the middle of an epoch, or with the epoch after it.

        Raises:
            ValueError: for the state of a loader with another number of workers.
        """
        if state_dict["num_workers"] != self.num_workers:
            raise ValueError(
                f"the state is of a DataLoader with num_workers={state_dict['num_workers']}, and this one has "
                f"num_workers={self.num_workers}"
            )
        self._resume = None
        if not state_dict["finished"]:
            self._resume = state_dict
            return
        own = resume.generators(self)
        for name, state in state_dict["generators"].items():
            if name in own and name != "default":
                own[name].set_state(state)

    def _began(self) -> None:
        self._at_end = False

    def _finished(self, iterator: Any) -> None:
        """An iterator has come to its end."""
        if self._latest is not None and self._latest() is iterator:
            self._at_end = True

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


def _context(context: Any, num_workers: int) -> Any:
    """A multiprocessing context by itself or by its name."""
    if num_workers <= 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            f"num_workers={num_workers}"
        )
    if isinstance(context, str):
        known = multiprocessing.get_all_start_methods()
        if context not in known:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {known!r}, but got "
                f"multiprocessing_context={context!r}"
            )
        return multiprocessing.get_context(context)
    if not isinstance(context, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start method, but got "
            f"multiprocessing_context={context}"
        )
    return context
