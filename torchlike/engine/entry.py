"""Running one entry of a graph on arrays, while a program is traced."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax

from torchlike.engine import images
from torchlike.engine.signature import Signature, VjpSignature, paired
from torchlike.engine.value import Aval


def cut(given: list[Any], flows: tuple[bool, ...]) -> list[Any]:
    """The operands, those without a gradient cut off from theirs."""
    marks = flows or (False,) * len(given)
    return [g if flow else images.constant(g) for g, flow in zip(given, marks, strict=True)]


def forward(sig: Signature, given: list[Any], numbers: Sequence[Any], needs: Any) -> tuple[Sequence[Any], Pull | None]:
    """Run one entry that is no paired pullback; with `needs`, under jax.vjp for the pullbacks that follow."""
    if isinstance(sig, VjpSignature) and needs is None:
        found = images.linear_pullback(sig, given, numbers)
        if found is not None:
            return found, None
    last = images.orders(sig, given)
    fn = sig.fn if last is None else sig.fn_last
    args = in_operand_order(sig, images.arranged(given, last), numbers)
    order = images.result_orders(sig, last)
    if needs is None:
        out, pull = fn(*args), None  # type: ignore[misc]  # fn_last is there where `orders` says so
    else:
        out, back = paired(sig, needs, args, lambda cotangents: cotangents, fn)
        pull = Pull(back, needs, last or (False,) * len(needs), order)
    return [images.marked(o, is_last) for o, is_last in zip(out, order, strict=True)], pull


class Pull(NamedTuple):
    """The pullback of an entry that ran in this program.

    Attributes:
        pull: a pytree whose leaves are what it keeps of the forward.
        needs: the operands it gives gradients of. operands, results: which of them are stored channels last.
    """

    pull: Callable[[Sequence[Any]], tuple]
    needs: tuple[bool, ...]
    operands: Sequence[bool]
    results: Sequence[bool]

    def run(self, sig: VjpSignature, cotangents: list[Any]) -> Sequence[Any]:
        """The gradients that `sig` wants."""
        grads = iter(self.pull(images.cotangents(sig, cotangents, self.results)))
        wants = zip(self.needs, self.operands, strict=True)
        spread = [images.marked(next(grads), is_last) if need else None for need, is_last in wants]
        return [g for g, wanted in zip(spread, sig.needs, strict=True) if wanted]


def in_operand_order(sig: Signature, tensors: Sequence[Any], numbers: Sequence[Any]) -> list[Any]:
    """Arguments of `sig.fn`: tensors and numbers back in operand order."""
    if not numbers:
        return list(tensors)
    a, n = iter(tensors), iter(numbers)
    return [next(a) if isinstance(s, Aval) else next(n) for s in sig.specs]


def number_count(entry: tuple) -> int:
    """How many Python numbers an entry takes."""
    sig, pair = entry[:2]
    return 0 if pair >= 0 else sum(not isinstance(s, Aval) for s in sig.specs)


# Without these a forward is at most a few passes over its operands.
_HEAVY = re.compile(
    r"\b(dot_general|conv_general\w*|scan|while|cond|sort|top_k|cum\w+|fft|reduce_window\w*|gather|scatter\w*|custom_call|"
    r"\w*callback|cholesky|eigh?|svd|qr|lu|triangular_solve|random_\w+|threefry\w*|custom_vjp_call\w*)\b"
)


def is_light(sig: Signature) -> bool:
    """Whether a forward is no more than elementwise work and reductions."""
    if sig.ranks is not None:
        return False
    structs = [s.struct() if isinstance(s, Aval) else s(1) for s in sig.specs]
    with jax.enable_x64(True):
        return _HEAVY.search(str(jax.make_jaxpr(sig.fn)(*structs))) is None
