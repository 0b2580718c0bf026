"""The only door to an op: read the operands, find the signature, record (or run), put on the tape, wrap.

Each stage is general; no op is known here by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.base.layout import propagate
from torchlike.engine import signature
from torchlike.engine.record import emit, local
from torchlike.engine.signature import Signature
from torchlike.engine.tape import GradNode
from torchlike.engine.value import Value
from torchlike.ops.registry import Op

_NUMBERS = (float, int, bool, complex)
_new = object.__new__
_known = signature.known
Tensor: Any = None  # set by torchlike.tensor, which stands above
Storage: Any = None


def bind(tensor: type, storage: type) -> None:
    """Tell dispatch which classes it reads and wraps."""
    global Tensor, Storage
    Tensor, Storage = tensor, storage


class Elsewhere(NotImplementedError):
    """Raised by the `_read` of a tensor that is no dense array: its `_apply(op, args, static)` does the op instead."""

    def __init__(self, tensor: Any, advice: str = ""):
        super().__init__(advice or f"this needs a dense tensor, and got one of layout {tensor.layout}: use to_dense()")
        self.tensor = tensor


def call(op: Op, args: Sequence[Any], static: tuple = ()) -> Any:
    """Apply an op to tensors, Python numbers and Nones.

    Raises:
        TypeError: for an operand that is none of these.
        RuntimeError, IndexError ...: where they do not fit; nothing has been recorded then.
    """
    values: list[Value] = []
    specs: list[Any] = []
    tensors: list[Any] = []
    numbers: list[Any] = []
    grad = odd = False
    try:
        for arg in args:
            if isinstance(arg, Tensor):
                value = arg._storage.value if arg._view is None else arg._read()
                values.append(value)
                specs.append(value.aval)
                tensors.append(arg)
                if arg._rg:
                    grad = True
                if arg._strides is not None:
                    odd = True
            elif arg is None:
                specs.append(None)
            else:
                number = arg if type(arg) in _NUMBERS else _number(op, arg, len(specs))
                numbers.append(number)
                specs.append(type(number))
    except Elsewhere as other:
        return other.tensor._apply(op, args, static)
    if op.autocast is not None and (mode := local.state.autocast) is not None:
        cast = mode(op, args, specs, static)
        if cast is not None:
            return call(op, cast, static)
    kinds = tuple(specs)
    try:
        sig = _known.get((op, kinds, static))
    except TypeError:  # a list among the static parameters
        sig = None
    if sig is None:
        static = tuple(map(hashable, static))
        sig = signature.find(op, kinds, static) or signature.make(op, kinds, static)
    outs = apply(sig, values, numbers, tensors, grad)
    if odd and op.layout is not None:
        propagate(op.layout, tensors, outs, bool(numbers) and _meets_number(op, args))
    return outs[0] if len(outs) == 1 and not sig.structured else tuple(outs)


def apply(sig: Signature, values: list[Value], numbers: Sequence[Any], tensors: Sequence[Any], grad: bool) -> list[Any]:
    """Record one call of a known signature, put it on the tape where gradients are wanted, and wrap the results."""
    if not (grad and local.state.grad and sig.differentiable):
        produced = emit(sig, values, numbers)
        return [wrap(produced[0])] if len(produced) == 1 else [wrap(value) for value in produced]
    edges = tuple([(t if t._node is None else (t._node, t._nr)) if t._rg else None for t in tensors])
    return on_tape(sig, values, numbers, edges)


def on_tape(sig: Signature, values: list[Value], numbers: Sequence[Any], edges: tuple) -> list[Any]:
    """Record one call with a tape node whose gradients leave along `edges`, and wrap the results."""
    produced = emit(sig, values, numbers)
    graph = produced[0].graph
    node = GradNode(sig, None if sig.linear else values, numbers, edges, graph, -1 if graph is None else len(graph.entries) - 1)
    if graph is not None and graph.flows is not None:
        graph.flows[node.index] = edges
    outs = []
    for nr, value in enumerate(produced):
        out = wrap(value)
        if value.aval.dtype.is_differentiable:
            out._rg, out._node, out._nr = True, node, nr
        outs.append(out)
    return outs


def _meets_number(op: Op, args: Sequence[Any]) -> bool:
    """Whether an operand is a number (and not one of the op's settings, like clamp's bounds)."""
    named = zip(op.operands, args, strict=False)
    return any(name in ("input", "other") and type(arg) in _NUMBERS for (name, _), arg in named)


def wrap(value: Value) -> Any:
    """A fresh tensor around a value."""
    out = _new(Tensor)
    storage = out._storage = _new(Storage)
    storage.value = value
    storage.version = 0
    return out


def _number(op: Op, arg: Any, place: int) -> Any:
    """A Python number among the operands; numpy's scalars count as such."""
    if type(arg) in _NUMBERS:
        return arg
    if isinstance(arg, np.generic):
        return arg.item()
    kinds: tuple[Any, ...] = (bool, int, float, complex)
    for kind in kinds:  # subclasses
        if isinstance(arg, kind):
            return kind(arg)
    if hasattr(arg, "__index__"):
        return int(arg)
    raise TypeError(signature.unfit(op, place, type(arg)))


def hashable(static: Any) -> Any:
    """A static parameter in the form that keys signatures: lists become tuples, zero-dim tensors numbers."""
    if isinstance(static, (list, tuple)):
        return tuple(map(hashable, static))
    if isinstance(static, slice):
        return ("slice", static.start, static.stop, static.step)
    if isinstance(static, Tensor):
        return static.item()
    if isinstance(static, np.generic):
        return static.item()
    return static
