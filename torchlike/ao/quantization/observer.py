"""Observers: modules that watch values go by and say which scale and zero point suit them.

They record, like everything else: an observer in a training step is part of the step's program and reads nothing back.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from functools import partial
from typing import Any

from torchlike.ao.quantization.utils import (
    calculate_qmin_qmax,
    check_min_max_valid,
    is_float_qparams,
    is_per_channel,
    is_per_tensor,
    validate_qmin_qmax,
)
from torchlike.base import dtypes
from torchlike.base.numeric import finfo
from torchlike.base.qschemes import (
    per_channel_affine,
    per_channel_affine_float_qparams,
    per_channel_symmetric,
    per_tensor_affine,
    per_tensor_symmetric,
)
from torchlike.nn.modules.module import Module
from torchlike.nn.modules.utils import factory_kwargs as checked_kwargs
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops

EPS = finfo(dtypes.float32).eps
_DTYPES = frozenset(
    {
        dtypes.qint8, dtypes.quint8, dtypes.quint4x2, dtypes.qint32, dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.int32,
        dtypes.float8_e5m2, dtypes.float8_e4m3fn, dtypes.uint16,
    }
)  # fmt: skip


class _PartialWrapper:
    """A class with some of its arguments given; more can be given by `with_args`, or computed at each call."""

    def __init__(self, p: partial):
        self.p = p
        self.callable_args: dict[str, Any] = {}

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        for name, make in self.callable_args.items():
            if name not in keywords:
                keywords = {**keywords, name: make()}
        return self.p(*args, **keywords)

    def __repr__(self) -> str:
        return repr(self.p) + repr(self.callable_args)

    def with_args(self, **kwargs: Any) -> _PartialWrapper:
        return _with_args(self, **kwargs)

    def with_callable_args(self, **kwargs: Any) -> _PartialWrapper:
        made = _PartialWrapper(self.p)
        made.callable_args = {**self.callable_args, **kwargs}
        return made


def _with_args(cls_or_self: Any, **kwargs: Any) -> _PartialWrapper:
    made = _PartialWrapper(partial(cls_or_self, **kwargs))
    if isinstance(cls_or_self, _PartialWrapper):
        made = _PartialWrapper(partial(cls_or_self.p, **kwargs))
        made.callable_args = dict(cls_or_self.callable_args)
    return made


class ObserverBase(Module):
    """Base of observers: `forward` watches and returns its input, `calculate_qparams` gives scale and zero point."""

    def __init__(self, dtype: Any, is_dynamic: bool = False):
        super().__init__()
        self.dtype = dtype
        self.is_dynamic = is_dynamic

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say what it observes")

    def calculate_qparams(self, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} finds no scale")

    @classmethod
    def with_args(cls, **kwargs: Any) -> _PartialWrapper:
        """The class with these arguments given: what `QConfig` takes."""
        return _with_args(cls, **kwargs)

    @classmethod
    def with_callable_args(cls, **kwargs: Any) -> _PartialWrapper:
        """The class with arguments that are computed by these functions whenever one is made."""
        return _PartialWrapper(partial(cls)).with_callable_args(**kwargs)


class UniformQuantizationObserverBase(ObserverBase):
    """Base of observers of ranges.

    Args:
        dtype: of the integers. qscheme: one scale or one per channel, and whether 0 is in the middle.
        reduce_range: use one bit less. quant_min, quant_max: the integers to use, in place of all of `dtype`.
        eps: the smallest scale.
    """

    _version = 3
    eps: Tensor
    min_val: Tensor
    max_val: Tensor

    def __init__(
        self, dtype: Any = dtypes.quint8, qscheme: Any = per_tensor_affine, reduce_range: bool = False,
        quant_min: int | None = None, quant_max: int | None = None, factory_kwargs: Any = None, eps: float = EPS,
        is_dynamic: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        given = checked_kwargs(factory_kwargs)
        super().__init__(dtype=dtype, is_dynamic=is_dynamic, **kwargs)
        self.qscheme = qscheme
        if reduce_range:
            warnings.warn(
                "Please use quant_min and quant_max to specify the range for observers. "
                "                    reduce_range will be deprecated in a future release of PyTorch.",
                stacklevel=2,
            )
        self.reduce_range = reduce_range
        self.register_buffer("eps", creation.tensor([eps], **given))
        if dtype not in _DTYPES:
            raise AssertionError(f"Default Observer only works for {sorted(map(str, _DTYPES))} data type")
        self.has_customized_qrange = quant_min is not None and quant_max is not None
        self.quant_min, self.quant_max = calculate_qmin_qmax(
            quant_min, quant_max, self.has_customized_qrange, dtype, reduce_range
        )
        if qscheme.symmetric and reduce_range and dtype is dtypes.quint8:
            raise NotImplementedError("Cannot reduce range for symmetric quantization for quint8")

    def _validate_qmin_qmax(self, quant_min: int, quant_max: int) -> None:
        validate_qmin_qmax(quant_min, quant_max)

    @property
    def _middle(self) -> int:
        if self.dtype in (dtypes.quint8, dtypes.uint8):
            return (self.quant_min + self.quant_max) // 2 if self.has_customized_qrange else 128
        return 2**15 if self.dtype is dtypes.uint16 else 0

    def _calculate_qparams(self, min_val: Tensor, max_val: Tensor) -> tuple[Tensor, Tensor]:
        """float32 scales and int64 zero points `(C,)` (or `(1,)`) for ranges."""
        if min_val.numel() == 0:
            return creation.tensor([1.0]), creation.tensor([0])
        scale, zero_point = ops.observed_qparams(
            min_val.detach().reshape(-1), max_val.detach().reshape(-1), self.eps, quant_min=self.quant_min,
            quant_max=self.quant_max, symmetric=self.qscheme.symmetric, middle=self._middle,
            float_zero=is_float_qparams(self.qscheme),
        )  # fmt: skip
        return scale, zero_point

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # torch's signature
        """float32 scales and int64 zero points for what was observed; 1 and 0, with a warning, where nothing was."""
        check_min_max_valid(self.min_val, self.max_val)
        return self._calculate_qparams(self.min_val, self.max_val)

    def recorded_qparams(self) -> tuple[Tensor, Tensor]:
        """`calculate_qparams` without a look at the values."""
        return self._calculate_qparams(self.min_val, self.max_val)

    def reset_min_max_vals(self) -> None:
        """Forget what was observed."""
        raise NotImplementedError("Cannot reset min/max values in the given observer.")

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}"

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: dict, *rest: Any) -> None:
        if (local_metadata.get("version") or 1) < 2:
            state_dict[f"{prefix}eps"] = creation.tensor([EPS])
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class MinMaxObserver(UniformQuantizationObserverBase):
    """One range: the smallest and the largest value ever seen.

    >>> import torchlike as torch
    >>> seen = MinMaxObserver()
    >>> _ = seen(torch.tensor([-1.0, 3.0]))
    >>> [round(v.item(), 4) for v in seen.calculate_qparams()]
    [0.0157, 64]
    """

    def __init__(self, dtype: Any = dtypes.quint8, qscheme: Any = per_tensor_affine, *args: Any, **kwargs: Any) -> None:
        if not is_per_tensor(qscheme):
            raise NotImplementedError(
                f"{type(self).__name__}'s qscheme only support torch.per_tensor_symmetric and torch.per_tensor_affine."
            )
        super().__init__(dtype, qscheme, *args, **kwargs)
        given = checked_kwargs(kwargs.get("factory_kwargs"))
        self.register_buffer("min_val", creation.tensor(float("inf"), **given))
        self.register_buffer("max_val", creation.tensor(float("-inf"), **given))

    def forward(self, x_orig: Tensor) -> Tensor:
        if x_orig.numel():
            x = x_orig.detach().to(self.min_val.dtype)
            self._take(x.min(), x.max())
        return x_orig

    def _take(self, low: Tensor, high: Tensor) -> None:
        self.min_val.copy_(ops.minimum(low, self.min_val))
        self.max_val.copy_(ops.maximum(high, self.max_val))

    def reset_min_max_vals(self) -> None:
        self.min_val.copy_(creation.tensor(float("inf")))
        self.max_val.copy_(creation.tensor(float("-inf")))


class MovingAverageMinMaxObserver(MinMaxObserver):
    """One range: averages of each input's smallest and largest value, the newest with weight `averaging_constant`."""

    def __init__(
        self, averaging_constant: float = 0.01, dtype: Any = dtypes.quint8, qscheme: Any = per_tensor_affine,
        reduce_range: bool = False, quant_min: int | None = None, quant_max: int | None = None, eps: float = EPS,
        is_dynamic: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        if is_dynamic and averaging_constant != 1:
            raise NotImplementedError(
                "MovingAverageMinMaxObserver doesn't support dynamic quantization for averaging constant of "
                f"{averaging_constant}"
            )
        super().__init__(
            dtype, qscheme, reduce_range, quant_min, quant_max, eps=eps, is_dynamic=is_dynamic, **kwargs
        )  # fmt: skip
        self.averaging_constant = averaging_constant

    def _take(self, low: Tensor, high: Tensor) -> None:
        self.min_val.copy_(ops.observed_average(self.min_val, low, constant=self.averaging_constant))
        self.max_val.copy_(ops.observed_average(self.max_val, high, constant=self.averaging_constant))


class PerChannelMinMaxObserver(UniformQuantizationObserverBase):
    """A range for each slice along `ch_axis`: the smallest and the largest value ever seen."""

    def __init__(
        self, ch_axis: int = 0, dtype: Any = dtypes.quint8, qscheme: Any = per_channel_affine, *args: Any, **kwargs: Any
    ) -> None:
        if not is_per_channel(qscheme):
            raise NotImplementedError(
                f"{type(self).__name__}'s qscheme only support torch.per_channel_symmetric, torch.per_channel_affine and "
                "torch.per_channel_affine_float_qparams."
            )
        if kwargs.get("is_dynamic"):
            raise NotImplementedError(f"{type(self).__name__} doesn't support dynamic quantization")
        super().__init__(dtype, qscheme, *args, **kwargs)
        given = checked_kwargs(kwargs.get("factory_kwargs"))
        self.ch_axis = ch_axis
        self.register_buffer("min_val", creation.tensor([], **given))
        self.register_buffer("max_val", creation.tensor([], **given))

    def forward(self, x_orig: Tensor) -> Tensor:
        if x_orig.numel():
            low, high = self._ranges(x_orig.detach().to(self.min_val.dtype))
            self._take(low, high)
        return x_orig

    def _ranges(self, x: Tensor) -> tuple[Tensor, Tensor]:
        others = tuple(d for d in range(x.ndim) if d != self.ch_axis % x.ndim)
        return (x, x) if not others else (x.amin(others), x.amax(others))

    def _take(self, low: Tensor, high: Tensor) -> None:
        if self.min_val.numel():
            low, high = self._joined(low, high)
        else:
            self.min_val.resize_(low.shape)
            self.max_val.resize_(high.shape)
        self.min_val.copy_(low)
        self.max_val.copy_(high)

    def _joined(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return ops.minimum(low, self.min_val), ops.maximum(high, self.max_val)

    def reset_min_max_vals(self) -> None:
        self.min_val, self.max_val = creation.empty(0), creation.empty(0)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict, strict: bool, missing: list, *rest: Any
    ) -> None:
        old = (local_metadata.get("version") or 1) < 3
        for name in ("min_val", "max_val"):
            if old and f"{prefix}{name}s" in state_dict:
                state_dict[prefix + name] = state_dict.pop(f"{prefix}{name}s")
            if prefix + name in state_dict:  # how many channels there are is known from the file only
                getattr(self, name).resize_(state_dict[prefix + name].shape)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing, *rest)


