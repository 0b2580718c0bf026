"""Reading and writing at indices along one dimension.

Indices count from the front and are not wrapped, as in torch (`take`, `put` and `index_fill` do wrap). torch raises for an
index out of range; a compiled program cannot, so such a read gives nan (or the dtype's smallest number) and such a write
is dropped. Indices are narrowed to 32 bits inside.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.checks import broadcast_shapes, dim_in_range
from torchlike.ops.elementwise import is_inexact, is_number
from torchlike.ops.registry import op

_MODE = lax.GatherScatterMode.FILL_OR_DROP


def narrow_index(name: str, index: jax.Array, size: int) -> jax.Array:
    if not index.size:
        return index.astype(jnp.int32)  # torch does not look at the dtype of an empty one
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    return index.astype(jnp.int32) if size < 2**31 else index


def wrapped_index(index: jax.Array, size: int) -> jax.Array:
    return jnp.where(index < 0, index + size, index)


def _check_fit(input, index, src, dim) -> None:
    """`index` may be smaller than `input` and `src`, never larger (except, for `input`, in `dim`)."""
    for d in range(input.ndim):
        too_large = d != dim and index.shape[d] > input.shape[d]
        if src is None and too_large:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(index.shape)} to be no larger than self "
                f"{list(input.shape)} apart from dimension {dim}"
            )
        if src is not None and (too_large or index.shape[d] > src.shape[d]):
            raise RuntimeError(
                f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} apart from dimension {dim} "
                f"and to be no larger size than src {list(src.shape)}"
            )


def _window(x, index, dim):
    """The part of `x` that an index of this shape reaches."""
    return x[tuple(slice(None) if d == dim else slice(0, n) for d, n in enumerate(index.shape))]


def _others(ndim: int, dim: int) -> tuple[int, ...]:
    return tuple(d for d in range(ndim) if d != dim)


# --- gather ------------------------------------------------------------------------------------------------------------


def gather_along(input, index, dim):
    """`out[i][j][k] = input[index[i][j][k]][j][k]` for dim 0; the other sizes of both agree."""
    batch = _others(input.ndim, dim)
    numbers = lax.GatherDimensionNumbers(
        offset_dims=(), collapsed_slice_dims=(dim,), start_index_map=(dim,),
        operand_batching_dims=batch, start_indices_batching_dims=batch,
    )  # fmt: skip
    return lax.gather(input, index[..., None], numbers, (1,) * input.ndim, mode=_MODE)


@op(ns="", method=False)
def gather(input, index, *, dim: int, sparse_grad=False):
    """The elements of `input` that `index` names along `dim`. Shape of `index`."""
    if not index.size:
        return jnp.zeros(index.shape, input.dtype)
    if max(input.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    dim, shape = dim_in_range(dim, input.ndim), index.shape
    if not input.ndim or not index.ndim:
        input, index = input.reshape(-1), index.reshape(-1)
    index = narrow_index("gather", index, input.shape[dim])
    _check_fit(input, index, None, dim)
    return gather_along(_window(input, index, dim), index, dim).reshape(shape)


@op()
def take_along_dim(input, indices, *, dim: int | None = None):
    """As `gather`, the other dimensions broadcast; of the flattened tensor where `dim` is not given. Negative ones wrap."""
    if dim is None:
        return gather(input.reshape(-1), wrapped_index(indices.reshape(-1), input.size), dim=0)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    dim = dim_in_range(dim, input.ndim)

    def without(shape):
        return tuple(1 if d == dim else n for d, n in enumerate(shape))

    common = broadcast_shapes(without(input.shape), without(indices.shape))

    def spread(x):
        return jnp.broadcast_to(x, tuple(x.shape[d] if d == dim else n for d, n in enumerate(common)))

    return gather(spread(input), wrapped_index(spread(indices), input.shape[dim]), dim=dim)


@op(ns="", method=False)
def index_select(input, index, *, dim: int):
    """The slices of `input` along `dim` that the vector `index` names."""
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (jnp.int32, jnp.int64):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    dim = dim_in_range(dim, input.ndim)
    if not input.ndim:
        return input
    index = narrow_index("index_select", index.reshape(-1), input.shape[dim])
    return input.at[_along(dim, index)].get(mode="fill", wrap_negative_indices=False)


@op()
def take(input, index):
    """The elements of the flattened `input` at `index` (negative ones count from the end). Shape of `index`."""
    if index.dtype != jnp.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {scalar_name(dtypes.from_numpy(index.dtype))}")
    return input.reshape(-1).at[narrow_index("take", index, input.size)].get(mode="fill")


def _along(dim: int, index) -> tuple:
    return (*(slice(None),) * dim, index)


# --- scatter -----------------------------------------------------------------------------------------------------------


def _write(fn: Callable, base, index, src, dim):
    """One of lax.scatter, lax.scatter_add ... along `dim`, for a base whose other sizes are those of the index."""
    if base.dtype == jnp.bool_ and fn is not lax.scatter:  # XLA adds and multiplies numbers only
        return _write(fn, base.astype(jnp.int32), index, src.astype(jnp.int32), dim).astype(bool)
    batch = _others(base.ndim, dim)
    numbers = lax.ScatterDimensionNumbers(
        update_window_dims=(), inserted_window_dims=(dim,), scatter_dims_to_operand_dims=(dim,),
        operand_batching_dims=batch, scatter_indices_batching_dims=batch,
    )  # fmt: skip
    return fn(base, index[..., None], src, numbers, mode=_MODE)


def _hit(base, index, dim):
    """Where something is written."""
    return _write(lax.scatter, jnp.zeros(base.shape, bool), index, jnp.ones(index.shape, bool), dim)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def set_at(base, index, src, dim):
    return _write(lax.scatter, base, index, src, dim)


@set_at.defjvp
def _set_jvp(dim, primals, tangents):
    """As in torch every source element gets its target's gradient, also where several write to one place."""
    base, index, src = primals
    kept = jnp.where(_hit(base, index, dim), 0, tangents[0])
    return set_at(base, index, src, dim), _write(lax.scatter_add, kept, index, tangents[2], dim)


