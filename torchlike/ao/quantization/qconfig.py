"""QConfig: which observers (or fake quantizers) a layer's activations and weights get."""

from __future__ import annotations

import warnings
from collections import namedtuple
from typing import Any

from torchlike.ao.quantization import fake_quantize as fq
from torchlike.ao.quantization import observer as ob
from torchlike.ao.quantization.fake_quantize import FakeQuantize, FakeQuantizeBase, FusedMovingAvgObsFakeQuantize
from torchlike.ao.quantization.histogram import HistogramObserver
from torchlike.ao.quantization.observer import MinMaxObserver, MovingAverageMinMaxObserver, NoopObserver, PlaceholderObserver
from torchlike.base import dtypes
from torchlike.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from torchlike.nn.modules.linear import Identity
from torchlike.nn.modules.module import Module


class QConfig(namedtuple("QConfig", ["activation", "weight"])):
    """Classes of observers, or functions that make them, for activations and for weights.

    Raises:
        ValueError: for an observer in place of its class.
    """

    __slots__ = ()

    def __new__(cls, activation: Any, weight: Any) -> QConfig:
        if isinstance(activation, Module) or isinstance(weight, Module):
            raise ValueError(
                "QConfig received observer instance, please pass observer class instead. "
                "Use MyObserver.with_args(x=1) to override arguments to constructor if needed"
            )
        return super().__new__(cls, activation, weight)


class QConfigDynamic(namedtuple("QConfigDynamic", ["activation", "weight"])):
    """`QConfig` under the name it had for dynamic quantization."""

    __slots__ = ()

    def __new__(cls, activation: Any = Identity, weight: Any = Identity) -> QConfigDynamic:
        warnings.warn(
            "`QConfigDynamic` is going to be deprecated in PyTorch 1.12, please use `QConfig` instead", FutureWarning, 2
        )
        if isinstance(weight, Module):
            raise ValueError("QConfigDynamic received observer instance, please pass observer class instead.")
        return super().__new__(cls, activation, weight)


QConfigAny = QConfig | None

default_qconfig = QConfig(ob.default_observer, ob.default_weight_observer)
default_debug_qconfig = QConfig(weight=ob.default_weight_observer, activation=ob.default_debug_observer)
default_per_channel_qconfig = QConfig(ob.default_observer, ob.default_per_channel_weight_observer)
default_dynamic_qconfig = QConfig(ob.default_dynamic_quant_observer, ob.default_weight_observer)
float16_dynamic_qconfig = QConfig(
    PlaceholderObserver.with_args(dtype=dtypes.float16, is_dynamic=True), PlaceholderObserver.with_args(dtype=dtypes.float16)
)
float16_static_qconfig = QConfig(*[PlaceholderObserver.with_args(dtype=dtypes.float16)] * 2)
per_channel_dynamic_qconfig = QConfig(ob.default_dynamic_quant_observer, ob.default_per_channel_weight_observer)
float_qparams_weight_only_qconfig = QConfig(ob.default_placeholder_observer, ob.default_float_qparams_observer)
float_qparams_weight_only_qconfig_4bit = QConfig(ob.default_placeholder_observer, ob.default_float_qparams_observer_4bit)
default_qat_qconfig = QConfig(fq.default_fake_quant, fq.default_weight_fake_quant)
default_dynamic_qat_qconfig = QConfig(fq.default_dynamic_fake_quant, fq.default_weight_fake_quant)
default_weight_only_qconfig = QConfig(Identity, fq.default_weight_fake_quant)
default_activation_only_qconfig = QConfig(fq.default_fake_quant, Identity)
default_qat_qconfig_v2 = QConfig(fq.default_fused_act_fake_quant, fq.default_fused_wt_fake_quant)
default_reuse_input_qconfig = QConfig(ob.default_reuse_input_observer, NoopObserver)
default_symmetric_qnnpack_qconfig = QConfig(
    HistogramObserver.with_args(dtype=dtypes.qint8, reduce_range=False, eps=2**-12), ob.weight_observer_range_neg_127_to_127
)
default_per_channel_symmetric_qnnpack_qconfig = QConfig(
    HistogramObserver.with_args(dtype=dtypes.qint8, reduce_range=False, eps=2**-12),
    ob.per_channel_weight_observer_range_neg_127_to_127,
)
default_embedding_qat_qconfig = QConfig(NoopObserver.with_args(dtype=dtypes.float32), fq.default_embedding_fake_quant)
default_embedding_qat_qconfig_4bit = QConfig(NoopObserver.with_args(dtype=dtypes.float32), fq.default_embedding_fake_quant_4bit)
default_quint8_weight_qconfig = QConfig(HistogramObserver, MinMaxObserver)
_SYMMETRIC = FusedMovingAvgObsFakeQuantize.with_args(
    observer=MovingAverageMinMaxObserver, quant_min=-128, quant_max=127, dtype=dtypes.qint8, reduce_range=False, eps=2**-12
)
default_symmetric_qnnpack_qat_qconfig = QConfig(_SYMMETRIC, fq.fused_wt_fake_quant_range_neg_127_to_127)
default_per_channel_symmetric_qnnpack_qat_qconfig = QConfig(_SYMMETRIC, fq.fused_per_channel_wt_fake_quant_range_neg_127_to_127)

