"""Public functions about shapes: splitting, broadcasting, at least so many dimensions, and copies in place of views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base import promotion
from torchlike.base.size import Size
from torchlike.engine import dispatch
from torchlike.ops import checks
from torchlike.ops.checks import dim_in_range
from torchlike.ops.registry import OPS
from torchlike.tensor import functions as ops
from torchlike.tensor import indexing, memory, views
from torchlike.tensor.binding import into
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor

# --- at least so many dimensions, broadcasting -------------------------------------------------------------------------


def _atleast(n: int) -> Callable:
    def atleast(*tensors: Any) -> Any:
        """Each tensor with at least so many dimensions, a view; the tensor itself where it has them."""
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            return tuple(map(raised, tensors[0]))
        return raised(tensors[0]) if len(tensors) == 1 else tuple(map(raised, tensors))

    def raised(x: Tensor) -> Tensor:
        if not isinstance(x, Tensor):
            raise TypeError(f"atleast_{n}d(): argument 'tensor' must be Tensor, not {type(x).__name__}")
        if x.ndim >= n:
            return x
        if not x.ndim:
            return views.reshape(x, (1,) * n)
        x = views.unsqueeze(x, 0) if x.ndim == 1 else x
        return x if x.ndim == n else views.unsqueeze(x, -1)

    return atleast


for _n in (1, 2, 3):
    overload(f"atleast_{_n}d", method=False)(_atleast(_n))


@overload("broadcast_tensors", method=False)
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to one common shape, as views."""
    listed = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    shape = checks.broadcast_shapes(*(t.shape for t in listed))
    return tuple(views.expand(t, shape) for t in listed)


@overload("broadcast_shapes", method=False)
def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that all broadcast to; a number stands for a shape of one dimension. Raises RuntimeError if there is none."""
    listed = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    for shape in listed:
        for size in shape:
            if not isinstance(size, int):
                raise RuntimeError(f"Input shapes should be of type ints, a tuple of ints, or a list of ints, got {size!r}")
            if size < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({size}): ({size})")
    try:
        return Size(checks.broadcast_shapes(*listed))
    except RuntimeError:
        raise RuntimeError(
            f"Shape mismatch: objects cannot be broadcast to a single shape: {', '.join(str(list(s)) for s in listed)}"
        ) from None


# --- splitting ---------------------------------------------------------------------------------------------------------


def _split_along(name: str, least: int, dim_of: Callable[[int], int]) -> Callable:
    def split(input: Tensor, *given: Any, **keyword: Any) -> tuple[Tensor, ...]:
        """Views of equal parts along one dimension, or of the parts between the given indices."""
        parts = next(iter(keyword.values())) if keyword else given[0] if len(given) == 1 else given
        if input.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with "
                f"{input.ndim} dimensions!"
            )
        dim = dim_of(input.ndim)
        size = input.shape[dim]
        if isinstance(parts, int) and (parts == 0 or size % parts):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {size} is not divisible "
                f"by the split_size {parts}!"
            )
        return views.tensor_split(input, parts, dim)

    return split


overload("hsplit")(_split_along("hsplit", 1, lambda ndim: 0 if ndim == 1 else 1))
overload("vsplit")(_split_along("vsplit", 2, lambda ndim: 0))
overload("dsplit")(_split_along("dsplit", 3, lambda ndim: 2))
overload("unsafe_chunk")(views.chunk)


@overload("unsafe_split")
def unsafe_split(tensor: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """As `split`."""
    return views.split(tensor, split_size, dim)


@overload("unsafe_split_with_sizes")
def unsafe_split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """As `split_with_sizes`."""
    return views.split_with_sizes(input, split_sizes, dim)


# --- joining -----------------------------------------------------------------------------------------------------------


def _joining(name: str) -> Callable:
    row = getattr(ops, name)

    def joined(tensors: Any, out: Any, *args: Any) -> Tensor:
        for at, x in enumerate(tensors):
            if not isinstance(x, Tensor):
                raise TypeError(f"expected Tensor as element {at} in argument 0, but got {type(x).__name__}")
        made = row(tensors, *args)
        if out is None:
            return made
        if isinstance(out, Tensor):
            if not promotion.can_cast(made.dtype, out.dtype):
                kind = promotion.scalar_name(out.dtype)
                raise TypeError(f"torch.cat(): input types can't be cast to the desired output type {kind}")
            out._check_writable(tensors)
            if any(isinstance(t, Tensor) and t is out and t.numel() for t in tensors):
                out._check_apart(out, equal=True)
        return into(out, made)

    def plain(tensors: Any, *, out: Any = None) -> Tensor:
        return joined(tensors, out)

    def along(tensors: Any, dim: int = 0, *, out: Any = None) -> Tensor:
        return joined(tensors, out, dim)

    def in_chunks(tensors: Any, dim: int, num_chunks: int, *, out: Any = None) -> Tensor:
        return joined(tensors, out, dim, num_chunks)

    forms: dict[str, Callable] = {"cat": along, "stack": along, "_chunk_cat": in_chunks}
    join = forms.get(name, plain)
    join.__doc__ = row.__doc__
    return join


_JOINS = {
    "cat": ("cat", "concat", "concatenate"), "stack": ("stack",), "hstack": ("hstack",), "vstack": ("vstack", "row_stack"),
    "dstack": ("dstack",), "column_stack": ("column_stack",), "_chunk_cat": ("_chunk_cat",),
}  # fmt: skip
for _row, _names in _JOINS.items():
    overload(*_names, method=False)(_joining(_row))


# --- other shapes ------------------------------------------------------------------------------------------------------


@overload("ravel")
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension: a view where the tensor is contiguous."""
    return views.view(views.contiguous(input), -1)


