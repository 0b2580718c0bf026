"""Fake quantization: floats rounded as integers would be, so that training sees what quantization will do.

The observer, the scale and the rounding are recorded into the step's program; nothing is read back.
"""

from __future__ import annotations

from typing import Any

from torchlike.ao.quantization.histogram import HistogramObserver
from torchlike.ao.quantization.observer import (
    FixedQParamsObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    default_fixed_qparams_range_0to1_observer,
    default_fixed_qparams_range_neg1to1_observer,
)
from torchlike.ao.quantization.observer_base import _PartialWrapper, _with_args, fill
from torchlike.ao.quantization.ranges import RANGES, is_float_qparams
from torchlike.base import dtypes
from torchlike.base.qschemes import (
    per_channel_affine_float_qparams,
    per_channel_symmetric,
    per_tensor_affine,
    per_tensor_symmetric,
)
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops

_KINDS = (MovingAverageMinMaxObserver, MovingAveragePerChannelMinMaxObserver)


class FakeQuantizeBase(Module):
    """Base of modules that round. Two switches, buffers in torch, say whether it observes and whether it rounds."""

    fake_quant_enabled: Tensor
    observer_enabled: Tensor
    _flags = dtypes.uint8

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("fake_quant_enabled", creation.tensor([1], dtype=self._flags))
        self.register_buffer("observer_enabled", creation.tensor([1], dtype=self._flags))
        self._known: dict[str, tuple[Any, int, bool]] = {}

    def _is_on(self, name: str) -> bool:
        """A switch's state. It is read once after each change, so that a training loop never waits for it."""
        buffer = self._buffers[name]
        assert buffer is not None
        storage, version = buffer._storage, buffer._storage.version
        known = self._known.get(name)
        if known is not None and known[0] is storage and known[1] == version:
            return known[2]
        if buffer._read().aval.traced and known is not None:  # inside a transform of JAX, where it stands for the same thing
            return known[2]
        on = bool(buffer.numpy().reshape(-1)[0])
        self._known[name] = (storage, version, on)
        return on

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_known": {}}

    def enable_fake_quant(self, enabled: bool = True) -> None:
        self.fake_quant_enabled.fill_(int(enabled))

    def disable_fake_quant(self) -> None:
        self.enable_fake_quant(False)

    def enable_observer(self, enabled: bool = True) -> None:
        self.observer_enabled.fill_(int(enabled))

    def disable_observer(self) -> None:
        self.enable_observer(False)

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say how it rounds")

    def calculate_qparams(self, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} finds no scale")

    @classmethod
    def with_args(cls, **kwargs: Any) -> _PartialWrapper:
        """The class with these arguments given: what `QConfig` takes."""
        return _with_args(cls, **kwargs)


