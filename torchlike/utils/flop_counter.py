"""FlopCounterMode: how many floating-point operations the matrix products and convolutions of a piece of code are."""

from __future__ import annotations

import functools
import math
import sys
import weakref
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from torchlike.engine import flush, record, signature
from torchlike.engine.signature import Signature, VjpSignature
from torchlike.engine.value import Aval

__all__ = ["FlopCounterMode", "register_flop_formula"]

Counts = list[tuple[str, int]]  # the operation by its name among torch's, and how many

flop_registry: dict[Any, Callable] = {}


def register_flop_formula(targets: Any, get_raw: bool = False) -> Callable[[Callable], Callable]:
    """Count an operation by a formula `(*shapes, out_shape=..., **kwargs) -> int` of one's own.

    Args:
        targets: operators of `torch.ops`, or a list of them.
        get_raw: give the formula descriptions with shape and dtype instead of shapes.
    """

    def register(formula: Callable) -> Callable:
        for target in targets if isinstance(targets, (list, tuple)) else [targets]:
            flop_registry[target] = functools.partial(_raw, formula) if get_raw else formula
        return formula

    return register


def _raw(formula: Callable, *operands: Any, out_shape: Any) -> int:
    return formula(*operands, out_val=out_shape)


# ---- formulas -------------------------------------------------------------------------------------------------


def _linear(sig: Signature, static: tuple) -> Counts:
    x, weight, *bias = sig.tensors
    return [("addmm" if bias else "mm", 2 * x.numel * (weight.shape[0] if weight.ndim == 2 else 1))]


def _matmul(sig: Signature, static: tuple) -> Counts:
    a, b = sig.tensors[:2]
    if min(a.ndim, b.ndim) < 2:
        return []  # torch has no formula for vectors
    return [("mm" if b.ndim == 2 or a.ndim == 2 else "bmm", 2 * sig.outs[0].numel * a.shape[-1])]


def _added(name: str) -> Callable[[Signature, tuple], Counts]:
    """Of `input + a @ b`."""
    return lambda sig, static: [(name, 2 * sig.outs[0].numel * sig.tensors[1].shape[-1])]


def _einsum(sig: Signature, static: tuple) -> Counts:
    equation, avals = static[0].replace(" ", "").split("->")[0].split(","), sig.tensors
    if len(avals) != 2 or any("." in part for part in equation):
        return []
    sizes = {name: size for part, a in zip(equation, avals, strict=True) for name, size in zip(part, a.shape, strict=True)}
    return [("bmm", 2 * math.prod(sizes.values()))]


def _convolution(sig: Signature, static: tuple) -> Counts:
    return [("convolution", _convolution_flops(sig, static))]


def _convolution_flops(sig: Signature, static: tuple) -> int:
    x, weight = sig.tensors[:2]
    window = weight.shape[2:]
    batch = x.shape[0] if x.ndim == weight.ndim else 1
    positions = x.shape[-len(window) :] if static[-1] is not None else sig.outs[0].shape[-len(window) :]
    return 2 * batch * math.prod(positions) * math.prod(weight.shape)


def _attention(sig: Signature, static: tuple) -> Counts:
    return [("_scaled_dot_product_flash_attention", _attention_flops(sig))]


def _attention_flops(sig: Signature) -> int:
    query, key, value = sig.tensors[:3]
    batch, rows = math.prod(query.shape[:-2]), query.shape[-2] * key.shape[-2]
    return 2 * batch * rows * (query.shape[-1] + value.shape[-1])


_FORWARD: dict[str, Callable[[Signature, tuple], Counts]] = {
    "linear": _linear, "matmul": _matmul, "mm": _matmul, "bmm": _matmul, "addmm": _added("addmm"),
    "baddbmm": _added("baddbmm"), "einsum": _einsum, "conv": _convolution, "scaled_dot_product_attention": _attention,
}  # fmt: skip


