"""Sequences of numbers and patterns of them: arange, linspace, logspace, eye, the indices of triangles."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.numeric import checked
from torchlike.base.promotion import scalar_name
from torchlike.engine import dispatch
from torchlike.engine.random_math import fma32, fma64
from torchlike.engine.value import Value, aval, host
from torchlike.ops.registry import OPS
from torchlike.tensor import functions as ops
from torchlike.tensor.creation import full
from torchlike.tensor.options import deliver, number, settle, whole, with_grad
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor, bare

_IOTA, _SPACED, _DIAGONAL = OPS["iota"], OPS["spaced"], OPS["diagonal_of"]


def _on(array: np.ndarray, kind: DType, where: devices.device) -> Tensor:
    """What was computed on the host, in its dtype and place."""
    if where is devices.META:
        return bare(Value(aval(array.shape, kind, where)))
    with np.errstate(over="ignore", invalid="ignore"):
        return bare(host(np.ascontiguousarray(array.astype(kind.np)), where))


# ---- in steps -------------------------------------------------------------------------------------------------


@overload("arange", method=False)
def arange(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from `start` below `end` in steps; int64 where all are ints, else the default dtype.

    Raises:
        RuntimeError: for a step of 0 or away from `end`, and for bounds that are not finite.
    """
    if end is None:
        start, end = 0, start
    numbers = _real_numbers("arange", start, end, step)
    default = dtypes.int64 if all(isinstance(n, int) for n in numbers) else None
    kind, where = settle(out, dtype, device, layout, default)
    if kind is dtypes.bool_ or kind.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{scalar_name(kind)}'")
    _check_span(*numbers)
    if kind is dtypes.int64:
        numbers = [int(n) for n in numbers]
        if numbers[2] == 0:
            raise ValueError("step must be nonzero")  # torch's class where only the integer step is 0
        count = max(0, -((numbers[0] - numbers[1]) // numbers[2]))
    else:
        count = max(0, math.ceil((numbers[1] - numbers[0]) / numbers[2]))
    return _steps(out, numbers[0], numbers[2], count, kind, where, requires_grad)


def range_(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from `start` to `end`, both included, in steps. Deprecated in torch: use `arange`."""
    if end is None:
        raise TypeError('range() missing 1 required positional arguments: "end"')
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with Python's "
        "range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=3,
    )
    numbers = _real_numbers("range", start, end, step)
    kind, where = settle(out, dtype, device, layout)
    _check_span(*numbers)
    if not kind.is_floating_point:
        numbers = [int(n) for n in numbers]
    count = math.floor((numbers[1] - numbers[0]) / numbers[2]) + 1
    return _steps(out, numbers[0], numbers[2], count, kind, where, requires_grad)


overload("range", method=False)(range_)


def _real_numbers(name: str, *given: Any) -> list[Any]:
    found = [number(n) for n in given]
    for name_, n in zip(("start", "end", "step"), found, strict=True):
        if isinstance(n, complex):
            raise RuntimeError("value cannot be converted to type double without overflow")
        if not isinstance(n, (int, float)):
            raise TypeError(f"{name}(): argument '{name_}' must be Number, not {type(n).__name__}")
    return found


def _check_span(start: Any, end: Any, step: Any) -> None:
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")


def _steps(out: Any, start: Any, step: Any, count: int, kind: DType, where: devices.device, requires_grad: bool) -> Tensor:
    """`start + step * i`, recorded on the CPU; into `out`, which keeps its shape where the number of elements is right."""
    if not kind.is_floating_point:
        start, step = int(start), int(step)
    if where is devices.CPU:
        made = dispatch.call(_IOTA, (start, step), (count, kind))
    else:
        made = _on(start + step * np.arange(count), kind, where)
    if out is not None and out.numel() == count:
        made = made.reshape(out.shape)
    elif out is not None and out.numel():
        warnings.warn(
            f"The number of elements in the out tensor of shape {list(out.shape)} is {out.numel()} which does not match the "
            f"computed number of elements {count}. Note that this may occur as a result of rounding error. The out tensor will "
            f"be resized to a tensor of shape ({count},).",
            UserWarning,
            stacklevel=4,
        )
    return deliver(out, made, requires_grad)


# ---- between two ends -----------------------------------------------------------------------------------------


def _ends(name: str, start: Any, end: Any, steps: Any, kind: DType) -> tuple[Any, Any, int]:
    """The two ends as numbers that `kind` holds, and how many numbers to make. Raises RuntimeError, OverflowError."""
    for which, given in (("start", start), ("end", end)):
        if isinstance(given, Tensor) and given.ndim:
            raise RuntimeError(
                f"{name} only supports 0-dimensional start and end tensors, but got {which} with {given.ndim} dimension(s)."
            )
    count = whole(name, "steps", 3, steps)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")
    return checked(number(start), kind), checked(number(end), kind), count


def _spaced(a: Any, b: Any, count: int, kind: DType, narrow: bool = True) -> np.ndarray:
    """`count` numbers from `a` to `b`, counted from both ends as torch does, in the precision that torch takes."""
    wide = kind.np if kind.is_differentiable and (narrow or kind.itemsize >= 4) else np.dtype(np.float64)
    first, last = np.asarray(a).astype(wide), np.asarray(b).astype(wide)
    if count == 1:
        return first.reshape(1)
    i = np.arange(count)
    with np.errstate(over="ignore", invalid="ignore"):
        step = (last - first) / np.asarray(max(count - 1, 1)).astype(wide)
        return np.where(i < count // 2, _along(first, step, i), _along(last, -step, count - 1 - i))


def _along(start: np.ndarray, step: np.ndarray, i: np.ndarray) -> np.ndarray:
    """`start + step * i`, rounded as torch's kernels round it: once for the wide floats, after each step for the others."""
    if start.dtype == np.float32:
        return fma32(i.astype(np.float32), step, start)
    if start.dtype == np.float64:
        return fma64(i.astype(np.float64), float(step), float(start))
    if start.dtype.kind == "c":
        made = np.empty(i.shape, start.dtype)
        made.real, made.imag = _along(start.real, step.real, i), _along(start.imag, step.imag, i)
        return made
    return start + (step.astype(np.float32) * i.astype(np.float32)).astype(start.dtype)


def _traced(*given: Any) -> bool:
    """Whether an end is a tensor inside a JAX transform, whose number cannot be looked at."""
    return any(isinstance(t, Tensor) and t._read().aval.traced for t in given)


def _spaced_by_ops(start: Any, end: Any, count: int, kind: DType) -> Tensor:
    """`linspace` of such ends, by ordinary ops."""
    wide = kind if kind.is_differentiable else dtypes.float64
    first, last = (t.to(wide) if isinstance(t, Tensor) else full((), t, dtype=wide) for t in (start, end))
    i = arange(count, dtype=wide.to_real())
    step = (last - first) / max(count - 1, 1)
    return ops.where(i < count // 2, first + step * i, last - step * (count - 1 - i)).to(kind)


def _kind_between(name: str, start: Any, end: Any, out: Any, dtype: Any, device: Any, layout: Any) -> tuple[DType, Any]:
    """The dtype of numbers between two: complex where one is. Raises RuntimeError where a real one is asked for then."""
    default = dtypes.get_default_dtype()
    if any(n.dtype.is_complex if isinstance(n, Tensor) else isinstance(n, complex) for n in (start, end)):
        default = default.to_complex()
        if dtype is not None and not dtypes.given(dtype).is_complex:
            raise RuntimeError(
                f"torch.{name}(): inferred dtype c10::complex<float> can't be safely cast to passed dtype "
                f"{scalar_name(dtypes.given(dtype))}"
            )
    kind, where = settle(out, dtype, device, layout, default)
    if kind is dtypes.bool_:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for 'Bool'")
    return kind, where


@overload("linspace", method=False)
def linspace(
    start: Any, end: Any, steps: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from `start` to `end`, both included. Raises RuntimeError for a negative number of them."""
    kind, where = _kind_between("linspace", start, end, out, dtype, device, layout)
    if _traced(start, end):
        return deliver(out, _spaced_by_ops(start, end, steps, kind), requires_grad)
    a, b, count = _ends("linspace", start, end, steps, kind)
    if where is devices.CPU and kind is dtypes.float32 and count > 1:
        with np.errstate(over="ignore", invalid="ignore"):
            first, last = np.float32(a), np.float32(b)
            step = (last - first) / np.float32(count - 1)
        if np.isfinite(step):
            made = dispatch.call(_SPACED, (float(first), float(last), float(step)), (count,))
            return deliver(out, made, requires_grad)
    return deliver(out, _on(_spaced(a, b, count, kind), kind, where), requires_grad)


@overload("logspace", method=False)
def logspace(
    start: Any, end: Any, steps: Any, base: float = 10.0, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`base` to the powers `linspace(start, end, steps)`."""
    kind, where = _kind_between("logspace", start, end, out, dtype, device, layout)
    if _traced(start, end):
        return deliver(out, float(base) ** _spaced_by_ops(start, end, steps, kind), requires_grad)
    exponents = _spaced(*_ends("logspace", start, end, steps, kind), kind, narrow=False)
    with np.errstate(all="ignore"):
        powers = np.power(np.asarray(float(base), exponents.dtype), exponents)
    return deliver(out, _on(powers, kind, where), requires_grad)


# ---- matrices -------------------------------------------------------------------------------------------------


@overload("eye", method=False)
def eye(
    n: Any, m: Any = None, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an n by m matrix. Raises RuntimeError for a negative size."""
    rows = whole("eye", "n", 1, n)
    columns = rows if m is None else whole("eye", "m", 2, m)
    for name, count in (("n", rows), ("m", columns)):
        if count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    kind, where = settle(out, dtype, device, layout)
    if where is devices.CPU:
        made = dispatch.call(_DIAGONAL, (1,), (rows, columns, kind))
    else:
        made = _on(np.eye(rows, columns, dtype=kind.np), kind, where)
    return deliver(out, made, requires_grad)


def _triangle(name: str, find: Any, row: Any, col: Any, offset: int, dtype: Any, device: Any, layout: Any) -> Tensor:
    kind, where = settle(None, dtype, device, layout)
    for which, count in (("row", row), ("col", col)):
        if count < 0:
            raise RuntimeError(f"{which} must be non-negative, got{count}")
    if kind.is_differentiable or kind is dtypes.bool_:
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_name(kind)}'")
    return _on(np.stack(find(row, offset, col)), kind, where)


@overload("tril_indices", method=False)
def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Row and column numbers of the lower triangle, (2, n)."""
    return with_grad(_triangle("tril_indices", np.tril_indices, row, col, offset, dtype, device, layout), requires_grad)


@overload("triu_indices", method=False)
def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None, layout: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Row and column numbers of the upper triangle, (2, n)."""
    return with_grad(_triangle("triu_indices", np.triu_indices, row, col, offset, dtype, device, layout), requires_grad)
