"""Pushforwards: the forward-mode counterpart of a pullback, as an op of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from torchlike.base import dtypes
from torchlike.engine.signature import Signature
from torchlike.engine.value import Aval


class JvpSignature(Signature):
    """A pushforward: `fn(*forward tensors and numbers, *tangents) -> tangents of the differentiable results`.

    A linear forward's pushforward takes no forward tensors. Being a signature, it is differentiated like any other.

    Attributes:
        have: per tensor operand of the forward, whether a tangent arrives (the others are zero).
    """

    __slots__ = ("forward", "have")

    def __init__(self, forward: Signature, have: tuple[bool, ...]):
        self.forward, self.have = forward, have
        given = [s for s in forward.specs if not (forward.linear and isinstance(s, Aval))]
        tangents = [a for a, there in zip(forward.tensors, have, strict=True) if there]
        super().__init__(f"{forward.name}_jvp", [*given, *tangents], self._push, forward.device, forward.traced)
        self.outs = tuple(o for o in forward.outs if o.dtype.is_differentiable)
        self.linear = forward.linear
        self.dynamic = forward.dynamic
        self.ranks, self.mesh = forward.ranks, forward.mesh

    def _push(self, *args: Any) -> tuple:
        forward = self.forward
        count = len(self.specs) - sum(self.have)
        given = iter(args[:count])
        full = [
            jnp.zeros(s.shape, s.dtype.np) if forward.linear and isinstance(s, Aval) else next(given) for s in forward.specs
        ]
        arrives = iter(self.have)
        places = [i for i, s in enumerate(forward.specs) if isinstance(s, Aval) and next(arrives)]

        def moved(*chosen: Any) -> tuple:
            operands = list(full)
            for place, arg in zip(places, chosen, strict=True):
                operands[place] = arg
            outs = forward.fn(*operands)
            return tuple(o for o, a in zip(outs, forward.outs, strict=True) if a.dtype.is_differentiable)

        return tuple(jax.jvp(moved, tuple(full[p] for p in places), tuple(args[count:]))[1])


_known: dict[tuple[Signature, tuple[bool, ...]], JvpSignature] = {}


def pushforward(sig: Signature, have: Sequence[bool]) -> JvpSignature:
    """The signature of the pushforward of `sig`, one object for one question."""
    key = (sig, tuple(have))
    found = _known.get(key)
    if found is None:
        found = _known[key] = JvpSignature(*key)
    return found


dtypes.on_default_change(_known.clear)
