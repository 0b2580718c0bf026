"""Runs a kernel of `_kernels` on a tensor: in numpy where the values are on the host, else as one recorded op.

Images come from files, so that most transforms see values that no device has seen yet. Those stay in numpy, which costs
microseconds an image and lets worker processes do without a device; a batch on a device becomes part of its program.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from torchlike.base import device as devices
from torchlike.engine.record import local
from torchlike.engine.value import host
from torchlike.func.jax_bridge import from_jax
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare

__all__ = ["host_array", "made", "run"]


def host_array(x: Tensor) -> np.ndarray | None:
    """The values to read from, where they are known, in the host's memory, and no history is kept of them; else None."""
    value = x._read()
    array = value.array
    if array is None or value.aval.device is not devices.CPU or value.aval.traced or x.requires_grad:
        return None
    if local.state.capture is not None:
        return None
    if type(array) is not np.ndarray and len(array.devices()) > 1:  # sharded
        return None
    return np.asarray(array)


def made(array: np.ndarray) -> Tensor:
    """A tensor on the host around an array that nobody else will write to."""
    return bare(host(array))


def run(kernel: Callable, x: Tensor, *numbers: Any, **static: Any) -> Tensor:
    """`kernel(xp, x, *numbers, **static)` as a tensor.

    Args:
        numbers: arrays or Python numbers, inputs of the recorded op; those that change from call to call belong here.
        static: constants of the recorded op, hashable.
    """
    array = host_array(x)
    arrays = [n for n in numbers if isinstance(n, Tensor)]
    if array is not None and all(host_array(n) is not None for n in arrays):
        given = [host_array(n) if isinstance(n, Tensor) else n for n in numbers]
        with np.errstate(all="ignore"):
            return made(np.ascontiguousarray(kernel(np, array, *given, **static)))
    given = [n if isinstance(n, Tensor) else bare(host(_array(n), x.device)) for n in numbers]
    out = _recorded(kernel)(x, *given, **static)
    return out.to(x.dtype) if x.dtype.itemsize == 8 and out.dtype is not x.dtype else out  # JAX's own default is 32 bits


def _array(number: Any) -> np.ndarray:
    array = np.asarray(number)
    return array.astype(np.float32) if array.dtype == np.float64 else array


@functools.cache
def _recorded(kernel: Callable) -> Callable:
    def call(*args: Any, **static: Any) -> Any:
        return kernel(jnp, *args, **static)

    call.__name__ = kernel.__name__
    return from_jax(call)
