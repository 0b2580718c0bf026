"""What lies under the training times: cost per recorded node, per look-up, compilations, memory, import time."""

from __future__ import annotations

import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks import contenders as make
from benchmarks.handwritten import batch_from_torch, from_torch, training_step
from benchmarks.models import CASES

# What the design allows; the table shows it beside each figure.
TARGETS = {
    "us to record a node": 3.0,
    "us to look up a node": 1.0,
    "programs compiled, epoch 1": 2,
    "programs compiled, epochs 2 and 3": 0,
    "import torchlike / import jax": 1.3,
    **{f"peak memory / hand-written, {case.title}": 1.1 for case in CASES.values()},
}


def measure() -> dict[str, float]:
    """Every figure by its name in the table."""
    return {
        **imports(),
        **nodes(),
        **compilations(),
        **{f"peak memory / hand-written, {CASES[name].title}": memory(name) for name in CASES},
    }


def table(figures: dict[str, float]) -> str:
    """The figures in Markdown, beside what they may be."""
    lines = ["| what | measured | target |", "|---|---|---|"]
    lines += [
        f"| {name} | {value:.3g} | {f'<= {TARGETS[name]:g}' if name in TARGETS else ''} |" for name, value in figures.items()
    ]
    return "\n".join(lines)


def imports(rounds: int = 7) -> dict[str, float]:
    """Seconds that `import jax` and `import torchlike` take, each in a process of its own, interleaved."""
    seconds: dict[str, list[float]] = {"jax": [], "torchlike": []}
    for _ in range(rounds):
        for library, times in seconds.items():
            program = f"import time; start = time.perf_counter(); import {library}; print(time.perf_counter() - start)"
            times.append(float(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout))
    theirs, ours = (statistics.median(seconds[library][1:]) for library in ("jax", "torchlike"))
    return {"import jax, s": theirs, "import torchlike, s": ours, "import torchlike / import jax": ours / theirs}


def nodes(count: int = 1000, rounds: int = 15) -> dict[str, float]:
    """Microseconds per node: recording a chain of additions, and finding its compiled program again.

    The look-up is what a flush takes beyond a bare call of the same compiled program.
    """
    torch = importlib.import_module("torchlike")
    engine = importlib.import_module("torchlike.engine")
    engine.clear()  # the chain's program will be the only one
    one = torch.ones(8)
    record, flush, bare = [], [], []
    for _ in range(rounds + 3):
        x = torch.zeros(8)
        engine.flush()
        start = time.perf_counter()
        for _ in range(count):
            x = x + one
        recorded = time.perf_counter()
        engine.flush()
        flushed = time.perf_counter()
        np.asarray(x.numpy())
        record.append(recorded - start)
        flush.append(flushed - recorded)
        bare.append(bare_call(engine.programs()[-1]))
    per_node = {name: statistics.median(times[3:]) / count * 1e6 for name, times in [("r", record), ("f", flush), ("b", bare)]}
    return {"us to record a node": per_node["r"], "us to look up a node": per_node["f"] - per_node["b"]}


def bare_call(program: Any) -> float:
    """Seconds that one call of a program's jitted function takes."""
    with jax.enable_x64(True):
        arguments = [jax.numpy.zeros(a.shape, a.dtype) for a in program.arguments]
        jax.block_until_ready(arguments)
        start = time.perf_counter()
        program.jitted(*arguments)
        return time.perf_counter() - start


def compilations() -> dict[str, float]:
    """Programs compiled in each epoch of an ordinary loop over a data loader whose last batch is smaller."""
    torch = importlib.import_module("torchlike")
    engine = importlib.import_module("torchlike.engine")
    engine.clear()
    rng = np.random.default_rng(0)
    data = torch.utils.data.TensorDataset(*(torch.from_numpy(a) for a in CASES["tiny"].batch(rng)))
    loader = torch.utils.data.DataLoader(data, batch_size=24, shuffle=True)  # 128 rows: five batches of 24 and one of 8
    model = CASES["tiny"].build(torch)
    optimizer = CASES["tiny"].optimizer(torch, model.parameters())
    criterion = torch.nn.CrossEntropyLoss()
    compiled = []
    for _ in range(3):
        before = engine.stats.compiled
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            loss.item()
        compiled.append(engine.stats.compiled - before)
    return {"programs compiled, epoch 1": compiled[0], "programs compiled, epochs 2 and 3": compiled[1] + compiled[2]}


def memory(name: str) -> float:
    """Peak memory of a training step of the recorded loop, as a multiple of the hand-written step's with donation."""
    weights, batches = make.initial(name)
    engine = importlib.import_module("torchlike.engine")
    engine.clear()
    make.loop("torchlike", name, weights, batches[:1])(2)
    ours = max(peak(program.lower) for program in engine.programs())
    step = training_step(name)
    theirs = peak(lambda: step.lower(*from_torch(name, weights), *batch_from_torch(*batches[0])))
    return ours / theirs


def peak(lower: Callable[[], Any]) -> int:
    """Bytes in use while a program runs: arguments, results and temporary buffers, a donated buffer once."""
    analysis = lower().compile().memory_analysis()
    used = analysis.argument_size_in_bytes + analysis.output_size_in_bytes + analysis.temp_size_in_bytes
    return used - analysis.alias_size_in_bytes
