"""Making a batch of samples."""

from __future__ import annotations

import collections.abc
import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.engine import host
from torchlike.engine import value as values
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import as_tensor, tensor
from torchlike.tensor.tensor import bare
from torchlike.utils.data import transport
from torchlike.utils.data.worker import get_worker_info

_UNKNOWN = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
CollateMap = dict[type | tuple[type, ...], Callable]


def default_convert(data: Any) -> Any:
    """numpy arrays as tensors, inside dictionaries, tuples and lists too; everything else stays what it is.

    What a loader without batches (`batch_size=None`) does to each sample.
    """
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.bool_, np.number)):
        return data if isinstance(data, np.ndarray) and data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, collections.abc.Mapping):
        return _mapping_like(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        return _sequence_like(data, [default_convert(item) for item in data])
    return data


def collate(batch: Sequence, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Turn a list of samples into one sample of batches, through dictionaries, named tuples, tuples and lists.

    Args:
        collate_fn_map: from the type of a leaf to `function(batch, collate_fn_map=...)`; a subclass counts where the type
            itself is not listed.

    Raises:
        TypeError: for a leaf of a type that is not listed.
        RuntimeError: for sequences of different lengths.
    """
    first = batch[0]
    kind = type(first)
    for listed in (kind, *(other for other in collate_fn_map or () if isinstance(first, other))):
        if collate_fn_map is not None and listed in collate_fn_map:
            return collate_fn_map[listed](batch, collate_fn_map=collate_fn_map)

    def columns(samples: Iterable) -> list:
        return [collate(column, collate_fn_map=collate_fn_map) for column in samples]

    if isinstance(first, collections.abc.Mapping):
        values = columns([sample[key] for sample in batch] for key in first)
        return _mapping_like(first, dict(zip(first, values, strict=True)))
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return kind(*columns(zip(*batch, strict=False)))
    if isinstance(first, collections.abc.Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        collated = columns(zip(*batch, strict=True))
        return collated if isinstance(first, tuple) else _sequence_like(first, collated)
    raise TypeError(_UNKNOWN.format(kind))


def default_collate(batch: Sequence) -> Any:
    """Turn a list of samples into a batch.

    Tensors and numpy arrays are stacked along a new first dimension, ints become int64 and floats float64 tensors, strings
    stay a list; dictionaries, named tuples, tuples (as lists) and lists are batched element by element.

    Raises:
        TypeError: for anything else.

    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Stack tensors. Values that are on the host already are stacked there, at once."""
    arrays = []
    on_host = host.enabled()  # a worker: everything is on the host as soon as it is asked for
    for item in batch:
        value = item._value
        if on_host:
            value.force()
        if value.array is None or value.aval.device is not devices.CPU or value.aval.traced or item.requires_grad:
            return ops.stack(batch)
        arrays.append(np.asarray(value.array))
    if any(array.shape != arrays[0].shape or array.dtype != arrays[0].dtype for array in arrays):
        return ops.stack(batch)  # promotes, or tells what is wrong
    return from_stack(arrays)


def from_stack(arrays: Sequence[np.ndarray]) -> Tensor:
    """Arrays that are alike as one tensor; in a worker in shared memory, where it is large."""
    first = arrays[0]
    out = transport.empty((len(arrays), *first.shape), first.dtype) if get_worker_info() is not None else None
    return bare(values.host(np.stack(arrays, out=out)))


def collate_numpy_array_fn(batch: Sequence[np.ndarray], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Stack numpy arrays as one tensor.

    Raises:
        TypeError: for arrays of strings or objects.
    """
    first = batch[0]
    if first.dtype.kind in "SUO":
        raise TypeError(_UNKNOWN.format(first.dtype))
    if all(type(item) is np.ndarray and item.shape == first.shape and item.dtype == first.dtype for item in batch):
        return from_stack(batch)
    return collate([as_tensor(item) for item in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Sequence, *, collate_fn_map: CollateMap | None = None) -> Tensor:
    return as_tensor(np.asarray(batch))


def collate_float_fn(batch: Sequence[float], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    return tensor(batch, dtype=dtypes.float64)


def collate_int_fn(batch: Sequence[int], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    return tensor(batch)


def collate_str_fn(batch: Sequence, *, collate_fn_map: CollateMap | None = None) -> Sequence:
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def _mapping_like(model: Any, values: dict) -> Any:
    """`values` in a mapping of the model's type, with whatever else the model holds; a dictionary where that fails."""
    try:
        if not isinstance(model, collections.abc.MutableMapping):
            return type(model)(values)
        clone = copy.copy(model)
        clone.update(values)
    except TypeError:
        return values
    return clone


def _sequence_like(model: Any, values: list) -> Any:
    try:
        if not isinstance(model, collections.abc.MutableSequence):
            return type(model)(values)
        clone = copy.copy(model)
        for i, value in enumerate(values):
            clone[i] = value
    except TypeError:
        return values
    return clone
