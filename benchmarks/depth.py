"""Compile time and step time as a network gets deeper: `python -m benchmarks --only depth`.

The same GPT is trained with its blocks one by one (`TORCHLIKE_SCAN=0`), as one loop (1), and as it is decided (auto).
"""

from __future__ import annotations

import importlib
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from benchmarks.models import CASES, gpt
from benchmarks.timing import interleave

DEPTHS = (2, 6, 12, 24, 48)
WAYS = {"one by one": "0", "loop": "1", "auto": "auto"}


def measure(rounds: int = 7, seconds: float = 0.5) -> dict[str, dict[str, dict[str, float]]]:
    """By depth and way: CPU seconds of the first step, what of that is not the step itself, and milliseconds of a later one."""
    found = {}
    with no_cache():
        for layers in DEPTHS:
            ready: dict[str, Callable[[int], None]] = {}
            first: dict[str, float] = {}
            for way, scan in WAYS.items():
                ready[way] = training(layers, scan)
                start = time.process_time()
                ready[way](1)
                first[way] = time.process_time() - start
                print(f"  {layers} layers, {way}: first step {first[way]:.1f} s of CPU time")
            times = interleave(ready, seconds, rounds)
            found[str(layers)] = {way: {"first step, CPU s": first[way], "step, ms": times[way].median * 1e3} for way in WAYS}
    return found


def table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """The figures in Markdown: a row for each depth."""
    lines = [
        "| blocks | "
        + " | ".join(f"first step, CPU s: {way}" for way in WAYS)
        + " | "
        + " | ".join(f"step, ms: {w}" for w in WAYS)
        + " |",
        "|---" * (1 + 2 * len(WAYS)) + "|",
    ]
    for layers, ways in found.items():
        cells = [
            f"{ways[way][name]:.3g}{_ratio(ways, way, name)}" for name in ("first step, CPU s", "step, ms") for way in WAYS
        ]
        lines.append(f"| {layers} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(ways: dict[str, dict[str, float]], way: str, name: str) -> str:
    base = next(iter(WAYS))
    return "" if way == base else f" ({ways[way][name] / ways[base][name]:.2f}x)"


@contextmanager
def no_cache() -> Iterator[None]:
    """Nothing compiled is read from, or written to, the disk."""
    before = jax.config.jax_enable_compilation_cache
    jax.config.update("jax_enable_compilation_cache", False)
    try:
        yield
    finally:
        jax.config.update("jax_enable_compilation_cache", before)


def training(layers: int, scan: str) -> Callable[[int], None]:
    """Steps of an ordinary loop (forward, backward, AdamW)."""
    torch: Any = importlib.import_module("torchlike")
    flags = importlib.import_module("torchlike.base.flags").flags
    case = CASES["gpt"]
    torch.manual_seed(0)
    model = gpt(torch, layers)
    for parameter in model.parameters():
        parameter.sum().item()
    optimizer = case.optimizer(torch, model.parameters())
    criterion = torch.nn.CrossEntropyLoss()
    rng = np.random.default_rng(0)
    batches = [tuple(map(torch.from_numpy, case.batch(rng))) for _ in range(case.batches)]
    data = itertools.cycle(batches)

    def run(steps: int) -> None:
        before, flags.scan = flags.scan, scan
        try:
            for x, y in itertools.islice(data, steps):
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            loss.item()
        finally:
            flags.scan = before

    return run