def add_at(base, index, src, dim):
    return _write(lax.scatter_add, base, index, src, dim)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def _product(base, index, src, dim):
    return _write(lax.scatter_mul, base, index, src, dim)


@_product.defjvp
def _product_jvp(dim, primals, tangents):
    """The product of the others, also where some of them are 0."""
    base, index, src = primals
    zeros = add_at((base == 0).astype(jnp.int32), index, (src == 0).astype(jnp.int32), dim)
    nothing = add_at(jnp.where(base == 0, base, 0), index, jnp.where(src == 0, src, 0), dim)  # 0, of which each zero has a part
    rest = _product(jnp.where(base == 0, 1, base), index, jnp.where(src == 0, 1, src), dim)

    def others(x, zeros, nothing, rest):
        of_zero = jnp.where(zeros == 1, rest, jnp.where(zeros == 2, (nothing - x) * rest, 0))
        quotient = rest / jnp.where(x == 0, 1, x)
        of_other = jnp.where(zeros == 0, quotient, jnp.where(zeros == 1, nothing * quotient, 0))
        return jnp.where(x == 0, of_zero, of_other)

    slope = others(src, *(gather_along(x, index, dim) for x in (zeros, nothing, rest)))
    change = tangents[0] * others(base, zeros, nothing, rest)
    return _product(base, index, src, dim), add_at(change, index, tangents[2] * slope, dim)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3, 4))
def _extreme(base, index, src, dim, largest):
    return _write(lax.scatter_max if largest else lax.scatter_min, base, index, src, dim)


@_extreme.defjvp
def _extreme_jvp(dim, largest, primals, tangents):
    """Whatever equals the extreme shares the gradient evenly."""
    base, index, src = primals
    out = _extreme(base, index, src, dim, largest)
    base_wins = (base == out).astype(out.dtype)
    src_wins = (src == gather_along(out, index, dim)).astype(out.dtype)
    winners = jnp.maximum(add_at(base_wins, index, src_wins, dim), 1)
    return out, add_at(tangents[0] * base_wins, index, tangents[2] * src_wins, dim) / winners


