"""`torch._utils`: names that libraries import from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.base import device as devices
from torchlike.base.errors import ExceptionWrapper, KeyErrorMessage, absent
from torchlike.serialization import rebuild
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import empty

__all__ = ["ExceptionWrapper", "KeyErrorMessage"]


def _flatten_dense_tensors(tensors: Sequence[Tensor]) -> Tensor:
    """All elements of some tensors of one dtype in one dimension."""
    return ops.cat([t.reshape(-1) for t in tensors])


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of `flat` in the shapes of `tensors`, one behind the other."""
    parts, start = [], 0
    for t in tensors:
        parts.append(flat[start : start + t.numel()].view(t.shape))
        start += t.numel()
    return tuple(parts)


def _element_size(dtype: Any) -> int:
    """Bytes per element of a dtype."""
    return dtype.itemsize


def _get_device_index(device: Any, optional: bool = False, allow_cpu: bool = False) -> int:
    """The index of a device given as a number, a name or a device; the current one where it has none.

    Raises:
        ValueError: where it has none and `optional` is False.
    """
    if isinstance(device, int):
        return device
    found = None if device is None else devices.device(device)
    if found is not None and found.type == "cpu" and not allow_cpu:
        raise ValueError(f"Expected a non cpu device, but got: {device}")
    if found is not None and found.index is not None:
        return found.index
    if found is not None and found.type == "cpu":
        return -1
    if not optional:
        raise ValueError(f"Expected a torch.device with a specified index or an integer, but got:{device}")
    return devices.current("cuda")


class _Held:
    """A storage object in the form in which a file's storages are made into tensors."""

    def __init__(self, storage: Any):
        self.kind = getattr(storage, "dtype", None)
        self._untyped = storage.untyped()

    def window(self, kind: Any, offset: int, size: tuple, stride: tuple) -> Tensor:
        return empty(0, dtype=kind, device=self._untyped.device).set_(self._untyped, offset, size, stride)


def _of_storage(make: Callable[..., Any]) -> Callable[..., Any]:
    """A function that rebuilds a tensor of a file, for storage objects."""

    def of_storage(storage: Any, *args: Any, **kwargs: Any) -> Any:
        return make(_Held(storage), *args, **kwargs)

    of_storage.__doc__ = "The tensor that is a window (offset, size, stride) on a storage object."
    return of_storage


_rebuild_tensor, _rebuild_tensor_v2 = _of_storage(rebuild.tensor_v1), _of_storage(rebuild.tensor_v2)
_rebuild_tensor_v3, _rebuild_qtensor = _of_storage(rebuild.tensor_v3), _of_storage(rebuild.quantized)
_rebuild_parameter, _rebuild_parameter_with_state = rebuild.parameter, rebuild.parameter_with_state
_rebuild_meta_tensor_no_storage = rebuild.meta_tensor


def is_compiling() -> bool:
    """False."""
    return False


__getattr__ = absent("torch._utils")
