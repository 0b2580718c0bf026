"""`x[index]` and `x[index] = y` for ints, slices, ..., None, masks, index tensors and mixtures of them.

Ints, slices and None make one view. What tensors and masks remain then gathers from (or scatters into) that view.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.core
import numpy as np
from jax.export import is_symbolic_dim

from torchlike.base import dtypes
from torchlike.base.layout import elementwise
from torchlike.base.promotion import scalar_name, tensor_type_name
from torchlike.base.size import contiguous_strides
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.engine.value import Aval, Value, aval, host, of_jax
from torchlike.ops.registry import OPS
from torchlike.tensor.tensor import Link, Tensor, bare, make_view, place

_INDEX, _PUT, _MASK = OPS["index"], OPS["index_put_into"], OPS["mask_into"]
_RESHAPE = OPS["reshape_copy"]
_COPY, _FILL = OPS["copy_into"], OPS["fill_into"]
_SLICE, _SELECT = OPS["slice"], OPS["select"]


def getitem(x: Tensor, index: Any) -> Tensor:
    """`x[index]`: a view where only ints, slices, ... and None are used, else a copy."""
    if type(index) is int:
        found = row(x, index)
        return select(x, 0, index) if found is None else found
    part, tensors = _parse(x, index)
    if not tensors:
        return part
    return _gather(part, tensors)


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`, written through to everything that aliases `x`."""
    part, tensors = _parse(x, index, masks=_is_scalar(value))
    if not tensors:
        write(part, value)
        return
    part._check_writable()
    (at, first), *more = tensors.items()
    if not more and first.dtype is dtypes.bool_:
        _masked_fill(part, first, at, value)
        return
    for other in (value, *(index if type(index) is tuple else (index,))):
        if isinstance(other, Tensor) and other._storage is part._storage:
            part._check_apart(other, equal=True)
    _put(part, tensors, value, False)


def _put(part: Tensor, tensors: dict[int, Tensor], value: Any, accumulate: bool) -> None:
    if not isinstance(value, Tensor):
        value = bare(host(np.asarray(value, part.dtype.np), part.device))
    elif value.dtype is not part.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {scalar_name(part.dtype)} for the destination "
            f"and {scalar_name(value.dtype)} for the source."
        )
    while value.ndim > 1 and value.shape[0] == 1:  # torch lets leading ones pass
        value = value[0]
    target = part
    if accumulate and part.dtype is dtypes.bool_:  # True + True is True
        target, value = (dispatch.call(OPS["cast"], (x,), (dtypes.int32,)) for x in (part, value))
    new = dispatch.call(_PUT, (target, value, *tensors.values()), (tuple(tensors), accumulate))
    part._write(new if new.dtype is part.dtype else dispatch.call(OPS["cast"], (new,), (part.dtype,)))


def write(target: Tensor, value: Any) -> Tensor:
    """`target[...] = value`: broadcast, cast and copy."""
    target._check_writable((value,), fill=value is target or not isinstance(value, Tensor))
    if isinstance(value, Tensor):
        if _is_same(target, value):  # x[i] += y ends with x[i] = x[i]
            return target
        while value.ndim > target.ndim and value.shape[0] == 1:
            value = value[0]
        if value.device is not target.device:
            value = value.to(target.device)
        return target._write(dispatch.call(_COPY, (target, value)))
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return target._write(dispatch.call(_FILL, (target, value)))
    if value is None or isinstance(value, str):
        raise TypeError(f"can't assign a {type(value).__name__} to a {tensor_type_name(target.dtype)}")
    return target._write(dispatch.call(_COPY, (target, bare(host(np.array(value, target.dtype.np), target.device)))))


def _is_same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are the same elements with the same history."""
    if a is b:
        return True
    if a._storage is not b._storage or a._base is None or a._base is not b._base:
        return False
    return (a.shape, a._offset, a.dtype, a.stride()) == (b.shape, b._offset, b.dtype, b.stride())


def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Put (or add) `values` at the index tensors, one per leading dimension (None: all of it), in place."""
    self._check_writable()
    part, tensors = _parse(self, tuple(slice(None) if i is None else i for i in indices))
    _put(part, tensors, values, bool(accumulate))
    return self


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """`input` with `values` put (or added) at the index tensors, one per leading dimension (None: all of it)."""
    return index_put_(dispatch.call(OPS["clone_like"], (input,)), indices, values, accumulate)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (bool, int, float, complex)) or (isinstance(value, Tensor) and value._value.aval.numel == 1)


