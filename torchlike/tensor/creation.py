"""Making tensors of numbers, and like another tensor; those from data stand in `from_data`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.layout import contiguous_format, preserve_format
from torchlike.base.numeric import checked
from torchlike.engine import dispatch
from torchlike.engine.value import Value, aval, host
from torchlike.ops.registry import OPS
from torchlike.tensor.from_data import (
    as_tensor,
    asarray,
    from_dlpack,
    from_jax,
    from_numpy,
    frombuffer,
    tensor,
    to_dlpack,
)
from torchlike.tensor.options import (
    deliver,
    laid_out_like,
    number,
    one_size,
    precise,
    settle,
    settle_like,
    size_of,
    with_grad,
)
from torchlike.tensor.tensor import Tensor, bare, place

_FULL = OPS["full_of"]


# ---- constants ------------------------------------------------------------------------------------------------


def filled(value: Any, size: tuple[int, ...], dtype: DType | None, device: Any, requires_grad: bool = False) -> Tensor:
    """A recorded constant."""
    where = devices.resolve(device)
    kind = dtypes.given(dtype) if dtype is not None else dtypes.get_default_dtype()
    if where is devices.CPU:
        out = dispatch.call(_FULL, (precise(value, kind),), (size, kind))
    else:
        out = bare(Value(aval(size, kind, where)) if where is devices.META else host(np.full(size, value, kind.np), where))
    return with_grad(out, requires_grad) if requires_grad else out


def zeros(
    *args: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros of the given sizes."""
    kind, where = settle(out, dtype, device, layout)
    return deliver(out, filled(0, size_of("zeros", args, size), kind, where), requires_grad)