_BACKENDS = ("fbgemm", "x86", "qnnpack", "onednn")
_REDUCED = ("fbgemm", "x86")  # torch's kernels for these overflow 16 bits with the whole range


def _check_backend(backend: str) -> None:
    if backend not in _BACKENDS:
        raise AssertionError(f"backend: {backend} not supported. backend must be one of {list(_BACKENDS)}")


def get_default_qconfig(backend: str = "x86", version: int = 0) -> QConfig:
    """The observers for static quantization with one of torch's engines: "x86", "fbgemm", "qnnpack" or "onednn".

    The engine decides ranges and schemes only; XLA computes.

    >>> get_default_qconfig("qnnpack").weight().qscheme
    torch.per_tensor_symmetric
    """
    _check_backend(backend)
    if version != 0:
        raise AssertionError(
            f"Version number: {version} in get_default_qconfig is not supported. Version number must be 0"
        )  # fmt: skip
    weight = ob.default_weight_observer if backend == "qnnpack" else ob.default_per_channel_weight_observer
    return QConfig(HistogramObserver.with_args(reduce_range=backend in _REDUCED), weight)


def get_default_qat_qconfig(backend: str = "x86", version: int = 1) -> QConfig:
    """The fake quantizers for quantization-aware training with one of torch's engines.

    Args:
        version: 1 for the fused ones, 0 for `FakeQuantize`.
    """
    _check_backend(backend)
    if version not in (0, 1):
        raise AssertionError(
            f"Version number: {version}in get_default_qat_qconfig is not supported. Version number must be 0 or 1"
        )
    kind: Any = FusedMovingAvgObsFakeQuantize if version else FakeQuantize
    options = {"observer": MovingAverageMinMaxObserver, "quant_min": 0, "quant_max": 255}
    if backend != "onednn":
        options["reduce_range"] = backend in _REDUCED
    one, each = (
        (fq.default_fused_wt_fake_quant, fq.default_fused_per_channel_wt_fake_quant)
        if version
        else (fq.default_weight_fake_quant, fq.default_per_channel_weight_fake_quant)
    )
    return QConfig(kind.with_args(**options), one if backend == "qnnpack" else each)


def _assert_valid_qconfig(qconfig: Any, mod: Module) -> None:
    """Raises AssertionError for a scale per channel of a transposed convolution, which has no kernel."""
    if qconfig is None or qconfig.weight is None or not isinstance(mod, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)):
        return
    example = qconfig.weight()
    if isinstance(example, (ob.PerChannelMinMaxObserver, ob.MovingAveragePerChannelMinMaxObserver)):
        raise AssertionError("Per channel weight observer is not supported yet for ConvTranspose{n}d.")


def _made_equal(first: Any, second: Any) -> bool:
    if not (isinstance(first, ob._PartialWrapper) and isinstance(second, ob._PartialWrapper)):
        return first == second
    given = [dict(wrapper.p.keywords) for wrapper in (first, second)]
    observers = [keywords.pop("observer", None) for keywords in given]
    return first.p.func == second.p.func and given[0] == given[1] and _made_equal(*observers)


def qconfig_equals(q1: Any, q2: Any) -> bool:
    """Whether both make the same observers with the same arguments."""
    if q1 is None or q2 is None:
        return q1 is q2
    return _made_equal(q1.activation, q2.activation) and _made_equal(q1.weight, q2.weight)


def _activation_is_memoryless(qconfig: Any) -> bool:
    """Whether activations are observed anew each time: dynamic quantization."""
    made = qconfig.activation()
    seen = made.activation_post_process if isinstance(made, FakeQuantizeBase) else made
    return getattr(seen, "averaging_constant", None) == 1
