"""Functions and methods that return views (or copies where torch would copy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.errors import InconclusiveDimensionOperation
from jax.export import is_symbolic_dim

from torchlike.base import dtypes
from torchlike.base.layout import is_contiguous, view_strides
from torchlike.base.size import contiguous_strides
from torchlike.engine import dispatch
from torchlike.engine.value import Value
from torchlike.ops.checks import dim_in_range
from torchlike.ops.registry import OPS, Op
from torchlike.ops.view import infer_size
from torchlike.tensor.indexing import narrow as narrow_view
from torchlike.tensor.indexing import select as select_view
from torchlike.tensor.tensor import Tensor, bare, make_view, place

_VIEW = OPS["view"]


def sizes(args: Sequence[Any]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence; zero-dim tensors count as ints. Raises TypeError for anything else."""
    try:
        if (
            len(args) == 1
            and not isinstance(args[0], (int, np.integer))
            and not (isinstance(args[0], Tensor) and args[0].ndim == 0)
        ):
            args = args if is_symbolic_dim(args[0]) else args[0]
        return tuple([a if type(a) is int or is_symbolic_dim(a) else a.__index__() for a in args])
    except (AttributeError, TypeError):
        raise TypeError(f"argument 'size' must be ints or one tuple of ints, but got {args!r}") from None


def through(x: Tensor, op: Op, static: tuple) -> Tensor:
    """Apply a view row and derive the strides from the row's layout rule."""
    out = make_view(x, op, static, (), 0)
    assert op.view is not None
    keywords = dict(zip((n for n, _ in op.statics), static, strict=True))
    try:
        found = op.view.layout(x.shape, x.stride(), x._offset, out.shape, **keywords)
    except InconclusiveDimensionOperation:  # sizes are symbols: nobody asks how they lie in memory
        out._strides = None
        return out
    assert found is not None  # whoever calls knows that the strides allow it
    strides, offset = found
    out._strides = None if strides == contiguous_strides(out.shape) else tuple(strides)
    out._offset = offset
    return out


def view(x: Tensor, *shape: Any, dtype: Any = None) -> Tensor:
    """The same elements in another shape, or the same bytes in another dtype.

    Raises:
        RuntimeError: where the strides do not allow it (use `reshape`) or the sizes do not fit.
    """
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], dtypes.dtype)):
        kind = dtype or shape[0]
        return view(x, x.shape) if kind is x.dtype else through(x, OPS["view_dtype"], (kind,))
    if x._strides is None:  # contiguous: every shape is a view
        wanted = infer_size(sizes(shape), x._value.aval.numel)
        return make_view(x, _VIEW, (wanted,), contiguous_strides(wanted), x._offset)
    return through(x, _VIEW, (infer_size(sizes(shape), x.numel()),))


