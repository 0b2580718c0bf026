"""How finely scales are chosen, as torchao says it, and the base of observers that are told so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from torchlike.ao.quantization.observer_base import _PartialWrapper, _with_args
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor

__all__ = [
    "AffineQuantizedObserverBase", "Granularity", "MappingType", "PerAxis", "PerBlock", "PerGroup", "PerRow", "PerTensor",
    "PerToken", "TorchAODType", "ZeroPointDomain", "get_block_size",
]  # fmt: skip


class MappingType(Enum):
    """Whether 0 lies in the middle of the integers; without clipping error both ends of the range are covered."""

    SYMMETRIC = auto()
    SYMMETRIC_NO_CLIPPING_ERR = auto()
    ASYMMETRIC = auto()


class ZeroPointDomain(Enum):
    """Whether zero points are integers, floats, or not there."""

    INT = auto()
    FLOAT = auto()
    NONE = auto()


class TorchAODType(Enum):
    """Names of integers of fewer than 8 bits."""

    INT1 = auto()
    INT2 = auto()
    INT3 = auto()
    INT4 = auto()
    INT5 = auto()
    INT6 = auto()
    INT7 = auto()


@dataclass(frozen=True)
class Granularity:
    """Which elements share a scale."""


@dataclass(frozen=True)
class PerBlock(Granularity):
    """All within a block of this shape."""

    block_size: tuple[int, ...]


@dataclass(frozen=True)
class PerTensor(Granularity):
    """All."""


@dataclass(frozen=True)
class PerAxis(Granularity):
    """Those at the same place of this dimension."""

    axis: int


@dataclass(frozen=True)
class PerGroup(Granularity):
    """So many that follow each other in a row."""

    group_size: int


class PerRow(Granularity):
    """Those of a row."""


class PerToken(Granularity):
    """Those that differ in the last dimension only."""


def get_block_size(input_shape: tuple[int, ...], granularity: Granularity) -> tuple[int, ...]:
    """The shape of the blocks that share a scale.

    Raises:
        AssertionError: for a class in place of an instance; for groups of a tensor that is no matrix.
        ValueError: for another granularity.

    >>> get_block_size((4, 8), PerAxis(0)), get_block_size((4, 8), PerGroup(2))
    ((1, 8), (1, 2))
    """
    if not isinstance(granularity, Granularity):
        raise AssertionError("Please provide an instance of Granularity, not subclass of it")
    if isinstance(granularity, PerTensor):
        return input_shape
    if isinstance(granularity, PerAxis):
        sizes = list(input_shape)
        sizes[granularity.axis] = 1
        return tuple(sizes)
    if isinstance(granularity, (PerRow, PerToken)):
        return (*[1] * (len(input_shape) - 1), input_shape[-1])
    if isinstance(granularity, PerGroup):
        if len(input_shape) != 2:
            raise AssertionError(f"Expecting input shape dim to be 2 for per group quantization, gotinput shape: {input_shape}")
        return (1, granularity.group_size)
    raise ValueError(f"Unsupported Granularity: {granularity}")


class AffineQuantizedObserverBase(ABC, Module):
    """Base of observers that are told how finely to choose: subclasses define `forward` and `calculate_qparams`."""

    def __init__(
        self, mapping_type: MappingType, target_dtype: Any, granularity: Granularity, quant_min: int | None = None,
        quant_max: int | None = None, eps: float | None = None, scale_dtype: Any = None, zero_point_dtype: Any = None,
        preserve_zero: bool = True, zero_point_domain: ZeroPointDomain | None = ZeroPointDomain.INT, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        if granularity is None:
            raise AssertionError("granularity is None")
        self.mapping_type, self.target_dtype, self.granularity = mapping_type, target_dtype, granularity
        self.quant_min, self.quant_max, self.eps = quant_min, quant_max, eps
        self.scale_dtype, self.zero_point_dtype = scale_dtype, zero_point_dtype
        self.preserve_zero, self.zero_point_domain = preserve_zero, zero_point_domain
        self.block_size: tuple[int, ...] | None = None
        self.original_dtype: Any = None

    @classmethod
    def with_args(cls, **kwargs: Any) -> _PartialWrapper:
        """The class with these arguments given."""
        return _with_args(cls, **kwargs)

    @abstractmethod
    def forward(self, input: Tensor) -> Tensor:
        """Watch, and return the input."""

    @abstractmethod
    def calculate_qparams(self) -> tuple[Tensor, Tensor]:
        """The scale and the zero point for what was observed."""