def _scatter(name: str, input, index, src, dim: int, update: Callable):
    """Check, bring to one shape, `update(base, index, src, dim)` the part that the index reaches, put it back.

    `src` None stands for a number: the update is told the shape only.
    """
    dim, shape = dim_in_range(dim, input.ndim), input.shape
    input, index = _with_dims(input), _with_dims(narrow_index(name, index, input.shape[dim] if input.ndim else 1))
    if not index.size:
        return input.reshape(shape)
    if src is not None:
        src = _with_dims(src)
        if src.dtype != input.dtype:
            raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    for which, x in (("self", input), ("src", src)):
        if x is not None and x.ndim != index.ndim:
            raise RuntimeError(f"Index tensor must have the same number of dimensions as {which} tensor")
    _check_fit(input, index, src, dim)
    if src is not None:
        src = src[tuple(slice(0, n) for n in index.shape)]
    base = _window(input, index, dim)
    new = update(base, index, src, dim)
    return (new if base.shape == input.shape else lax.dynamic_update_slice(input, new, (0,) * input.ndim)).reshape(shape)


def _with_dims(x):
    return x if x.ndim else x.reshape(1)


def _writer(reduce: str | None) -> Callable:
    writers = {None: set_at, "add": add_at, "multiply": _product}
    if reduce not in writers:
        raise RuntimeError("reduce argument must be either add or multiply.")
    return writers[reduce]


@op(ns="", method=False, inplace=True)
def scatter(input, index, src, *, dim: int, reduce: str | None = None):
    """`input` with the elements of `src` written, added or multiplied at `index` along `dim`."""
    return _scatter("scatter", input, index, src, dim, _writer(reduce))


@op(ns="", method=False, inplace=True, promote="same", promoted=("input", "value"), grad_name="Scatter")
def scatter_value(input, index, value, *, dim: int, reduce: str | None = None):
    """`input` with one number written, added or multiplied at `index` along `dim`."""
    write = _writer(reduce)

    def fill(base, index, _, dim):
        return write(base, index, jnp.broadcast_to(value, index.shape), dim)

    return _scatter("scatter", input, index, None, dim, fill)


@op(ns="", method=False, inplace=True)
def scatter_add(input, index, src, *, dim: int):
    """`input` with the elements of `src` added at `index` along `dim`."""
    return _scatter("scatter_add", input, index, src, dim, add_at)


@op(ns="", method=False, inplace=True)
def scatter_reduce(input, index, src, *, dim: int, reduce: str, include_self=True):
    """`input` with `src` reduced into it at `index` along `dim` by "sum", "prod", "mean", "amax" or "amin".

    Without `include_self` the places that are written start from nothing.
    """
    return _scatter("scatter_reduce", input, index, src, dim, _reducer(reduce, include_self))


def _reducer(reduce: str, include_self: bool) -> Callable:
    if reduce not in _REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    fn, start = _REDUCTIONS[reduce]

    def update(base, index, src, dim):
        if not include_self:
            base = jnp.where(_hit(base, index, dim), jnp.asarray(start(base.dtype), base.dtype), base)
        return fn(base, index, src, dim) if reduce != "mean" else _mean(base, index, src, dim, include_self)

    return update


def _mean(base, index, src, dim, include_self):
    total = add_at(base, index, src, dim)
    count = add_at(jnp.full(base.shape, int(include_self), jnp.int32), index, jnp.ones(index.shape, jnp.int32), dim)
    count = jnp.maximum(count, 1).astype(total.dtype)
    return total / count if is_inexact(total) else jnp.floor_divide(total, count)


def _lowest(dtype):
    if dtype == jnp.bool_:
        return False
    return -math.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).min


def _highest(dtype):
    if dtype == jnp.bool_:
        return True
    return math.inf if jnp.issubdtype(dtype, jnp.floating) else np.iinfo(dtype).max