class MovingAveragePerChannelMinMaxObserver(PerChannelMinMaxObserver):
    """A range for each slice along `ch_axis`: averages of each input's smallest and largest value."""

    def __init__(
        self, averaging_constant: float = 0.01, ch_axis: int = 0, dtype: Any = dtypes.quint8,
        qscheme: Any = per_channel_affine, reduce_range: bool = False, quant_min: int | None = None,
        quant_max: int | None = None, eps: float = EPS, is_dynamic: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            ch_axis, dtype, qscheme, reduce_range, quant_min, quant_max, eps=eps, is_dynamic=is_dynamic, **kwargs
        )  # fmt: skip
        self.averaging_constant = averaging_constant

    def _joined(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        constant = self.averaging_constant
        return (
            ops.observed_average(self.min_val, low, constant=constant),
            ops.observed_average(self.max_val, high, constant=constant),
        )


class FixedQParamsObserver(ObserverBase):
    """Watches nothing: scale and zero point are given."""

    scale: Tensor
    zero_point: Tensor

    def __init__(
        self, scale: float, zero_point: int, dtype: Any = dtypes.quint8, qscheme: Any = per_tensor_affine, quant_min: int = 0,
        quant_max: int = 255, is_dynamic: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        if is_dynamic:
            raise NotImplementedError("FixedQParamsObserver doesn't support dynamic quantization")
        super().__init__(dtype=dtype, is_dynamic=is_dynamic, **kwargs)
        self.quant_min, self.quant_max, self.qscheme = quant_min, quant_max, qscheme
        self.register_buffer("scale", creation.tensor([scale], dtype=dtypes.float32))
        self.register_buffer("zero_point", creation.tensor([zero_point], dtype=dtypes.int32))

    def forward(self, X: Tensor) -> Tensor:
        return X

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # torch's signature
        return self.scale, self.zero_point

    recorded_qparams = calculate_qparams


class PlaceholderObserver(ObserverBase):
    """Watches nothing: it carries its arguments to the module that is made of it."""

    def __init__(
        self, dtype: Any = dtypes.float32, custom_op_name: str = "", compute_dtype: Any = None, quant_min: Any = None,
        quant_max: Any = None, qscheme: Any = None, eps: Any = None, is_dynamic: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(dtype=dtype, is_dynamic=is_dynamic)
        self.qscheme = per_tensor_affine if qscheme is None else qscheme
        self.quant_min, self.quant_max, self.eps, self.custom_op = quant_min, quant_max, eps, custom_op_name
        if compute_dtype:
            is_dynamic = True
            warnings.warn("Please use `is_dynamic` instead of `compute_dtype`.", stacklevel=2)

    def forward(self, x: Tensor) -> Tensor:
        return x

    def extra_repr(self) -> str:
        return f"dtype={self.dtype}, is_dynamic={self.is_dynamic}"

    def calculate_qparams(self) -> Any:  # type: ignore[override]  # torch's signature
        raise Exception("calculate_qparams should not be called for PlaceholderObserver")


class RecordingObserver(ObserverBase):
    """Keeps every value that it sees, for a look at them: `get_tensor_value()`."""

    def __init__(self, dtype: Any = dtypes.quint8):
        super().__init__(dtype=dtype)
        self.tensor_val: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.tensor_val.append(x.clone())
        return x

    def calculate_qparams(self) -> Any:  # type: ignore[override]  # torch's signature
        raise Exception("calculate_qparams should not be called for RecordingObserver")

    def get_tensor_value(self) -> list[Tensor]:
        return self.tensor_val


class NoopObserver(ObserverBase):
    """Watches nothing."""

    def __init__(self, dtype: Any = dtypes.float16, custom_op_name: str = "") -> None:
        super().__init__(dtype=dtype, is_dynamic=False)
        self.custom_op = custom_op_name

    def forward(self, x: Tensor) -> Tensor:
        return x

    def calculate_qparams(self) -> Any:  # type: ignore[override]  # torch's signature
        raise Exception("calculate_qparams should not be called for NoopObserver")


class ReuseInputObserver(ObserverBase):
    """Watches nothing: the observer of the input serves the output as well."""

    def __init__(self) -> None:
        super().__init__(dtypes.quint8, is_dynamic=False)

    def forward(self, x: Tensor) -> Tensor:
        return x

    def calculate_qparams(self) -> Any:  # type: ignore[override]  # torch's signature
        raise Exception("calculate_qparams should not be called for ReuseInputObserver")


def get_observer_state_dict(mod: Module) -> OrderedDict:
    """The part of a model's state that observers made."""
    found = OrderedDict((k, v) for k, v in mod.state_dict().items() if "activation_post_process" in k)
    found._metadata = mod.state_dict()._metadata  # type: ignore[attr-defined]  # as state_dicts have it
    return found


def load_observer_state_dict(mod: Module, obs_dict: Any) -> None:
    """Put back what `get_observer_state_dict` gave."""
    mod.load_state_dict({**mod.state_dict(), **obs_dict}, strict=False)


default_observer = MinMaxObserver.with_args(quant_min=0, quant_max=127)
default_placeholder_observer = PlaceholderObserver
default_debug_observer = RecordingObserver
default_weight_observer = MinMaxObserver.with_args(dtype=dtypes.qint8, qscheme=per_tensor_symmetric)
weight_observer_range_neg_127_to_127 = MinMaxObserver.with_args(
    dtype=dtypes.qint8, qscheme=per_tensor_symmetric, quant_min=-127, quant_max=127, eps=2**-12
)
default_per_channel_weight_observer = PerChannelMinMaxObserver.with_args(dtype=dtypes.qint8, qscheme=per_channel_symmetric)
per_channel_weight_observer_range_neg_127_to_127 = PerChannelMinMaxObserver.with_args(
    dtype=dtypes.qint8, qscheme=per_channel_symmetric, quant_min=-127, quant_max=127, eps=2**-12
)
default_dynamic_quant_observer = PlaceholderObserver.with_args(dtype=dtypes.quint8, quant_min=0, quant_max=255, is_dynamic=True)
default_float_qparams_observer = PerChannelMinMaxObserver.with_args(
    dtype=dtypes.quint8, qscheme=per_channel_affine_float_qparams, ch_axis=0
)
default_float_qparams_observer_4bit = PerChannelMinMaxObserver.with_args(
    dtype=dtypes.quint4x2, qscheme=per_channel_affine_float_qparams, ch_axis=0
)
default_fixed_qparams_range_neg1to1_observer = FixedQParamsObserver.with_args(
    scale=2.0 / 256.0, zero_point=128, dtype=dtypes.quint8, quant_min=0, quant_max=255
)
default_fixed_qparams_range_0to1_observer = FixedQParamsObserver.with_args(
    scale=1.0 / 256.0, zero_point=0, dtype=dtypes.quint8, quant_min=0, quant_max=255
)
default_symmetric_fixed_qparams_observer = default_fixed_qparams_range_neg1to1_observer
default_affine_fixed_qparams_observer = default_fixed_qparams_range_0to1_observer
default_reuse_input_observer = ReuseInputObserver
