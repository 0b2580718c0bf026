"""torch.autocast: a `with` block in which products are computed in a 16-bit float and what needs range in float32.

Which op does what is in `torchlike.ops.autocast`. A cast is an op like any other: gradients arrive in the dtype that the
parameter has. In-place ops and float64 tensors are left alone.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.base.device import device
from torchlike.base.dtypes import dtype as DType
from torchlike.engine import dispatch
from torchlike.engine.record import local
from torchlike.engine.value import Aval
from torchlike.ops.registry import OPS, Op
from torchlike.tensor.tensor import Tensor

_CAST = OPS["cast"]
_FLOATS = (dtypes.float32, dtypes.bfloat16, dtypes.float16)
_HALVES = (dtypes.bfloat16, dtypes.float16)
_TYPES = ("cpu", "cuda", "tpu", "xla", "mps", "xpu")
_LISTS = {"cpu": 0}  # which of a row's two classes; other types of devices have the second
_UNSAFE = (
    "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\n"
    "Many models use a sigmoid layer right before the binary cross entropy layer.\n"
    "In this case, combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits\n"
    "or torch.nn.BCEWithLogitsLoss.  binary_cross_entropy_with_logits and BCEWithLogits are\n"
    "safe to autocast."
)


class _State(threading.local):
    """What autocast is set to in this thread, and what has been cast since the outermost block began."""

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}
        self.dtypes: dict[str, DType] = {"cuda": dtypes.float16, "mps": dtypes.float16, "xpu": dtypes.float16}
        self.cache_enabled = True
        self.nesting = 0
        self.cache: dict[tuple[int, DType], tuple] = {}

    def enable(self, kind: str, enabled: bool) -> None:
        self.enabled[kind] = enabled
        local.state.autocast = _operands if any(self.enabled.values()) else None


_state = _State()


def _operands(op: Op, args: Sequence[Any], specs: Sequence[Any], static: tuple) -> list[Any] | None:
    """The operands as autocast wants them, or None where they are that already. The stage that dispatch calls."""
    kinds = [s for s in specs if isinstance(s, Aval) and s.dtype in _FLOATS and _state.enabled.get(s.device.type)]
    if not kinds:
        return None
    where = kinds[0].device.type
    wanted = _class(op, where, static)
    if wanted is None:
        return None
    if wanted == "banned":
        raise RuntimeError(_UNSAFE)
    if wanted == "widest":
        found = {s.dtype for s in kinds}
        to = dtypes.float32 if dtypes.float32 in found or len(found) > 1 else kinds[0].dtype
    else:
        to = dtypes.float32 if wanted == "float32" else get_autocast_dtype(where)
    if all(s.dtype is to for s in kinds):
        return None
    return [
        _cast(a, to) if isinstance(s, Aval) and s.dtype in _FLOATS and s.device.type == where and s.dtype is not to else a
        for a, s in zip(args, specs, strict=True)
    ]


def _class(op: Op, where: str, static: tuple) -> str | None:
    assert op.autocast is not None
    found = op.autocast[_LISTS.get(where, 1)]
    return found(**dict(zip(op.keywords, static, strict=True))) if callable(found) else found


def _cast(tensor: Tensor, to: DType) -> Tensor:
    """`tensor` in another dtype. Parameters are cast once, as long as they are not written and the outermost block lasts."""
    value, state = tensor._value, local.state
    keep = tensor._rg and tensor._node is None and tensor._view is None and to in _HALVES
    caches = state.capture is None and state.notes is None and not value.aval.traced
    if not (keep and caches and _state.cache_enabled and _state.nesting):
        return dispatch.call(_CAST, (tensor,), (to,))
    found = _state.cache.get((id(tensor), to))
    if found is None or found[0] is not tensor or found[1] is not value or found[2] is not state.grad:
        # The tensor is in the entry so that its id stays its own.
        found = _state.cache[id(tensor), to] = (tensor, value, state.grad, dispatch.call(_CAST, (tensor,), (to,)))
    return found[3]


def setting() -> tuple | None:
    """All that decides what is cast to what, or None where nothing is."""
    return None if local.state.autocast is None else (*_state.enabled.items(), *_state.dtypes.items())


# ---- settings -------------------------------------------------------------------------------------------------


def _kind(device_type: Any) -> str:
    """The type of the tensors that `device_type` means: "xla" is whatever accelerator there is."""
    found = device(device_type).type
    return devices.resolve("xla").type if found == "xla" else found


def is_autocast_available(device_type: str) -> bool:
    """Whether autocast knows this type of device. Raises RuntimeError for a name that is no device's."""
    return device(device_type).type in _TYPES


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether autocast is on in this thread for a type of device ("cuda" where none is named)."""
    return _state.enabled.get(_kind("cuda" if device_type is None else device_type), False)


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switch autocast for a type of device: `set_autocast_enabled("cpu", True)`. With one argument, for "cuda"."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    _state.enable(_kind(device_type), bool(enabled))


def get_autocast_dtype(device_type: str) -> DType:
    """The 16-bit float for a type of device: bfloat16, and float16 for "cuda", unless it has been set."""
    kind = _kind(device_type)
    if kind not in _TYPES:
        raise RuntimeError(f"unsupported device type for autocast get dtype: {device_type}")
    return _state.dtypes.get(kind, dtypes.bfloat16)


def set_autocast_dtype(device_type: str, dtype: DType) -> None:
    """Set what `get_autocast_dtype` returns."""
    _state.dtypes[_kind(device_type)] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether the casts of parameters are kept until the outermost block ends."""
    return _state.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Say whether the casts of parameters are kept."""
    _state.cache_enabled = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget the casts of parameters."""
    _state.cache.clear()