_REDUCTIONS: dict[str, tuple[Callable, Callable]] = {
    "sum": (add_at, lambda dtype: 0),
    "mean": (add_at, lambda dtype: 0),
    "prod": (_product, lambda dtype: 1),
    "amax": (lambda base, index, src, dim: _extreme(base, index, src, dim, True), _lowest),
    "amin": (lambda base, index, src, dim: _extreme(base, index, src, dim, False), _highest),
}


# --- slices at indices -------------------------------------------------------------------------------------------------


def _check_slices(name, input, index, source, dim) -> tuple:
    """Everything with at least one dimension, the index narrowed."""
    if index.ndim > 1:
        raise IndexError(f"{name}_(): Index is supposed to be a vector, but got dim: {index.ndim} with type: Long and size: "
                         f"{list(index.shape)}")  # fmt: skip
    dim = dim_in_range(dim, input.ndim)
    if input.dtype != source.dtype:
        raise RuntimeError(f"{name}_(): self and source expected to have the same dtype, but got (self) "
                           f"{scalar_name(dtypes.from_numpy(input.dtype))} and (source) "
                           f"{scalar_name(dtypes.from_numpy(source.dtype))}")  # fmt: skip
    input, source, index = map(_with_dims, (input, source, index))
    if source.shape[dim] != index.size:
        raise RuntimeError(
            f"{name}_(): Number of indices ({index.size}) should be equal to source.size(dim): ({source.shape[dim]}), "
            f"for dim: {dim}"
        )
    if source.shape[:dim] + source.shape[dim + 1 :] != input.shape[:dim] + input.shape[dim + 1 :]:
        raise RuntimeError(
            f"{name}_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{list(input.shape)} at dimension {dim} and source slice shape: {list(source.shape)} at dimension {dim}."
        )
    return input, narrow_index(f"{name}_", index, input.shape[dim]), source, dim


@op(ns="", method=False, inplace=True, raw=True)
def index_add(input, index, source, alpha=1, *, dim: int):
    """`input` with `alpha` times the slices of `source` added at the slices that `index` names along `dim`."""
    shape = input.shape
    input, index, source, dim = _check_slices("index_add", input, index, source, dim)
    if not (is_number(alpha) and alpha == 1):
        source = source * jnp.asarray(alpha).astype(source.dtype)
    place = input.astype(jnp.int32) if input.dtype == jnp.bool_ else input
    summed = place.at[_along(dim, index)].add(source, mode="drop", wrap_negative_indices=False)
    return summed.astype(input.dtype).reshape(shape)


@op(ns="", method=False, inplace=True)
def index_copy(input, index, source, *, dim: int):
    """`input` with the slices of `source` written over those that `index` names along `dim`."""
    shape = input.shape
    input, index, source, dim = _check_slices("index_copy", input, index, source, dim)
    spread = index.reshape((1,) * dim + (-1,) + (1,) * (input.ndim - dim - 1))
    return set_at(input, jnp.broadcast_to(spread, source.shape), source, dim).reshape(shape)


@op(ns="", method=False, inplace=True)
def index_reduce(input, index, source, *, dim: int, reduce: str, include_self=True):
    """`input` with the slices of `source` reduced into it by "prod", "mean", "amax" or "amin" along `dim`."""
    shape = input.shape
    input, index, source, dim = _check_slices("index_reduce", input, index, source, dim)
    spread = index.reshape((1,) * dim + (-1,) + (1,) * (input.ndim - dim - 1))
    return _reducer(reduce, include_self)(input, jnp.broadcast_to(spread, source.shape), source, dim).reshape(shape)


@op(ns="", method=False, inplace=True, promote="same", promoted=("input", "value"))
def index_fill(input, index, value, *, dim: int):
    """`input` with the slices that `index` names along `dim` filled with a number (negative indices count from the end)."""
    if value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    dim, shape = dim_in_range(dim, input.ndim), input.shape
    input = _with_dims(input)
    index = narrow_index("index_fill_", index.reshape(-1), input.shape[dim])
    return input.at[_along(dim, index)].set(value, mode="drop").reshape(shape)
