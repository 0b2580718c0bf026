"""State dictionaries as trees of JAX arrays and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributed.tensor._api import held, whole
from torchlike.distributed.tensor._parts import Part
from torchlike.engine.processes import world
from torchlike.engine.value import Value, of_jax
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare


def flattened(state: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """The leaves of nested dictionaries and lists by their paths; objects with `state_dict()` stand for that."""
    if hasattr(state, "state_dict") and not isinstance(state, Tensor):
        state = state.state_dict()
    if isinstance(state, dict):
        for key, value in state.items():
            yield from flattened(value, (*path, key))
    elif isinstance(state, (list, tuple)) and any(isinstance(v, (Tensor, dict, list)) for v in state):
        for i, value in enumerate(state):
            yield from flattened(value, (*path, i))
    else:
        yield path, state


def name_of(path: tuple) -> str:
    return ".".join(map(str, path))


def to_array(tensor: Tensor) -> jax.Array:
    """A tensor as an array that all processes hold together: a part as that of the whole."""
    tensor, part = held(tensor)
    value = tensor.detach()._read()
    if world.default is None or world.default.size == 1:
        return value.on_device()
    if part is not None and part.uneven:  # JAX's arrays have equal parts
        value = whole(tensor, part)._read()
    return _assembled(value.on_device(), _sharding(tensor, part))


def _sharding(tensor: Tensor, part: Part | None) -> NamedSharding:
    """Where a tensor's parts lie over the processes' devices."""
    where = tensor.device
    assert world.default is not None
    if part is None or part.uneven:
        return NamedSharding(world.default.mesh(where), PartitionSpec())
    devices = np.array(world.default.mesh(where).devices.flat, object)[part.mesh._numbers.reshape(-1)]
    mesh = Mesh(devices.reshape(part.mesh.shape), part.mesh.axis_names)
    axes: list[Any] = [None] * tensor.ndim
    for name, p in zip(part.mesh.axis_names, part.placements, strict=True):
        if p.is_shard():
            axes[p.dim % tensor.ndim] = name
    return NamedSharding(mesh, PartitionSpec(*axes))


def _assembled(array: Any, sharding: NamedSharding) -> jax.Array:
    shape = list(array.shape)
    for dim, name in enumerate(sharding.spec):
        shape[dim] *= 1 if name is None else sharding.mesh.shape[name]
    return jax.make_array_from_single_device_arrays(tuple(shape), sharding, [array])


def described(tensor: Tensor) -> jax.ShapeDtypeStruct:
    """What is to be loaded into a tensor: the whole's shape, its dtype, and where this process wants it."""
    own, part = held(tensor)
    if part is not None and part.uneven:
        return jax.ShapeDtypeStruct(part.shape, own.dtype.np, sharding=_sharding(own, part))
    array = to_array(tensor)
    return jax.ShapeDtypeStruct(array.shape, array.dtype, sharding=array.sharding)


@no_grad()
def put_back(tensor: Tensor, array: jax.Array) -> None:
    """Write a loaded array into a tensor."""
    if world.default is not None and world.default.size > 1:
        array = array.addressable_data(0)
    tensor, part = held(tensor)
    if part is not None and part.uneven:
        tensor._write(part.of(bare(of_jax(array))))
        return
    tensor._write(bare(Value(tensor._value.aval, array)))