def _backward(sig: VjpSignature, static: tuple) -> Counts:
    """Of a pullback: one product per matrix whose gradient is wanted."""
    forward = sig.forward
    name = forward.op.name if forward.op else ""
    if name not in _FORWARD:
        return []
    if name == "scaled_dot_product_attention":
        return [("_scaled_dot_product_flash_attention_backward", _attention_flops(forward) * 5 // 2)]
    first = 1 if name in ("addmm", "baddbmm") else 0
    wanted = sum(sig.needs[first : first + 2])
    if name == "conv":
        groups = dict(zip(forward.op.keywords, static, strict=True))["groups"] if forward.op else 1
        own = _convolution_flops(forward, static)
        # torch counts the gradient of the kernels as if there were no groups
        return [("convolution_backward", sig.needs[0] * own + sig.needs[1] * own * groups)] if wanted else []
    counted = _FORWARD[name](forward, static)
    return [("bmm" if "bmm" in kind else "mm", wanted * flops) for kind, flops in counted if wanted]


def _of(sig: Signature, static: Callable[[Signature], tuple]) -> Counts:
    if isinstance(sig, VjpSignature):
        return _backward(sig, static(sig.forward)) if sig.forward.op else []
    if sig.op is None:
        return []
    own = next((f for target, f in flop_registry.items() if _name(target) == sig.op.name), None)
    if own is not None:
        shapes = [tuple(s.shape) for s in sig.specs if isinstance(s, Aval)]
        return [(sig.op.name, own(*shapes, out_shape=tuple(sig.outs[0].shape)))]
    formula = _FORWARD.get(sig.op.name)
    return formula(sig, static(sig)) if formula else []


def _name(target: Any) -> str:
    return str(getattr(target, "__name__", target)).split(".")[0]


# ---- the mode -------------------------------------------------------------------------------------------------


class FlopCounterMode:
    """Counts, per module, what is recorded in its `with` block; gradients too, if `backward` is called there.

    A multiplication and an addition are two. Only products of matrices, convolutions and attention count, as in torch;
    attention counts on every device (in torch on GPUs). What is never run because nobody wants its result counts as well.

    Args:
        mods: not needed: modules are found as they are called.
        depth: levels of modules in the table. display: print it at the end.
        custom_mapping: further formulas, as `register_flop_formula` takes them.

    >>> import torchlike as torch
    >>> with FlopCounterMode(display=False) as counter:
    ...     _ = torch.ones(2, 3) @ torch.ones(3, 4)
    >>> counter.get_total_flops()
    48
    """

    def __init__(
        self, mods: Any = None, depth: int = 2, display: bool = True, custom_mapping: dict[Any, Any] | None = None
    ) -> None:
        self.depth, self.display = depth, display
        self.custom_mapping = custom_mapping or {}
        self.flop_counts: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))

    def get_total_flops(self) -> int:
        """Everything that was counted."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict[str, dict[Any, int]]:
        """Per module ("Global" is all) and operation of `torch.ops.aten`."""
        return {name: dict(counts) for name, counts in self.flop_counts.items()}

    def get_table(self, depth: int | None = None) -> str:
        """Modules, what they count and their share, as text."""
        depth = self.depth if depth is None else depth
        total = max(self.get_total_flops(), 1)
        rows = [("Module", "FLOP", "% Total")]
        for name in sorted(self.flop_counts, key=lambda n: (n != "Global", n)):
            level = 0 if name == "Global" else name.count(".") + 1
            if level <= depth:
                rows.extend(_rows(" " * level + name, self.flop_counts[name], total, " " * (level + 1)))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = ["  ".join([row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in (1, 2))]) for row in rows]
        return "\n".join([lines[0], "  ".join("-" * w for w in widths), *lines[1:]])

    def __enter__(self) -> FlopCounterMode:
        flush()
        self.flop_counts.clear()
        self._before = {key: flop_registry.get(key) for key in self.custom_mapping}
        flop_registry.update(self.custom_mapping)
        self._active: list[str] = ["Global"]
        self._names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
        self._marks: list[tuple[Any, int, tuple[str, ...]]] = []  # from which entry of which graph on which modules are active
        # Modules stand beside this in the layers; where there are none, none are loaded.
        modules = sys.modules.get("torchlike.nn.modules.hooks")
        self._hooks = [] if modules is None else [
            modules.register_module_forward_pre_hook(self._enter),
            modules.register_module_forward_hook(self._leave, always_call=True),
        ]  # fmt: skip
        self._outer, record.observer = record.observer, self._watch
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            if error[0] is None:
                flush()
        finally:
            record.observer = self._outer
            for hook in self._hooks:
                hook.remove()
            for key, formula in self._before.items():
                flop_registry.pop(key)
                if formula is not None:
                    flop_registry[key] = formula
        if self.display:
            print(self.get_table())

    def _enter(self, module: Any, inputs: Any) -> None:
        name = self._names.get(module)
        if name is None:
            name = type(module).__name__
            for path, inner in module.named_modules():
                self._names.setdefault(inner, f"{name}.{path}" if path else name)
            name = self._names[module]
        self._active.append(name)
        self._mark()

    def _leave(self, module: Any, inputs: Any, output: Any) -> None:
        if len(self._active) > 1:
            self._active.pop()
        self._mark()

    def _mark(self) -> None:
        for graph in record.local.state.graphs.values():
            self._marks.append((graph, len(graph.entries), tuple(self._active)))

    def _watch(self, graph: Any, entries: Sequence[tuple]) -> None:
        if self._outer is not None:
            self._outer(graph, entries)
        statics: dict[int, tuple] = {}

        def static(sig: Signature) -> tuple:
            if not statics:
                statics.update((id(known), key[2]) for key, known in signature.known.items())
            return statics.get(id(sig), (None,))

        own = [(at, names) for which, at, names in self._marks if which is graph]
        self._marks = [mark for mark in self._marks if mark[0] is not graph]
        active = iter([*own, (len(entries) + 1, ())])
        names = ("Global",) if own else tuple(self._active)
        following = next(active)
        where: list[tuple[str, ...]] = []
        for index, (sig, pair, *_) in enumerate(entries):
            while following[0] <= index:
                names, following = following[1], next(active)
            where.append(where[pair] if pair >= 0 else names)
            for kind, flops in _of(sig, static):
                for name in dict.fromkeys(where[-1]):
                    self.flop_counts[name][_packet(kind)] += flops


def _rows(title: str, counts: dict[Any, int], total: int, indent: str) -> list[tuple[str, str, str]]:
    def line(text: str, number: int) -> tuple[str, str, str]:
        return text, _readable(number, total), f"{100 * number / total:.2f}%"

    return [line(title, sum(counts.values())), *(line(f"{indent}- {kind}", number) for kind, number in counts.items())]


def _readable(number: int, total: int) -> str:
    power = min(max(len(str(total)) - 1, 0) // 3, 5)
    return f"{number / 1000**power:.3f}{('', 'K', 'M', 'B', 'T', 'Q')[power]}"


def _packet(name: str) -> Any:
    """`torch.ops.aten.<name>` where it is known; its name otherwise."""
    found = getattr(sys.modules.get("torchlike.aten"), name, None)
    return found if found is not None else f"aten.{name}"
