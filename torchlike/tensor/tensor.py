"""Tensor: a mutable cell over immutable values.

A tensor points at a storage, which holds the current value and a version. A view is a tensor with a chain of links, each
a view op: reading applies the chain to the storage's value (once per version), writing runs it backwards. Both are
ordinary recorded ops, so in-place writes through views are differentiable like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.base.dtypes import from_numpy as dtype_of
from torchlike.base.epoch import Epoch
from torchlike.base.layout import overlaps, repeats
from torchlike.base.size import Size, contiguous_strides
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.engine.value import Value, host
from torchlike.ops.registry import OPS, Op
from torchlike.tensor.storage import Storage
from torchlike.tensor.surface import Surface

_MANY_PLACES = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)
_SOME_PLACES = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
    "Please clone() the tensor before performing the operation."
)


class Link(NamedTuple):
    """One step of a view: the op, its numbers (starts of slices) and its static parameters."""

    op: Op
    numbers: tuple
    static: tuple


class _Holder(Surface):
    """Holds the attributes of tensors, under a `__dict__` that `Tensor` hides its own state from."""


class Tensor(_Holder):
    """A torch.Tensor whose work is recorded and run by XLA.

    The attributes below are defaults that a plain tensor never sets; see the module's text for what they mean.
    """

    _storage: Storage
    _view: tuple[Link, ...] | None = None  # how to get from the storage's value to this tensor
    _cached: Value | None = None  # a view's own value, as of version _seen
    _seen = -1
    _base: Tensor | None = None  # of a view: the tensor whose history it follows
    _strides: tuple[int, ...] | None = None  # None: contiguous
    _offset = 0
    _rg = False  # requires grad, leaf or not
    _node: Any = None  # what made it differentiable; None for leaves
    _nr = 0
    _grad: Tensor | None = None
    _retains = False
    _hooks: Any = None
    _part: Any = None  # of what other processes have the other parts (torchlike.distributed.tensor)

    def __new__(cls, *args: Any, **kwargs: Any) -> Tensor:
        return object.__new__(cls)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # a copy, where Python's is the thing itself
        """What the user hung on the tensor, as in torch, whose own state is not in it either."""
        return {name: value for name, value in attributes(self).items() if name not in _OWN}

    # ---- reading ----------------------------------------------------------------------------------------------

    def _read(self) -> Value:
        """The current value."""
        storage = self._storage
        if self._view is None:
            return storage.value
        if self._seen != storage.version:
            self._refresh()
        return self._cached  # type: ignore[return-value]  # refreshed just now

    def _refresh(self) -> None:
        """A write has passed a view by: read it again, with the history its base has now."""
        version = self._storage.version
        base = self._origin()
        if base is None:
            fresh = _follow(bare(self._storage.value), self._view or ())
            self._cached = fresh._storage.value
        else:
            state = local.state
            before, state.grad = state.grad, True
            try:
                fresh = _follow(base, self._suffix(base))
            finally:
                state.grad = before
            self._cached = fresh._storage.value
            self._rg, self._node, self._nr = fresh._rg, fresh._node, fresh._nr
        self._seen = version

    def _origin(self) -> Tensor | None:
        """The tensor whose history this view follows.

        A base that has become a view of itself (`t_`) or looks elsewhere by now (`set_`, `.data = `) does not show any more
        what this is a view of: what it was stands in, where that is known.
        """
        base = self._base
        if base is None or (base._storage is self._storage and base._view is None):
            return base
        if base._storage is not self._storage or base._view != self._view[: len(base._view or ())]:  # type: ignore[index]  # a view
            base = base._base
            self._base = base = None if base is None or base._storage is not self._storage else base
        return base

    def _suffix(self, base: Tensor) -> tuple[Link, ...]:
        """The links from `base`, which may be an alias with links of its own, to this view."""
        return self._view[len(base._view or ()) :]  # type: ignore[index]  # only views have suffixes

    # ---- what autograd sees -----------------------------------------------------------------------------------

    def _differentiated(self) -> Tensor:
        """The dense tensor whose history this is."""
        return self

    def _gradient_like(self, gradient: Tensor) -> Tensor:
        """The gradient of `_differentiated()` as the gradient of this tensor."""
        return gradient

    def _cotangent(self, gradient: Any) -> Any:
        """A gradient given for this tensor as one of `_differentiated()`."""
        return gradient

    # ---- writing ----------------------------------------------------------------------------------------------

    def _write(self, new: Tensor) -> Tensor:
        """Put `new` (same shape and dtype) in this tensor's place, for every alias to see. The history follows."""
        state = local.state
        tracked = state.grad
        value = new._read()
        if state.capture is not None and tracked and new._rg:
            state.capture.note_history(self if self._view is None else self._origin() or self)
        if self._view is None:
            self._storage.write(value)
            if tracked:
                self._rg, self._node, self._nr = new._rg, new._node, new._nr
            return self
        base = self._origin()
        history = tracked and base is not None and (new._rg or base._rg)
        if history:
            assert base is not None
            root = base._moment()
            whole = _put_back(root, self._suffix(base), new)
            base._rg, base._node, base._nr = whole._rg, whole._node, whole._nr
            stored = _put_back(bare(self._storage.value), base._view, bare(whole._read())) if base._view else whole
        else:
            stored = _put_back(bare(self._storage.value), self._view, bare(value))
        self._storage.write(stored._read())
        if base is not None and base._view is not None and history:
            base._cached, base._seen = whole._read(), self._storage.version
        self._cached, self._seen = value, self._storage.version
        if history:
            self._seen -= 1  # its history goes through its base from now on: read it again, if somebody asks
        elif tracked:
            self._rg, self._node, self._nr = new._rg, new._node, new._nr
        return self

    def _moment(self) -> Tensor:
        """This tensor as it is now: the same value and history, untouched by later writes."""
        now = bare(self._read())
        now._rg, now._node, now._nr = self._rg, self._node, self._nr
        if self._rg and self._node is None:
            return self
        return now

    def _check_writable(self, operands: Sequence[Any] = (), fill: bool = False) -> None:
        """Raises RuntimeError where torch forbids an in-place operation.

        That is on leaves that require grad and their views, on tensors that show an element in several places (unless they
        are filled with one number), and with operands that have part of their memory in common with the target.
        """
        if self._strides is not None and not fill and repeats(self.shape, self._strides):
            raise RuntimeError(_MANY_PLACES)
        for other in operands:
            if isinstance(other, Tensor) and other._storage is self._storage and other is not self:
                self._check_apart(other)
        if not local.state.grad:
            return
        if self._view is not None:
            self._read()
            base = self._origin()
            if base is not None and base._rg and base._node is None:
                raise RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        if self._rg and self._node is None:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")

    def _check_apart(self, other: Tensor, equal: bool = False) -> None:
        """Raises RuntimeError where a write here would change what is read from `other` (with `equal`, of which it is all)."""
        mine, its = (self.shape, self.stride(), self._offset), (other.shape, other.stride(), other._offset)
        if overlaps(*mine, *its) or (equal and mine == its):
            raise RuntimeError(_SOME_PLACES)

    def _alias(self) -> Tensor:
        """Another tensor on the same storage, without history."""
        twin = dispatch.Tensor.__new__(dispatch.Tensor)
        twin._storage = self._storage
        if self._view is not None:
            twin._cached, twin._seen, twin._view = self._read(), self._storage.version, self._view
        if self._strides is not None:
            twin._strides = self._strides
        if self._offset:
            twin._offset = self._offset
        return twin

    def _become(self, other: Tensor) -> None:
        """Share `other`'s storage from now on (`x.data = y`); history stays as it is."""
        self._storage, self._view, self._cached, self._seen = other._storage, other._view, other._cached, other._seen
        self._strides, self._offset = other._strides, other._offset
        self._base = None
        Epoch.now += 1

    # ---- what it is -------------------------------------------------------------------------------------------

    @property
    def _value(self) -> Value:
        return self._storage.value if self._view is None else self._read()

    @property
    def shape(self) -> Size:
        return (self._storage.raw if self._view is None else self._cached).aval.shape  # type: ignore[union-attr]  # as in _read

    @property
    def dtype(self) -> dtype:
        return (self._storage.raw if self._view is None else self._cached).aval.dtype  # type: ignore[union-attr]  # as in _read

    @property
    def device(self) -> device:
        return self._storage.raw.aval.device

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return (self._storage.raw if self._view is None else self._cached).aval.ndim  # type: ignore[union-attr]  # as in _read

    def stride(self, dim: int | None = None) -> Any:
        """Strides in elements, as torch would lay the tensor out (XLA lays it out as it likes)."""
        strides = self._strides if self._strides is not None else contiguous_strides(self.shape)
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """Elements between the storage's start and this tensor's first."""
        return self._offset


