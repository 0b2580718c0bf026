"""Many processes: who takes part in a collective, and the mesh of devices that a program with collectives runs on.

A rank is a process. What each process records is its own (its tensors, its shapes); a program that holds a collective runs as
one `shard_map` over a device of every process that takes part, in which each sees its own values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.base import device as devices
from torchlike.base.device import device
from torchlike.ops.collectives import AXIS

_WHOLE, _PARTS = PartitionSpec(), PartitionSpec(AXIS)


class Ranks:
    """The processes that run a collective. Interned: equal ones are one object, so that programs are keyed by it.

    Attributes:
        ranks: the processes, in the order of the mesh.
        parts: positions in `ranks` of those that communicate with each other, equally many each; None where all do. Groups that
            cut the world into equal parts run one and the same program.
    """

    __slots__ = ("_meshes", "parts", "ranks")

    axis = AXIS

    ranks: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...] | None
    _meshes: dict[device, Mesh]

    def __new__(cls, ranks: Sequence[int], parts: Sequence[Sequence[int]] | None = None) -> Ranks:
        key = (tuple(ranks), None if parts is None else tuple(map(tuple, parts)))
        found = _RANKS.get(key)
        if found is None:
            found = _RANKS[key] = object.__new__(cls)
            found.ranks, found.parts = key
            found._meshes = {}
        return found

    @property
    def size(self) -> int:
        """How many communicate with each other."""
        return len(self.ranks) if self.parts is None else len(self.parts[0])

    def mesh(self, where: device) -> Mesh:
        """One device of each process: its own of that type."""
        found = self._meshes.get(where)
        if found is None:
            chosen = [_device_of(rank, where) for rank in self.ranks]
            found = self._meshes[where] = Mesh(np.array(chosen), (AXIS,))
        return found

    def __reduce__(self) -> tuple:
        return Ranks, (self.ranks, self.parts)

    def __repr__(self) -> str:
        return f"Ranks({list(self.ranks)}" + (")" if self.parts is None else f", parts={list(map(list, self.parts))})")


_RANKS: dict[tuple, Ranks] = {}


class World:
    """What this process knows of the others.

    Attributes:
        default: the ranks of the default group, None before `init_process_group`.
        announce: called before each program with collectives, with their descriptions and whether it was compiled just now.
        inflight: weak references to its last results, for those who watch whether they come; None while it is started.
        group: the default group, as torch.distributed has it. exchange: every rank's object (group, own object).
        replicas: the parts of a batch, each on a device of its own, whose statistics are theirs alone.
        explain: an error of such a program -> what to add to its message.
    """

    def __init__(self) -> None:
        self.rank = 0
        self.default: Ranks | None = None
        self.announce: Callable[[Ranks, Sequence[str], bool], None] | None = None
        self.explain: Callable[[Exception], str] = lambda error: ""
        self.inflight: Any = None
        self.group: Any = None
        self.exchange: Callable[[Any, Any], list] = lambda group, value: [value]
        self.replicas = 1


world = World()


def _device_of(rank: int, where: device) -> Any:
    if world.default is None or rank == world.rank:
        return devices.jax_device(where)
    theirs = sorted((d for d in jax.devices(where.platform) if d.process_index == rank), key=lambda d: d.id)
    if not theirs:
        raise RuntimeError(f"rank {rank} has no {where.type} device, and a collective on {where} needs one of each process")
    return theirs[(where.index or 0) % len(theirs)]


def under(mesh: Mesh | None, fn: Callable) -> Callable:
    """`fn` of each process's own arrays as one function over the mesh."""
    if mesh is None:
        return fn
    return jax.shard_map(fn, mesh=mesh, in_specs=_WHOLE, out_specs=_WHOLE, check_vma=False)


def after(x: Any, before: Any) -> Any:
    """`x`, in a way that nothing can be done with it before another value is there: collectives keep their order so.

    Ranks whose programs differ would otherwise wait for each other where XLA has put independent collectives in another order.
    """
    if not before.size:
        return x
    first = jax.numpy.real(before).ravel()[0]
    bits = jax.lax.bitcast_convert_type(first.astype(jax.numpy.float32), jax.numpy.uint32)
    nought = jax.lax.shift_right_logical(jax.lax.shift_right_logical(bits, np.uint32(31)), np.uint32(1))
    true = nought + jax.lax.axis_index(AXIS).astype(jax.numpy.uint32) < jax.lax.axis_size(AXIS)
    return jax.numpy.where(true, x, jax.numpy.zeros_like(x))


def alone(fn: Callable) -> Callable:
    """A collective of one process, as a function that runs wherever its arrays are."""
    one = jax.vmap(fn, axis_name=AXIS, axis_size=1)
    return lambda *args: tuple([out[0] for out in one(*[a[None] for a in args])])


def over(mesh: Mesh, fn: Callable, operands: Sequence[int], results: Sequence[int]) -> Callable:
    """`fn` of each process's own arrays as a function of arrays over the mesh, of which they are the parts.

    Args:
        operands, results: numbers of dimensions. Zero-dim operands come with a dimension of 1.
    """

    def own(*args: Any) -> list:
        return list(fn(*[a.reshape(()) if not ndim else a for a, ndim in zip(args, operands, strict=True)]))

    # A zero-dim result is called whole, though each process has its own: nothing but its parts is ever read.
    out = [_PARTS if ndim else _WHOLE for ndim in results]
    return jax.shard_map(own, mesh=mesh, in_specs=_PARTS, out_specs=out, check_vma=False)


def spread(mesh: Mesh, arrays: Sequence[Any]) -> list[jax.Array]:
    """This process's arrays as its parts of arrays over the mesh."""
    sharding = NamedSharding(mesh, _PARTS)
    count = mesh.devices.size
    here = next(d for d in mesh.devices.flat if d.process_index == d.client.process_index())
    made = []
    for array in arrays:
        if array.ndim == 0:
            array = np.asarray(array).reshape(1) if here.platform == "cpu" else array.reshape(1)
        if type(array) is np.ndarray or array.sharding.device_set != {here}:
            array = jax.device_put(array, here)
        shape = (count * array.shape[0], *array.shape[1:])
        made.append(jax.make_array_from_single_device_arrays(shape, sharding, [array]))
    return made


def opaque(x: Any) -> Any:
    """A constant that the compiler cannot see through: it takes for granted that all processes have the same ones."""
    return jax.numpy.where(jax.lax.axis_index(AXIS) < jax.lax.axis_size(AXIS), x, (x == 0).astype(x.dtype))


def own(results: Sequence[jax.Array]) -> list[jax.Array]:
    """This process's parts of results over the mesh."""
    return [r.addressable_data(0) for r in results]


def ranks_of(static: Sequence[Any]) -> Ranks | None:
    """The processes that an op with these static parameters runs on."""
    return next((s for s in static if type(s) is Ranks), None)


def reset() -> None:
    """Forget every mesh: the devices are others from now on."""
    for ranks in _RANKS.values():
        ranks._meshes.clear()
    _RANKS.clear()


def warn(text: str) -> None:
    """Say something on the standard error stream, in one line that is not torn apart by other processes."""
    sys.stderr.write(f"[torchlike] {text}\n")
    sys.stderr.flush()
