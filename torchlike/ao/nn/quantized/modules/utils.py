"""What layers on integers share: their weights' integers, their scales' place in state_dicts, how they print."""

from __future__ import annotations

import textwrap
from typing import Any

from torchlike.base import dtypes
from torchlike.base.qschemes import SCHEMES
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation
from torchlike.tensor.quantized import QuantizedTensor, one, per_channel, to_integers

__all__ = ["WeightedQuantizedModule"]


class WeightedQuantizedModule(Module):
    """Base of layers on integers that have a weight."""

    @classmethod
    def from_reference(cls, ref_module: Any, output_scale: Any, output_zero_point: Any) -> Any:
        """Made of a reference layer, of which there are none here."""
        raise NotImplementedError(f"torchlike has no reference modules to make a {cls.__name__} of")


def quantize_weight(weight: Tensor, observer: Any) -> QuantizedTensor:
    """A weight as integers, by what its observer (or fake quantizer) found, within the integers that that allows."""
    scale, zero_point = observer.calculate_qparams()
    seen = getattr(observer, "activation_post_process", observer)
    scheme = seen.qscheme
    floats = weight.detach().to(dtypes.float32)
    kind = seen.dtype if scheme.name == "per_channel_affine_float_qparams" else dtypes.qint8
    if scheme.per_channel:
        name = scheme.name.replace("symmetric", "affine")
        how = per_channel(scale, zero_point, seen.ch_axis, SCHEMES[name])
    else:
        how = one(scale.item(), zero_point.item())
    return QuantizedTensor(to_integers(floats, kind, how, seen.quant_min, seen.quant_max), kind, how)


_quantize_weight = quantize_weight


def scale_of(observer: Any) -> tuple[float, int]:
    """What an observer found for one tensor, as numbers."""
    scale, zero_point = observer.calculate_qparams()
    return float(scale.item()), int(zero_point.item())


class HasScale:
    """The scale and the zero point of what a layer returns: numbers here, tensors in its state_dict."""

    scale: Any
    zero_point: Any

    def _save_to_state_dict(self: Any, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)  # type: ignore[misc]  # of Module, beside this class
        destination[f"{prefix}scale"] = creation.tensor(self.scale)
        destination[f"{prefix}zero_point"] = creation.tensor(self.zero_point)

    def _load_from_state_dict(
        self: Any, state_dict: Any, prefix: str, metadata: dict, strict: bool, *rest: Any
    ) -> None:  # fmt: skip
        self.scale = float(state_dict.pop(f"{prefix}scale"))
        self.zero_point = int(state_dict.pop(f"{prefix}zero_point"))
        super()._load_from_state_dict(state_dict, prefix, metadata, False, *rest)  # type: ignore[misc]  # likewise


def shown_without(module: Any, hidden: type) -> str:
    """The `repr` of a module without its children of a class."""
    lines = module.extra_repr().split("\n") if module.extra_repr() else []
    children = [
        f"({name}): " + textwrap.indent(repr(child), "  ").lstrip()
        for name, child in module._modules.items()
        if not isinstance(child, hidden)
    ]
    if len(lines) == 1 and not children:
        return f"{module._get_name()}({lines[0]})"
    body = "\n  ".join(lines + children)
    return f"{module._get_name()}(\n  {body}\n)" if body else f"{module._get_name()}()"
