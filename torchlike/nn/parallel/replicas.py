"""One process, many devices: a model on each of them, and a batch spread over them."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.base.device import device
from torchlike.engine import dispatch, placement
from torchlike.engine.value import Value
from torchlike.ops.registry import OPS
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare


def mesh(device_mesh: Any, group: Any, where: device) -> Mesh | None:
    """The devices of this process that a batch is spread over; None where that is one."""
    chosen = getattr(device_mesh, "local_mesh", None)
    if chosen is not None:
        return chosen
    if count() < 2:
        return None
    if group.size() > 1:
        raise NotImplementedError("torchlike spreads a batch over processes or over a process's devices, not over both yet")
    found = jax.local_devices(backend=where.platform)
    if len(found) < count():
        raise RuntimeError(f"TORCHLIKE_DEVICES={count()}, and JAX sees {len(found)} {where.type} devices")
    return Mesh(np.array(found[: count()]), ("data",))


def replicate(tensors: Sequence[Tensor], where: Mesh) -> None:
    """Put tensors, as they are, on every device."""
    whole = NamedSharding(where, PartitionSpec())
    for tensor in tensors:
        value = tensor._storage.value
        tensor._storage.write(Value(value.aval, placement.put(value.force(), whole)))


def count() -> int:
    """How many devices of this process the launcher was told to use; 0 where it was not told."""
    return int(os.environ.get("TORCHLIKE_DEVICES", "0"))


def scattered(x: Any, where: Any, axes: Sequence[str] | None = None, recorded: bool = False) -> Any:
    """A batch with equal parts of it on each device; what does not divide, or is no tensor, is left as it is.

    Args:
        axes: the mesh's dimensions over which it is spread, its first by default.
        recorded: the devices are not here: it is recorded that it is to lie there.
    """
    names = where.axis_names[:1] if axes is None else tuple(axes)
    if not isinstance(x, Tensor) or not x.ndim or x.shape[0] % math.prod(where.shape[n] for n in names):
        return x
    parts = NamedSharding(where, PartitionSpec(names if len(names) > 1 else names[0]))
    value = x._read()
    if x._rg or value.array is None or value.aval.traced or recorded:
        return dispatch.call(OPS["constrain"], [x], (parts,))
    return bare(Value(value.aval, placement.put(value.array, parts)))
