"""Counts results by family and prints them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from .worker import Plan, Result


def table(results: Iterable[Result]) -> str:
    """Per family and check, how many (entry, dtype) pairs pass every sample: `passed/total`."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for result in results:
        for family in (result.family, "all"):
            if result.total or result.status != "ran":
                counts[family, result.check][0] += result.good
                counts[family, result.check][1] += 1
    checks = list(dict.fromkeys(check for _, check in counts))
    families = [*sorted({family for family, _ in counts} - {"all", "private"}), "private", "all"]
    lines = [["family", *checks]]
    for family in families:
        found = [counts.get((family, check)) for check in checks]
        if any(found):
            lines.append([family, *(f"{f[0]}/{f[1]} {100 * f[0] / f[1]:.1f}%" if f else "-" for f in found)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def repeat(result: Result, sample: int, plan: Plan) -> str:
    """The command that runs one failing sample again."""
    dtype = f" --dtypes {result.dtype}" if result.dtype and result.check != "errors" else ""
    check = "" if result.check == "all" else f" --checks {result.check}"
    command = f"python -m torchlike.compat parity {plan.suite}"
    return f"{command} --only '{result.key}'{check}{dtype} --sample {sample} --seed {plan.seed}"


def failures(results: Sequence[Result], plan: Plan, most: int = 3) -> str:
    """What failed in an entry's results: each complaint once, with the command that repeats one sample."""
    bad = [r for r in results if not r.good]
    if not bad:
        return ""
    lines = [f"{bad[0].key}: " + ", ".join(f"{r.check} {r.dtype} {r.passed}/{r.total}".replace("  ", " ") for r in bad)]
    told: set[tuple[str, str]] = set()
    for result in bad:
        for sample, why in result.failures:
            alike = (result.check, why[:40])
            if alike not in told and sum(check == result.check for check, _ in told) < most:
                told.add(alike)
                lines += [f"    {result.check} {result.dtype} sample {sample}: {why}", f"      {repeat(result, sample, plan)}"]
    return "\n".join(lines)


def save(path: str, results: Sequence[Result], plan: Plan) -> None:
    """Everything as JSON."""
    rows = [asdict(r) | {"failures": r.failures[:5]} for r in results]
    Path(path).write_text(json.dumps({"plan": asdict(plan), "results": rows}, indent=1) + "\n")


def load(path: str) -> list[Result]:
    """The results of a saved run."""
    return [Result(**row) for row in json.loads(Path(path).read_text())["results"]]