def view_as(x: Tensor, other: Tensor) -> Tensor:
    return view(x, other.shape)


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape: a view where the strides allow it, else a copy."""
    wanted = infer_size(sizes(shape), input._value.aval.numel)
    if input._strides is None:
        return make_view(input, _VIEW, (wanted,), contiguous_strides(wanted), input._offset)
    try:
        strides = view_strides(input.shape, input.stride(), wanted)
    except InconclusiveDimensionOperation:
        strides = None
    if strides is None:
        return dispatch.call(OPS["reshape_copy"], (input,), (wanted,))
    return make_view(input, _VIEW, (wanted,), strides, input._offset)


def reshape_as(x: Tensor, other: Tensor) -> Tensor:
    return reshape(x, other.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` made one."""
    shape = input.shape
    if not shape:
        return reshape(input, 1)
    a, b = dim_in_range(start_dim, len(shape)), dim_in_range(end_dim, len(shape))
    if a > b:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if a == b:
        return input
    return reshape(input, (*shape[:a], shape[a : b + 1].numel(), *shape[b + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into `sizes` (one may be -1)."""
    d = dim_in_range(dim, input.ndim)
    wanted = infer_size(tuple(sizes), input.shape[d])
    return reshape(input, (*input.shape[:d], *wanted, *input.shape[d + 1 :]))


def permute(input: Tensor, *dims: Any) -> Tensor:
    """Dimensions in another order."""
    return through(input, OPS["permute"], (sizes(dims),))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped."""
    return through(input, OPS["transpose"], (dim0, dim1))


def t(input: Tensor) -> Tensor:
    """A matrix transposed; a vector or a number as it is."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return transpose(input, 0, 1) if input.ndim == 2 else alias(input)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Dimensions moved to new places, the others in their order."""
    src = [dim_in_range(d, input.ndim) for d in ((source,) if isinstance(source, int) else source)]
    dst = [dim_in_range(d, input.ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    if len(src) != len(dst):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(src)} dims) should contain the same number of dims as "
            f"destination ({list(dst)} dims)"
        )
    for name, dims, given in (("source", src, source), ("destination", dst, destination)):
        if len(set(dims)) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({given})")
    rest = iter(d for d in range(input.ndim) if d not in src)
    places = dict(zip(dst, src, strict=True))
    return permute(input, [places[i] if i in places else next(rest) for i in range(input.ndim)])


def expand(x: Tensor, *size: Any) -> Tensor:
    """Size-1 dimensions repeated without a copy; -1 keeps a size."""
    return through(x, OPS["expand"], (sizes(size),))


def expand_as(x: Tensor, other: Tensor) -> Tensor:
    return expand(x, other.shape)


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    return expand(input, size)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A new size-1 dimension at `dim`."""
    return through(input, OPS["unsqueeze"], (dim,))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without its size-1 dimensions, or without those of `dim` that are."""
    return through(input, OPS["squeeze"], (tuple(dim) if isinstance(dim, (list, tuple)) else dim,))


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """One index of a dimension, which goes."""
    return select_view(input, dim, int(index))


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` indices of `dim` from `start` on."""
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, Tensor) and (start.ndim or start.dtype.category != dtypes.dtype.INTEGER):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    d = dim_in_range(dim, input.ndim)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    size, start = input.shape[d], int(start)
    if not -size <= start <= size:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return narrow_view(input, d, start, int(length))


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts: of one size (the last may be smaller) or of the sizes given."""
    d = dim_in_range(dim, tensor.ndim)
    total = tensor.shape[d]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and total):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        sections = [min(size, total - at) for at in range(0, total, size)] if total else [0]
    else:
        sections = [int(s) for s in split_size_or_sections]
        if sum(sections) != total:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at dimension {d}), "
                f"but got split_sizes={sections}"
            )
    parts, at = [], 0
    for size in sections:
        parts.append(narrow_view(tensor, d, at, size))
        at += size
    return tuple(parts)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of the sizes given."""
    return split(input, tuple(split_sizes), dim)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` views of equal size (the last may be smaller)."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    d = dim_in_range(dim, input.ndim)
    size = -(-input.shape[d] // chunks)
    return split(input, size, d) if input.shape[d] else split(input, [0] * chunks, d)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of nearly equal parts (the first ones larger by one), or of the parts between the given indices."""
    if not input.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    d = dim_in_range(dim, input.ndim)
    size = input.shape[d]
    given = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if isinstance(given, int):
        if given <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {given}")
        small, larger = divmod(size, given)
        given = [i * small + min(i, larger) for i in range(1, given)]
    bounds = [slice(a, b).indices(size)[:2] for a, b in zip([0, *given], [*given, size], strict=True)]
    return tuple(narrow_view(input, d, start, max(stop - start, 0)) for start, stop in bounds)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """A view per index of a dimension."""
    d = dim_in_range(dim, input.ndim)
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return tuple(select_view(input, d, i) for i in range(input.shape[d]))


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The elements with equal indices in two dimensions, as the last dimension."""
    for d in (dim1, dim2):
        dim_in_range(d, input.ndim)
    return through(input, OPS["diagonal_view"], (offset, dim1, dim2))


def unfold(x: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` every `step` along a dimension, as a new last dimension."""
    return through(x, OPS["unfold_view"], (dimension, size, step))


def real(input: Tensor) -> Tensor:
    """The real part, a view; a real tensor itself."""
    return through(input, OPS["real_view"], ()) if input.dtype.is_complex else input


def imag(input: Tensor) -> Tensor:
    """The imaginary part, a view."""
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return through(input, OPS["imag_view"], ())


def view_as_real(input: Tensor) -> Tensor:
    """A complex tensor (...) as a real one (..., 2), a view."""
    return through(input, OPS["view_as_real"], ())


def view_as_complex(input: Tensor) -> Tensor:
    """A real tensor (..., 2) as a complex one (...), a view."""
    return through(input, OPS["view_as_complex"], ())


def conj(input: Tensor) -> Tensor:
    """The complex conjugate, a view; a real tensor itself."""
    return through(input, OPS["conj_view"], ()) if input.dtype.is_complex else input


def neg_view(input: Tensor) -> Tensor:
    """The negative, a view."""
    return through(input, OPS["neg_view"], ())


def alias(x: Tensor) -> Tensor:
    """Another view of all of it."""
    return make_view(x, OPS["slice"], ((None,) * x.ndim, tuple(x.shape)), x.stride(), x._offset)


def detach(input: Tensor) -> Tensor:
    """The same storage without history."""
    value = input._read()
    if value.aval.traced and isinstance(value.array, jax.core.Tracer):  # JAX differentiates: it must hear of it too
        out = bare(Value(value.aval, jax.lax.stop_gradient(value.array)))
        out._strides, out._offset = input._strides, input._offset
        return out
    return input._alias()


def contiguous(x: Tensor, memory_format: Any = None) -> Tensor:
    """Itself where its strides are row-major (or as `memory_format` says), else a copy."""
    if memory_format is not None and memory_format.order is not None:
        return x if memory_format.holds(x.shape, x.stride()) else copy_in(x, memory_format)
    if x._strides is None or is_contiguous(x.shape, x._strides):
        return x
    return dispatch.call(OPS["reshape_copy"], (x,), (tuple(x.shape),))


def copy_in(x: Tensor, memory_format: Any) -> Tensor:
    """A copy laid out as `memory_format` says."""
    strides = memory_format.strides(tuple(x.shape))
    out = dispatch.call(OPS["reshape_copy"], (x,), (tuple(x.shape),))
    place(out, strides, 0)
    return out


FUNCTIONS = {
    f.__name__: f
    for f in (
        reshape, flatten, unflatten, permute, transpose, t, movedim, broadcast_to, unsqueeze, squeeze, select, narrow, split,
        split_with_sizes, chunk, tensor_split, unbind, diagonal, conj, real, imag, view_as_real, view_as_complex, detach,
    )
}  # fmt: skip
FUNCTIONS |= {"moveaxis": movedim, "swapaxes": transpose, "swapdims": transpose}
METHODS = FUNCTIONS | {
    f.__name__: f for f in (view, view_as, reshape_as, expand, expand_as, unfold, contiguous)
}  # fmt: skip
METHODS["type_as"] = lambda x, other: x.to(other.dtype)
for _gone in ("real", "imag"):  # properties of a tensor
    del METHODS[_gone]
