"""Making tensors: from data, from numbers, and like another tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.layout import like
from torchlike.engine import dispatch
from torchlike.engine.value import Value, aval, host, of_jax
from torchlike.ops.registry import OPS
from torchlike.tensor.tensor import Tensor, bare, place
from torchlike.tensor.views import sizes

_FULL, _IOTA = OPS["full_of"], OPS["iota"]


# ---- from data ------------------------------------------------------------------------------------------------


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A tensor with a copy of `data`: numbers, nested sequences, numpy arrays, jax arrays or tensors.

    Raises:
        ValueError: where nested sequences have unequal lengths. TypeError: for text.
        RuntimeError: for other elements that are no numbers, and where `requires_grad` is asked of a dtype without gradients.
    """
    if isinstance(data, Tensor):
        out = data.detach().clone().to(device=device if device is not None else data.device, dtype=dtype)
    elif isinstance(data, jax.Array):
        out = bare(of_jax(data)).to(device=device, dtype=dtype)
    else:
        out = bare(host(_as_array(data, dtype), devices.resolve(device)))
    return out.requires_grad_() if requires_grad else out


def _as_array(data: Any, dtype: DType | None) -> np.ndarray:
    """`data` as a numpy array that nobody else holds, in torch's dtype for it."""
    if not isinstance(data, (np.ndarray, np.generic)):
        data = _plain(data)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(f"expected sequence of equal length at every dimension ({error})") from error
    if array.dtype == object:
        raise RuntimeError(f"Could not infer dtype of {_odd_one(array)}: torch.tensor() takes numbers and sequences of numbers")
    if dtype is not None:
        return array.astype(dtypes.given(dtype).np)
    if isinstance(data, (np.ndarray, np.generic)):
        dtypes.from_numpy(array.dtype)
        return array
    if array.dtype.kind == "f" or not array.size:
        return array.astype(dtypes.get_default_dtype().np)
    if array.dtype.kind == "c":
        return array.astype(dtypes.get_default_dtype().to_complex().np)
    if array.dtype.kind in "US":
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    return array


def _odd_one(array: np.ndarray) -> str:
    """The type's name of the first element that is no number."""
    return next((type(x).__name__ for x in array.flat if not isinstance(x, (bool, int, float, complex))), "a too large int")


def _plain(data: Any) -> Any:
    """Nested sequences with their tensors read."""
    if isinstance(data, (list, tuple)):
        if any(isinstance(d, (Tensor, list, tuple)) for d in data):
            return [_plain(d) for d in data]
        return data
    if isinstance(data, Tensor):
        return data.detach().numpy()
    return data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor; a tensor that already is what is asked for comes back itself."""
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor with the elements of a numpy array. Unlike torch's it does not share memory: XLA's buffers are immutable."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtypes.from_numpy(array.dtype)
    return bare(host(np.array(array)))


def from_jax(array: Any) -> Tensor:
    """A tensor around a jax.Array (or tracer), without a copy."""
    return bare(of_jax(array))


def frombuffer(buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor of the bytes of a buffer (copied)."""
    return bare(host(np.frombuffer(buffer, dtype.np, count, offset).copy())).requires_grad_(requires_grad)


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: Any = None, requires_grad: bool = False) -> Tensor:
    """`obj` as a tensor, copied where `copy` says so."""
    found = as_tensor(obj, dtype, device)
    found = found.clone() if copy and found is obj else found
    return found.requires_grad_() if requires_grad else found


# ---- constants ------------------------------------------------------------------------------------------------