def ones(
    *args: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones of the given sizes."""
    kind, where = settle(out, dtype, device, layout)
    return deliver(out, filled(1, size_of("ones", args, size), kind, where), requires_grad)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """One number everywhere; its type gives the dtype.

    Raises:
        RuntimeError: where the dtype cannot hold the number. TypeError: for a tensor that is not zero-dim.
    """
    default = None
    if isinstance(fill_value, Tensor):
        if fill_value.ndim or fill_value._rg:
            raise TypeError("full(): argument 'fill_value' (position 2) must be Number, not Tensor")
        default = fill_value.dtype
    value = number(fill_value)
    kind, where = settle(out, dtype, device, layout, default or dtypes.of_number(value))
    return deliver(out, filled(checked(value, kind), one_size("full", size), kind, where), requires_grad)


def scalar_tensor(
    s: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A number as a zero-dim tensor of the default dtype (whatever its type)."""
    kind, where = settle(None, dtype, device, layout)
    return with_grad(filled(checked(number(s), kind), (), kind, where), requires_grad)


# ---- room -----------------------------------------------------------------------------------------------------


def _room(size: tuple[int, ...], kind: DType, where: devices.device) -> Tensor:
    """Zeros that are there at once, where torch leaves what was in memory."""
    return bare(Value(aval(size, kind, where)) if where is devices.META else host(np.zeros(size, kind.np), where))


def empty(
    *args: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = contiguous_format,
) -> Tensor:  # fmt: skip
    """Room for a tensor, concrete at once (zeros here, where torch leaves what was in memory)."""
    kind, where = settle(out, dtype, device, layout)
    wanted = size_of("empty", args, size)
    made = _room(wanted, kind, where)
    if memory_format is preserve_format:
        raise RuntimeError("unsupported memory format Preserve")
    if memory_format is not contiguous_format and memory_format is not None:
        place(made, memory_format.strides(wanted), 0)
    return deliver(out, made, requires_grad)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Room for a tensor that answers with the given strides.

    Raises:
        RuntimeError: where there are not as many strides as sizes, or one is negative.
    """
    kind, where = settle(None, dtype, device, layout)
    wanted, strides = one_size("empty_strided", size), tuple(stride)
    if len(wanted) != len(strides):
        raise RuntimeError(f"dimensionality of sizes ({len(wanted)}) must match dimensionality of strides ({len(strides)})")
    if min(strides, default=0) < 0:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(wanted)} and strides={list(strides)}")
    made = _room(wanted, kind, where)
    place(made, strides, 0)
    return with_grad(made, requires_grad)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Room for a tensor without gaps, its dimensions in memory in the order `physical_layout`, the outermost first.

    Raises:
        RuntimeError: where that is no order of the dimensions.
    """
    wanted, order = one_size("empty_permuted", size), tuple(physical_layout)
    if len(wanted) != len(order):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(wanted)} is not equal to len(physical_layout) = {len(order)}"
        )
    for i, d in enumerate(order):
        if not 0 <= d < len(wanted):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(wanted) - 1}, but got {d} at index {i}).  NB: "
                "negative dims not currently supported; file an issue if you want it."
            )
        if d in order[:i]:
            raise RuntimeError("Duplicate dim not allowed")
    strides, step = [0] * len(wanted), 1
    for d in reversed(order):
        strides[d] = step
        step *= max(wanted[d], 1)
    return empty_strided(wanted, strides, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def concrete_zeros_like(x: Tensor) -> Tensor:
    """Zeros that are there at once, not recorded: for state that must not make the first step another program."""
    return _room(tuple(x.shape), x.dtype, x.device)


# ---- like another tensor --------------------------------------------------------------------------------------


def _like(name: str, x: Tensor, value: Any, dtype: Any, layout: Any, device: Any, grad: bool, memory_format: Any) -> Tensor:
    kind, where = settle_like(name, x, dtype, layout, device)
    made = filled(checked(value, kind), tuple(x.shape), kind, where)
    return with_grad(laid_out_like(made, x, memory_format), grad)


def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros in the shape, dtype and place of `input`."""
    return _like("zeros_like", input, 0, dtype, layout, device, requires_grad, memory_format)


def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones in the shape, dtype and place of `input`."""
    return _like("ones_like", input, 1, dtype, layout, device, requires_grad, memory_format)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """One number in the shape, dtype and place of `input`."""
    return _like("full_like", input, number(fill_value), dtype, layout, device, requires_grad, memory_format)


def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Room in the shape, dtype and place of `input`, concrete at once."""
    kind, where = settle_like("empty_like", input, dtype, layout, device)
    return with_grad(laid_out_like(_room(tuple(input.shape), kind, where), input, memory_format), requires_grad)


# ---- `x.new_zeros(...)` and kin ------------------------------------------------------------------------------


def _new(x: Tensor, make: Any, *args: Any, dtype: Any = None, device: Any = None, **rest: Any) -> Tensor:
    return make(*args, dtype=dtype or x.dtype, device=x.device if device is None else device, **rest)


def _new_tensor(x: Tensor, data: Any, **keywords: Any) -> Tensor:
    """A copy of `data` in the dtype and place of this tensor."""
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than tensor.new_tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
    return _new(x, tensor, data, **keywords)


METHODS = {
    "new_zeros": lambda x, *args, **k: _new(x, zeros, *args, **k),
    "new_ones": lambda x, *args, **k: _new(x, ones, *args, **k),
    "new_empty": lambda x, *args, **k: _new(x, empty, *args, **k),
    "new_empty_strided": lambda x, size, stride, **k: _new(x, empty_strided, size, stride, **k),
    "new_full": lambda x, size, fill_value, **k: _new(x, full, size, fill_value, **k),
    "new_tensor": _new_tensor,
}
FUNCTIONS: Sequence[Any] = (
    tensor, as_tensor, from_numpy, from_jax, from_dlpack, to_dlpack, frombuffer, asarray, zeros, ones, full, scalar_tensor,
    empty, empty_strided, empty_permuted, zeros_like, ones_like, full_like, empty_like,
)  # fmt: skip
