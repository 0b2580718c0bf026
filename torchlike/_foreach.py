"""`torch._foreach_*`: one operation on each tensor of a list. All are recorded, so that they are one program anyway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

_UNARY = (
    "abs acos asin atan ceil clone cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round "
    "rsqrt sigmoid sign sin sinh sqrt tan tanh trunc"
).split()
_BINARY = "add sub mul div pow maximum minimum clamp_min clamp_max mm".split()
_POINTWISE = ("addcmul", "addcdiv")


def _each(first: Sequence[Tensor], other: Any) -> list[Any]:
    """The other operand of each tensor: a list's elements, or one number or tensor for all.

    Raises:
        RuntimeError: for lists of different lengths, and an empty one.
    """
    if not len(first):
        raise RuntimeError("Tensor list must have at least one tensor.")
    if not isinstance(other, (list, tuple)):
        return [other] * len(first)
    if len(other) != len(first):
        if other and not isinstance(other[0], Tensor):
            raise RuntimeError("Tensor list must have same number of elements as scalar list.")
        raise RuntimeError(f"Tensor lists must have the same number of tensors, got {len(first)} and {len(other)}")
    return list(other)


def _unary(name: str) -> Callable:
    def function(self: Sequence[Tensor]) -> tuple[Tensor, ...]:
        _each(self, None)
        return tuple(getattr(t, name)() for t in self)

    return function


def _binary(name: str) -> Callable:
    def function(self: Any, other: Any = None, **options: Any) -> tuple[Tensor, ...]:
        other = options.pop("scalar", options.pop("exponent", options.pop("mat2", other)))
        if not isinstance(self, (list, tuple)):  # pow(number, list)
            return tuple(getattr(ops, name)(self, t) for t in other)
        kind = {"maximum": "clamp_min", "minimum": "clamp_max"}.get(name, name)  # with numbers
        pairs = zip(self, _each(self, other), strict=True)
        return tuple(getattr(a, name if isinstance(b, Tensor) else kind)(b, **options) for a, b in pairs)

    return function


def _pointwise(name: str) -> Callable:
    def function(self: Any, tensor1: Any, tensor2: Any, value: Any = 1, scalars: Any = None) -> tuple[Tensor, ...]:
        given = value if scalars is None else scalars
        if isinstance(given, Tensor):
            given = given.tolist()
        rows = zip(self, _each(self, tensor1), _each(self, tensor2), _each(self, given), strict=True)
        return tuple(getattr(a, name)(b, c, value=d) for a, b, c, d in rows)

    return function


def _in_place(function: Callable) -> Callable:
    """The results written over the first list."""

    def written(self: Sequence[Tensor], *args: Any, **options: Any) -> Sequence[Tensor]:
        for tensor, value in zip(self, function(self, *args, **options), strict=True):
            if tensor.requires_grad and not tensor.is_leaf:
                tensor.copy_(value)
            else:
                tensor._check_writable()
                with no_grad():
                    tensor.copy_(value)
        return self

    return written


def _foreach_lerp(self: Sequence[Tensor], tensors1: Sequence[Tensor], weight: Any) -> tuple[Tensor, ...]:
    rows = zip(self, _each(self, tensors1), _each(self, weight), strict=True)
    return tuple(a.lerp(b, c) for a, b, c in rows)


def _foreach_norm(self: Sequence[Tensor], ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    _each(self, None)
    return tuple(ops.linalg_vector_norm(t, ord, dtype=dtype) for t in self)


def _foreach_max(self: Sequence[Tensor]) -> tuple[Tensor, ...]:
    _each(self, None)
    return tuple(t.max() for t in self)


def _foreach_zero_(self: Sequence[Tensor]) -> Sequence[Tensor]:
    for tensor in self:
        tensor.zero_()
    return self


def _foreach_copy_(self: Sequence[Tensor], src: Sequence[Tensor], non_blocking: bool = False) -> Sequence[Tensor]:
    for tensor, value in zip(self, _each(self, src), strict=True):
        tensor.copy_(value)
    return self


FUNCTIONS: dict[str, Callable] = {
    **{f"_foreach_{name}": _unary(name) for name in _UNARY},
    **{f"_foreach_{name}": _binary(name) for name in _BINARY},
    **{f"_foreach_{name}": _pointwise(name) for name in _POINTWISE},
    "_foreach_lerp": _foreach_lerp,
    "_foreach_norm": _foreach_norm,
    "_foreach_max": _foreach_max,
}
FUNCTIONS.update(
    {f"{name}_": _in_place(function) for name, function in FUNCTIONS.items() if name[9:] not in ("clone", "norm", "max", "mm")}
)
FUNCTIONS.update(_foreach_zero_=_foreach_zero_, _foreach_copy_=_foreach_copy_)
for _name, _function in FUNCTIONS.items():
    _function.__name__ = _function.__qualname__ = _name
globals().update(FUNCTIONS)
