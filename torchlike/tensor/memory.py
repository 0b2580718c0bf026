"""Tensors as windows on their storage: as_strided, set_, resize_, and the methods that turn a tensor into a view of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.base.layout import channels_last, channels_last_3d, is_dense, preserve_format
from torchlike.base.promotion import scalar_name
from torchlike.base.size import contiguous_strides
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.engine.value import host
from torchlike.ops.registry import OPS
from torchlike.tensor import views
from torchlike.tensor.tensor import Link, Tensor, _follow, bare, place

_AS_STRIDED, _AS_STRIDED_OF, _PADDED = OPS["as_strided_view"], OPS["as_strided_of"], OPS["padded"]
_VIEW_DTYPE = OPS["view_dtype"]


# ---- the storage as a tensor ----------------------------------------------------------------------------------


def memory(x: Tensor) -> Tensor:
    """The whole storage of `x` as a row-major tensor that aliases it, with the history of the tensor that `x` views.

    Raises:
        NotImplementedError: where the order of the storage's elements is not known.
    """
    root = x if x._view is None else x._base
    if root is None or root._view is not None or root._storage is not x._storage:
        root = _storage_alone(x)
    shape, strides = tuple(root.shape), root._strides
    if strides is None:
        return root
    if not is_dense(shape, strides):
        raise NotImplementedError("the storage of this tensor has gaps: call .contiguous() first")
    return views.through(root, OPS["permute"], (tuple(sorted(range(len(shape)), key=lambda d: -strides[d])),))


def _storage_alone(x: Tensor) -> Tensor:
    """The storage of an alias of a view, whose first tensor is not at hand: taken for row-major, and checked."""
    root = bare(x._storage.value)
    root._storage = x._storage
    links = [link for link in x._view or () if link.op is not _VIEW_DTYPE]  # they move nothing, but where the width changes
    same_width = all(d.itemsize == root.dtype.itemsize for link in x._view or () if link.op is _VIEW_DTYPE for d in link.static)
    if x.dtype is root.dtype and x._value.aval.numel and same_width:
        numbered = bare(host(np.arange(root._value.aval.numel, dtype=np.int64).reshape(root.shape), root.device))
        found = _follow(numbered, tuple(links))._read().numpy()
        if not np.array_equal(found, OPS["as_strided_view"].fn(numbered._read().numpy(), **_window(x))):
            raise NotImplementedError("the storage of this tensor is not row-major: call .contiguous() first")
    return root


def _window(x: Tensor) -> dict[str, Any]:
    return {"size": tuple(x.shape), "stride": tuple(x.stride()), "storage_offset": x._offset}


def flat_as(x: Tensor, kind: dtypes.dtype) -> Tensor:
    """The whole storage of `x` as a vector of another dtype that aliases it."""
    flat = memory(x)
    flat = flat if flat.ndim == 1 and flat._strides is None else views.view(flat, -1)
    if flat.dtype is kind:
        return flat
    if flat.dtype.is_complex:
        flat = views.view(views.view_as_real(flat), -1)
    part = kind
    if kind.is_complex:
        part = dtypes.float32 if kind is dtypes.complex64 else dtypes.float64
    if flat.dtype is not part and dtypes.bool_ in (flat.dtype, part):
        flat = views.through(flat, OPS["view_dtype"], (dtypes.uint8,))
    if flat.dtype is not part:
        flat = views.through(flat, OPS["view_dtype"], (part,))
    return views.view_as_complex(views.view(flat, -1, 2)) if kind.is_complex else flat


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the storage with any sizes, strides and offset (in elements; the offset of `input` by default).

    Raises:
        RuntimeError: where it would leave the storage.
    """
    at = input._offset if storage_offset is None else int(storage_offset)
    wanted = (views.sizes((size,)), views.sizes((stride,)), at)
    base = input._base
    if input._rg and input._view is not None and (base is None or not base._rg):
        return _window_on_leaf(input, wanted)
    root = memory(input)
    return views.through(root if root.dtype is input.dtype else flat_as(input, input.dtype), _AS_STRIDED, wanted)


def _window_on_leaf(input: Tensor, wanted: tuple) -> Tensor:
    """as_strided of a view whose history begins with itself: the gradient goes to it, not to the storage's first tensor."""
    root = flat_as(input._alias(), input.dtype)
    held = (tuple(input.shape), tuple(input.stride()), input._offset)
    out = dispatch.call(_AS_STRIDED_OF, (input, root), (held, *wanted))
    out._cached, out._seen, out._storage = out._storage.value, input._storage.version, input._storage
    out._view = (*(root._view or ()), Link(_AS_STRIDED, (), wanted))
    place(out, wanted[1], wanted[2])
    return out


