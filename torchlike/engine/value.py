"""Values: the immutable SSA values that recorded nodes produce, and their abstract descriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.base.size import Size

if TYPE_CHECKING:
    from torchlike.engine.record import Graph


class Aval:
    """Shape, dtype and place of a value. Interned: equal descriptions are one object, so keys compare by identity.

    Attributes:
        traced: the value is a JAX tracer (or everything runs eagerly): ops on it run at once instead of being recorded.
    """

    __slots__ = ("device", "dtype", "ndim", "numel", "shape", "traced")

    shape: Size
    dtype: dtype
    device: device
    traced: bool
    ndim: int
    numel: int

    def struct(self) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(self.shape, self.dtype.np)

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]" + (
            "" if self.device is devices.CPU else f"@{self.device}"
        )


_AVALS: dict[tuple, Aval] = {}


def aval(shape: tuple[int, ...], kind: dtype, where: device, traced: bool = False) -> Aval:
    """The one Aval of this description."""
    key = (shape, kind, where, traced)
    found = _AVALS.get(key)
    if found is None:
        found = Aval()
        found.shape, found.dtype, found.device, found.traced = Size(shape), kind, where, traced
        found.ndim, found.numel = len(shape), Size(shape).numel()
        _AVALS[key] = found
    return found


class Value:
    """An immutable array, computed or pending.

    Attributes:
        array: a jax.Array, a numpy array that only we own (it moves to the device at its first use), or None while
            pending. Values on the meta device never have one.
        graph, slot: where it stands in a pending graph, as an output or as a leaf.
    """

    __slots__ = ("array", "aval", "graph", "slot")

    def __init__(self, aval: Aval, array: Any = None, graph: Graph | None = None, slot: int = -1):
        self.aval = aval
        self.array = array
        self.graph = graph
        self.slot = slot

    def force(self) -> Any:
        """The array, running what is pending if need be."""
        if self.array is None:
            if self.aval.device is devices.META:
                raise NotImplementedError("Cannot copy out of meta tensor; no data!")
            self.graph.flush()  # type: ignore[union-attr]  # a pending value always has a graph
            if self.array is None:
                raise RuntimeError(
                    "this tensor's value was lost: the program that was to compute it failed"
                ) from self.graph.error  # type: ignore[union-attr]  # a pending value always has a graph
            self.graph.seen()
        return self.array

    def on_device(self) -> Any:
        """The jax.Array (or tracer): forced, and moved to its device if it still was on the host."""
        array = self.force()
        if type(array) is np.ndarray:
            array = self.array = put(array, self.aval.device)
        return array

    def numpy(self) -> np.ndarray:
        """A numpy array to read from (not to be written: it may be the buffer itself)."""
        return read(self.force())


# Set in processes that must not touch XLA: how an array that may be of the parent's is read. See `torchlike.engine.host`.
_reader: Callable[[Any], np.ndarray] | None = None


def keep_on_host(reader: Callable[[Any], np.ndarray] | None) -> None:
    """Place nothing on a device from now on (None: do so again)."""
    global _reader
    _reader = reader


def read(array: Any) -> np.ndarray:
    """The numpy array of an array."""
    return np.asarray(array) if _reader is None else _reader(array)


def put(array: np.ndarray, where: device) -> Any:
    """The array on its device."""
    if _reader is not None:
        return array
    # Inside a transform of JAX as well this is an array, not a tracer: it is kept beyond the transform.
    with jax.enable_x64(True), jax.ensure_compile_time_eval():
        target = devices.jax_device(where)
        # One array that is bound to its device binds the results, and the next step, whose operands are all bound, would be
        # another program to JAX: it would compile every training step twice.
        usual = jax.config.jax_default_device is None and target is jax.local_devices()[0]
        return jax.device_put(array, None if usual else target)


def host(array: np.ndarray, where: device = devices.CPU) -> Value:
    """A value from a numpy array that nobody else will write to."""
    found = aval(array.shape, dtypes.from_numpy(array.dtype), where)
    return Value(found, None if where is devices.META else array)


def twin(value: Value) -> Value:
    """The same numbers in memory of their own, as a copy that will be updated by itself needs them.

    Two parameters in one array would be one leaf of the first training step, which could not be donated, and two of the second:
    the step would be compiled twice. What is pending is shared.
    """
    array = value.array
    if array is None or isinstance(array, jax.core.Tracer):
        return value
    if _reader is not None:
        return Value(value.aval, np.array(_reader(array)))
    with jax.enable_x64(True):
        return Value(value.aval, array.copy())


def of_jax(array: Any) -> Value:
    """A value from a jax.Array or a tracer, without a copy."""
    if isinstance(array, jax.core.Tracer):
        return Value(aval(array.shape, dtypes.from_numpy(array.dtype), devices.CPU, traced=True), array)
    return Value(aval(array.shape, dtypes.from_numpy(array.dtype), devices.of_array(array)), array)
