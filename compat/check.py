"""`torchlike check PATH`: which of torch's APIs a program uses, and whether they are here. Nothing of the program is run.

Names are followed through imports and simple assignments (`import torch.nn as nn`, `from torch.nn import functional as F`,
`Conv = nn.Conv2d`). Whether a name is here is asked of torchlike itself; how it differs stands in the ledger.
"""

from __future__ import annotations

import argparse
import ast
import csv
import difflib
import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from torchlike.base.advice import advice

from . import redirect
from .certain import certain
from .check_names import ROOTS, Use, place, places, uses

SUPPORTED, DIFFERS, MISSING = "supported", "differs", "missing"
_SKIPPED = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", "build", "dist", "site-packages"})
_NOT_HERE = ("Raises NotImplementedError", "Not here yet", "Not here:")


@dataclass(frozen=True)
class Found:
    """One API of torch's as a program uses it.

    Attributes:
        state: supported, differs or missing.
        note: how it differs, or what to do instead.
        lines: where, as "file:line".
    """

    name: str
    state: str
    note: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Attributes:
        files: how many were read.
        unread: files that are no Python, with why.
    """

    found: tuple[Found, ...]
    files: int
    unread: dict[str, str]

    def count(self, state: str) -> int:
        return sum(f.state == state for f in self.found)

    @property
    def readiness(self) -> float:
        """Percentage of the APIs in use that are here."""
        return 100.0 if not self.found else 100.0 * (1 - self.count(MISSING) / len(self.found))


@cache
def ledger() -> dict[str, dict[str, str]]:
    """The coverage ledger by name; empty where it is not at hand."""
    here = Path(__file__).resolve().parent
    for path in (here / "coverage.csv", here.parent / "docs" / "coverage.csv"):
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                return {row["name"]: row for row in csv.DictReader(file)}
    return {}


@cache
def look_up(name: str) -> tuple[str, Any] | None:
    """The API that a dotted name of torch's leads to, shortened to the function or class, and torchlike's; None if missing."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        ours = redirect.target(".".join(parts[:end]))
        try:
            module = importlib.import_module(ours) if ours else None
        except Exception:  # whatever an optional dependency raises: it is not here
            module = None
        if module is not None:
            return _within(module, parts, end)
    return None


def _within(thing: Any, parts: list[str], end: int) -> tuple[str, Any] | None:
    for i in range(end, len(parts)):
        try:
            thing = getattr(thing, parts[i])
        except Exception:
            return None
        if not inspect.ismodule(thing) and not inspect.isclass(thing):
            return ".".join(parts[: i + 1]), thing
    return ".".join(parts), thing


def _only_named(thing: Any) -> bool:
    """Whether it says of itself that using it raises NotImplementedError."""
    return (inspect.isclass(thing) or callable(thing)) and (inspect.getdoc(thing) or "").startswith(_NOT_HERE)


def state_of(name: str) -> tuple[str, str, str]:
    """The API's own name, its state, and how it differs or what to do instead."""
    found = look_up(name)
    if found is None or _only_named(found[1]):
        why = ledger().get(name, {}).get("reason", "")
        told = "; ".join(filter(None, [advice(name), why, _nearest(name)]))
        return name, MISSING, told
    own = found[0]
    row = ledger().get(own, {})
    return own, DIFFERS if row.get("reason") and row.get("there") == "yes" else SUPPORTED, row.get("reason", "")


def _nearest(name: str) -> str:
    space, _, last = name.rpartition(".")
    found = look_up(space) if space else None
    names = [n for n in dir(found[1]) if not n.startswith("_") and n != last] if found else []
    near = difflib.get_close_matches(last, names, 1, 0.8)
    return f"nearest: {space}.{near[0]}" if near else ""


def _method_state(use: Use) -> tuple[str, str] | None:
    """Of `x.name()` where `x` may be a tensor: only what the ledger has as a missing method of Tensor is told."""
    name = f"torch.Tensor.{use.name}"
    row = ledger().get(name)
    if row is None or row["there"] == "yes" or look_up(name) is not None:
        return None
    return name, "; ".join(filter(None, ["if it is a tensor's", advice(name), row.get("reason", "")]))


def files_of(path: Path) -> Iterator[Path]:
    """Python files and notebooks at or below a path."""
    if path.is_file():
        yield path
        return
    for found in sorted(path.rglob("*")):
        inside = found.relative_to(path).parts
        if found.suffix in (".py", ".ipynb") and found.is_file() and not _SKIPPED.intersection(inside):
            yield found