def filled(value: Any, size: tuple[int, ...], dtype: DType | None, device: Any, requires_grad: bool = False) -> Tensor:
    """A recorded constant."""
    where = devices.resolve(device)
    if any(n < 0 for n in size):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    kind = dtypes.given(dtype) if dtype is not None else dtypes.get_default_dtype()
    if where is not devices.CPU:
        out = bare(Value(aval(size, kind, where)) if where is devices.META else host(np.full(size, value, kind.np), where))
    else:
        out = dispatch.call(_FULL, (value,), (size, kind))
    return out.requires_grad_() if requires_grad else out


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, names: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros of the given sizes."""
    return _out(out, filled(0, sizes(_kw(size, None)), dtype, device, requires_grad))


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, names: Any = None,
) -> Tensor:  # fmt: skip
    """Ones of the given sizes."""
    return _out(out, filled(1, sizes(_kw(size, None)), dtype, device, requires_grad))


def _kw(size: tuple, keyword: Any) -> tuple:
    return size if size else ((),) if keyword is None else (keyword,)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """One number everywhere; its Python type gives the dtype."""
    if isinstance(fill_value, Tensor):
        dtype, fill_value = dtype or fill_value.dtype, fill_value.item()
    return _out(out, filled(fill_value, sizes((size,)), dtype or dtypes.of_number(fill_value), device, requires_grad))


def empty(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Room for a tensor, concrete at once (zeros here, where torch leaves what was in memory)."""
    where, kind = devices.resolve(device), dtype or dtypes.get_default_dtype()
    wanted = sizes(_kw(size, None))
    if any(n < 0 for n in wanted):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(wanted)}: {list(wanted)}")
    made = Value(aval(wanted, kind, where)) if where is devices.META else host(np.zeros(wanted, kind.np), where)
    return _out(out, bare(made).requires_grad_(requires_grad))


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **_: Any
) -> Tensor:
    """Room for a tensor that answers with the given strides."""
    out = empty(size, dtype=dtype, device=device)
    place(out, tuple(stride), 0)
    return out.requires_grad_(requires_grad)


def concrete_zeros_like(x: Tensor) -> Tensor:
    """Zeros that are there at once, not recorded: for state that must not make the first step another program."""
    return empty(x.shape, dtype=x.dtype, device=x.device)


