"""Storages that share their elements with a numpy array, as torch's do, though XLA's buffers are immutable.

Both sides are kept in step by copying. What is written to the tensor is copied to the array at once. What was written to the
array is noticed when the tensor is next used, by comparing; an array that nobody else holds any more is looked at once more
and let go. A storage that no numpy array shares pays nothing for it: sharing changes the storage's class.

Arrays beyond `_FOLLOWED` bytes are compared only at the first use after `from_numpy` or `numpy()`, not at every later one.
"""

from __future__ import annotations

import weakref
from sys import getrefcount
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.engine.record import local
from torchlike.engine.value import Value, host
from torchlike.tensor.storage import Storage
from torchlike.tensor.tensor import Tensor, bare

_FOLLOWED = 1 << 18  # bytes; they are compared in about 20 us

_VALUE: Any = Storage.__dict__["value"]
_VERSION: Any = Storage.__dict__["version"]


class Link:
    """What connects a storage with a numpy array.

    Attributes:
        array: the array, in the shape of the storage's value.
        taken: the storage has a value of its own, not the array itself (as `from_numpy` leaves it until the first use).
        compared: they have been compared since the array was last given away.
        behind: something was written to the storage that the array does not have yet.
        watch: of a large array the weak reference that lets go of it as soon as nobody holds it any more.
    """

    __slots__ = ("array", "behind", "compared", "taken", "watch")

    def __init__(self, array: np.ndarray, taken: bool):
        self.array, self.taken = array, taken
        self.compared = self.behind = False
        self.watch: Any = None

    def counts(self) -> tuple[int, int]:
        """How many hold the array, and the one that it is a view of."""
        array = self.array
        return getrefcount(array), getrefcount(array.base)

    def alone(self, others: int = 0) -> bool:
        """Whether nobody else can write to the elements.

        Args:
            others: how many may hold the array besides.
        """
        base = self.array.base
        held, base_held = self.counts()
        if base is None:
            return held - others == _OWNER
        return type(base) is np.ndarray and base.flags.owndata and (held - others, base_held - 1) == _VIEW


_OWNER = Link(np.zeros(2), True).counts()[0]
_VIEW = Link(np.zeros(2)[:1], True).counts()


class Shared(Storage):
    """A storage that shares its elements with a numpy array."""

    __slots__ = ()

    @property
    def value(self) -> Value:
        self._look()
        return self.raw

    @value.setter
    def value(self, value: Value) -> None:
        before, link = self.raw, self.link
        if link is None or value.aval is not before.aval or link.alone(others=not link.taken):
            _release(self)
            self.value = value
        else:
            _VALUE.__set__(self, value)
            link.taken = link.behind = True
            self._hand_over(link)

    @property
    def version(self) -> int:
        self._look()
        return _VERSION.__get__(self)

    @version.setter
    def version(self, version: int) -> None:
        _VERSION.__set__(self, version)

    def _look(self) -> None:
        """Take over what was written to the array, and let go of an array that nobody else holds."""
        link = self.link
        if link is None:  # another thread has just let go of it
            return
        alone = link.alone(others=not link.taken)  # the value as well, as long as that is the array itself
        if link.behind:
            if self.raw.array is not None:
                self._hand_over(link)
        elif not link.taken:
            link.taken = link.compared = True
            if not (alone and link.array.flags.carray):
                _VALUE.__set__(self, host(np.array(link.array)))
        elif alone or not link.compared or link.array.nbytes <= _FOLLOWED:
            link.compared = True
            _compare(self, link.array)
        if alone:
            _release(self)

    def _hand_over(self, link: Link) -> None:
        """Copy what was written to the storage to the array; while something is being captured, that waits."""
        value, state = self.raw, local.state
        if state.capture is None and state.notes is None and not value.aval.traced:
            if link.array.flags.writeable:
                np.copyto(link.array, value.numpy())
            link.behind = False


def _compare(storage: Storage, array: np.ndarray) -> None:
    """Take over what was written to the array."""
    if not _same(array, storage.raw.numpy()):
        _VALUE.__set__(storage, host(np.array(array)))
        _VERSION.__set__(storage, _VERSION.__get__(storage) + 1)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether all bits are the same."""
    size = a.dtype.itemsize
    if size > 8:
        return a.tobytes() == b.tobytes()
    whole = np.dtype(f"u{size}")
    if a.flags.c_contiguous and b.flags.c_contiguous:
        a, b = a.reshape(-1), b.reshape(-1)
        whole = np.dtype("u8") if not a.nbytes % 8 else whole
    return bool(np.array_equal(a.view(whole), b.view(whole)))


def _release(storage: Storage) -> None:
    storage.__class__ = Storage
    storage.link = None


def share(array: np.ndarray) -> Tensor:
    """A tensor with the elements of an array, which is not copied before it is known whether anybody else holds it."""
    made = bare(host(np.asarray(array)))
    if array.size:
        _attach(made._storage, np.asarray(array), taken=False)
    return made


def array_of(x: Tensor) -> np.ndarray:
    """The elements of a tensor on the CPU as a numpy array that shares them.

    It is a copy of its own for a part of something large, and where the array cannot be a view of the storage.
    """
    value, storage = x._read(), x._storage
    whole = storage.value
    size = whole.aval.numel * whole.aval.dtype.itemsize
    partial = value.aval.numel != whole.aval.numel and size > _FOLLOWED
    if partial or not _shareable(value, whole):
        return np.array(value.numpy())
    known = storage.link.array if isinstance(storage, Shared) else np.array(whole.numpy(), order="C")
    shown = known if x._view is None else _window(x, known)
    if shown is None:
        return np.array(value.numpy())
    if not isinstance(storage, Shared):
        _attach(storage, known, taken=True)
    link = storage.link
    link.compared = False
    if shown is known and size > _FOLLOWED:
        shown = known[...]
        link.watch = weakref.ref(shown, _Watcher(storage))
    return shown


def _shareable(value: Value, whole: Value) -> bool:
    state = local.state
    aval = whole.aval
    return bool(
        aval.dtype is value.aval.dtype and aval.device is devices.CPU and value.aval.device is devices.CPU and aval.numel
        and not (aval.traced or value.aval.traced) and state.capture is None and state.notes is None
    )  # fmt: skip


def _attach(storage: Storage, array: np.ndarray, taken: bool) -> None:
    storage.link = Link(array, taken)
    storage.__class__ = Shared


def _window(x: Tensor, array: np.ndarray) -> np.ndarray | None:
    """The part of the storage's array that a view shows; None where it is not one of numpy's."""
    if not array.flags.c_contiguous:
        return None
    width = array.itemsize
    strides = tuple(s * width for s in x.stride())
    try:
        shown: np.ndarray = np.ndarray(tuple(x.shape), array.dtype, array, x._offset * width, strides)
    except (TypeError, ValueError):  # it would leave the storage
        return None
    return shown if np.array_equal(shown, x._read().numpy(), equal_nan=shown.dtype.kind in "fc") else None


class _Watcher:
    """Looks at a large array when the one that was given away goes, so that it is not kept until the tensor is next used."""

    __slots__ = ("storage",)

    def __init__(self, storage: Storage):
        self.storage = weakref.ref(storage)

    def __call__(self, gone: Any) -> None:
        storage = self.storage()
        if not isinstance(storage, Shared):
            return
        link = storage.link
        if link is not None and link.watch is gone and not link.behind and link.alone(others=1):  # the one that goes
            _compare(storage, link.array)
            _release(storage)
