"""Observers: modules that watch values go by and say which scale and zero point suit them; and the usual ones.

They record, like everything else: an observer in a training step is part of the step's program and reads nothing back.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torchlike.ao.quantization.granularity import (
    AffineQuantizedObserverBase,
    Granularity,
    MappingType,
    PerAxis,
    PerBlock,
    PerGroup,
    PerRow,
    PerTensor,
    PerToken,
    TorchAODType,
    ZeroPointDomain,
    get_block_size,
)
from torchlike.ao.quantization.histogram import HistogramObserver
from torchlike.ao.quantization.observer_base import ObserverBase, UniformQuantizationObserverBase, _PartialWrapper
from torchlike.ao.quantization.observer_given import (
    FixedQParamsObserver,
    NoopObserver,
    PlaceholderObserver,
    RecordingObserver,
    ReuseInputObserver,
)
from torchlike.ao.quantization.observer_ranges import (
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
)
from torchlike.base import dtypes
from torchlike.base.qschemes import per_channel_affine_float_qparams, per_channel_symmetric, per_tensor_symmetric
from torchlike.nn.modules.module import Module

# torch has them all here, which is where pickles look for them.
for _kind in (
    _PartialWrapper, ObserverBase, UniformQuantizationObserverBase, MinMaxObserver, MovingAverageMinMaxObserver,
    PerChannelMinMaxObserver, MovingAveragePerChannelMinMaxObserver, HistogramObserver, FixedQParamsObserver,
    PlaceholderObserver, RecordingObserver, NoopObserver, ReuseInputObserver, AffineQuantizedObserverBase, Granularity,
    MappingType, PerAxis, PerBlock, PerGroup, PerRow, PerTensor, PerToken, TorchAODType, ZeroPointDomain, get_block_size,
):  # fmt: skip
    _kind.__module__ = __name__


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
default_histogram_observer = HistogramObserver.with_args(quant_min=0, quant_max=127)
