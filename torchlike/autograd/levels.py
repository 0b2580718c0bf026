"""One level of differentiation inside another: inputs that are new to the tape, results that know only what is outside.

A transform hands its function aliases of the inputs. Each has a tape node of its own, behind which stands the input's own
history: so one transform's derivative is that of its own aliases, and an outer one still sees through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

from torchlike.engine.record import local
from torchlike.engine.tape import next_order
from torchlike.tensor.tensor import Tensor, bare


class Alias:
    """A tape node that passes on what arrives, to the input's own history if it has one."""

    numbers: tuple = ()
    freed = False
    kind = "alias"
    name = "AliasBackward0"

    def __init__(self, tensor: Tensor):
        tensor._read()
        self.edges = ((tensor if tensor._node is None else (tensor._node, tensor._nr)) if tensor._rg else None,)
        self.outs = (tensor._value.aval,)
        self.order = next_order()
        self.hooks: Any = None
        self.tangent: Any = None  # see torchlike.autograd.forward_ad
        self.carried = False  # stands for what a loop carries, which may get a history that its start has not

    def apply(self, grads: list[Any], create: bool) -> list[Any]:
        return grads

    def release(self) -> None:
        """Nothing is saved."""


def alias(tensor: Tensor) -> Tensor:
    """`tensor` as an input of its own. Raises RuntimeError for dtypes that have no gradient."""
    if not tensor.dtype.is_differentiable:
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    new = bare(tensor._read())
    if tensor._strides is not None:
        new._strides = tensor._strides
    new._rg, new._node = True, Alias(tensor)
    return new


def handle(tensor: Tensor) -> Tensor:
    """A tensor of the same value and history as now, whatever is written to `tensor` later."""
    now = bare(tensor._read())
    now._rg, now._node, now._nr = tensor._rg, tensor._node, tensor._nr
    return now


@contextmanager
def recording(on: bool = True) -> Any:
    """The tape on (or off) within the block, whatever it is outside. Yields a mark: nodes made from now on are newer."""
    state = local.state
    before, state.grad = state.grad, on
    try:
        yield next_order()
    finally:
        state.grad = before


def reaching(tensors: Sequence[Tensor], mark: int) -> set[int]:
    """Ids of the nodes newer than `mark`, behind `tensors`, from which something older or a leaf can be reached."""
    order: list[Any] = []
    seen: set[int] = set()
    todo = [t._node for t in tensors if t._rg and t._node is not None and t._node.order > mark]
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen.add(id(node))
            order.append(node)
            todo.extend(e[0] for e in node.edges if type(e) is tuple and e[0].order > mark)
    found: set[int] = set()
    for node in sorted(order, key=lambda n: n.order):
        for edge in node.edges:
            if edge is not None and (type(edge) is not tuple or edge[0].order <= mark or id(edge[0]) in found):
                found.add(id(node))
                break
    return found


def settle(tensors: Sequence[Any], mark: int) -> list[Any]:
    """The results of a transform: those that depend on nothing outside that requires grad lose their history.

    Outside grad mode all do.
    """
    mine = [t for t in tensors if isinstance(t, Tensor)]
    for t in mine:
        t._read()
    kept = reaching(mine, mark) if local.state.grad else set()

    def settled(t: Any) -> Any:
        if not isinstance(t, Tensor) or not t._rg or t._node is None or t._node.order <= mark:
            return t
        if id(t._node) in kept:
            return t
        out = bare(t._read())
        if t._strides is not None:
            out._strides = t._strides
        return out

    return [settled(t) for t in tensors]