def source_of(path: Path) -> str:
    """A file's Python: of a notebook its cells of code, without lines for the notebook itself."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    cells = [c for c in json.loads(text)["cells"] if c["cell_type"] == "code"]
    lines = "\n".join("".join(c["source"]) for c in cells).split("\n")
    return "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in lines)


def check(path: str | Path) -> Report:
    """Read a script or everything below a folder.

    Raises:
        FileNotFoundError: if there is nothing there.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no such file or folder: {path}")
    places: dict[str, tuple[str, str, list[str]]] = {}
    unread, count = {}, 0
    for file in files_of(path):
        count += 1
        shown = str(file.relative_to(path)) if path.is_dir() else str(file)
        try:
            tree = ast.parse(source_of(file))
        except (SyntaxError, ValueError, KeyError) as error:
            unread[shown] = f"{type(error).__name__}: {error}"
            continue
        for use in uses(tree):
            if use.method:
                told = _method_state(use)
                if told is None:
                    continue
                name, state, note = told[0], MISSING, told[1]
            else:
                name, state, note = state_of(use.name)
            if name not in ROOTS:
                places.setdefault(name, (state, note, []))[2].append(f"{shown}:{use.line}")
    found = tuple(Found(n, s, note, tuple(lines)) for n, (s, note, lines) in sorted(places.items()))
    return Report(found, count, unread)


def text_of(report: Report, all_names: bool) -> str:
    """The report to print: what is missing and what differs, per file; with `all_names` everything."""
    by_file: dict[str, list[tuple[int, Found]]] = {}
    for found in report.found:
        if all_names or found.state != SUPPORTED:
            for place in found.lines:
                file, _, line = place.rpartition(":")
                by_file.setdefault(file, []).append((int(line), found))
    out = []
    for file, rows in sorted(by_file.items()):
        out.append(file)
        for at, found in sorted(rows, key=lambda r: (r[0], r[1].name)):
            out.append(f"  {at:5d}  {found.state:9s}  {found.name}" + (f"  ({found.note})" if found.note else ""))
    out += [f"{file}: not read: {why}" for file, why in report.unread.items()]
    states = ", ".join(f"{report.count(s)} {s}" for s in (SUPPORTED, DIFFERS, MISSING))
    out.append(f"{len(report.found)} APIs of torch in {report.files} files: {states}; readiness {report.readiness:.1f} %")
    return "\n".join(out)


def as_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    counts = {s: report.count(s) for s in (SUPPORTED, DIFFERS, MISSING)}
    return {"readiness": report.readiness, "files": report.files, **counts, "unread": report.unread,
            "names": [asdict(f) for f in report.found]}  # fmt: skip


def quick(script: Path) -> tuple[list[str], bool]:
    """What a script itself uses that is missing, one line each, and whether it is sure to fail for one of them.

    Only names that may be missing are asked of torchlike, so that a script with none of them starts at once.
    """
    try:
        tree = ast.parse(source_of(script))
        found = [u for u in uses(tree) if not u.method]
    except (OSError, SyntaxError, ValueError, KeyError):
        return [], False  # Python itself will say so
    suspects = {u.name: u.line for u in reversed(found) if _suspect(u.name)}
    if not suspects:
        return [], False
    told = sorted((line, *state_of(name)) for name, line in suspects.items())
    missing = {name for _, name, state, _ in told if state == MISSING}
    lines = [f"{script}:{line}: {name} is missing" + (f": {note}" if note else "")
             for line, name, _, note in told if name in missing]  # fmt: skip
    at = places(tree)
    asked = [(at.get(place(node), ""), called) for node, called in certain(tree)]
    return lines, any(name in missing and (called or _fails(name)) for name, called in asked)


def _suspect(name: str) -> bool:
    """Whether a name may be missing: the ledger says so, or does not know it though it is in a room that it lists in part."""
    row = ledger().get(name)
    return name.startswith("torch.distributed.") if row is None else row["there"] == "no"


def _fails(name: str) -> bool:
    """Whether a missing API cannot even be named."""
    return look_up(name) is None and not name.startswith("torch.distributed.")  # stand-ins can, see `hollow`


def add(commands: Any) -> None:
    """Add the command `check`."""
    parser = commands.add_parser("check", help="say which of torch's APIs a script or repository uses, and which are here")
    parser.add_argument("path", help="a script, a notebook or a folder")
    parser.add_argument("--all", action="store_true", help="print what is supported, too")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON; - prints it")
    parser.add_argument("--html", metavar="FILE", help="write the report as one page")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        report = check(options.path)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    if options.html:
        from .check_page import page

        Path(options.html).write_text(page(report, options.path), encoding="utf-8")
    if options.json:
        text = json.dumps(as_json(report), indent=1)
        if options.json == "-":
            print(text)
            return 1 if report.count(MISSING) else 0
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    print(text_of(report, options.all))
    return 1 if report.count(MISSING) else 0
