"""What all functions that make tensors have in common: `out=`, `dtype=`, `device=`, `layout=`, `requires_grad=`, sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.layout import contiguous_format, like, preserve_format
from torchlike.base.layouts import check_strided
from torchlike.base.promotion import scalar_name
from torchlike.engine.record import local
from torchlike.engine.value import host
from torchlike.tensor.tensor import Tensor, bare, place
from torchlike.tensor.views import sizes


def with_grad(made: Tensor, requires_grad: bool) -> Tensor:
    """`made`, requiring grad where that is wanted. Raises RuntimeError for a dtype without gradients."""
    if not requires_grad:
        return made
    if not made.dtype.is_differentiable:
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return made.requires_grad_()


def settle(out: Tensor | None, dtype: Any, device: Any, layout: Any = None, default: DType | None = None) -> tuple[DType, Any]:
    """The dtype and the device of a tensor to make, `out`'s where that is given.

    Raises:
        RuntimeError: where `out` is of another dtype or elsewhere. TypeError: where it is no tensor.
        NotImplementedError: for a layout that is not strided.
    """
    check_strided(layout)
    kind = None if dtype is None else dtypes.given(dtype)
    if out is None:
        return kind or default or dtypes.get_default_dtype(), devices.resolve(device)
    if not isinstance(out, Tensor):
        raise TypeError(f"argument 'out' must be Tensor, not {type(out).__name__}")
    if kind is not None and kind is not out.dtype:
        raise RuntimeError(f"dtype {scalar_name(kind)} does not match dtype of out parameter ({scalar_name(out.dtype)})")
    if device is not None and devices.resolve(device) is not out.device:
        raise RuntimeError(f"device {devices.resolve(device)} does not match device of out parameter ({out.device})")
    return out.dtype, out.device


def deliver(out: Tensor | None, made: Tensor, requires_grad: bool = False) -> Tensor:
    """`made`, or `out` with the elements (and the shape) of `made`."""
    if out is None:
        return with_grad(made, requires_grad)
    if out._rg and local.state.grad:
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad."
        )
    made = made.to(out.device, out.dtype)
    if out.shape == made.shape:
        out._check_writable()
        out._write(made)
    else:
        out._become(made)
    return with_grad(out, requires_grad)


def whole(name: str, argument: str, position: int, value: Any) -> int:
    """`value` as an int. Raises TypeError for what is none."""
    if isinstance(value, float) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be int, not {type(value).__name__}")
    return value.__index__()


def number(value: Any) -> Any:
    """A Python number of a number, a zero-dim tensor or numpy's scalar."""
    return value.item() if isinstance(value, (Tensor, np.generic)) else value


def precise(value: Any, kind: DType) -> Any:
    """A number for an op: a complex one for complex128 as a tensor, for among numbers it would be rounded to complex64."""
    if kind is dtypes.complex128 and isinstance(value, complex):
        return bare(host(np.asarray(value, kind.np)))
    return value


def size_of(name: str, args: tuple, keyword: Any) -> tuple[int, ...]:
    if keyword is None and not args:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    found = sizes(args if args else (keyword,))
    if found and min(found) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(found)}: {list(found)}")
    return found


def one_size(name: str, size: Any) -> tuple[int, ...]:
    if isinstance(size, int) or (isinstance(size, Tensor) and not size.ndim):
        raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    return size_of(name, (), size)


def settle_like(name: str, x: Any, dtype: Any, layout: Any, device: Any) -> tuple[DType, devices.device]:
    """The dtype and the device of a tensor like `x`. Raises TypeError where that is no tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}")
    return settle(None, dtype or x.dtype, x.device if device is None else device, layout)


def laid_out_like(made: Tensor, x: Tensor, memory_format: Any) -> Tensor:
    """`made` with the strides of `x` where those have no gaps, or with those of a memory format."""
    if memory_format is None or memory_format is preserve_format:
        if x._strides is not None:
            place(made, like(tuple(x.shape), x._strides), 0)
    elif memory_format is not contiguous_format:
        place(made, memory_format.strides(tuple(x.shape)), 0)
    return made