@overload("adjoint")
def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped and the elements conjugated: a view."""
    if input.ndim == 1:
        raise RuntimeError("tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return views.conj(views.transpose(input, -2, -1) if input.ndim else input)


@overload("slice_inverse")
def slice_inverse(input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    """The storage of a slice in the sizes and strides of `src`, of which it is the slice."""
    return memory.as_strided(input, src.shape, src.stride(), src.storage_offset())


@overload("slice", method=False)
def slice_(input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Tensor:
    """`input[start:end:step]` along `dim`, a view (what `torch.ops.aten.slice` is)."""
    if not input.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    d = dim_in_range(dim, input.ndim)
    chosen = range(*slice(start, end, step).indices(input.shape[d]))
    return indexing.narrow(input, d, chosen.start if chosen else min(chosen.start, input.shape[d]), len(chosen), step)


@overload("_unsafe_masked_index", method=False)
def _unsafe_masked_index(self: Tensor, mask: Tensor, indices: Sequence[Tensor | None], fill: Any) -> Tensor:
    """`self[indices]` where the mask is true, `fill` elsewhere, where indices may stand outside."""
    return _masked_fill(indexing.getitem(self, _inside(self, indices)), ops.logical_not(mask), fill)


@overload("_unsafe_masked_index_put_accumulate", method=False)
def _unsafe_masked_index_put_accumulate(self: Tensor, mask: Tensor, indices: Sequence[Tensor | None], values: Tensor) -> Tensor:
    """`self` with `values` added at the indices where the mask is true; elsewhere indices may stand outside."""
    added = _masked_fill(values, ops.logical_not(mask), 0)
    return indexing.index_put(self, _inside(self, indices), added, accumulate=True)


def _masked_fill(x: Tensor, mask: Tensor, value: Any) -> Tensor:
    return ops.masked_fill(x, mask, x.dtype.np.type(value).item())


def _inside(x: Tensor, indices: Sequence[Tensor | None]) -> tuple:
    return tuple(
        slice(None) if index is None else ops.clamp(index, -size, size - 1)
        for index, size in zip(indices, x.shape, strict=False)
    )


# --- copies in place of views ------------------------------------------------------------------------------------------


def _detached(input: Tensor) -> Tensor:
    return input.detach()


def _viewed(self: Tensor, size: Any = None, dtype: Any = None) -> Tensor:
    return views.view(self, dtype=dtype) if dtype is not None else views.view(self, size)


def _expanded(input: Tensor, size: Any, *, implicit: bool = False) -> Tensor:
    return views.expand(input, size)


def _unfolded(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    return views.unfold(input, dimension, size, step)


def _narrowed(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    if dim >= max(input.ndim, 1):
        raise RuntimeError(f"narrow_copy(): there is no dimension {dim} in a tensor of {input.ndim} dimensions")
    return views.narrow(input, dim, start, length)


def _permuted(input: Tensor, dims: Any) -> Tensor:
    return views.permute(input, dims)


_VIEWS: dict[str, Callable] = {
    "alias": views.alias, "as_strided": memory.as_strided, "detach": _detached, "diagonal": views.diagonal,
    "expand": _expanded, "narrow": _narrowed, "permute": _permuted, "select": views.select, "slice": slice_,
    "split": views.split, "split_with_sizes": views.split_with_sizes, "squeeze": views.squeeze, "t": views.t,
    "transpose": views.transpose, "unbind": views.unbind, "unfold": _unfolded, "unsqueeze": views.unsqueeze,
    "view": _viewed, "view_as_real": views.view_as_real, "view_as_complex": views.view_as_complex,
}  # fmt: skip


def _copied(x: Tensor) -> Tensor:
    return dispatch.call(OPS["reshape_copy"], (x,), (tuple(x.shape),))


def _copy_of(name: str, view: Callable) -> Callable:
    def copy(*args: Any, out: Any = None, **keywords: Any) -> Any:
        made = view(*args, **keywords)
        made = tuple(map(_copied, made)) if isinstance(made, tuple) else _copied(made)
        if out is None:
            return made
        written = into(out, made)
        return None if isinstance(made, tuple) else written

    copy.__doc__ = f"As `{name}`, with elements of its own instead of a view."
    return copy


for _name, _view in _VIEWS.items():
    overload(f"{_name}_copy", method=_name == "narrow")(_copy_of(_name, _view))
