"""The functions that a `.pth` file calls to make its tensors, under torch's names for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torchlike.base.dtypes import dtype
from torchlike.base.qschemes import per_channel_affine_float_qparams
from torchlike.serialization import bridge
from torchlike.serialization.bridge import Loaded
from torchlike.serialization.names import Global
from torchlike.tensor import Buffer, Parameter, Tensor
from torchlike.tensor.quantized import QuantizedTensor, one, per_channel, plain

Ints = tuple[int, ...]


def tensor_v2(
    storage: Loaded, offset: int, size: Ints, stride: Ints, requires_grad: bool, hooks: Any, metadata: dict | None = None
) -> Tensor:
    if storage.kind is None:
        raise RuntimeError("a tensor of an untyped storage names no dtype: the file is corrupted")
    return _finish(storage.window(storage.kind, offset, tuple(size), tuple(stride)), requires_grad, hooks, metadata)


def tensor_v3(
    storage: Loaded,
    offset: int,
    size: Ints,
    stride: Ints,
    requires_grad: bool,
    hooks: Any,
    kind: dtype,
    metadata: dict | None = None,
) -> Tensor:
    return _finish(storage.window(kind, offset, tuple(size), tuple(stride)), requires_grad, hooks, metadata)


def tensor_v1(storage: Loaded, offset: int, size: Ints, stride: Ints) -> Tensor:
    return tensor_v2(storage, offset, size, stride, False, OrderedDict())


def _finish(made: Tensor, requires_grad: bool, hooks: Any, metadata: dict | None) -> Tensor:
    if metadata and metadata.get("conj"):
        made = made.conj()
    if metadata and metadata.get("neg"):
        made = -made
    if requires_grad:
        made.requires_grad_()
    _add_hooks(made, hooks)
    return made


def _add_hooks(made: Tensor, hooks: Any) -> None:
    for hook in (hooks or {}).values():
        made.register_hook(hook)


def meta_tensor(kind: dtype, size: Ints, stride: Ints, requires_grad: bool) -> Tensor:
    made = bridge.meta(kind, tuple(size), tuple(stride))
    return made.requires_grad_() if requires_grad else made


def quantized(
    storage: Loaded, offset: int, size: Ints, stride: Ints, quantizer: tuple, requires_grad: bool, hooks: Any
) -> QuantizedTensor:
    if storage.kind is None or not isinstance(quantizer, tuple) or len(quantizer) not in (3, 4):
        raise RuntimeError("a quantized tensor lacks its dtype or its scale: the file is corrupted")
    integers = storage.window(plain(storage.kind), offset, tuple(size), tuple(stride))
    scheme, scale, zero_point, *axis = quantizer
    if axis and isinstance(zero_point, Tensor) and zero_point.dtype.is_floating_point:
        scheme = per_channel_affine_float_qparams  # torch writes the other name
    made = per_channel(scale, zero_point, axis[0], scheme) if axis else one(scale, zero_point)
    return QuantizedTensor(integers, storage.kind, made)


def parameter(data: Tensor, requires_grad: bool, hooks: Any) -> Parameter:
    made = bridge.parameter(data, requires_grad)
    _add_hooks(made, hooks)
    return made


def parameter_with_state(data: Tensor, requires_grad: bool, hooks: Any, state: Any) -> Parameter:
    return _with_state(parameter(data, requires_grad, hooks), state)


def from_type(make: Callable, kind: type, args: tuple, state: Any) -> Tensor:
    """A tensor of a subclass, or with attributes of its own."""
    if make not in BY_NAME.values():
        raise RuntimeError(f"{make!r} does not rebuild tensors: the file is corrupted")
    made = make(*args)
    if isinstance(state, dict) and kind is Tensor and state.get("_is_buffer"):
        state = dict(state)
        del state["_is_buffer"]
        made = Buffer(made, persistent=state.pop("persistent", True))
    elif type(made) is not kind:
        made = made.as_subclass(kind)
    return _with_state(made, state)


def _with_state(made: Any, state: Any) -> Any:
    if isinstance(state, tuple):  # attributes and slots
        state = {**(state[0] or {}), **(state[1] or {})}
    for name, value in (state or {}).items():
        bridge.set_attribute(made, name, value)
    return made


TENSOR = Global("torch._utils", "_rebuild_tensor_v2")
TENSOR_OF_BYTES = Global("torch._utils", "_rebuild_tensor_v3")
QUANTIZED = Global("torch._utils", "_rebuild_qtensor")
META = Global("torch._utils", "_rebuild_meta_tensor_no_storage")
PARAMETER = Global("torch._utils", "_rebuild_parameter")
PARAMETER_WITH_STATE = Global("torch._utils", "_rebuild_parameter_with_state")
FROM_TYPE = Global("torch._tensor", "_rebuild_from_type_v2")

BY_NAME: dict[tuple[str, str], Callable] = {
    ("torch._utils", "_rebuild_tensor"): tensor_v1,
    TENSOR: tensor_v2,
    TENSOR_OF_BYTES: tensor_v3,
    META: meta_tensor,
    QUANTIZED: quantized,
    PARAMETER: parameter,
    PARAMETER_WITH_STATE: parameter_with_state,
    FROM_TYPE: from_type,
}