def bare(value: Value) -> Tensor:
    """A tensor around a value: no history, no aliases."""
    return dispatch.wrap(value)


_OWN = frozenset(Tensor.__annotations__) | {"_seen", "_offset", "_rg", "_nr", "_retains"}
_INSTANCE = vars(_Holder)["__dict__"]


def attributes(tensor: Tensor) -> dict[str, Any]:
    """Everything that a tensor holds: its own state and what the user hung on it."""
    return _INSTANCE.__get__(tensor)


def _follow(tensor: Tensor, links: tuple[Link, ...]) -> Tensor:
    for link in links:
        tensor = dispatch.call(link.op, (tensor, *link.numbers), link.static)
    return tensor


def _put_back(root: Tensor, links: tuple[Link, ...] | None, new: Tensor) -> Tensor:
    """`root` after `new` was written through the views `links`."""
    if any(link.op.view.write is None for link in links or ()):  # type: ignore[union-attr]  # links are views
        return _put_at(root, links or (), new)
    stages = [root]
    for link in (links or ())[:-1]:
        stages.append(dispatch.call(link.op, (stages[-1], *link.numbers), link.static))
    for link, stage in zip(reversed(links or ()), reversed(stages), strict=True):
        assert link.op.view is not None
        assert link.op.view.write is not None
        new = dispatch.call(link.op.view.write, (stage, new, *link.numbers), link.static)
    return new