def autocast_increment_nesting() -> int:
    """One block more; returns how many there are."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """One block less; returns how many are left."""
    _state.nesting -= 1
    return _state.nesting


def get_autocast_gpu_dtype() -> DType:
    """Deprecated: `get_autocast_dtype("cuda")`."""
    _deprecated("get_autocast_gpu_dtype", "get_autocast_dtype('cuda')")
    return get_autocast_dtype("cuda")


def get_autocast_cpu_dtype() -> DType:
    """Deprecated: `get_autocast_dtype("cpu")`."""
    _deprecated("get_autocast_cpu_dtype", "get_autocast_dtype('cpu')")
    return get_autocast_dtype("cpu")


def is_autocast_cpu_enabled() -> bool:
    """Deprecated: `is_autocast_enabled("cpu")`."""
    _deprecated("is_autocast_cpu_enabled", "is_autocast_enabled('cpu')")
    return is_autocast_enabled("cpu")


def _deprecated(name: str, instead: str) -> None:
    message = f"torch.{name}() is deprecated. Please use torch.{instead} instead."
    warnings.warn(message, DeprecationWarning, stacklevel=3)


# ---- the block ------------------------------------------------------------------------------------------------


class autocast:
    """Compute in mixed precision inside a `with` block or a decorated function.

    Args:
        device_type: "cpu", "cuda", "tpu" or "xla" (whatever accelerator there is).
        dtype: the 16-bit float; by default `get_autocast_dtype(device_type)`.
        enabled: False switches autocast off inside another block.
        cache_enabled: whether each parameter is cast once only.

    Recurrent networks return the 16-bit float on every device (torch's GRU returns float32 on CPU).

    Raises:
        ValueError: `device_type` is no string.
        RuntimeError: a type of device that autocast does not know.
    """

    def __init__(
        self, device_type: str, dtype: DType | None = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self._kind = _kind(device_type)
        self._enabled = bool(enabled) and self._usable()
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._before: list[tuple[bool, DType, bool]] = []

    def _usable(self) -> bool:
        """Whether the device and the dtype are there; says so where not."""
        if self._kind == "cuda" and not devices.count("cuda"):
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=3)
            return False
        if self.fast_dtype in _HALVES or (self._kind == "cuda" and self.fast_dtype is dtypes.float32):
            return True
        name = self._kind.upper()
        warnings.warn(
            f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n"
            f"{name} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
            stacklevel=3,
        )
        return False

    def __enter__(self) -> autocast:
        self._before.append((is_autocast_enabled(self._kind), get_autocast_dtype(self._kind), _state.cache_enabled))
        _state.enable(self._kind, self._enabled)
        set_autocast_dtype(self._kind, self.fast_dtype)
        set_autocast_cache_enabled(self._cache_enabled)
        autocast_increment_nesting()
        return self

    def __exit__(self, *error: Any) -> None:
        if autocast_decrement_nesting() == 0:
            clear_autocast_cache()
        enabled, dtype, cache_enabled = self._before.pop()
        _state.enable(self._kind, enabled)
        set_autocast_dtype(self._kind, dtype)
        set_autocast_cache_enabled(cache_enabled)

    def __call__(self, func: Callable) -> Callable:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return wrapped


# ---- autograd.Function ----------------------------------------------------------------------------------------


def custom_fwd(fwd: Callable | None = None, *, device_type: str, cast_inputs: DType | None = None) -> Any:
    """Decorates the `forward` of an `autograd.Function`, so that it and its `backward` agree about autocast.

    Args:
        device_type: whose autocast is meant.
        cast_inputs: inside an autocast block, the dtype of floating-point arguments; autocast is off in `forward` then.
    """
    _check_type(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def wrapped(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        enabled = is_autocast_enabled(device_type)
        ctx._fwd_used_autocast = enabled and cast_inputs is None
        if not enabled or cast_inputs is None:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            kind = _kind(device_type)
            return fwd(ctx, *_all_cast(args, kind, cast_inputs), **_all_cast(kwargs, kind, cast_inputs))

    return wrapped


def custom_bwd(bwd: Callable | None = None, *, device_type: str) -> Any:
    """Decorates the `backward` of an `autograd.Function` whose `forward` has `custom_fwd`: autocast is as it was there."""
    _check_type(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def wrapped(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return wrapped


def _check_type(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def _all_cast(value: Any, kind: str, dtype: DType) -> Any:
    """The floating-point tensors of a device, in tuples, lists and dicts too, in another dtype."""
    if isinstance(value, Tensor):
        wanted = value.dtype.is_floating_point and value.device.type == kind and value.dtype is not dtypes.float64
        return value.to(dtype) if wanted else value
    if isinstance(value, Mapping):
        return {_all_cast(k, kind, dtype): _all_cast(v, kind, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_all_cast(v, kind, dtype) for v in value])
    return value
