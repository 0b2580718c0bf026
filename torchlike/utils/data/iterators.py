"""One pass over a loader: what every kind has in common, and the one that loads in this process."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torchlike.engine import flush
from torchlike.utils.data import resume
from torchlike.utils.data.batching import index_pieces, whole_batches
from torchlike.utils.data.collate import default_collate
from torchlike.utils.data.fetch import MapFetcher, StreamFetcher
from torchlike.utils.data.pinning import accelerator, pin, warn_about_pinning
from torchlike.utils.data.sampler import draw_seed
from torchlike.utils.data.worker import resumed_stream, state_of

if TYPE_CHECKING:
    from torchlike.utils.data.dataloader import DataLoader


class _DatasetKind:
    Map = 0
    Iterable = 1


class _BaseDataLoaderIter:
    """One pass over a loader."""

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._dataset = loader.dataset
        self._collate_fn = loader.collate_fn
        self._pins = accelerator() if loader.pin_memory else None
        if loader.pin_memory:
            warn_about_pinning(loader.pin_memory_device)
        self._state: Any = None
        self._base_seed = 0
        self._begin()

    def _begin(self, again: bool = False) -> None:
        """Begin the order of an epoch, or take up the one that a state was loaded for.

        Args:
            again: with workers that are there already; they keep their seed.
        """
        loader = self._loader
        self._num_yielded = 0
        loader._began()
        self._resumed, loader._resume = loader._resume, None
        with resume.begun(loader, self._resumed) as self._generators:
            self._sampler_iter = self._indices()
            if not again:
                # torch draws the workers' seed even where there are none. Most samplers draw only when first asked, later.
                self._base_seed = draw_seed(loader.generator)
            if self._resumed is not None:
                self._num_yielded = self._resumed["yielded"]
                if loader._dataset_kind == _DatasetKind.Map:
                    resume.skip(self._sampler_iter, self._resumed)

    def _indices(self) -> Any:
        return iter(self._loader._index_sampler)

    def _next_data(self) -> Any:
        raise NotImplementedError

    def _ahead(self) -> Any:
        return None

    def __iter__(self) -> _BaseDataLoaderIter:
        return self

    def __next__(self) -> Any:
        # A loop that never asks for a value would record without end.
        flush()
        try:
            data = self._next_data()
        except StopIteration:
            self._loader._finished(self)
            raise
        self._num_yielded += 1
        promised = self._loader._IterableDataset_len_called
        if promised is not None and self._num_yielded > promised:
            self._too_many(promised)
        if self._pins is not None:
            data = pin(data, self._pins)
            pin(self._ahead(), self._pins)
        return data

    def _too_many(self, promised: int) -> None:
        message = (
            f"Length of IterableDataset {self._dataset} was reported to be {promised}(when accessing len(dataloader)), but "
            f"{self._num_yielded} samples have been fetched. "
        )
        if self._loader.num_workers > 0:
            message += (
                "For multiprocessing data-loading, this could be caused by not properly configuring the IterableDataset "
                "replica at each worker. Please see https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset "
                "for examples."
            )
        warnings.warn(message, stacklevel=3)

    def _where(self) -> dict:
        """How far the samples' sources are, for `state_dict`."""
        return {}

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def __getstate__(self) -> Any:
        raise NotImplementedError("{} cannot be pickled", type(self).__name__)


class _SingleProcessDataLoaderIter(_BaseDataLoaderIter):
    """Batches made in this process, when they are asked for."""

    def __init__(self, loader: DataLoader) -> None:
        self._whole = None
        if loader._dataset_kind == _DatasetKind.Map and loader._auto_collation and loader.collate_fn is default_collate:
            self._whole = whole_batches(loader.dataset)
        super().__init__(loader)
        if loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        self._fetch: Callable[[Any], Any] = self._choose_fetch() if self._whole is None else self._whole

    def _indices(self) -> Any:
        return super()._indices() if self._whole is None else index_pieces(self._loader._index_sampler)

    def _choose_fetch(self) -> Callable[[Any], Any]:
        """What makes a batch of indices."""
        loader = self._loader
        skip, state = self._resumed["workers"][0] if self._resumed else (0, None)
        if loader._dataset_kind == _DatasetKind.Iterable:
            arguments = (self._dataset, loader._auto_collation, self._collate_fn, loader.drop_last)
            return resumed_stream(StreamFetcher, arguments, skip * (loader.batch_size or 1), state)
        if state is not None:
            loader.dataset.load_state_dict(state)  # type: ignore[attr-defined]  # it gave us the state
        return MapFetcher(self._dataset, loader._auto_collation, self._collate_fn)

    def _next_data(self) -> Any:
        return self._fetch(next(self._sampler_iter))

    def _where(self) -> dict:
        state = None if self._whole is not None else state_of(self._fetch)
        return {"workers": [[self._num_yielded, state]], "next_worker": 0}
