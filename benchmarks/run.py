"""Times training steps and prints one table: `python -m benchmarks [--only tiny gpt] [--json results.json]`.

Each figure is the median over interleaved rounds in one process. Ratios are to the JAX step written by hand, which reads
the loss in each step where the contender does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from benchmarks import contenders as make
from benchmarks import data, decoding, depth, engine, ops, optim, quant, shapes
from benchmarks.models import CASES
from benchmarks.timing import Times, TookTooLong, interleave, time_limit

# name -> (makes the contender, whose time it is divided by)
CONTENDERS: dict[str, tuple[Callable[..., make.Contender], str]] = {
    "jax": (make.handwritten, "jax"),
    "jax, item": (lambda *job: make.handwritten(*job, item=True), "jax, item"),
    "torchlike": (lambda *job: make.loop("torchlike", *job), "jax"),
    "torchlike, item": (lambda *job: make.loop("torchlike", *job, item=True), "jax, item"),
    "torchlike, compiled": (lambda *job: make.loop("torchlike", *job, compiled="step"), "jax"),
    "torchlike, model compiled": (lambda *job: make.loop("torchlike", *job, compiled="model"), "jax"),
    "torch": (lambda *job: make.loop("torch", *job, item=True), "jax, item"),
    "torch.compile": (lambda *job: make.loop("torch", *job, item=True, compiled="model"), "jax, item"),
}


def prepare(name: str, wanted: list[str], limit: int) -> tuple[dict[str, make.Contender], dict[str, str]]:
    """Build the contenders and run each until it is warm; return them, and a reason for each that could not be."""
    weights, batches = make.initial(name)
    ready, failed, losses = {}, {}, {}
    for who in wanted:
        start = time.perf_counter()
        try:
            with time_limit(limit):
                contender = CONTENDERS[who][0](name, weights, batches)
                losses[who] = contender(4)
        except TookTooLong as error:
            failed[who] = f"not ready in time: {error}"
        except Exception as error:
            failed[who] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        else:
            ready[who] = contender
            print(f"  {who}: ready after {time.perf_counter() - start:.1f} s, loss after 4 steps {losses[who]:.5f}")
    expected = losses.get("jax")
    for who, loss in losses.items():
        if expected is not None and abs(loss - expected) > 1e-2 * abs(expected):
            raise AssertionError(f"{name}: {who} does other work than jax: loss {loss} against {expected}")
    return ready, failed


def run_case(name: str, wanted: list[str], rounds: int, seconds: float, limit: int) -> dict[str, Any]:
    """Time one case; return median, spread and ratio of each contender."""
    print(f"{CASES[name].title}:")
    ready, failed = prepare(name, wanted, limit)
    for who, reason in failed.items():
        print(f"  {who}: left out, {reason}")
    times = interleave(ready, seconds, rounds)
    return {who: entry(times, who) for who in ready}


def entry(times: dict[str, Times], who: str) -> dict[str, Any]:
    """One contender's line of the results."""
    base = times.get(CONTENDERS[who][1])
    mine = times[who]
    return {"ms": mine.median * 1e3, "spread": mine.spread, "ratio": mine.median / base.median if base else None}


def table(results: dict[str, dict[str, Any]], wanted: list[str]) -> str:
    """The results as a table in Markdown: a row for each case, ms a step and the ratio to hand-written JAX."""
    lines = ["| ms a step (x of hand-written JAX) | " + " | ".join(wanted) + " |", "|---" * (len(wanted) + 1) + "|"]
    for name, result in results.items():
        cells = []
        for who in wanted:
            one = result.get(who)
            if one is None:
                cells.append("-")
            elif CONTENDERS[who][1] == who or one["ratio"] is None:
                cells.append(f"{one['ms']:.3g}")
            else:
                cells.append(f"{one['ms']:.3g} ({one['ratio']:.2f}x)")
        lines.append(f"| {CASES[name].title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    jobs = [*CASES, "engine", "ops", "optim", "data", "quant", "depth", "shapes"]
    parser.add_argument("--only", nargs="+", choices=jobs, default=jobs, metavar="JOB", help=f"some of {', '.join(jobs)}")
    names = list(CONTENDERS)
    parser.add_argument("--contenders", nargs="+", choices=names, default=names, metavar="NAME", help=f"some of {names}")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.15, help="length of a round")
    parser.add_argument("--limit", type=int, default=180, help="seconds a contender may take to get ready")
    parser.add_argument("--json", type=Path, help="write the results here, too")
    return parser.parse_args()


def machine() -> str:
    """What the figures depend on, in one line."""
    torch = make.importable("torch")
    versions = f"Python {platform.python_version()}, jax {jax.__version__}, torch {torch.__version__ if torch else 'missing'}"
    return f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {jax.devices()[0].device_kind}, {versions}"


def main() -> None:
    """Run what was asked for and print the tables."""
    args = arguments()
    sys.stdout.reconfigure(line_buffering=True)
    print(machine() + "\n")
    training = {}
    for name in args.only:
        if name in CASES:
            training[name] = run_case(name, args.contenders, args.rounds, args.seconds, args.limit)
    if training:
        print("\n" + table(training, args.contenders) + "\n")
    inside = engine.measure() if "engine" in args.only else {}
    if inside:
        print(engine.table(inside))
    each = ops.measure() if "ops" in args.only else {}
    if each:
        print(ops.table(each))
    steps = optim.measure() if "optim" in args.only else {}
    if steps:
        print(optim.table(steps))
    loading = data.measure() if "data" in args.only else {}
    if loading:
        print(data.table(loading))
    integers = quant.measure() if "quant" in args.only else {}
    if integers:
        print(quant.table(integers))
    deep = depth.measure() if "depth" in args.only else {}
    if deep:
        print(depth.table(deep))
    lengths = shapes.measure() if "shapes" in args.only else {}
    texts = decoding.measure() if "shapes" in args.only else {}
    if lengths:
        print(f"{shapes.table(lengths)}\n\n{shapes.table(texts, f'{decoding.TOKENS} tokens with')}")
    if args.json:
        found = {
            "machine": machine(), "training": training, "engine": inside, "ops": each, "optim": steps, "data": loading,
            "quant": integers, "depth": deep, "shapes": lengths, "decoding": texts,
        }  # fmt: skip
        args.json.write_text(json.dumps(found, indent=2))