class FakeQuantize(FakeQuantizeBase):
    """(clamp(round(x / scale + zero_point), quant_min, quant_max) - zero_point) * scale, with what an observer finds.

    Its gradient is straight through: 1 where nothing was clipped, 0 elsewhere.

    Args:
        observer: a class of observers, which `observer_kwargs` are for.

    >>> import torchlike as torch
    >>> FakeQuantize(quant_min=0, quant_max=3)(torch.tensor([0.0, 1.1, 1.6, 3.0]))
    tensor([0., 1., 2., 3.])
    """

    scale: Tensor
    zero_point: Tensor

    def __init__(
        self, observer: Any = MovingAverageMinMaxObserver, quant_min: int | None = None, quant_max: int | None = None,
        is_dynamic: bool = False, **observer_kwargs: Any,
    ):  # fmt: skip
        super().__init__()
        if quant_min is not None and quant_max is not None:
            _check_range(observer, quant_min, quant_max, observer_kwargs)
            observer_kwargs |= {"quant_min": quant_min, "quant_max": quant_max}
        observer_kwargs["is_dynamic"] = is_dynamic
        found = self.activation_post_process = observer(**observer_kwargs)
        self.quant_min, self.quant_max, self.is_dynamic = found.quant_min, found.quant_max, found.is_dynamic
        kind = dtypes.float32 if is_float_qparams(found.qscheme) else dtypes.int32
        self.register_buffer("scale", creation.tensor([1.0], dtype=dtypes.float32))
        self.register_buffer("zero_point", creation.tensor([0], dtype=kind))
        self.dtype, self.qscheme = found.dtype, found.qscheme
        self.ch_axis = getattr(found, "ch_axis", -1)
        self.is_per_channel = found.qscheme.per_channel

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # torch's signature
        return self.activation_post_process.calculate_qparams()

    def forward(self, X: Tensor) -> Tensor:
        if self._is_on("observer_enabled"):
            self._observe(X.detach())
        return self._round(X) if self._is_on("fake_quant_enabled") else X

    def _observe(self, x: Tensor) -> None:
        self.activation_post_process(x)
        self._take(*self.activation_post_process.recorded_qparams())

    def _take(self, scale: Tensor, zero_point: Tensor) -> None:
        if self.scale.shape != scale.shape:
            fill(self.scale, scale.shape, 1.0)
            fill(self.zero_point, zero_point.shape, 0)
        self.scale.copy_(scale)
        self.zero_point.copy_(zero_point)

    def _round(self, x: Tensor) -> Tensor:
        low, high = self.activation_post_process.quant_min, self.activation_post_process.quant_max
        if self.is_per_channel:
            axis = self.ch_axis % x.ndim
            return ops.fake_quantize_affine(x, self.scale, self.zero_point, quant_min=low, quant_max=high, axis=axis)
        scale, zero_point = self.scale.reshape(()), self.zero_point.reshape(())
        return ops.fake_quantize_affine(x, scale, zero_point, quant_min=low, quant_max=high)

    def extra_repr(self) -> str:
        found = self.activation_post_process
        return (
            f"fake_quant_enabled={self.fake_quant_enabled}, observer_enabled={self.observer_enabled}, "
            f"quant_min={found.quant_min}, quant_max={found.quant_max}, dtype={self.dtype}, qscheme={self.qscheme}, "
            f"ch_axis={self.ch_axis}, scale={self.scale}, zero_point={self.zero_point}"
        )

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        for name in ("scale", "zero_point"):
            if prefix + name in state_dict:  # how many channels there are is known from the file only
                getattr(self, name).resize_(state_dict[prefix + name].shape)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _check_range(observer: Any, quant_min: int, quant_max: int, keywords: dict) -> None:
    if quant_min > quant_max:
        raise AssertionError("quant_min must be less than or equal to quant_max")
    dtype = keywords.get("dtype", dtypes.quint8)
    if isinstance(observer, _PartialWrapper):
        dtype = observer.p.keywords.get("dtype", dtype)
    low, high = RANGES[dtype]
    if low > quant_min:
        raise AssertionError("quant_min out of bound")
    if quant_max > high:
        raise AssertionError("quant_max out of bound")


class FixedQParamsFakeQuantize(FakeQuantize):
    """Rounds with a scale and a zero point that are given."""

    def __init__(self, observer: Any):
        super().__init__(observer=observer)
        if type(self.activation_post_process) is not FixedQParamsObserver:
            raise AssertionError("FixedQParamsFakeQuantize's observer must be a FixedQParamsObserver")
        self._observer_ctr = observer
        self.scale = self.activation_post_process.scale
        self.zero_point = self.activation_post_process.zero_point

    def calculate_qparams(self) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # torch's signature
        return self.scale, self.zero_point

    def _observe(self, x: Tensor) -> None:
        """Nothing: all is known."""


class FusedMovingAvgObsFakeQuantize(FakeQuantize):
    """`FakeQuantize` by moving averages, its scale chosen as torch's kernels do (of the two ends the one with less error)."""

    _flags = dtypes.int64

    def __init__(
        self, observer: Any = MovingAverageMinMaxObserver, quant_min: int = 0, quant_max: int = 255, **observer_kwargs: Any
    ) -> None:
        super().__init__(observer, quant_min, quant_max, **observer_kwargs)
        if not isinstance(self.activation_post_process, _KINDS):
            raise AssertionError("Fused observer+fake_quant module only works with MovingAverageMinMaxObserver")
        self.is_symmetric_quant = self.qscheme.symmetric

    def _observe(self, x: Tensor) -> None:
        seen = self.activation_post_process
        seen(x)
        low, high = seen.quant_min, seen.quant_max
        found = ops.chosen_qparams(
            seen.min_val.reshape(-1), seen.max_val.reshape(-1), quant_min=low, quant_max=high, symmetric=self.qscheme.symmetric
        )
        self._take(*found)

    def extra_repr(self) -> str:
        found = self.activation_post_process
        return (
            f"fake_quant_enabled={self.fake_quant_enabled}, observer_enabled={self.observer_enabled}, "
            f"scale={self.scale}, zero_point={self.zero_point}, dtype={self.dtype}, quant_min={found.quant_min}, "
            f"quant_max={found.quant_max}, qscheme={self.qscheme}, reduce_range={found.reduce_range}"
        )


