"""Walking the tape backwards. Gradients are recorded like any other op, so backward computes nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from torchlike.engine import dispatch
from torchlike.engine.record import emit, local
from torchlike.engine.tape import GradNode
from torchlike.engine.value import Value
from torchlike.ops.registry import OPS
from torchlike.tensor.tensor import Tensor, bare

_FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
    "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True "
    "if you need to backward through the graph a second time or if you need to access saved tensors after calling backward."
)


class Wanted:
    """What a backward pass is for: leaves accumulate into `.grad`, or the gradients of `inputs` are collected.

    Attributes:
        inputs: by `(id(node), result number)` or `id(leaf)`: the position among the asked-for inputs.
        found: the gradients collected, as tensors.
        on_path: ids of the nodes on a path to an input.
    """

    def __init__(self, inputs: Sequence[Tensor] | None, accumulate: bool):
        self.only = inputs is not None
        self.accumulate = accumulate
        self.places: dict[Any, list[int]] = {}
        self.tensors = list(inputs or ())
        self.found: list[Tensor | None] = [None] * len(self.tensors)
        for i, t in enumerate(self.tensors):
            t._read()
            key = id(t) if t._node is None else (id(t._node), t._nr)
            self.places.setdefault(key, []).append(i)
        self.on_path: set[int] = set()

    def asks(self, edge: Any) -> bool:
        """Whether the gradient along an edge is wanted, by its target or by what lies behind that."""
        if type(edge) is tuple:
            return id(edge[0]) in self.on_path or (id(edge[0]), edge[1]) in self.places
        return id(edge) in self.places


def run(roots: Sequence[tuple[Tensor, Tensor]], wanted: Wanted, keep: bool, create: bool) -> None:
    """Propagate cotangents from `roots` (tensor, cotangent) to the leaves or to the inputs wanted.

    Nodes are visited newest first, which is a topological order since a node's inputs are older than it. The walk is a
    loop over a heap: the depth of the graph is no matter.
    """
    state = local.state
    before, state.grad = state.grad, create
    try:
        _walk(roots, wanted, keep, create)
    finally:
        state.grad = before


def _walk(roots: Sequence[tuple[Tensor, Tensor]], wanted: Wanted, keep: bool, create: bool) -> None:
    pending: dict[int, tuple[Any, list[Tensor | None]]] = {}
    heap: list[tuple[int, int]] = []

    def arrive(edge: Any, grad: Tensor) -> None:
        if type(edge) is tuple:
            node, nr = edge
            entry = pending.get(id(node))
            if entry is None:
                entry = pending[id(node)] = (node, [None] * len(node.outs))
                heappush(heap, (-node.order, id(node)))
            slots = entry[1]
            slots[nr] = grad if slots[nr] is None else _add(slots[nr], grad, create)
        else:
            _leaf(edge, grad, wanted, create)

    for tensor, cotangent in roots:
        arrive(tensor if tensor._node is None else (tensor._node, tensor._nr), cotangent)
    if wanted.only:
        wanted.on_path = _on_path(roots, wanted)
    choose = wanted if wanted.only else None
    while heap:
        node, grads = pending.pop(heappop(heap)[1])
        if node.hooks is not None or wanted.only:
            grads = _at_node(node, grads, wanted)
        if wanted.only and id(node) not in wanted.on_path:
            continue
        if node.freed:
            raise RuntimeError(_FREED)
        results = pull(node, grads, create, choose) if type(node) is GradNode else node.apply(grads, create)
        if node.hooks is not None:
            results = node.hooks.after(results, grads)
        for edge, grad in zip(node.edges, results, strict=True):
            if edge is not None and grad is not None:
                arrive(edge, grad)
        if not keep:
            node.release()


def _at_node(node: Any, grads: list[Tensor | None], wanted: Wanted) -> list[Tensor | None]:
    """Hooks of the node and of its results, retained gradients and wanted ones, now that its cotangents are complete."""
    if node.hooks is not None:
        grads = node.hooks.before(grads)
    for nr, grad in enumerate(grads):
        for i in wanted.places.get((id(node), nr), ()):
            wanted.found[i] = grad
            if wanted.accumulate and grad is not None:
                _accumulate(wanted.tensors[i], grad, False)
    return grads


def _on_path(roots: Sequence[tuple[Tensor, Tensor]], wanted: Wanted) -> set[int]:
    """The nodes on a path from the roots to an input that is wanted (all others are left alone)."""
    found: set[int] = set()
    order: list[Any] = []
    seen: set[int] = set()
    todo = [t._node for t, _ in roots if t._node is not None]
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        order.append(node)
        todo.extend(e[0] for e in node.edges if type(e) is tuple)
    wanted.on_path = found
    for node in sorted(order, key=lambda n: n.order):
        if any(e is not None and wanted.asks(e) for e in node.edges):
            found.add(id(node))
    return found


def pull(node: GradNode, grads: list[Tensor | None], create: bool, wanted: Wanted | None) -> list[Tensor | None]:
    """Record the pullback of one node; per tensor operand its gradient or None."""
    needs = tuple([e is not None and (wanted is None or wanted.asks(e)) for e in node.edges])
    if not any(needs):
        return [None] * len(needs)
    sig = node.sig.vjp(needs, tuple([g is not None for g in grads]))
    cotangents = [g._read() for g in grads if g is not None]
    if create:
        return _spread(needs, _tracked(node, sig, [g for g in grads if g is not None]))
    if sig.linear:
        produced = emit(sig, cotangents, node.numbers)
    else:
        graph = node.graph
        if graph is not None and node.index >= 0 and graph is local.state.graphs.get(graph.device) and _together(graph, cotangents):
            produced = emit(sig, cotangents, (), node.index)
        else:
            produced = emit(sig, [*node.values, *cotangents], node.numbers)  # type: ignore[misc]  # not freed: checked before
    return _spread(needs, [bare(v) for v in produced])


def _together(graph: Any, values: Sequence[Value]) -> bool:
    """Whether recording now stays in `graph`: no cotangent may come from another place."""
    return all(v.aval.device is graph.device for v in values)


def _tracked(node: GradNode, sig: Any, cotangents: list[Tensor]) -> list[Tensor]:
    """The pullback as an ordinary differentiable call, for gradients of gradients."""
    saved: list[Tensor] = []
    if not sig.linear:
        for value, edge in zip(node.values, node.edges, strict=True):  # type: ignore[arg-type]  # not freed: checked before
            saved.append(edge if isinstance(edge, Tensor) and edge._storage.value is value else _with_history(value, edge))
    tensors = [*saved, *cotangents]
    return dispatch.apply(sig, [t._read() for t in tensors], node.numbers, tensors, any(t._rg for t in tensors))


def _with_history(value: Value, edge: Any) -> Tensor:
    out = bare(value)
    if type(edge) is tuple:
        out._rg, out._node, out._nr = True, *edge
    elif edge is not None:  # a leaf that has been written since: its gradient still goes to it
        out._rg, out._node, out._nr = True, LeafEdge(edge), 0
    return out


class LeafEdge:
    """Passes a gradient on to a leaf whose value has changed since it was used."""

    numbers: tuple = ()
    freed = False
    hooks = None

    def __init__(self, leaf: Tensor):
        self.edges = (leaf,)
        self.outs = (leaf._value.aval,)
        self.order = 0

    def apply(self, grads: list[Any], create: bool) -> list[Any]:
        return grads

    def release(self) -> None:
        """Nothing is saved."""


def _spread(needs: tuple[bool, ...], grads: Sequence[Tensor]) -> list[Tensor | None]:
    given = iter(grads)
    return [next(given) if n else None for n in needs]


_ADD = OPS["add"]


def _add(a: Tensor | None, b: Tensor, create: bool) -> Tensor:
    return dispatch.call(_ADD, (a, b, None))


def _leaf(leaf: Tensor, grad: Tensor, wanted: Wanted, create: bool) -> None:
    if leaf._hooks is not None:
        grad = leaf._hooks.run(grad)
    if wanted.only:
        for i in wanted.places.get(id(leaf), ()):
            found = wanted.found[i]
            wanted.found[i] = grad if found is None else _add(found, grad, create)
            if wanted.accumulate:
                _accumulate(leaf, grad, create)
        return
    _accumulate(leaf, grad, create)
    if leaf._hooks is not None:
        leaf._hooks.accumulated(leaf)


def _accumulate(leaf: Tensor, grad: Tensor, create: bool) -> None:
    old = leaf._grad
    if old is None:
        leaf._grad = grad if create else bare(grad._read())
    elif create:
        leaf._grad = _add(old, grad, create)
    else:
        old._write(_add(old, grad, create))
