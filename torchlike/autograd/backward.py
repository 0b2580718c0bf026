"""Walking the tape backwards. Gradients are recorded like any other op, so backward computes nothing by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from torchlike.autograd import anomaly_mode
from torchlike.autograd.node import name_of
from torchlike.base.layout import is_dense
from torchlike.engine import dispatch, signature
from torchlike.engine.record import emit, local
from torchlike.engine.tape import GradNode
from torchlike.engine.value import Value
from torchlike.ops.registry import OPS
from torchlike.tensor.creation import filled
from torchlike.tensor.tensor import Tensor, bare, place

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
    _pass.depth += 1
    try:
        _walk(roots, wanted, keep, create)
        while _pass.depth == 1 and _pass.callbacks:
            _pass.callbacks.pop(0)()
    finally:
        _pass.depth -= 1
        if not _pass.depth:
            _pass.callbacks.clear()
        state.grad = before


class _Pass(threading.local):
    """The backward pass that this thread is in, and what is to be called at its end."""

    def __init__(self) -> None:
        self.depth = 0
        self.callbacks: list[Callable[[], None]] = []


_pass = _Pass()


def queue_callback(callback: Callable[[], None]) -> None:
    """Call it when the backward pass that is running has come to its end.

    Raises:
        RuntimeError: outside of one.
    """
    if not _pass.depth:
        raise RuntimeError("Final callbacks can only be installed during backward pass.")
    _pass.callbacks.append(callback)


def _walk(roots: Sequence[tuple[Tensor, Tensor]], wanted: Wanted, keep: bool, create: bool) -> None:
    """Gradients travel as bare values, or as tensors where they are to be differentiated again."""
    pending: dict[int, tuple[Any, list[Any]]] = {}
    heap: list[tuple[int, int]] = []
    if wanted.only:
        wanted.on_path = _on_path(roots, wanted)
    for tensor, cotangent in roots:
        edge = tensor if tensor._node is None else (tensor._node, tensor._nr)
        _arrive(edge, cotangent if create else cotangent._read(), pending, heap, wanted, create)
    while heap:
        node, grads = pending.pop(heappop(heap)[1])
        if node.hooks is not None or wanted.only:
            grads = _at_node(node, grads, wanted)
            if wanted.only and id(node) not in wanted.on_path:
                continue
        if node.freed:
            raise RuntimeError(_FREED)
        if type(node) is GradNode:
            results = pull(node, grads, create, wanted)
        else:
            results = node.apply([None if g is None else as_tensor(g) for g in grads], create)
        if anomaly_mode.mode.on:
            anomaly_mode.check(name_of(node), [None if r is None else as_tensor(r) for r in results])
        if node.hooks is not None:
            results = node.hooks.after([None if r is None else as_tensor(r) for r in results], grads)
        for edge, grad in zip(node.edges, results, strict=False):
            if edge is not None and grad is not None:
                _arrive(edge, grad, pending, heap, wanted, create)
        if not keep:
            node.release()


def _arrive(edge: Any, grad: Any, pending: dict, heap: list, wanted: Wanted, create: bool) -> None:
    """A gradient reaches a node's result, or a leaf."""
    if not create and type(grad) is not Value:
        grad = grad._read()
    if type(edge) is not tuple:
        _leaf(edge, grad, wanted, create)
        return
    node, nr = edge
    entry = pending.get(id(node))
    if entry is None:
        entry = pending[id(node)] = (node, [None] * len(node.outs))
        heappush(heap, (-node.order, id(node)))
    slots = entry[1]
    slots[nr] = grad if slots[nr] is None else _add(slots[nr], grad)


def as_tensor(grad: Any) -> Tensor:
    return bare(grad) if type(grad) is Value else grad


def _at_node(node: Any, grads: list[Any], wanted: Wanted) -> list[Any]:
    """Hooks of the node and of its results, retained gradients and wanted ones, now that its cotangents are complete."""
    grads = [None if g is None else as_tensor(g) for g in grads]
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


def pull(node: GradNode, grads: list[Any], create: bool, wanted: Wanted) -> list[Any]:
    """Record the pullback of one node; per tensor operand its gradient or None."""
    if wanted.only:
        needs = tuple([e is not None and wanted.asks(e) for e in node.edges])
        if not any(needs):
            return [None] * len(needs)
    else:
        needs = tuple([e is not None for e in node.edges])
    op = node.sig.op
    if op is not None and op.overwrites and needs[0]:
        return _overwritten(node, grads, create, needs)
    return _pulled(node, grads, create, needs)