def _masked_fill(x: Tensor, mask: Tensor, dim: int, value: Any) -> None:
    """One value where the mask, which stands at dimension `dim` and those that follow, is true."""
    if isinstance(value, Tensor):
        value = dispatch.call(_RESHAPE, (value,), ((),)) if value.ndim else value
    else:
        value = x.dtype.np.type(value).item()
    wanted = (*mask.shape, *[1] * (x.ndim - dim - mask.ndim))
    mask = dispatch.call(_RESHAPE, (mask,), (wanted,)) if wanted != mask.shape else mask
    new = dispatch.call(_MASK, (x, mask, value))
    x._write(new if new.dtype is x.dtype else dispatch.call(OPS["cast"], (new,), (x.dtype,)))


# ---- parsing --------------------------------------------------------------------------------------------------


def _parse(x: Tensor, index: Any, masks: bool = False) -> tuple[Tensor, dict[int, Tensor]]:
    """The view that ints, slices, ... and None make, and the index tensors by the view's dimension.

    Args:
        masks: a bool mask that is the only index tensor stays one (it stands at its first dimension): nobody has to wait
            for the places where it is true.
    """
    items = index if type(index) is tuple else tuple(index) if _stands_for_tuple(index) else (index,)
    items = tuple(_plain(item) for item in items)
    consumed = sum(_consumes(item) for item in items)
    if consumed > x.ndim:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    if sum(item is Ellipsis for item in items) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    spec: list[Any] = []
    starts: list[int] = []
    shape: list[int] = []
    strides: list[int] = []
    offset, old, sizes = x._offset, x.stride(), x.shape
    tensors: dict[int, Tensor] = {}
    lone = masks and [i.dtype if isinstance(i, Tensor) else i for i in items if isinstance(i, (Tensor, bool))] == [dtypes.bool_]
    for item in (*items, *(() if Ellipsis in [i for i in items if i is Ellipsis] else (Ellipsis,))):
        dim = len(spec)
        if item is None or item is True or item is False:
            shape.append(1)
            strides.append(0 if item is not None else _fresh_stride(sizes, old, dim))
            if item is not None:
                tensors[len(shape) - 1] = bare(host(np.zeros(int(item), np.int64)))
        elif item is Ellipsis:
            for d in range(dim, dim + x.ndim - consumed):
                spec.append(None)
                shape.append(sizes[d])
                strides.append(old[d])
        elif isinstance(item, int):
            at = _wrap(item, sizes[dim], dim)
            spec.append((1, 1))
            starts.append(at)
            offset += at * old[dim]
        elif isinstance(item, slice):
            start, count, step = _slice(item, sizes[dim])
            whole = start == 0 and count == sizes[dim] and step == 1
            spec.append(None if whole else (count, step))
            if not whole:
                starts.append(start)
            shape.append(count)
            strides.append(old[dim] * step)
            offset += (start + (0 if step > 0 else (count - 1) * -step)) * old[dim]
        else:
            for where in _whole_mask(x, item, dim) if lone else _index_tensors(x, item, dim):
                if where is not None:
                    tensors[len(shape)] = where
                spec.append(None)
                shape.append(sizes[dim])
                strides.append(old[dim])
                dim += 1
    if tuple(shape) == sizes and not starts and tensors:
        return x, tensors
    op = _SELECT if starts and len(shape) < x.ndim else _SLICE
    return make_view(x, op, (tuple(spec), tuple(shape)), tuple(strides), offset, tuple(starts)), tensors


def _stands_for_tuple(index: Any) -> bool:
    """Whether torch still takes a list for a tuple of indices: where one of its elements is itself an index of several."""
    if type(index) is not list or len(index) >= 32:
        return False
    return any(i is None or i is Ellipsis or isinstance(i, (list, tuple, range, slice, np.ndarray, Tensor)) for i in index)


