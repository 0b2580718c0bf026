"""Observers of the smallest and the largest value: ever, or on average; of a whole tensor or of each channel."""

from __future__ import annotations

from typing import Any

from torchlike.ao.quantization.observer_base import EPS, UniformQuantizationObserverBase, fill
from torchlike.ao.quantization.ranges import is_per_channel, is_per_tensor
from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine, per_tensor_affine
from torchlike.nn.modules.utils import factory_kwargs as checked_kwargs
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops


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
        if not self.min_val.numel():  # from here on a range that nobody has seen yet: the first step is as the others are
            fill(self.min_val, low.shape, float("inf"))
            fill(self.max_val, high.shape, float("-inf"))
        low, high = self._joined(low, high)
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
