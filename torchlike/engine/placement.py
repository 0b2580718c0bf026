"""One process, many devices: arrays that lie on several devices, and what joins them in a program.

A program with an array that is spread over a mesh runs on all of the mesh's devices; arrays on one device are copied to each of
them, once. XLA divides the work by where the arrays lie. Nothing here costs anything before the first array is spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

if TYPE_CHECKING:
    from torchlike.engine.record import Graph
    from torchlike.engine.value import Value


class Spread:
    """Whether any array of this process has been spread over several devices."""

    active = False


spread = Spread()


def sharding_of(array: Any) -> NamedSharding | None:
    """Where an array lies, if that is on several devices."""
    found = getattr(array, "sharding", None)
    if found is None or len(found.device_set) == 1 or not found.is_fully_addressable:
        return None
    if isinstance(found, NamedSharding):
        return found
    devices = np.array(sorted(found.device_set, key=lambda d: d.id))  # where all have the same, no mesh is named
    return NamedSharding(Mesh(devices, ("devices",)), PartitionSpec())


def mesh_of(static: Sequence[Any]) -> Mesh | None:
    """The mesh that an op with these static parameters wants its results on."""
    return next((s.mesh for s in static if isinstance(s, NamedSharding)), None)


def put(array: Any, sharding: NamedSharding) -> jax.Array:
    """An array spread over a mesh."""
    spread.active = True
    with jax.enable_x64(True):
        return jax.device_put(array, sharding)


def like(array: np.ndarray, value: Value) -> Any:
    """A new array of the host, lying where `value` does if that has its shape."""
    if not spread.active or value.array is None or value.aval.shape != array.shape:
        return array
    where = sharding_of(value.array)
    return array if where is None else put(array, where)


def join(graph: Graph) -> tuple[NamedSharding | None, ...]:
    """Bring a graph's leaves together on one mesh; by leaf, where it lies. Empty where all is on one device."""
    leaves = [graph.values[i] for i in graph.leaves]
    where = [sharding_of(v.array) for v in leaves]
    mesh = next((s.mesh for s in where if s is not None), None)
    if mesh is None:
        mesh = next((e[0].mesh for e in graph.entries if e[0].mesh is not None), None)
        if mesh is None:
            return ()
    everywhere = NamedSharding(mesh, PartitionSpec())
    for i, value in enumerate(leaves):
        if where[i] is None:
            value.array = put(value.array, everywhere)
            where[i] = everywhere
    return tuple(where)
