"""One optimizer step by itself: `python -m benchmarks --only optim`, against optax, jitted, with its buffers donated."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.engine import peak
from benchmarks.timing import interleave

# 300 tensors: in a hundred layers of 1.0 million numbers, and so small that only the host counts.
LARGE = [(1024, 976), (1024,), (976,)] * 100
SMALL = [(2, 2), (2,), (2,)] * 100

# torch's optimizer -> what optax calls the same
OPTIMIZERS: dict[str, tuple[dict[str, Any], Callable[..., Any]]] = {
    "SGD": ({"momentum": 0.9}, lambda lr: optax.sgd(lr, momentum=0.9)),
    "AdamW": ({"weight_decay": 0.01}, lambda lr: optax.adamw(lr, weight_decay=0.01)),
}
TARGETS = {"time": 1.05, "memory": 1.05, "programs compiled after the second step": 0}


def measure(rounds: int = 7, seconds: float = 0.5) -> dict[str, float]:
    """Every figure by its name in the table."""
    figures: dict[str, float] = {}
    for name in OPTIMIZERS:
        figures.update(compare(name, LARGE, "100M numbers in 300 tensors", rounds, seconds))
    figures.update(compare("AdamW", SMALL, "300 tiny tensors", rounds, seconds / 4, targets=False))
    return figures


def table(figures: dict[str, float]) -> str:
    """The figures in Markdown, beside what they may be."""
    lines = ["| one optimizer step | measured | target |", "|---|---|---|"]
    for name, value in figures.items():
        target = next((limit for kind, limit in TARGETS.items() if f" {kind}" in name.split(":")[-1]), None)
        lines.append(f"| {name} | {value:.3g} | {'' if target is None else f'<= {target:g}'} |")
    return "\n".join(lines)


def compare(
    name: str, shapes: Sequence[tuple[int, ...]], title: str, rounds: int, seconds: float, targets: bool = True
) -> dict[str, float]:
    """Time of a step whose learning rate changes each time, its memory, and what it compiles, as multiples of optax's."""
    engine = importlib.import_module("torchlike.engine")
    engine.clear()
    theirs, lower = with_optax(name, shapes)
    ours = with_torchlike(name, shapes)
    theirs(2)
    ours(2)
    compiled = engine.stats.compiled
    times = interleave({"optax": theirs, "torchlike": ours}, seconds, rounds)
    memory = max(peak(program.lower) for program in engine.programs()) / peak(lower)
    mine, base = times["torchlike"].median, times["optax"].median
    where = f"{name}, {title}:"
    if not targets:
        return {f"{where} us a tensor": mine / len(shapes) * 1e6, f"{where} us a tensor, optax": base / len(shapes) * 1e6}
    return {
        f"{where} ms": mine * 1e3,
        f"{where} time / optax": mine / base,
        f"{where} memory / optax": memory,
        f"{where} programs compiled after the second step": engine.stats.compiled - compiled,
    }


def with_torchlike(name: str, shapes: Sequence[tuple[int, ...]]) -> Callable[[int], None]:
    """Steps of our optimizer on gradients that are there."""
    torch = importlib.import_module("torchlike")
    params = [torch.nn.Parameter(torch.ones(shape)) for shape in shapes]
    for param in params:
        param.grad = torch.full(param.shape, 0.5)
    importlib.import_module("torchlike.engine").flush()
    optimizer = getattr(torch.optim, name)(params, lr=1e-3, **OPTIMIZERS[name][0])

    def run(steps: int) -> None:
        for i in range(steps):
            optimizer.param_groups[0]["lr"] = 1e-3 / (i + 1)
            optimizer.step()
        jax.block_until_ready(params[-1]._storage.value.force())

    return run


def with_optax(name: str, shapes: Sequence[tuple[int, ...]]) -> tuple[Callable[[int], None], Callable[[], Any]]:
    """The same by hand; and what lowers its program."""
    make = OPTIMIZERS[name][1]

    def update(params: list, state: Any, grads: list, lr: Any) -> tuple:
        updates, state = make(lr).update(grads, state, params)
        return optax.apply_updates(params, updates), state

    step = jax.jit(update, donate_argnums=(0, 1))
    params = [jnp.ones(shape) for shape in shapes]
    grads = [jnp.full(shape, 0.5) for shape in shapes]
    held = [params, make(1e-3).init(params)]
    arguments = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), (*held, grads, np.float32(1e-3)))

    def run(steps: int) -> None:
        for i in range(steps):
            held[:] = step(held[0], held[1], grads, np.float32(1e-3 / (i + 1)))
        jax.block_until_ready(held[0][-1])

    return run, lambda: step.lower(*arguments)