def _put_at(root: Tensor, links: tuple[Link, ...], new: Tensor) -> Tensor:
    """`root` with `new` written to the places that the views show, each found by looking at numbered elements."""
    count = root._value.aval.numel
    places = _follow(bare(host(np.arange(count).reshape(root.shape), root.device)), links)
    flat = dispatch.call(OPS["reshape_copy"], (root,), ((count,),))
    whole = dispatch.call(OPS["index_put_into"], (flat, new, places), ((0,), False))
    return dispatch.call(OPS["reshape_copy"], (whole,), (tuple(root.shape),))


def make_view(tensor: Tensor, op: Op, static: tuple, strides: tuple[int, ...], offset: int, numbers: tuple = ()) -> Tensor:
    """Apply a view op: the result shares the storage of `tensor`, with the given strides and offset."""
    try:
        out = _on_host(tensor, op, static, numbers)
    except dispatch.Elsewhere as other:
        return other.tensor._apply(op, (tensor, *numbers), static)
    if out is None:
        out = dispatch.call(op, (tensor, *numbers), static)
    out._cached, out._storage, out._seen = out._storage.value, tensor._storage, tensor._storage.version
    out._view = (*(tensor._view or ()), Link(op, numbers, static))
    base = tensor._origin()
    out._base = tensor if base is None else base
    place(out, strides, offset)
    return out


def _on_host(tensor: Tensor, op: Op, static: tuple, numbers: tuple) -> Tensor | None:
    """An index view of a value that has not left the host yet is numpy's own: reading a data set records nothing, and no
    program is compiled for each of a file's many shapes."""
    value = tensor._read()
    if type(value.array) is not np.ndarray or tensor._rg or local.state.capture is not None:
        return None
    if op.name in _OF_NUMPY:
        made = _OF_NUMPY[op.name](value.array, *static)
        return None if made is None else bare(host(made, value.aval.device))
    if "spec" not in op.keywords:
        return None
    return bare(host(op.fn(value.array, *numbers, **dict(zip(op.keywords, static, strict=True))), value.aval.device))


def _bytes_as(array: np.ndarray, kind: dtype) -> np.ndarray | None:
    if dtype.BOOL in (kind.category, dtype_of(array.dtype).category) or not array.ndim or not array.size:
        return None
    whole = array.shape[-1] * array.itemsize % kind.itemsize == 0
    return np.ascontiguousarray(array).view(kind.np) if whole else None


_OF_NUMPY = {"view": lambda array, shape: array.reshape(shape), "view_dtype": _bytes_as}


def place(out: Tensor, strides: tuple[int, ...], offset: int) -> None:
    """Set a tensor's strides and offset, remembering only what is not the ordinary."""
    if strides != contiguous_strides(out.shape):
        out._strides = tuple(strides)
    if offset:
        out._offset = offset
