"""`torch.fx.experimental.symbolic_shapes` where every size is a number: questions about symbols have plain answers."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from torchlike.base.errors import absent, missing

__all__ = [
    "DimDynamic", "DivideByKey", "GuardOnDataDependentSymNode", "RelaxedUnspecConstraint", "ShapeEnv",
    "StatelessSymbolicContext", "StrictMinMaxConstraint", "compute_unbacked_bindings", "free_symbols", "free_unbacked_symbols",
    "guard_or_false", "guard_or_true", "guard_size_oblivious", "has_free_symbols", "optimization_hint", "statically_known_true",
]  # fmt: skip


class GuardOnDataDependentSymNode(RuntimeError):
    """A condition on a size that depends on data; raised nowhere here."""


class DimDynamic(enum.Enum):
    """How a dimension is to be taken."""

    DYNAMIC = 0
    DUCK = 1
    STATIC = 2
    UNBACKED = 3
    INFER_STRIDE = 4


@dataclass(frozen=True)
class StrictMinMaxConstraint:
    """A size's range.

    Attributes:
        warn_only: warn where it does not hold.
        vr: the range.
    """

    warn_only: bool
    vr: Any


@dataclass(frozen=True)
class RelaxedUnspecConstraint:
    """A size that is not to be taken as a constant."""

    warn_only: bool


@dataclass(frozen=True)
class DivideByKey:
    """A step of the way to a size: division."""

    divisor: Any

    def get(self, o: int) -> int:
        return o // self.divisor


@dataclass
class StatelessSymbolicContext:
    """How the sizes of a tensor are to be taken."""

    dynamic_sizes: list[DimDynamic]
    dynamic_strides: list[DimDynamic] | None = None
    constraint_sizes: list[Any] | None = None
    constraint_strides: list[Any] | None = None
    specialize_on: Any = None
    view_base_context: Any = None
    shape_ids: Any = None
    unbacked_bounds: Any = field(default=None)


class ShapeEnv:
    """Where symbols would come from; asking for one raises NotImplementedError, since every size is a number."""

    def __init__(self, *args: Any, **options: Any):
        self.guards: list[Any] = []
        self.var_to_val: dict[Any, Any] = {}
        self.deferred_runtime_asserts: dict[Any, Any] = {}

    def create_unbacked_symint(self) -> Any:
        raise missing("symbolic sizes", "programs are compiled for the sizes that they are called with")

    create_unbacked_symbool = create_unbacked_symfloat = create_unbacked_symint


def guard_or_false(a: Any) -> bool:
    """The condition's truth.

    >>> guard_or_false(3 > 2)
    True
    """
    return bool(a)


def guard_or_true(a: Any) -> bool:
    """The condition's truth."""
    return bool(a)


def guard_size_oblivious(expr: Any) -> bool:
    """The condition's truth."""
    return bool(expr)


def statically_known_true(x: Any) -> bool:
    """The condition's truth."""
    return bool(x)


def free_symbols(val: Any) -> set:
    """The symbols in a value: none."""
    return set()


def free_unbacked_symbols(x: Any) -> set:
    """The symbols in a value that depend on data: none."""
    return set()


def has_free_symbols(val: Any) -> bool:
    """Whether there are symbols in a value: False."""
    return False


def optimization_hint(a: Any, fallback: int | None = None) -> int:
    """A size to plan with: the size."""
    return int(a)


def compute_unbacked_bindings(shape_env: Any, example_value: Any, *args: Any, **options: Any) -> None:
    """None: nothing binds a symbol."""


__getattr__ = absent("torch.fx.experimental.symbolic_shapes")
