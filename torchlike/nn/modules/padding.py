"""Padding layers: one class for each way to pad, the numbered classes say how many dimensions."""

from __future__ import annotations

from typing import ClassVar

from torchlike.nn import functional as F
from torchlike.nn.modules.module import Module
from torchlike.nn.modules.utils import _ntuple
from torchlike.tensor import Tensor

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip

Ints = int | tuple[int, ...]


class _Pad(Module):
    """Pad the last dimensions: `padding` is one number or (left, right, top, bottom, front, back), as many as there are."""

    ndim: ClassVar[int]
    mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Ints) -> None:
        super().__init__()
        self.padding = _ntuple(2 * self.ndim)(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    """Pad with `value`."""

    value: float

    def __init__(self, padding: Ints, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ReflectionPadNd(_Pad):
    """Pad with the mirror image of what is inside, the border itself not repeated."""

    mode = "reflect"


class _ReplicationPadNd(_Pad):
    """Pad with copies of the border."""

    mode = "replicate"


class _CircularPadNd(_Pad):
    """Pad with what stands at the other side."""

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (self.ndim + 1, self.ndim + 2):
            raise ValueError(f"expected {self.ndim + 1}D or {self.ndim + 2}D input (got {input.dim()}D input)")
        return super().forward(input)


class ConstantPad1d(_ConstantPadNd):
    __doc__ = _ConstantPadNd.__doc__
    ndim = 1


class ConstantPad2d(_ConstantPadNd):
    __doc__ = _ConstantPadNd.__doc__
    ndim = 2


class ConstantPad3d(_ConstantPadNd):
    __doc__ = _ConstantPadNd.__doc__
    ndim = 3


class ZeroPad1d(ConstantPad1d):
    """Pad with zeros."""

    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    extra_repr = _Pad.extra_repr


class ZeroPad2d(ConstantPad2d):
    """Pad with zeros."""

    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    extra_repr = _Pad.extra_repr


class ZeroPad3d(ConstantPad3d):
    """Pad with zeros."""

    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    extra_repr = _Pad.extra_repr


class ReflectionPad1d(_ReflectionPadNd):
    __doc__ = _ReflectionPadNd.__doc__
    ndim = 1


class ReflectionPad2d(_ReflectionPadNd):
    __doc__ = _ReflectionPadNd.__doc__
    ndim = 2


class ReflectionPad3d(_ReflectionPadNd):
    __doc__ = _ReflectionPadNd.__doc__
    ndim = 3


class ReplicationPad1d(_ReplicationPadNd):
    __doc__ = _ReplicationPadNd.__doc__
    ndim = 1


class ReplicationPad2d(_ReplicationPadNd):
    __doc__ = _ReplicationPadNd.__doc__
    ndim = 2


class ReplicationPad3d(_ReplicationPadNd):
    __doc__ = _ReplicationPadNd.__doc__
    ndim = 3


class CircularPad1d(_CircularPadNd):
    __doc__ = _CircularPadNd.__doc__
    ndim = 1


class CircularPad2d(_CircularPadNd):
    __doc__ = _CircularPadNd.__doc__
    ndim = 2


class CircularPad3d(_CircularPadNd):
    __doc__ = _CircularPadNd.__doc__
    ndim = 3
