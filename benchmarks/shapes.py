"""What batches of ever-new lengths cost, and what padding them saves: `python -m benchmarks --only shapes`."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks.depth import no_cache
from benchmarks.models import CASES, GPT_SIZE, gpt

BATCHES, SIZE = 32, 16
# how a batch is padded: the length of its longest text -> the length of the batch
WAYS: dict[str, Callable[[int], int]] = {
    "to its own longest text": lambda longest: longest,
    "to a multiple of 16": lambda longest: -(-longest // 16) * 16,
    "to the longest of all": lambda longest: GPT_SIZE["context"],
}


def measure() -> dict[str, dict[str, float]]:
    """By way of padding: programs compiled, seconds of the first and of the second epoch, and the CPU time of the first."""
    with no_cache():
        return {way: epochs(pad) for way, pad in WAYS.items()}


def table(found: dict[str, dict[str, float]], what: str = f"{BATCHES} batches, each padded") -> str:
    """The figures in Markdown: a row for each way of doing `what`."""
    names = list(next(iter(found.values())))
    lines = [f"| {what} | " + " | ".join(names) + " |", "|---" * (1 + len(names)) + "|"]
    lines += [f"| {way} | " + " | ".join(f"{value:.3g}" for value in figures.values()) + " |" for way, figures in found.items()]
    return "\n".join(lines)


def epochs(pad: Callable[[int], int]) -> dict[str, float]:
    """Train twice on the same texts, whose lengths are random."""
    torch: Any = importlib.import_module("torchlike")
    engine: Any = importlib.import_module("torchlike.engine")
    engine.clear()
    torch.manual_seed(0)
    model = gpt(torch)
    optimizer = CASES["gpt"].optimizer(torch, model.parameters())
    criterion = torch.nn.CrossEntropyLoss(ignore_index=-100)
    rng = np.random.default_rng(0)
    longest = rng.integers(
        8, GPT_SIZE["context"] + 1, BATCHES
    )  # texts of like lengths come together, as bucketed samplers do it
    batches = [_padded(rng, rng.integers(most // 2, most + 1, SIZE), pad(int(most))) for most in longest]
    found: dict[str, float] = {}
    before = engine.stats.compiled
    for epoch in ("first", "second"):
        start, cpu = time.perf_counter(), time.process_time()
        for x, y in batches:
            optimizer.zero_grad()
            loss = criterion(model(torch.from_numpy(x)), torch.from_numpy(y).flatten())
            loss.backward()
            optimizer.step()
        loss.item()
        found.setdefault("programs", engine.stats.compiled - before)
        found[f"{epoch} epoch, s"] = time.perf_counter() - start
        found.setdefault("first epoch, CPU s", time.process_time() - cpu)
    jax.clear_caches()
    return found


def _padded(rng: np.random.Generator, lengths: np.ndarray, to: int) -> tuple[np.ndarray, np.ndarray]:
    """Random texts of these lengths, and what follows each character; -100 behind their ends."""
    x = rng.integers(0, GPT_SIZE["vocabulary"], (len(lengths), to))
    y = np.where(np.arange(to) < lengths[:, None], rng.integers(0, GPT_SIZE["vocabulary"], x.shape), -100)
    return x, y
