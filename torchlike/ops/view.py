"""Ops whose result aliases their input. Each row says how to read, how a write goes back, and what the strides become."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from torchlike.base.layout import view_strides
from torchlike.ops.checks import dim_in_range
from torchlike.ops.registry import OPS, Op, View

Ints = tuple[int, ...]


def view(write: Callable | None, layout: Callable, **options: Any) -> Callable[[Callable], Callable]:
    """Register the decorated function as a view row, and its write-back as a row of its own.

    Args:
        write: `(base, new, **static) -> base'`; extra operands of the view follow `new`. None where the result shows an
            element more than once.
        layout: `(shape, strides, offset, out_shape, *numbers, **static) -> (strides, offset)`.
    """

    def register(fn: Callable) -> Callable:
        name = options.pop("name", fn.__name__)
        common: dict[str, Any] = {"ns": "", "method": False, "raw": True, "linear": True, "out": False}
        back = None
        if write is not None:
            back = OPS.add(Op(f"{name}_write", write, grad_name="torch::autograd::CopySlices", **common))
        OPS.add(Op(name, fn, view=View(back, layout), **{**common, **options}))
        return fn

    return register


# ---- shape and order ------------------------------------------------------------------------------------------


def _reshape_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, **_: Any) -> tuple[Ints, int]:
    found = view_strides(shape, strides, out)
    if found is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            f"contiguous subspaces). Use .reshape(...) instead. (size {list(shape)}, stride {list(strides)}, "
            f"asked for {list(out)})"
        )
    return found, offset


@view(lambda base, new, *, shape: new.reshape(base.shape), _reshape_layout, name="view", grad_name="View")
def view_(input, *, shape):
    return input.reshape(infer_size(shape, input.size))


def infer_size(shape: Ints, numel: int) -> Ints:
    """`shape` with its -1 filled in. Raises RuntimeError where it cannot hold `numel` elements."""
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for size in shape:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size} at index {shape.index(size)} of shape {list(shape)}")
    known = math.prod(s for s in shape if s != -1)
    if -1 in shape:
        if known == 0:
            if numel == 0:
                raise RuntimeError(
                    f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
                    "can be any value and is ambiguous"
                )
        elif numel % known == 0:
            return tuple(numel // known if s == -1 else s for s in shape)
    if known != numel or -1 in shape:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")
    return shape


def _permute_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, dims: Ints) -> tuple[Ints, int]:
    return tuple(strides[d % len(shape)] for d in dims), offset


@view(lambda base, new, *, dims: new.transpose(np.argsort([d % base.ndim for d in dims])), _permute_layout)
def permute(input, *, dims):
    if len(dims) != input.ndim:
        raise RuntimeError(
            "permute: number of dimensions in the tensor input does not match the length of the desired ordering of "
            f"dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(dims)}"
        )
    wrapped = [dim_in_range(d, input.ndim) for d in dims]
    if len(set(wrapped)) != len(wrapped):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return input.transpose(wrapped)


def _swapped(ndim: int, dim0: int, dim1: int) -> list[int]:
    order = list(range(ndim))
    a, b = dim_in_range(dim0, ndim), dim_in_range(dim1, ndim)
    if ndim:
        order[a], order[b] = order[b], order[a]
    return order


def _transpose_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, dim0: int, dim1: int) -> tuple[Ints, int]:
    return tuple(strides[d] for d in _swapped(len(shape), dim0, dim1)), offset


@view(lambda base, new, *, dim0, dim1: new.transpose(_swapped(base.ndim, dim0, dim1)), _transpose_layout)
def transpose(input, *, dim0, dim1):
    return input.transpose(_swapped(input.ndim, dim0, dim1))


def _expand_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, **_: Any) -> tuple[Ints, int]:
    found: list[int] = []  # from the last dimension on
    for i in range(1, len(out) + 1):
        old = shape[-i] if i <= len(shape) else 1
        fresh = found[-1] * out[1 - i] if i > 1 else 0  # what a new dimension of size 1 gets
        step = strides[-i] if i <= len(shape) else fresh
        found.append(step if old == out[-i] and shape else 0)
    return tuple(reversed(found)), offset


@view(None, _expand_layout)
def expand(input, *, size):
    lead = len(size) - input.ndim
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(input.shape)}}}, size={list(size)}): the number of sizes provided ({len(size)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({input.ndim})"
        )
    out = []
    for i, s in enumerate(size):
        have = input.shape[i - lead] if i >= lead else None
        if s == -1:
            if have is None:
                raise RuntimeError(
                    f"expand(torch.FloatTensor{{{list(input.shape)}}}, size={list(size)}): the expanded size of the tensor "
                    f"(-1) isn't allowed in a leading, non-existing dimension {i}"
                )
            out.append(have)
            continue
        if have is not None and have not in (1, s):
            raise RuntimeError(
                f"The expanded size of the tensor ({s}) must match the existing size ({have}) at non-singleton dimension {i}.  "
                f"Target sizes: {list(size)}.  Tensor sizes: {list(input.shape)}"
            )
        out.append(s)
    return jnp.broadcast_to(input, out)


def _unsqueeze_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, dim: int) -> tuple[Ints, int]:
    at = dim % len(out)
    step = shape[at] * strides[at] if at < len(shape) else 1
    return (*strides[:at], step, *strides[at:]), offset


@view(lambda base, new, *, dim: new.reshape(base.shape), _unsqueeze_layout)
def unsqueeze(input, *, dim):
    return jnp.expand_dims(input, dim_in_range(dim, input.ndim + 1))


def _squeezed(shape: Ints, dim: Any) -> Ints:
    if dim is None:
        return tuple(i for i, s in enumerate(shape) if s == 1)
    dims = (dim,) if isinstance(dim, int) else dim
    return tuple(d for d in (dim_in_range(d, len(shape)) for d in dims) if shape and shape[d] == 1)


def _squeeze_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, *, dim: Any) -> tuple[Ints, int]:
    gone = _squeezed(shape, dim)
    return tuple(st for i, st in enumerate(strides) if i not in gone), offset


@view(lambda base, new, *, dim: new.reshape(base.shape), _squeeze_layout)
def squeeze(input, *, dim=None):
    return jnp.squeeze(input, _squeezed(input.shape, dim))


# ---- indexing by ints and slices ------------------------------------------------------------------------------
# One row serves x[i], x[a:b:c], select, narrow, split, chunk and unbind. `spec` is `(size, step)` per dimension, None where
# the dimension is whole; `shape` is the result's (ints drop their dimension, None adds one). The starts are numbers, so a
# loop over i compiles once; a negative step counts its start from the lowest index.


def _starts(spec: tuple, starts: tuple) -> list[Any]:
    given = iter(starts)
    return [0 if s is None else next(given) for s in spec]


def _indices(shape: Ints, spec: tuple, starts: list[Any]) -> tuple:
    """numpy-style index per dimension: slices where the start is known, index vectors where it is traced."""
    found: list[Any] = []
    for size, part, start in zip(shape, spec, starts, strict=True):
        count, step = (size, 1) if part is None else part
        if isinstance(start, jax.core.Tracer):
            along = start.astype(np.int32) + abs(step) * jnp.arange(count, dtype=np.int32)
            found.append(along if step > 0 else along[::-1])
        else:
            last = start + max(count - 1, 0) * abs(step)
            if not count:
                found.append(slice(0, 0))
            elif step > 0:
                found.append(slice(start, last + 1, step))
            else:
                found.append(slice(last, start - 1 if start else None, step))
    return tuple(found)


def _read(input, *starts, spec, shape):
    full = _starts(spec, starts)
    traced = any(isinstance(s, jax.core.Tracer) for s in full)
    if not traced:
        return input[_indices(input.shape, spec, full)].reshape(shape)
    if all(part is None or part[1] == 1 for part in spec):
        sizes = [n if part is None else part[0] for n, part in zip(input.shape, spec, strict=True)]
        return lax.dynamic_slice(input, [_narrow(s) for s in full], sizes).reshape(shape)
    return input[
        jnp.ix_(*(_as_vector(i, n) for i, n in zip(_indices(input.shape, spec, full), input.shape, strict=True)))
    ].reshape(shape)


def _write(base, new, *starts, spec, shape):
    full = _starts(spec, starts)
    sizes = [n if part is None else part[0] for n, part in zip(base.shape, spec, strict=True)]
    new = new.reshape(sizes)
    if all(part is None or part[1] == 1 for part in spec):
        return lax.dynamic_update_slice(base, new, [_narrow(s) for s in full])
    where = _indices(base.shape, spec, full)
    if any(isinstance(s, jax.core.Tracer) for s in full):
        where = jnp.ix_(*(_as_vector(i, n) for i, n in zip(where, base.shape, strict=True)))
    return base.at[where].set(new)


def _narrow(start: Any) -> Any:
    return start.astype(np.int32) if isinstance(start, jax.core.Tracer) else np.int32(start)


def _as_vector(index: Any, size: int) -> Any:
    return jnp.arange(size, dtype=np.int32)[index] if isinstance(index, slice) else index


def _index_layout(shape: Ints, strides: Ints, offset: int, out: Ints, /, **_: Any):
    raise AssertionError("the strides of an index view are computed by the index parser")


for _name, _grad in (("slice", "Slice"), ("select", "Select")):

    def _fn(*operands, spec, shape):
        return _read(operands[0], *operands[1:], spec=spec, shape=shape)

    def _back(*operands, spec, shape):
        return _write(operands[0], operands[1], *operands[2:], spec=spec, shape=shape)

    view(_back, _index_layout, name=_name, grad_name=_grad)(_fn)
