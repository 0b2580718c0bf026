"""Objects to pickle bytes as torch writes them: torch's names, and storages set aside."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from torchlike.base.device import META, device
from torchlike.base.dtypes import dtype
from torchlike.base.qschemes import qscheme
from torchlike.base.size import Size
from torchlike.serialization import bridge, names, rebuild
from torchlike.serialization.names import Global
from torchlike.tensor import Buffer, Parameter, Tensor
from torchlike.tensor.quantized import QuantizedTensor
from torchlike.tensor.uninitialized import is_lazy

_SIZE, _DEVICE = Global("torch", "Size"), Global("torch", "device")


class StorageRef(NamedTuple):
    """Stands in the pickle for a storage; its bytes are written elsewhere."""

    kind: Global
    key: str
    location: str
    length: int


class _Names:
    """A pickler that writes torchlike's objects as torch does; the rest of it is the class it is mixed with."""

    def __init__(self, file: Any, protocol: int, legacy: bool = False):
        super().__init__(file, protocol)  # type: ignore[call-arg]  # of the class it is mixed with
        self.storages: dict[str, np.ndarray] = {}
        self._legacy = legacy
        self._known: dict[int, bridge.Flat] = {}
        self._keys: dict[int, str] = {}

    def persistent_id(self, obj: Any) -> tuple | None:
        if not isinstance(obj, StorageRef):
            return None
        return ("storage", *obj, None) if self._legacy else ("storage", *obj)

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Tensor):
            return obj.__reduce_ex__(2) if is_lazy(obj) else self._reduce_tensor(obj)
        if isinstance(obj, Size):
            return _SIZE, (tuple(obj),)
        if isinstance(obj, device):
            kind = "xla" if obj.type == "tpu" else obj.type  # torch has no "tpu"
            return _DEVICE, (kind,) if obj.index is None else (kind, obj.index)
        if isinstance(obj, (dtype, qscheme, Global)) or (isinstance(obj, (type, FunctionType)) and names.in_torch(obj)):
            return ""  # a name: save_global knows which
        return NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        found = (
            ("torch", obj.name)
            if isinstance(obj, (dtype, qscheme))
            else obj
            if isinstance(obj, Global)
            else names.in_torch(obj)
        )
        if found is None:
            super().save_global(obj, name)  # type: ignore[misc]  # of the class it is mixed with
            return
        self.write(b"c" + f"{found[0]}\n{found[1]}\n".encode())  # type: ignore[attr-defined]  # GLOBAL, good in every protocol
        self.memoize(obj)  # type: ignore[attr-defined]  # of the class it is mixed with

    def _reduce_tensor(self, tensor: Tensor) -> tuple:
        if isinstance(tensor, QuantizedTensor):
            return self._quantized(tensor)
        if isinstance(tensor, Parameter):
            make, args = self._plain(tensor, requires_grad=False)
            state = bridge.attributes_of(tensor)
            base: tuple = (_Made(make, args), tensor.requires_grad, OrderedDict())
            return (rebuild.PARAMETER_WITH_STATE, (*base, state)) if state else (rebuild.PARAMETER, base)
        make, args = self._plain(tensor, tensor.requires_grad)
        state = bridge.attributes_of(tensor)
        if isinstance(tensor, Buffer):  # in torch a plain tensor with two marks
            return rebuild.FROM_TYPE, (make, Tensor, args, {**state, "persistent": tensor.persistent, "_is_buffer": True})
        if type(tensor) is Tensor and not state:
            return make, args
        return rebuild.FROM_TYPE, (make, type(tensor), args, state)

    def _quantized(self, tensor: QuantizedTensor) -> tuple:
        _, (ref, *window, requires_grad, hooks) = self._plain(tensor._integers, False)
        if tensor._quantizer.axis is None:
            params: tuple = (tensor.qscheme(), tensor.q_scale(), tensor.q_zero_point())
        else:
            params = tuple(tensor._quantizer)
        ref = ref._replace(kind=names.storage_type(tensor.dtype))
        return rebuild.QUANTIZED, (ref, *window, params, requires_grad, hooks)

    def _plain(self, tensor: Tensor, requires_grad: bool) -> tuple[Global, tuple]:
        """The call that rebuilds a tensor's data."""
        if tensor.device == META:
            return rebuild.META, (tensor.dtype, tuple(tensor.shape), tuple(tensor.stride()), requires_grad)
        flat = bridge.storage_of(tensor, self._known)
        kind = names.storage_type(tensor.dtype)
        key = self._keys.setdefault(id(flat.owner), str(len(self._keys)))
        self.storages[key] = flat.array
        of_bytes = kind.name == "UntypedStorage"
        place = str(tensor.device) if tensor.device.type == "cuda" else "cpu"
        ref = StorageRef(kind, key, place, flat.array.nbytes if of_bytes else flat.array.size)
        args: tuple = (ref, flat.offset, flat.size, flat.stride, requires_grad, OrderedDict())
        return (rebuild.TENSOR_OF_BYTES, (*args, tensor.dtype)) if of_bytes else (rebuild.TENSOR, args)


class _Made:
    """The result of a call, inside the arguments of another."""

    def __init__(self, make: Global, args: tuple):
        self._call = make, args

    def __reduce__(self) -> tuple:
        return self._call


def dumps(obj: Any, protocol: int, pickle_module: Any = None, legacy: bool = False) -> tuple[bytes, dict[str, np.ndarray]]:
    """The pickle of an object, and its storages by key, flat.

    Raises:
        ValueError: if the pickle module's pickler is not an extension of Python's own in Python.
    """
    base: Any = pickle._Pickler  # the one that lets names be written freely
    if pickle_module not in (None, pickle):
        base = getattr(pickle_module, "_Pickler", pickle_module.Pickler)
        if not issubclass(base, pickle._Pickler):
            raise ValueError(f"{pickle_module.__name__}.Pickler cannot be used to save: it does not extend pickle._Pickler")
    buffer = io.BytesIO()
    make: Callable[..., Any] = type("Pickler", (_Names, base), {})
    pickler = make(buffer, protocol, legacy)
    pickler.dump(obj)
    return buffer.getvalue(), pickler.storages
