"""Public functions around indices, masks, repetition and joining that need more than a row of the op table."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from torchlike.tensor import creation, views
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor
from torchlike.tensor.views import sizes

# --- repeating, turning, joining ---------------------------------------------------------------------------------------


@overload("repeat", function=False)
def repeat(self: Tensor, *repeats: Any) -> Tensor:
    """The whole tensor `repeats[i]` times along dimension i."""
    return ops.repeat(self, sizes(repeats))


@overload("tile")
def tile(input: Tensor, *dims: Any, **keyword: Any) -> Tensor:
    """As `repeat`; missing leading entries of `dims` are 1."""
    return ops.tile(input, sizes(keyword.get("dims", dims) if keyword else dims))


@overload("flip")
def flip(input: Tensor, *dims: Any, **keyword: Any) -> Tensor:
    """The order of the elements reversed along `dims`."""
    given = keyword.get("dims", keyword.get("dim", dims))
    return ops.flip(input, (given,) if isinstance(given, int) else sizes(given))


@overload("rot90")
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """Turned by `k` quarters in the plane of two dimensions, from the first towards the second."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    for which, dim in enumerate(dims):
        if not -input.ndim <= dim < input.ndim:
            raise RuntimeError(f"Rotation dim{which} out of range, dim{which} = {dim}")
    k %= 4
    if k == 2:
        return ops.flip(input, tuple(dims))
    return views.transpose(ops.flip(input, (dims[1] if k == 1 else dims[0],)), *dims) if k else input.clone()


@overload("repeat_interleave")
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element `repeats` times in a row (a number, or a tensor with one per element) along `dim`."""
    if repeats is None:
        counts = input.tolist()
        return _at(np.repeat(np.arange(len(counts)), counts), input)
    if not isinstance(repeats, Tensor):
        return ops.repeat_interleave(input, repeats, dim)
    if repeats.numel() == 1:
        return ops.repeat_interleave(input, int(repeats.item()), dim)
    if dim is None:
        input, dim = input.reshape(-1), 0
    counts = repeats.tolist()
    if len(counts) != input.shape[dim]:
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {len(counts)} and "
            f"input.size({dim}) = {input.shape[dim]}"
        )
    if min(counts) < 0:
        raise RuntimeError("repeats can not be negative")
    return ops.index_select(input, _at(np.repeat(np.arange(len(counts)), counts), input), dim)


def _at(array: np.ndarray, like: Tensor) -> Tensor:
    return creation.tensor(array, device=like.device)


@overload("meshgrid", method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """One grid per vector, each of shape `(n0, n1, ...)`, as views; "xy" swaps the first two dimensions."""
    listed = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    if not listed:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for x in listed:
        if x.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {x.ndim}D")
        if x.dtype is not listed[0].dtype or x.device != listed[0].device:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype and device")
    if indexing not in ("ij", "xy", None):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swap = indexing == "xy" and len(listed) > 1
    ordered = [listed[1], listed[0], *listed[2:]] if swap else list(listed)
    shape, grids = tuple(x.numel() for x in ordered), []
    for at, x in enumerate(ordered):
        grids.append(views.expand(views.view(x, (1,) * at + (-1,) + (1,) * (len(shape) - at - 1)), shape))
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


@overload("block_diag", method=False)
def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices along the diagonal of a larger one."""
    return ops.block_diag(tensors)


@overload("cartesian_prod", method=False)
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element from each vector, a row each, in the order of itertools.product."""
    if len(tensors) == 1:
        return tensors[0]
    return ops.stack([grid.reshape(-1) for grid in meshgrid(*tensors)], 1)


@overload("combinations")
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All combinations of `r` elements of a vector, a row each, in the order of itertools.combinations."""
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.shape[0]), r)), dtype=np.int64).reshape(-1, r)
    return ops.index_select(input, _at(rows.reshape(-1), input), 0).reshape(rows.shape)


@overload("diff")
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None, *, out: Any = None) -> Tensor:
    """The differences of neighbours along `dim`, `n` times."""
    return ops.diff(input, prepend, append, n, dim, out=out)


# --- along one dimension, by index -------------------------------------------------------------------------------------


def _check_range(name: str, index: Tensor, size: int, dim: int) -> None:
    """Raises torch's error for indices outside, where their values are at hand without waiting."""
    array = index._value.array
    if type(array) is np.ndarray and array.size and array.dtype.kind in "iu" and (array.min() < 0 or array.max() >= size):
        wrong = array.max() if array.max() >= size else array.min()
        error = IndexError if name.startswith("index_") else RuntimeError
        raise error(f"{name}(): index {wrong} is out of bounds for dimension {dim} with size {size}")