def _plain(item: Any) -> Any:
    """An index item as one of: int, slice, None, Ellipsis, True, False, Tensor."""
    kind = type(item)
    if kind is int or kind is slice or item is None or item is Ellipsis or kind is bool:
        return item
    if isinstance(item, Tensor):
        if item.ndim == 0 and not item.dtype.is_floating_point and item._value.aval.traced is False:
            return bool(item) if item.dtype is dtypes.bool_ else int(item)
        return item
    if isinstance(item, (list, tuple, range, np.ndarray)):
        if isinstance(item, (list, tuple)):
            item = [i.item() if isinstance(i, Tensor) and i.ndim == 0 else np.asarray(i) for i in item]
        array = np.asarray(item)
        if not array.size:
            array = array.astype(np.int64)
        if array.dtype.kind not in "biu":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return bare(host(array.astype(np.bool_ if array.dtype.kind == "b" else np.int64)))
    if hasattr(item, "__index__"):
        return item.__index__()
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str': tensors are indexed by numbers, not by names")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(item).__name__})"
    )


def _consumes(item: Any) -> int:
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    if isinstance(item, Tensor) and item.dtype in (dtypes.bool_, dtypes.uint8):
        return item.ndim
    return 1


def _fresh_stride(sizes: tuple[int, ...], strides: tuple[int, ...], dim: int) -> int:
    return sizes[dim] * strides[dim] if dim < len(sizes) else 1


def _wrap(index: int, size: int, dim: int) -> int:
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension {dim} with size {size}")
    return index + size if index < 0 else index


def _slice(item: slice, size: int) -> tuple[int, int, int]:
    """`(lowest index, count, step)`; a negative step, which torch refuses, walks downwards as in Python."""
    if is_symbolic_dim(size) or is_symbolic_dim(item.start) or is_symbolic_dim(item.stop):
        return _symbolic_slice(item, size)
    step = 1 if item.step is None else item.step.__index__()
    if step == 0:
        raise ValueError("slice step cannot be zero")
    bounds = [None if b is None else b.__index__() for b in (item.start, item.stop)]
    chosen = range(*slice(bounds[0], bounds[1], step).indices(size))
    if not chosen:
        low = min(max(chosen.start, 0), size)
        return low, 0, step
    return min(chosen[0], chosen[-1]), len(chosen), step


def _symbolic_slice(item: slice, size: Any) -> tuple[Any, Any, int]:
    """`_slice` of a size, or up to a size, that is only a symbol (see `torchlike.export`). Positive steps only."""
    step = item.step or 1
    start = 0 if item.start is None else item.start
    stop = size if item.stop is None else item.stop
    start, stop = (b + size if isinstance(b, int) and b < 0 else b for b in (start, stop))
    stop = jax.core.min_dim(stop, size)
    return start, (stop - start + step - 1) // step, step


def _started(at: Any) -> Any:
    """Where a slice starts, as an operand: a number, or the value of what is only a symbol."""
    return bare(of_jax(jax.numpy.asarray(at))) if is_symbolic_dim(at) else at


def _index_tensors(x: Tensor, item: Tensor, dim: int) -> list[Tensor]:
    """A mask as the index tensors of its true places; an index tensor as itself, its range checked where that is free."""
    if item.dtype in (dtypes.bool_, dtypes.uint8):
        _check_mask(x, item, dim)
        return [bare(host(where)) for where in np.nonzero(item._value.numpy())]
    if item.dtype.is_floating_point or item.dtype.is_complex:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    array, size = item._value.array, x.shape[dim]
    if type(array) is np.ndarray and array.size and (array.min() < -size or array.max() >= size):
        wrong = array.max() if array.max() >= size else array.min()
        raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")
    return [item]


def _whole_mask(x: Tensor, mask: Tensor, dim: int) -> list[Tensor | None]:
    _check_mask(x, mask, dim)
    return [mask, *[None] * (mask.ndim - 1)]


def _check_mask(x: Tensor, mask: Tensor, dim: int) -> None:
    for d in range(mask.ndim):
        if dim + d >= x.ndim or mask.shape[d] != x.shape[dim + d]:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {d} does not match the shape of the indexed tensor "
                f"{list(x.shape)} at index {dim + d}"
            )