# ---- other windows for the same tensor ------------------------------------------------------------------------


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Another shape, in place: the elements stay in the order of memory; what comes new is not initialised (here: zeros).

    Growing beyond the storage takes a new one, which other tensors on the old one do not see (torch lets the storage grow).

    Raises:
        RuntimeError: for a tensor that requires grad, and for negative sizes.
    """
    if self._rg:
        raise RuntimeError("cannot resize variables that require grad")
    wanted = views.sizes(size)
    if min(wanted, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(wanted)}: {list(wanted)}")
    if memory_format is preserve_format:
        raise RuntimeError("Unsupported memory format for resize_: torch.preserve_format")
    strides = contiguous_strides(wanted) if memory_format is None else memory_format.strides(wanted)
    if wanted == tuple(self.shape) and (memory_format is None or strides == self.stride()):
        return self
    self._become(_resized(self, wanted, strides))
    return self


def _resized(x: Tensor, wanted: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
    x = x._alias()
    count = 0 if 0 in wanted else 1 + sum((n - 1) * st for n, st in zip(wanted, strides, strict=True))
    if not x.numel() and x._storage.value.aval.numel == 0:
        room = x
    else:
        room = flat_as(x, x.dtype)
    if x._offset + count > room.numel():
        room = dispatch.call(_PADDED, (room,), (x._offset + count,))
    if strides == contiguous_strides(wanted) and not x._offset and room.numel() == count:
        return views.view(room, wanted)
    return views.through(room, _AS_STRIDED, (wanted, strides, x._offset))


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """The shape of another tensor, in place; see `resize_`."""
    if memory_format is preserve_format:
        ordered = (channels_last, channels_last_3d)
        memory_format = next((f for f in ordered if f.holds(the_template.shape, the_template.stride())), None)
    return resize_(self, the_template.shape, memory_format=memory_format)


def set_(self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Tensor:
    """Look at the storage of `source` (a tensor or a storage) from now on; without arguments at an empty one.

    Raises:
        RuntimeError: where the dtypes or devices differ, and where the window leaves the storage.
    """
    _check_turnable(self)
    if source is None:
        made = bare(host(np.zeros(0, self.dtype.np), self.device))
    elif isinstance(source, Tensor):
        if source.dtype is not self.dtype:
            raise RuntimeError(
                f"Could not set tensor of type {scalar_name(source.dtype)} to a tensor of type {scalar_name(self.dtype)}"
            )
        made = source._alias()
    else:
        made = source._elements(self.dtype)
        made = views.through(made, _AS_STRIDED, ((made.numel(),), (1,), 0))  # stays, should the storage grow
    if made.device != self.device:
        raise RuntimeError(f"Attempted to set the storage of a tensor on device {self.device} to a storage on {made.device}")
    if size is not None:
        shape = views.sizes((size,))
        made = as_strided(made, shape, contiguous_strides(shape) if stride is None else stride, storage_offset)
    self._become(made)
    return self


# ---- view methods in place ------------------------------------------------------------------------------------


def _check_turnable(x: Tensor) -> None:
    if x._rg and x._node is None and local.state.grad:
        raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")


def turn(x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """`x` becomes the view `change(x)` of itself. Returns `x`."""
    _check_turnable(x)
    if x._rg and x._node is None:  # a leaf stays one
        x._become(change(x._alias()))
        return x
    before = x
    if x._base is None:  # what it was lives on as the tensor that it views
        before = x._alias()
        before._rg, before._node, before._nr = x._rg, x._node, x._nr
    made = change(before)
    x._become(made)
    x._base = made._base
    if local.state.grad:
        x._rg, x._node, x._nr = made._rg, made._node, made._nr
    return x


def _in_place(change: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def turned(self: Tensor, *args: Any, **keywords: Any) -> Tensor:
        return turn(self, lambda x: change(x, *args, **keywords))

    turned.__name__ = turned.__qualname__ = f"{change.__name__}_"
    turned.__doc__ = f"`{change.__name__}` in place: this tensor becomes that view of itself."
    return turned


METHODS: dict[str, Any] = {f.__name__: f for f in (as_strided, resize_, resize_as_, set_)}
_CHANGES: dict[str, Callable[..., Tensor]] = {
    "t": views.t, "transpose": views.transpose, "swapaxes": views.transpose, "swapdims": views.transpose,
    "squeeze": views.squeeze, "unsqueeze": views.unsqueeze, "as_strided": as_strided,
}  # fmt: skip
METHODS |= {f"{name}_": _in_place(change) for name, change in _CHANGES.items()}
FUNCTIONS: dict[str, Callable] = {name: METHODS[name] for name in ("as_strided", "as_strided_", "resize_as_")}
