"""Models on 8-bit integers beside the same in floats: `python -m benchmarks --only quant`, under torchlike and under torch.

A figure is the time of one call of the model, from the call to the numbers. Both libraries quantize the same weights;
normalizations are taken into the convolutions on both sides, so that only the arithmetic differs.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from benchmarks.contenders import importable
from benchmarks.timing import interleave

LIBRARIES = ("torchlike", "torch")


@dataclass(frozen=True)
class Case:
    """A model.

    Attributes:
        build: `torch -> float model`.
        quantize: `(torch, model, x) -> model on integers`.
        shape: of the input.
    """

    build: Callable[[Any], Any]
    quantize: Callable[[Any, Any, Any], Any]
    shape: tuple[int, ...]


def mlp(torch: Any) -> Any:
    """Three linear maps of a thousand features."""
    nn = torch.nn
    return nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024))


def convnet(torch: Any) -> Any:
    """Four convolutions of 64 channels between stubs, as they are after fusion."""
    nn, q = torch.nn, torch.ao.quantization
    layers = [q.QuantStub()]
    for channels in (3, 64, 64, 64):
        layers += [nn.Conv2d(channels, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()]
    model = nn.Sequential(*layers, q.DeQuantStub()).eval()
    return q.fuse_modules(model, [[str(3 * i + j) for j in (1, 2, 3)] for i in range(4)])


def lstm(torch: Any) -> Any:
    """One layer of 256 cells."""
    return torch.nn.Sequential(torch.nn.LSTM(256, 256))


def dynamic(torch: Any, model: Any, x: Any) -> Any:
    """Weights in 8 bits; what comes in is quantized by its own range."""
    return torch.ao.quantization.quantize_dynamic(model)


def static(torch: Any, model: Any, x: Any) -> Any:
    """Everything in 8 bits, by the ranges seen in one batch."""
    q = torch.ao.quantization
    model.qconfig = q.get_default_qconfig("fbgemm")
    prepared = q.prepare(model)
    prepared(x)
    return q.convert(prepared)


CASES = {
    "3 linear maps of 1024, dynamic, batch 1": Case(mlp, dynamic, (1, 1024)),
    "3 linear maps of 1024, dynamic, batch 64": Case(mlp, dynamic, (64, 1024)),
    "4 convolutions of 64 channels, static, 8 x 32 x 32": Case(convnet, static, (8, 3, 32, 32)),
    "LSTM of 256, dynamic, 32 steps, batch 16": Case(lstm, dynamic, (32, 16, 256)),
}


def contender(library: str, case: Case, integers: bool) -> Callable[[int], Any]:
    """Calls the model that often, awaits each result, and returns the last one."""
    torch = importlib.import_module(library)
    torch.manual_seed(0)
    model = case.build(torch).eval()
    x = torch.from_numpy(np.random.default_rng(0).standard_normal(case.shape, np.float32))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch says of each of its functions that torchao has a newer one
        if integers:
            torch.backends.quantized.engine = "fbgemm"
            model = case.quantize(torch, model, x)

    def steps(count: int) -> Any:
        with torch.no_grad():
            for _ in range(count):
                out = model(x)
                out = out[0] if isinstance(out, tuple) else out
                if library == "torchlike":
                    jax.block_until_ready(out.__jax_array__())
        return out

    return steps


def measure(rounds: int = 9, seconds: float = 0.1) -> dict[str, dict[str, float]]:
    """Milliseconds and ratios by model, and how far the integers' results are from the floats'."""
    results = {}
    libraries = [name for name in LIBRARIES if importable(name)]
    for name, case in CASES.items():
        ready = {f"{who} {kind}": contender(who, case, kind == "int8") for who in libraries for kind in ("float", "int8")}
        error = apart(ready)
        times = interleave(ready, seconds, rounds)
        row = {f"{who} ms": one.median * 1e3 for who, one in times.items()}
        for who in libraries:
            row[f"{who} ratio"] = row[f"{who} int8 ms"] / row[f"{who} float ms"]
        results[name] = {**row, "error": error}
    return results


def apart(ready: dict[str, Callable[[int], Any]]) -> float:
    """The integers' largest error as a share of the largest result. Raises AssertionError where the libraries differ."""
    outs = {who: steps(2).detach().numpy() for who, steps in ready.items()}
    largest = float(np.abs(outs["torchlike float"]).max())
    error = float(np.abs(outs["torchlike int8"] - outs["torchlike float"]).max()) / largest
    for kind, limit in (("float", 1e-4), ("int8", 0.02)):
        if f"torch {kind}" in outs and np.abs(outs[f"torch {kind}"] - outs[f"torchlike {kind}"]).max() > limit * largest:
            raise AssertionError(f"torchlike and torch do other work in {kind}")
    return error


def table(results: dict[str, dict[str, float]]) -> str:
    """The results in Markdown."""
    heads = ["model, ms a call", *[f"{who} {kind}" for who in LIBRARIES for kind in ("float", "int8", "int8 / float")], "error"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, row in results.items():
        cells = [f"{row[key]:.3g}" if key in row else "-" for who in LIBRARIES for key in columns(who)]
        lines.append(f"| {name} | {' | '.join(cells)} | {row['error']:.1%} |")
    return "\n".join(lines)


def columns(who: str) -> tuple[str, str, str]:
    """The figures of one library, in order."""
    return f"{who} float ms", f"{who} int8 ms", f"{who} ratio"
