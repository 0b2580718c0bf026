"""`torchlike compare SCRIPT`: runs a script under torch and here, and shows the numbers they print side by side."""

from __future__ import annotations

import argparse
import itertools
import math
import re
import subprocess
import sys
from typing import Any, NamedTuple

from .run import environment

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\binf\b|\bnan\b)")


class Line(NamedTuple):
    """One line that both printed; None where one printed no more.

    Attributes:
        error: the largest relative difference of its numbers; infinite where texts or counts differ.
    """

    theirs: str | None
    ours: str | None
    error: float


def add(commands: Any) -> None:
    """Add the command `compare`."""
    parser = commands.add_parser("compare", help="run a script under torch and under torchlike, and compare what they print")
    parser.add_argument("-m", dest="module", action="store_true", help="what follows is a module's name")
    parser.add_argument("--rtol", type=float, default=1e-3, help="relative difference that counts as the same (1e-3)")
    parser.add_argument("--timeout", type=float, help="seconds for each of the two")
    parser.add_argument("--all", action="store_true", help="show every line, not only those around the first divergence")
    parser.add_argument("script", help="script, or module with -m")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    parser.set_defaults(run=_run)


def compare(theirs: str, ours: str) -> list[Line]:
    """The two texts line by line."""
    lines = itertools.zip_longest(theirs.splitlines(), ours.splitlines())
    return [Line(a, b, math.inf if a is None or b is None else difference(a, b)) for a, b in lines]


def difference(theirs: str, ours: str) -> float:
    """The largest relative difference of the numbers of two lines; infinite where there is other text around them.

    Example:
        >>> difference("loss 0.50", "loss 0.55")
        0.1
    """
    if [t.strip() for t in _NUMBER.split(theirs)] != [t.strip() for t in _NUMBER.split(ours)]:
        return math.inf
    found = 0.0
    for a, b in zip(map(float, _NUMBER.findall(theirs)), map(float, _NUMBER.findall(ours)), strict=True):
        if a == b or (math.isnan(a) and math.isnan(b)):
            continue
        if not (math.isfinite(a) and math.isfinite(b)):
            return math.inf
        found = max(found, round(abs(a - b) / max(abs(a), 1e-12), 9))
    return found


def _output(command: list[str], env: dict[str, str] | None, timeout: float | None) -> tuple[str, str, int]:
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        text = error.stdout or b""
        return text.decode() if isinstance(text, bytes) else text, f"took more than {timeout:g} s", 124
    return done.stdout, done.stderr, done.returncode


def shown(lines: list[Line], rtol: float, everything: bool) -> str:
    """A table of the lines with numbers; the first that diverges is marked."""
    first = next((i for i, line in enumerate(lines) if not line.error <= rtol), None)
    numbers = [i for i, line in enumerate(lines) if i == first or _NUMBER.search(line.theirs or "")]
    if not everything and len(numbers) > 20:
        middle = numbers.index(first) if first is not None else len(numbers) - 1
        numbers = numbers[max(0, middle - 10) : middle + 10]
    width = min(60, max([5, *(len(lines[i].theirs or "") for i in numbers)]))
    out = [f"{'line':>5}  {'torch':{width}}  {'torchlike':{width}}  difference"]
    for i in numbers:
        a, b, error = lines[i]
        mark = "  <- first divergence" if i == first else ""
        out.append(f"{i + 1:5d}  {(a or '-')[:width]:{width}}  {(b or '-')[:width]:{width}}  {error:.1e}{mark}")
    return "\n".join(out)


def _run(options: argparse.Namespace) -> int:
    command = [sys.executable, *(["-m"] if options.module else []), options.script, *options.arguments]
    theirs, errors, status = _output(command, None, options.timeout)
    if status:
        needed = "real torch is needed beside torchlike\n" if "No module named 'torch'" in errors else ""
        print(f"under torch it ends with status {status}\n{needed}{errors[-2000:]}", file=sys.stderr)
        return 2
    ours, errors, status = _output(command, environment(), options.timeout)
    lines = compare(theirs, ours)
    print(shown(lines, options.rtol, options.all))
    if status:
        print(f"under torchlike it ends with status {status}\n{errors[-2000:]}", file=sys.stderr)
        return 1
    diverging = sum(not line.error <= options.rtol for line in lines)
    print(f"{len(lines)} lines, {diverging} differ by more than {options.rtol:g}")
    return 1 if diverging else 0