def _gather(part: Tensor, tensors: dict[int, Tensor]) -> Tensor:
    dims = tuple(tensors)
    out = dispatch.call(_INDEX, (part, *tensors.values()), (dims,))
    if part._strides is not None or 0 in out.shape:
        place(out, _gathered_strides(part, dims, [w.shape for w in tensors.values()], out.shape), 0)
    return out


def _gathered_strides(
    part: Tensor, dims: tuple[int, ...], shapes: Sequence[tuple[int, ...]], out: tuple[int, ...]
) -> tuple[int, ...]:
    """Dense strides of `part[...]`: the whole dimensions keep their order in memory, the index tensors' come last in it."""
    whole = [st for d, st in enumerate(part.stride()) if d not in dims]
    count = len(out) - len(whole)
    before = dims[0] if dims == tuple(range(dims[0], dims[0] + len(dims))) else 0
    after = len(whole) - before
    spread = (*whole[:before], *[0] * count, *whole[before:])
    padded = [((1,) * (before + count - len(s)) + tuple(s) + (1,) * after) for s in shapes]
    return elementwise(tuple(out), ((tuple(out), spread), *((s, contiguous_strides(s)) for s in padded)))


_ROWS: dict[Aval, tuple[Aval, tuple, int]] = {}  # of a tensor's aval: its rows', the static parameters of the view, their size


def row(x: Tensor, index: int) -> Tensor | None:
    """`x[index]` where `x` has not left the host yet: a data set is read in the time of a few lookups. Else None."""
    value = x._storage.value if x._view is None else x._read()
    array = value.array
    if type(array) is not np.ndarray or not array.ndim or x._strides is not None or x._rg or local.state.capture is not None:
        return None
    size = array.shape[0]
    if not -size <= index < size:
        return None
    at = index + size if index < 0 else index
    known = _ROWS.get(value.aval)
    if known is None:
        shape = array.shape[1:]
        static = (((1, 1), *[None] * len(shape)), shape)
        known = _ROWS[value.aval] = (aval(shape, value.aval.dtype, value.aval.device), static, math.prod(shape))
    found, static, step = known
    out = bare(Value(found, array[at, ...]))
    storage = x._storage
    out._cached, out._storage, out._seen = out._storage.value, storage, storage.version
    out._view = (*(x._view or ()), Link(_SELECT, (at,), static))
    base = x._origin()
    out._base = x if base is None else base
    offset = x._offset + at * step
    if offset:
        out._offset = offset
    return out


# ---- the common views of one dimension ------------------------------------------------------------------------


def select(x: Tensor, dim: int, index: int) -> Tensor:
    """`x` at one index of a dimension, which goes."""
    sizes = x.shape
    if not sizes:
        raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number")
    if not -len(sizes) <= dim < len(sizes):
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-len(sizes)}, {len(sizes) - 1}], but got {dim})"
        )
    dim %= len(sizes)
    at = _wrap(index, sizes[dim], dim)
    old = x.stride()
    spec = (*[None] * dim, (1, 1), *[None] * (len(sizes) - dim - 1))
    return make_view(
        x,
        _SELECT,
        (spec, (*sizes[:dim], *sizes[dim + 1 :])),
        (*old[:dim], *old[dim + 1 :]),
        x._offset + at * old[dim],
        (_started(at),),
    )


def narrow(x: Tensor, dim: int, start: int, count: int, step: int = 1) -> Tensor:
    """`count` indices of a dimension from `start` on."""
    sizes, old = x.shape, x.stride()
    if start == 0 and count == sizes[dim] and step == 1:
        spec: tuple = (None,) * len(sizes)
        starts: tuple = ()
    else:
        spec = (*[None] * dim, (count, step), *[None] * (len(sizes) - dim - 1))
        starts = (_started(start),)
    shape = (*sizes[:dim], count, *sizes[dim + 1 :])
    strides = (*old[:dim], old[dim] * step, *old[dim + 1 :])
    return make_view(x, _SLICE, (spec, shape), strides, x._offset + start * old[dim], starts)
