"""QConfigMapping: which qconfig the layers and functions of a model get, by name, by class or for all."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any, Self

from torchlike.ao.quantization.fake_quantize import FixedQParamsFakeQuantize, default_weight_fake_quant
from torchlike.ao.quantization.observer import (
    default_fixed_qparams_range_0to1_observer,
    default_fixed_qparams_range_neg1to1_observer,
    default_placeholder_observer,
    default_weight_observer,
)
from torchlike.ao.quantization.qconfig import (
    QConfig,
    default_quint8_weight_qconfig,
    default_reuse_input_qconfig,
    get_default_qat_qconfig,
    get_default_qconfig,
)
from torchlike.nn import functional as F
from torchlike.nn import modules as nn
from torchlike.tensor import functions as ops

__all__ = [
    "QConfigMapping", "get_default_qat_qconfig_dict", "get_default_qat_qconfig_mapping", "get_default_qconfig_dict",
    "get_default_qconfig_mapping",
]  # fmt: skip

# The parts of a mapping as attributes, in increasing priority, and as keys of the older form, a dict.
_PARTS = {
    "global_qconfig": "",
    "object_type_qconfigs": "object_type",
    "module_name_regex_qconfigs": "module_name_regex",
    "module_name_qconfigs": "module_name",
    "module_name_object_type_order_qconfigs": "module_name_object_type_order",
}


class QConfigMapping:
    """Qconfigs for all of a model, by class or function, by regular expression or by name: the more particular one counts.

    It describes; graph modes (`prepare_fx`) are what reads it. In eager mode a qconfig is an attribute of a module.

    Attributes:
        global_qconfig: for all that nothing else is said of.
        object_type_qconfigs: by a module's class, a function or a method's name.
        module_name_regex_qconfigs, module_name_qconfigs: by a module's name; of expressions the first that matches counts.
        module_name_object_type_order_qconfigs: by (a module's name, a function, the how manieth call of it there).

    >>> mapping = QConfigMapping().set_global(None).set_module_name("fc", get_default_qconfig("qnnpack"))
    >>> list(mapping.to_dict())
    ['', 'object_type', 'module_name_regex', 'module_name', 'module_name_object_type_order']
    """

    def __init__(self) -> None:
        self.global_qconfig: QConfig | None = None
        self.object_type_qconfigs: OrderedDict[Any, QConfig | None] = OrderedDict()
        self.module_name_regex_qconfigs: OrderedDict[str, QConfig | None] = OrderedDict()
        self.module_name_qconfigs: OrderedDict[str, QConfig | None] = OrderedDict()
        self.module_name_object_type_order_qconfigs: OrderedDict[tuple, QConfig | None] = OrderedDict()

    def set_global(self, global_qconfig: QConfig | None) -> Self:
        self.global_qconfig = global_qconfig
        return self

    def set_object_type(self, object_type: Any, qconfig: QConfig | None) -> Self:
        self.object_type_qconfigs[object_type] = qconfig
        return self

    def set_module_name_regex(self, module_name_regex: str, qconfig: QConfig | None) -> Self:
        self.module_name_regex_qconfigs[module_name_regex] = qconfig
        return self

    def set_module_name(self, module_name: str, qconfig: QConfig | None) -> Self:
        self.module_name_qconfigs[module_name] = qconfig
        return self

    def set_module_name_object_type_order(
        self, module_name: str, object_type: Any, index: int, qconfig: QConfig | None
    ) -> Self:  # fmt: skip
        self.module_name_object_type_order_qconfigs[module_name, object_type, index] = qconfig
        return self

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for part in _PARTS:
            found = getattr(self, part)
            lines.append(f" {part}")
            several = isinstance(found, OrderedDict) and found
            lines += [f"  {key}: {qconfig}" for key, qconfig in found.items()] if several else [f"  {found}"]
        return "\n".join([*lines, ")"])

    def to_dict(self) -> dict[str, Any]:
        """The older form: "" for the global qconfig, then lists of tuples."""
        found = {key: list(getattr(self, part).items()) for part, key in _PARTS.items() if key}
        found["module_name_object_type_order"] = [
            (*key, qconfig) for key, qconfig in self.module_name_object_type_order_qconfigs.items()
        ]
        return {"": self.global_qconfig, **found}

    @classmethod
    def from_dict(cls, qconfig_dict: dict[str, Any]) -> Self:
        """Of the older form, any part of which may be missing."""
        made = cls().set_global(qconfig_dict.get(""))
        for part, key in _PARTS.items():
            for *what, qconfig in qconfig_dict.get(key, ()) if key else ():
                getattr(made, part)[what[0] if len(what) == 1 else tuple(what)] = qconfig
        return made


_TRANSPOSED: tuple[Any, ...] = (
    nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d
)  # fmt: skip
_ZERO_TO_ONE: tuple[Any, ...] = (
    nn.Hardsigmoid, F.hardsigmoid, "hardsigmoid", "hardsigmoid_", nn.Sigmoid, ops.sigmoid, "sigmoid", "sigmoid_", nn.Softmax
)  # fmt: skip
_ONE_TO_ONE: tuple[Any, ...] = (nn.Tanh, ops.tanh, "tanh", "tanh_")


def _default(qconfig: QConfig, backend: str, qat: bool) -> QConfigMapping:
    weight = default_weight_fake_quant if qat else default_weight_observer
    # The engines that observe weights by channel have no transposed convolution by channel.
    transposed = QConfig(qconfig.activation, weight) if backend in ("fbgemm", "x86") else qconfig
    made = QConfigMapping().set_global(qconfig).set_object_type("reshape", default_reuse_input_qconfig)
    for kind in _TRANSPOSED:
        made.set_object_type(kind, transposed)
    for kind in (F.layer_norm, nn.LayerNorm):  # whose weights stay floats
        made.set_object_type(kind, QConfig(qconfig.activation, default_placeholder_observer))
    made.set_object_type(nn.PReLU, default_quint8_weight_qconfig)
    for kinds, observer in (
        (_ZERO_TO_ONE, default_fixed_qparams_range_0to1_observer),
        (_ONE_TO_ONE, default_fixed_qparams_range_neg1to1_observer),
    ):
        activation = FixedQParamsFakeQuantize.with_args(observer=observer) if qat else observer
        for kind in kinds:
            made.set_object_type(kind, QConfig(activation, weight))
    return made


def get_default_qconfig_mapping(backend: str = "x86", version: int = 0) -> QConfigMapping:
    """The mapping for static quantization with one of torch's engines: "x86", "fbgemm", "qnnpack" or "onednn"."""
    return _default(get_default_qconfig(backend, version), backend, False)


def get_default_qat_qconfig_mapping(backend: str = "x86", version: int = 1) -> QConfigMapping:
    """The mapping for quantization-aware training with one of torch's engines."""
    return _default(get_default_qat_qconfig(backend, version), backend, True)


def _old(name: str) -> None:
    warnings.warn(
        f"`torch.ao.quantization.{name}_dict` is deprecated and will be removed in a future version. Please use "
        f"`torch.ao.quantization.{name}_mapping` instead.",
        FutureWarning,
        stacklevel=3,
    )


def get_default_qconfig_dict(backend: str = "x86", version: int = 0) -> dict[str, Any]:
    """`get_default_qconfig_mapping` in its older form."""
    _old("get_default_qconfig")
    return get_default_qconfig_mapping(backend, version).to_dict()


def get_default_qat_qconfig_dict(backend: str = "x86", version: int = 1) -> dict[str, Any]:
    """`get_default_qat_qconfig_mapping` in its older form."""
    _old("get_default_qat_qconfig")
    return get_default_qat_qconfig_mapping(backend, version).to_dict()