# ---- the defaults -----------------------------------------------------------------------------------------------------

_ACTIVATION: dict[str, Any] = {"quant_min": 0, "quant_max": 255, "dtype": dtypes.quint8}
_WEIGHT: dict[str, Any] = {"quant_min": -128, "quant_max": 127, "dtype": dtypes.qint8}
_NARROW = {**_WEIGHT, "quant_min": -127, "eps": 2**-12}
_ONE: dict[str, Any] = {"observer": MovingAverageMinMaxObserver, "qscheme": per_tensor_symmetric}
_EACH: dict[str, Any] = {"observer": MovingAveragePerChannelMinMaxObserver, "qscheme": per_channel_symmetric}
_EMBEDDING: dict[str, Any] = {
    "observer": MovingAveragePerChannelMinMaxObserver, "qscheme": per_channel_affine_float_qparams, "ch_axis": 0,
    "averaging_constant": 1,
}  # fmt: skip

default_fake_quant = FakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, qscheme=per_tensor_affine, reduce_range=True, **_ACTIVATION
)
default_weight_fake_quant = FakeQuantize.with_args(**_ONE, **_WEIGHT, reduce_range=False)
default_dynamic_fake_quant = FakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, is_dynamic=True, averaging_constant=1, **_ACTIVATION
)
default_fixed_qparams_range_neg1to1_fake_quant = FixedQParamsFakeQuantize.with_args(
    observer=default_fixed_qparams_range_neg1to1_observer
)
default_fixed_qparams_range_0to1_fake_quant = FixedQParamsFakeQuantize.with_args(
    observer=default_fixed_qparams_range_0to1_observer
)
default_symmetric_fixed_qparams_fake_quant = default_fixed_qparams_range_neg1to1_fake_quant
default_affine_fixed_qparams_fake_quant = default_fixed_qparams_range_0to1_fake_quant
default_per_channel_weight_fake_quant = FakeQuantize.with_args(**_EACH, **_WEIGHT, reduce_range=False, ch_axis=0)
default_embedding_fake_quant = FakeQuantize.with_args(**_EMBEDDING, **_ACTIVATION)
default_embedding_fake_quant_4bit = FakeQuantize.with_args(**_EMBEDDING, dtype=dtypes.quint4x2)
default_histogram_fake_quant = FakeQuantize.with_args(
    observer=HistogramObserver, qscheme=per_tensor_affine, reduce_range=True, **_ACTIVATION
)
default_fused_act_fake_quant = FusedMovingAvgObsFakeQuantize.with_args(observer=MovingAverageMinMaxObserver, **_ACTIVATION)
default_fused_wt_fake_quant = FusedMovingAvgObsFakeQuantize.with_args(**_ONE, **_WEIGHT)
default_fused_per_channel_wt_fake_quant = FusedMovingAvgObsFakeQuantize.with_args(**_EACH, **_WEIGHT)
fused_wt_fake_quant_range_neg_127_to_127 = FusedMovingAvgObsFakeQuantize.with_args(**_ONE, **_NARROW)
fused_per_channel_wt_fake_quant_range_neg_127_to_127 = FusedMovingAvgObsFakeQuantize.with_args(**_EACH, **_NARROW)


def _switch(method: str) -> Any:
    def switch(mod: Module) -> None:
        if isinstance(mod, FakeQuantizeBase):
            getattr(mod, method)()

    switch.__name__ = switch.__qualname__ = method
    switch.__doc__ = f"`{method}` of a module that has it: for `model.apply({method})`."
    return switch


disable_fake_quant = _switch("disable_fake_quant")
enable_fake_quant = _switch("enable_fake_quant")
disable_observer = _switch("disable_observer")
enable_observer = _switch("enable_observer")
