"""Tensors from data: Python's numbers, nested sequences, numpy and jax arrays, buffers."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.base.numeric import checked
from torchlike.base.promotion import scalar_name
from torchlike.engine.value import host, of_jax
from torchlike.tensor.options import with_grad
from torchlike.tensor.shared import share
from torchlike.tensor.storages import UntypedStorage
from torchlike.tensor.tensor import Tensor, bare


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A tensor with a copy of `data`: numbers, nested sequences, numpy arrays, jax arrays or tensors.

    Raises:
        ValueError: where nested sequences have unequal lengths or a whole number needs more than 64 bits. TypeError: for text.
        RuntimeError: for other elements that are no numbers, for numbers that the dtype cannot hold, and where
            `requires_grad` is asked of a dtype without gradients.
    """
    if isinstance(data, Tensor):
        out = data.detach().clone().to(device=device if device is not None else data.device, dtype=dtype)
    elif isinstance(data, jax.Array):
        out = bare(of_jax(data)).to(device=device, dtype=dtype)
    else:
        out = bare(host(_as_array(data, dtype), devices.resolve(device)))
    return with_grad(out, requires_grad)


def _as_array(data: Any, dtype: DType | None) -> np.ndarray:
    """`data` as a numpy array that nobody else holds, in torch's dtype for it."""
    given = isinstance(data, (np.ndarray, np.generic))
    if not given:
        data = _plain(data)
    try:
        array = np.array(data)
    except ValueError as error:
        raise ValueError(f"expected sequence of equal length at every dimension ({error})") from error
    if array.dtype == object or array.dtype.kind in "USV":
        raise _no_numbers(array, data)
    if dtype is not None:
        kind = dtypes.given(dtype)
        return array.astype(kind.np) if given else _as_given(array, kind)
    if given or isinstance(_first(data), (np.ndarray, np.generic)):
        dtypes.from_numpy(array.dtype)
        return array
    if array.dtype == np.uint64:
        raise ValueError("Overflow when unpacking long long")
    if array.dtype.kind == "f" or not array.size:
        return array.astype(dtypes.get_default_dtype().np)
    if array.dtype.kind == "c":
        return array.astype(dtypes.get_default_dtype().to_complex().np)
    return array


def _as_given(array: np.ndarray, kind: DType) -> np.ndarray:
    """Python's numbers in the dtype asked for. Raises RuntimeError where an integer dtype cannot hold one."""
    if array.dtype.kind == "c" and not kind.is_complex:
        raise TypeError("must be real number, not complex")
    if not kind.is_differentiable and kind is not dtypes.bool_ and array.size:
        for extreme in (array.min(), array.max()):
            checked(extreme.item(), kind)
    with np.errstate(over="ignore"):
        return array.astype(kind.np)


def _first(data: Any) -> Any:
    """The first element of nested sequences."""
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    return data


def _no_numbers(array: np.ndarray, data: Any) -> Exception:
    """What is wrong with elements that are no numbers."""
    if isinstance(data, (np.ndarray, np.generic)):
        try:
            dtypes.from_numpy(array.dtype)
        except TypeError as error:
            return error
    if array.dtype.kind in "US":
        if array.ndim:
            return ValueError("too many dimensions 'str'")
        return TypeError(f"new(): invalid data type '{type(data).__name__}'")
    found = next((x for x in array.flat if not isinstance(x, (bool, int, float, complex))), None)
    if found is None and all(isinstance(x, int) for x in array.flat):
        return ValueError("Overflow when unpacking long long")
    name = type(found).__name__
    return RuntimeError(f"Could not infer dtype of {name}: torch.tensor() takes numbers and sequences of numbers")


def _plain(data: Any) -> Any:
    """Nested sequences with their tensors read."""
    if isinstance(data, (list, tuple)):
        if any(isinstance(d, (Tensor, list, tuple)) for d in data):
            return [_plain(d) for d in data]
        return data
    if isinstance(data, Tensor):
        return data.detach().numpy() if data.ndim else data.item()
    return data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor; a tensor that already is what is asked for comes back itself, a numpy array shares its elements."""
    if isinstance(data, Tensor):
        return data.to(device=device, dtype=dtype)
    if isinstance(data, UntypedStorage):
        return data._elements(dtypes.uint8).to(device=device, dtype=dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares its elements with a numpy array, see `torchlike.tensor.shared`.

    What is written to the tensor is in the array at once. What is written to the array is in the tensor when that is next used;
    an array of more than 256 KiB is looked at only at the first use (torch shares the memory itself).

    Raises:
        TypeError: for anything else, and for elements that are no numbers.

    >>> import numpy, torchlike as torch
    >>> array = numpy.zeros(2)
    >>> x = torch.from_numpy(array)
    >>> array[0] = 5; x[1] = 7
    >>> x, array
    (tensor([5., 7.], dtype=torch.float64), array([5., 7.]))
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__module__}.{type(array).__name__})")
    dtypes.from_numpy(array.dtype)
    return share(array)


def from_jax(array: Any) -> Tensor:
    """A tensor around a jax.Array (or tracer), without a copy."""
    return bare(of_jax(array))


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of anything that speaks DLPack: numpy and jax arrays, real torch's tensors. Only numpy's are shared."""
    if isinstance(ext_tensor, Tensor):
        found = ext_tensor.clone() if copy else ext_tensor.detach()
    elif isinstance(ext_tensor, np.ndarray):
        found = from_numpy(ext_tensor)
    else:
        source = ext_tensor if hasattr(ext_tensor, "__dlpack__") else _Capsule(ext_tensor)
        with jax.enable_x64(True):
            found = from_jax(jax.dlpack.from_dlpack(source, copy=copy))
    return found if device is None else found.to(device)


class _Capsule:
    """A bare DLPack capsule, of memory that the CPU sees, as the object that the protocol asks for now."""

    def __init__(self, capsule: Any):
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def to_dlpack(tensor: Tensor) -> Any:
    """The tensor as a DLPack capsule. Prefer to pass the tensor itself, which speaks the protocol."""
    return tensor.__dlpack__()


def frombuffer(buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor of the bytes of a buffer (copied, where torch shares them).

    Raises:
        ValueError: where the buffer does not hold the elements asked for.
    """
    length, width = memoryview(buffer).nbytes, dtypes.given(dtype).itemsize
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % width:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of "
            f"element size ({width})"
        )
    if offset + max(count, 0) * width > length:
        raise ValueError(
            f"requested buffer length ({count} * {width} bytes) after offset ({offset} bytes) must not be greater than actual "
            f"buffer length ({length} bytes)"
        )
    return with_grad(bare(host(np.frombuffer(buffer, dtypes.given(dtype).np, count, offset).copy())), requires_grad)


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: Any = None, requires_grad: bool = False) -> Tensor:
    """`obj` as a tensor, copied where `copy` says so.

    Raises:
        ValueError: where `copy=False` cannot be kept.
    """
    found = as_tensor(obj, dtype, device)
    if copy is False and found is not obj:
        if isinstance(obj, Tensor):
            raise ValueError(
                f"can't alias tensor with dtype '{scalar_name(obj.dtype)}' into dtype '{scalar_name(found.dtype)}'."
            )
        if not isinstance(obj, (np.ndarray, jax.Array)):
            raise ValueError("can't alias arbitrary sequence into a tensor.")
    found = found.detach().clone() if copy and found is obj else found
    return with_grad(found, requires_grad)