def _overwritten(node: GradNode, grads: list[Any], create: bool, needs: tuple[bool, ...]) -> list[Any]:
    """The pullback of an op that leaves nothing of its first operand: a zero for that one, without history."""
    aval, rest = node.sig.tensors[0], (False, *needs[1:])
    results = _pulled(node, grads, create, rest) if any(rest) else [None] * len(needs)
    return [filled(0, tuple(aval.shape), aval.dtype, aval.device), *results[1:]]


def _pulled(node: GradNode, grads: list[Any], create: bool, needs: tuple[bool, ...]) -> list[Any]:
    sig = node.sig.vjp(needs, tuple([g is not None for g in grads]))
    if create:
        return _spread(needs, _tracked(node, sig, [as_tensor(g) for g in grads if g is not None]))
    cotangents = [g if type(g) is Value else g._read() for g in grads if g is not None]
    if sig.linear:
        produced = emit(sig, cotangents, node.numbers)
    elif node.index >= 0 and node.graph is local.state.graphs.get(sig.device):
        produced = emit(sig, cotangents, (), node.index)  # together: the forward is pending in the same program
    else:
        produced = emit(sig, [*node.values, *cotangents], node.numbers)  # type: ignore[misc]  # not freed: checked before
    return produced if len(produced) == len(needs) else _spread(needs, produced)


def _tracked(node: GradNode, sig: Any, cotangents: list[Tensor]) -> list[Tensor]:
    """The pullback as an ordinary differentiable call, for gradients of gradients."""
    saved: list[Tensor] = []
    if not sig.linear:
        for value, edge in zip(node.values, node.edges, strict=True):  # type: ignore[arg-type]  # not freed: checked before
            saved.append(edge if isinstance(edge, Tensor) and edge._storage.value is value else with_history(value, edge))
    tensors = [*saved, *cotangents]
    return dispatch.apply(sig, [t._read() for t in tensors], node.numbers, tensors, any(t._rg for t in tensors))


def with_history(value: Value, edge: Any) -> Tensor:
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


def _spread(needs: tuple[bool, ...], grads: Sequence[Any]) -> list[Any]:
    given = iter(grads)
    return [next(given) if n else None for n in needs]


_ADD = OPS["add"]


def _add(a: Any, b: Any) -> Any:
    """The sum of two gradients of one thing: values, or tensors where history matters."""
    if type(a) is Value and type(b) is Value:
        kinds = (a.aval, b.aval, None)
        sig = signature.find(_ADD, kinds, ()) or signature.make(_ADD, kinds, ())
        return emit(sig, (a, b))[0]
    return dispatch.call(_ADD, (as_tensor(a), as_tensor(b), None))


def _leaf(leaf: Tensor, grad: Any, wanted: Wanted, create: bool) -> None:
    if leaf._hooks is not None:
        grad = leaf._hooks.run(as_tensor(grad))
    if wanted.only:
        for i in wanted.places.get(id(leaf), ()):
            found = wanted.found[i]
            wanted.found[i] = as_tensor(grad if found is None else _add(found, grad))
            if wanted.accumulate:
                _accumulate(leaf, grad, create)
        return
    _accumulate(leaf, grad, create)
    if leaf._hooks is not None:
        leaf._hooks.accumulated(leaf)


def _accumulate(leaf: Tensor, grad: Any, create: bool) -> None:
    """Into `.grad`: a first gradient as it is, later ones added in place (or anew where history is kept)."""
    state, old = local.state, leaf._grad
    if state.capture is not None:
        state.capture.note_gradient(leaf)
    elif state.notes is not None:
        state.notes.gradient(leaf)
    if old is None:
        leaf._grad = as_tensor(grad) if create else bare(grad if type(grad) is Value else grad._read())
        if leaf._strides is not None and is_dense(leaf.shape, leaf._strides) and not create:
            place(leaf._grad, leaf._strides, 0)
    elif create:
        leaf._grad = _add(old, as_tensor(grad))
    else:
        old._write(_add(old, as_tensor(grad)))