def _like(x: Tensor, value: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    out = filled(value, tuple(x.shape), dtype or x.dtype, x.device if device is None else device)
    if x._strides is not None:
        place(out, like(x.shape, x._strides), 0)
    return out.requires_grad_() if requires_grad else out


def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros in the shape, dtype and place of `input`."""
    return _like(input, 0, dtype, device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Ones in the shape, dtype and place of `input`."""
    return _like(input, 1, dtype, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """One number in the shape, dtype and place of `input`."""
    return _like(input, fill_value.item() if isinstance(fill_value, Tensor) else fill_value, dtype, device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Room in the shape, dtype and place of `input`, concrete at once."""
    out = empty(input.shape, dtype=dtype or input.dtype, device=input.device if device is None else device)
    if input._strides is not None:
        place(out, like(input.shape, input._strides), 0)
    return out.requires_grad_() if requires_grad else out


# ---- ranges ---------------------------------------------------------------------------------------------------


def arange(
    start: Any, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers from `start` below `end` in steps; int64 where all are ints, else the default dtype."""
    if end is None:
        start, end = 0, start
    numbers = [n.item() if isinstance(n, (Tensor, np.generic)) else n for n in (start, end, step)]
    if numbers[2] == 0:
        raise RuntimeError("step must be nonzero")
    if (numbers[1] - numbers[0]) * numbers[2] < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if not all(math.isfinite(n) for n in numbers):
        raise RuntimeError(f"unsupported range: {numbers[0]} -> {numbers[1]}")
    count = max(0, math.ceil((numbers[1] - numbers[0]) / numbers[2]))
    kind = dtype or (dtypes.int64 if all(isinstance(n, int) for n in numbers) else dtypes.get_default_dtype())
    return _out(out, _ramp(numbers[0], numbers[2], count, kind, device, requires_grad))


def _ramp(start: Any, step: Any, count: int, kind: DType, device: Any, requires_grad: bool) -> Tensor:
    where = devices.resolve(device)
    if where is devices.CPU:
        made = dispatch.call(_IOTA, (start, step), (count, kind))
    elif where is devices.META:
        made = bare(Value(aval((count,), kind, where)))
    else:
        made = bare(host((start + step * np.arange(count)).astype(kind.np), where))
    return made.requires_grad_() if requires_grad else made


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """`steps` numbers from `start` to `end`, both included; counted from both ends as torch does."""
    a, b = (n.item() if isinstance(n, Tensor) else n for n in (start, end))
    kind = dtype or (dtypes.get_default_dtype().to_complex() if isinstance(a + b, complex) else dtypes.get_default_dtype())
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    wide = np.float64 if not kind.is_floating_point or kind.itemsize < 4 else kind.np
    step = (np.asarray(b, wide) - np.asarray(a, wide)) / np.asarray(max(steps - 1, 1), wide)
    i = np.arange(steps).astype(wide)
    half = i < steps // 2
    array = np.where(half, np.asarray(a, wide) + step * i, np.asarray(b, wide) - step * (steps - 1 - i))
    made = bare(host((array if steps != 1 else np.asarray([a])).astype(kind.np), devices.resolve(device)))
    return _out(out, made.requires_grad_(requires_grad))


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    **_: Any,
) -> Tensor:  # fmt: skip
    """`base` to the powers from `start` to `end`."""
    kind = dtype or dtypes.get_default_dtype()
    array = np.power(float(base), np.linspace(float(start), float(end), steps))
    return bare(host(array.astype(kind.np), devices.resolve(device))).requires_grad_(requires_grad)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an n by m matrix. Raises RuntimeError for a negative size."""
    for name, count in (("n", n), ("m", m)):
        if count is not None and count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    made = bare(host(np.eye(n, m, dtype=(dtype or dtypes.get_default_dtype()).np), devices.resolve(device)))
    return _out(out, made.requires_grad_(requires_grad))


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None, layout: Any = None
) -> Tensor:
    """Row and column numbers of the lower triangle, (2, n)."""
    return bare(host(np.stack(np.tril_indices(row, offset, col)).astype(dtype.np), devices.resolve(device)))


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None, layout: Any = None
) -> Tensor:
    """Row and column numbers of the upper triangle, (2, n)."""
    return bare(host(np.stack(np.triu_indices(row, offset, col)).astype(dtype.np), devices.resolve(device)))


def complex_(real: Tensor, imag: Tensor) -> Tensor:
    """A complex tensor of two real ones."""
    from_parts = dispatch.call(OPS["complex"], (real, imag)) if "complex" in OPS.rows else None
    if from_parts is None:
        raise NotImplementedError("torchlike has no torch.complex yet")
    return from_parts


def _out(out: Tensor | None, made: Tensor) -> Tensor:
    if out is None:
        return made
    out._become(made.to(out.dtype))
    return out


# ---- `x.new_zeros(...)` and kin ------------------------------------------------------------------------------


def _new(x: Tensor, make: Any, *args: Any, dtype: Any = None, device: Any = None, **rest: Any) -> Tensor:
    return make(*args, dtype=dtype or x.dtype, device=x.device if device is None else device, **rest)


METHODS = {
    "new_zeros": lambda x, *size, **k: _new(x, zeros, *size, **k),
    "new_ones": lambda x, *size, **k: _new(x, ones, *size, **k),
    "new_empty": lambda x, *size, **k: _new(x, empty, *size, **k),
    "new_full": lambda x, size, fill_value, **k: _new(x, full, size, fill_value, **k),
    "new_tensor": lambda x, data, **k: _new(x, tensor, data, **k),
}
FUNCTIONS: Sequence[Any] = (
    tensor, as_tensor, from_numpy, from_jax, frombuffer, asarray, zeros, ones, full, empty, empty_strided, zeros_like,
    ones_like, full_like, empty_like, arange, linspace, logspace, eye, tril_indices, triu_indices,
)  # fmt: skip
