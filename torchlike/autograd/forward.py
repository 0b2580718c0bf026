"""Forward mode over the tape: tangents go from inputs to results, each node's pushforward being one recorded op."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.autograd.backward import LeafEdge, with_history
from torchlike.autograd.function import FunctionNode
from torchlike.autograd.grad_mode import set_grad_enabled
from torchlike.engine import dispatch
from torchlike.engine.jvp import pushforward
from torchlike.engine.tape import GradNode
from torchlike.tensor.tensor import Tensor

Seeds = dict[tuple[int, int], Tensor]  # (id of a node, result number) -> tangent


def sweep(outs: Sequence[Tensor], seeds: Seeds, oldest: int) -> list[Tensor | None]:
    """The tangents of `outs`, None where nothing arrives.

    Args:
        seeds: tangents of results of nodes, which must be newer than `oldest`.
    """
    order: list[Any] = []
    seen: set[int] = set()
    for out in outs:
        out._read()
    todo = [t._node for t in outs if t._rg and t._node is not None and t._node.order >= oldest]
    while todo:
        node = todo.pop()
        if id(node) not in seen:
            seen.add(id(node))
            order.append(node)
            todo.extend(e[0] for e in node.edges if type(e) is tuple and e[0].order >= oldest)
    tangents = dict(seeds)
    with set_grad_enabled(True):
        for node in sorted(order, key=lambda n: n.order):
            _through(node, tangents)
    return [tangents.get((id(t._node), t._nr)) if t._rg and t._node is not None else None for t in outs]


def _through(node: Any, tangents: Seeds) -> None:
    """The tangents of one node's results."""
    arrived = [tangents.get((id(e[0]), e[1])) if type(e) is tuple else None for e in node.edges]
    if all(t is None for t in arrived):
        return
    if type(node) is GradNode:
        found: Sequence[Tensor | None]
        places = [i for i, o in enumerate(node.outs) if o.dtype.is_differentiable]
        found = _push(node, arrived)
    elif isinstance(node, FunctionNode):
        places, found = list(range(len(node.outs))), _user_push(node, arrived)
    else:  # an alias, or a leaf that was written since
        assert isinstance(node, LeafEdge) or len(node.edges) == 1
        places, found = [0], arrived
    for place, tangent in zip(places, found, strict=True):
        if tangent is not None:
            tangents.setdefault((id(node), place), tangent)


def _push(node: GradNode, arrived: list[Tensor | None]) -> list[Tensor]:
    sig = pushforward(node.sig, tuple(t is not None for t in arrived))
    saved: list[Tensor] = []
    if not node.sig.linear:
        if node.values is None:
            raise RuntimeError("forward-mode differentiation through a graph that an earlier backward has freed")
        saved = [with_history(value, edge) for value, edge in zip(node.values, node.edges, strict=True)]
    tensors = [*saved, *(t for t in arrived if t is not None)]
    return dispatch.apply(sig, [t._read() for t in tensors], node.numbers, tensors, any(t._rg for t in tensors))


def _user_push(node: FunctionNode, arrived: list[Tensor | None]) -> list[Tensor | None]:
    """A user's `jvp`. Raises RuntimeError where a Function has none."""
    kind = node.kind
    if kind.jvp is None:
        raise RuntimeError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD "
            f"({kind.__name__} has none)."
        )
    given: list[Any] = [None] * len(node.ctx.needs_input_grad)
    for place, tangent in zip(node.places, arrived, strict=True):
        given[place] = tangent
    results = kind.jvp(node.ctx, *given)
    return list(results) if isinstance(results, tuple) else [results]
