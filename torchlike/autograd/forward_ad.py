"""`torch.autograd.forward_ad`: dual numbers.

A dual tensor is an alias of its primal with a node of its own on the tape that holds the tangent; `unpack_dual` pushes
tangents from there to what was computed. So inside a level duals say that they require grad, which they do not in torch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from torchlike.autograd.forward import sweep
from torchlike.autograd.levels import Alias, alias, recording, settle
from torchlike.base.promotion import scalar_name
from torchlike.engine.record import local
from torchlike.tensor.tensor import Tensor

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

_levels: list[tuple[int, bool]] = []  # (age, grad mode outside); one at most, as in torch


class UnpackedDualTensor(NamedTuple):
    """A primal and its tangent (None where there is none)."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Start a level; `dual_level` is the context manager. Raises RuntimeError inside another one."""
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment: use torch.func.jvp, which nests")
    with recording() as mark:
        _levels.append((mark, local.state.grad))
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level. Raises RuntimeError where there is none, or another one is named."""
    if not _levels or level not in (None, len(_levels) - 1):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _levels.pop()


class dual_level:
    """The level within which duals carry tangents, as a context manager. The tape records inside, also within `no_grad`."""

    def __enter__(self) -> int:
        self._before = local.state.grad
        level = enter_dual_level()
        local.state.grad = True
        return level

    def __exit__(self, *error: object) -> None:
        exit_dual_level()
        local.state.grad = self._before


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """`tensor` with a tangent of its shape and dtype.

    Raises:
        RuntimeError: outside a level, and where the two do not fit.
        ValueError: for a dtype without gradients.
    """
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, given in (("tensor", tensor), ("tangent", tangent)):
        if not given.dtype.is_differentiable:
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {given.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    if tensor.dtype is not tangent.dtype:
        raise RuntimeError(
            f"Expected a tangent of dtype {scalar_name(tensor.dtype)}, got {scalar_name(tangent.dtype)}: a tangent has its "
            "primal's dtype"
        )
    dual = alias(tensor)
    dual._node.tangent = tangent
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent of a tensor computed from duals. Outside a level there is no tangent."""
    if not _levels:
        return UnpackedDualTensor(tensor, None)
    mark = _levels[-1][0]
    (tangent,) = sweep([tensor], _seeds(tensor, mark), mark)
    primal, pushed = settle([tensor, tangent], mark)
    return UnpackedDualTensor(primal, pushed)


def _seeds(tensor: Tensor, mark: int) -> dict[tuple[int, int], Tensor]:
    """The tangents of the duals that `tensor` was computed from."""
    tensor._read()
    found: dict[tuple[int, int], Tensor] = {}
    seen: set[int] = set()
    todo: list[Any] = [tensor._node] if tensor._rg and tensor._node is not None else []
    while todo:
        node = todo.pop()
        if id(node) in seen or node.order < mark:
            continue
        seen.add(id(node))
        if isinstance(node, Alias) and node.tangent is not None:
            found[id(node), 0] = node.tangent
        todo.extend(e[0] for e in node.edges if type(e) is tuple)
    return found
