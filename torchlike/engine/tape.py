"""Tape nodes: which op made a differentiable value, and from what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from torchlike.engine.signature import Signature
from torchlike.engine.value import Value

_orders = count()


def next_order() -> int:
    """The number of the next tape node."""
    return next(_orders)


class GradNode:
    """One differentiable call on the tape.

    Attributes:
        sig: the forward's signature.
        values: its tensor operands (None where the pullback is linear and needs none, or after they were freed).
        numbers: its Python numbers.
        edges: per tensor operand None, a leaf tensor, or `(node, result number)`.
        order: nodes are numbered as they are made; an operand's node is always older.
        graph, index: the entry that ran the forward, for pairing.
        hooks: see torchlike.autograd.hooks; None while there are none.
    """

    __slots__ = ("__weakref__", "edges", "freed", "graph", "hooks", "index", "numbers", "order", "sig", "values")

    def __init__(
        self, sig: Signature, values: Sequence[Value] | None, numbers: Sequence[Any], edges: tuple, graph: Any, index: int
    ):
        self.sig = sig
        self.values = values
        self.numbers = numbers
        self.edges = edges
        self.graph = graph
        self.index = index
        self.freed = False
        self.order = next(_orders)
        self.hooks: Any = None

    @property
    def outs(self) -> tuple:
        return self.sig.outs

    def release(self) -> None:
        """Let go of saved values; a second backward through a node that needs them is an error from now on."""
        if not self.sig.linear:
            self.values = None
            self.freed = True
