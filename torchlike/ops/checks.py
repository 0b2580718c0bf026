"""Argument checks that many ops share, with torch's exception classes and wording."""

from __future__ import annotations

from collections.abc import Sequence


def tensors_only(*kinds: object) -> None:
    """For `Op.check`: raises TypeError where an operand is a number."""
    for kind in kinds:
        if isinstance(kind, type):
            raise TypeError(f"argument must be Tensor, not {kind.__name__}")


def dim_in_range(dim: int, ndim: int) -> int:
    """`dim` counted from the front. Raises IndexError where there is no such dimension (a zero-dim tensor has one)."""
    reach = max(ndim, 1)
    if not -reach <= dim < reach:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-reach}, {reach - 1}], but got {dim})")
    return dim % reach


def dims_in_range(dims: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Every dimension counted from the front; None and () mean all of them. Raises where one stands twice."""
    if dims is None or (not isinstance(dims, int) and len(dims) == 0):
        return tuple(range(ndim))
    given = (dims,) if isinstance(dims, int) else tuple(dims)
    wrapped = tuple(dim_in_range(d, ndim) for d in given)
    for d in wrapped:
        if wrapped.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return tuple(d for d in wrapped if ndim)  # a zero-dim tensor's only dimension is none at all


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that all broadcast to. Raises RuntimeError in torch's words where two sizes do not fit."""
    out: list[int] = []
    for shape in shapes:
        grow = len(shape) - len(out)
        out = [1] * grow + out
        for i in range(-1, -len(shape) - 1, -1):
            if shape[i] != out[i] and shape[i] != 1:
                if out[i] != 1:
                    raise RuntimeError(
                        f"The size of tensor a ({out[i]}) must match the size of tensor b ({shape[i]}) "
                        f"at non-singleton dimension {len(out) + i}"
                    )
                out[i] = shape[i]
    return tuple(out)


def as_tuple(value: int | Sequence[int], n: int, name: str = "argument") -> tuple[int, ...]:
    """`value` repeated to `n` numbers where it is one number (a kernel size, a stride)."""
    if isinstance(value, int):
        return (value,) * n
    if len(value) == 1:
        return tuple(value) * n
    if len(value) != n:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {n} values, but got {name}={list(value)}"
        )
    return tuple(value)
