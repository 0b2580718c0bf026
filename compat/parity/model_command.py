"""`python -m torchlike.compat parity model path.py:build`: the command line and its table."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .model import Comparison, Difference, Row, compare_models

HEAD = ("", "layer", "class", "output shape", "output", "rel", "gradient", "rel", "parameters", "rel", "")
_RED, _PLAIN = "\x1b[1;31m", "\x1b[0m"


def table(found: Comparison, colour: bool = False) -> str:
    """The layers in the order in which they finish; the first that diverges has an arrow (and is red)."""
    lines = [list(HEAD), *(_cells(row, found) for row in found.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    made = []
    for line, row in zip(lines, [None, *found.rows], strict=True):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        made.append(f"{_RED}{text}{_PLAIN}" if colour and row is not None and row.name == found.first else text)
    return "\n".join(made)


def _cells(row: Row, found: Comparison) -> list[str]:
    shape = " ".join("x".join(map(str, s)) or "()" for s in row.shapes)
    numbers = [cell for part in (row.outputs, row.gradients, row.parameters) for cell in _numbers(part)]
    notes = [part.note for part in (row.outputs, row.gradients, row.parameters) if part.note]
    mark = "->" if row.name == found.first else ""
    verdict = "DIVERGES" if row.diverges else ""
    return [mark, row.name or "(model)", row.kind, shape, *numbers, "; ".join([*([verdict] if verdict else []), *notes])]


def _numbers(part: Difference) -> tuple[str, str]:
    return (f"{part.absolute:.1e}", f"{part.relative:.1e}") if part.count else ("", "")


def summary(found: Comparison) -> str:
    """What the comparison comes to, in a few lines."""
    alike, total = found.weights
    lines = [f"initial tensors alike from the same seed: {alike} of {total}"] if total else []
    if found.error:
        lines.append(found.error)
    if found.first is not None:
        lines.append(f"first divergence: {found.first or '(model)'}: {found.what}")
    if found.good:
        lines.append(f"all {len(found.rows)} calls of layers agree")
    return "\n".join(lines)


def add(parent: argparse._SubParsersAction) -> None:
    """Put `model` and its options under `parity`."""
    p = parent.add_parser("model", help="compare a model of your own with torch, layer by layer")
    p.add_argument("build", help="path.py:function; it returns a model, or (model, inputs)")
    p.add_argument("--input", action="append", help="SHAPE[:dtype[:below]], such as 2x3x224x224:float32; once per argument")
    p.add_argument("--mode", choices=("train", "eval"), default="train")
    p.add_argument("--seed", type=int, default=0, help="of weights, random inputs and dropout (default 0)")
    p.add_argument("--tolerance", type=float, help="share of a layer's largest element (default: 1e-4 for float32)")
    p.add_argument("--packages", default="", help="packages that import torch, to be loaded anew too (separated by commas)")
    p.add_argument("--json", help="write the table to this file")
    p.set_defaults(run=main)


def main(options: argparse.Namespace) -> int:
    """Compare and print; the exit status is 1 where a layer diverges, 2 where there is nothing to compare."""
    packages = [name for name in options.packages.split(",") if name]
    given = {"mode": options.mode, "seed": options.seed, "tolerance": options.tolerance, "packages": packages}
    try:
        found = compare_models(options.build, options.input, **given)
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    if found.rows:
        print(table(found, sys.stdout.isatty()))
    print(summary(found))
    if options.json:
        Path(options.json).write_text(json.dumps(found.as_dict(), indent=1) + "\n")
    return int(not found.good)