def _dim_first(row: str) -> Callable:
    """torch takes `(input, dim, index, ...)`, a row its operands first."""
    call = getattr(ops, row)

    def moved(input: Tensor, dim: int, index: Tensor, *rest: Any, **keywords: Any) -> Tensor:
        if len(rest) > 1:
            keywords["reduce"] = rest[1]
        out = keywords.get("out")
        if out is not None:
            _check_out(row, out, input, index, *rest[:1])
        if isinstance(index, Tensor) and -input.ndim <= dim < input.ndim:
            _check_range(row.rstrip("_"), index, input.shape[dim] if input.ndim else 1, dim)
        return call(input, index, *rest[:1], dim=dim, **keywords)

    moved.__doc__ = call.__doc__
    return moved


def _check_out(name: str, out: Tensor, input: Tensor, *others: Any) -> None:
    """Raises RuntimeError where `out` has another dtype, shows an element twice or shares memory with an operand."""
    if out.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): Expected out tensor to have dtype {input.dtype}, but got {out.dtype} instead")
    out._check_writable()
    for other in (input, *others):
        if isinstance(other, Tensor) and other._storage is out._storage:
            out._check_apart(other, equal=name in ("gather", "index_select") or other is not input)


for _name in ("gather", "index_select"):
    overload(_name)(_dim_first(_name))
for _name in ("scatter_add", "scatter_reduce", "index_add", "index_copy", "index_reduce"):
    overload(_name)(_dim_first(_name))
    overload(f"{_name}_", function=False)(_dim_first(f"{_name}_"))


def _scatter(suffix: str) -> Callable:
    def scatter(
        input: Tensor, dim: int, index: Tensor, src: Any = None, value: Any = None, *, reduce: Any = None, out: Any = None
    ) -> Tensor:
        """`input` with `src` (a tensor or a number) written, added or multiplied at `index` along `dim`."""
        keywords = {} if out is None else {"out": out}
        if out is not None:
            _check_out("scatter", out, input, index, src)
        if -input.ndim <= dim < input.ndim:
            _check_range("scatter", index, input.shape[dim], dim)
        if isinstance(src, Tensor):
            return getattr(ops, f"scatter{suffix}")(input, index, src, dim, reduce, **keywords)
        number = _number_for(input, value if src is None else src)
        return getattr(ops, f"scatter_value{suffix}")(input, index, number, dim, reduce, **keywords)

    return scatter


def _index_fill(suffix: str) -> Callable:
    def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
        """`input` with the slices that `index` names along `dim` filled with a number."""
        return getattr(ops, f"index_fill{suffix}")(input, index, _number_for(input, value), dim)

    return index_fill


def _masked_fill(suffix: str) -> Callable:
    def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
        """`input` with a number where `mask` is true. Raises RuntimeError for a number that the dtype cannot hold."""
        return getattr(ops, f"masked_fill{suffix}")(input, mask, _number_for(input, value))

    return masked_fill


for _name, _make in (("scatter", _scatter), ("index_fill", _index_fill), ("masked_fill", _masked_fill)):
    overload(_name)(_make(""))
    overload(f"{_name}_", function=False)(_make("_"))

_C_NAMES = {"float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double", "bool": "bool"}


@functools.cache
def _largest(dtype: Any) -> float:
    return float(jnp.finfo(dtype.np).max)


def _fits(number: int, dtype: Any) -> bool:
    """Whether the integer dtype holds the number; unsigned ones take negative numbers, which wrap."""
    info = jnp.iinfo(dtype.np)
    return (info.min or -info.max) <= number <= info.max


def _number_for(input: Tensor, value: Any) -> Any:
    """`value` as something that keeps `input`'s dtype.

    Raises:
        RuntimeError: where the dtype cannot hold the number.
    """
    dtype = input.dtype
    if isinstance(value, Tensor) and (dtype.is_complex or not value.dtype.is_complex):
        return value if value.dtype is dtype else value.to(dtype)
    if dtype.is_complex:
        return value
    if not isinstance(value, (complex, Tensor)):
        if dtype.is_floating_point:
            if abs(value) <= _largest(dtype) or not math.isfinite(value):
                return value
        elif dtype.name == "bool":
            return bool(value)
        elif math.isfinite(value) and _fits(int(value), dtype):
            return int(value)
    raise RuntimeError(f"value cannot be converted to type {_C_NAMES.get(dtype.name, f'{dtype.name}_t')} without overflow")
