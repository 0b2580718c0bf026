"""What several families use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike import nn
from torchlike.base.errors import absent

__all__ = ["_make_divisible", "fan_out", "initialize", "normal"]


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of `divisor` nearest to `v`, but `min_value` at least and not below nine tenths of `v`."""
    nearest = max(divisor if min_value is None else min_value, int(v + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * v else nearest


def initialize(model: nn.Module, conv: Callable | None = None, linear: Callable | None = None, conv_bias: bool = True) -> None:
    """Weights drawn by `conv` and `linear`, which take a layer; their biases 0, normalizations 1 and 0.

    Without `conv_bias` the biases of convolutions stay as they were made.
    """
    for m in model.modules():
        layer: Any = m
        draw = conv if isinstance(m, nn.Conv2d) else linear if isinstance(m, nn.Linear) else None
        if draw is not None:
            draw(layer)
            if layer.bias is not None and (conv_bias or draw is not conv):
                nn.init.zeros_(layer.bias)
        elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)


def fan_out(layer: Any) -> None:
    """Normal weights that keep the size of gradients (He et al. 2015)."""
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


def normal(layer: Any) -> None:
    """Normal weights of the deviation 0.01."""
    nn.init.normal_(layer.weight, 0, 0.01)


__getattr__: Any = absent("torchvision.models._utils")
