"""The coverage ledger: of every public torch name, whether torchlike has it, how it compares, and why not where it does not.

python -m torchlike.compat parity ledger --from run.json ...          write docs/coverage.csv and the README's table
python -m torchlike.compat parity ledger --keep --from run.json ...   the same, of the entries in these runs
python -m torchlike.compat parity ledger --check                      fail where they no longer tell the truth about names
"""

from __future__ import annotations

import argparse
import csv
import importlib
import io
import sys
import types
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

import torchlike

from .entries import all_entries, public
from .reasons import reason
from .report import load
from .worker import Result

NAMESPACES = (
    "torch", "torch.Tensor", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.nn.utils", "torch.nn.utils.rnn",
    "torch.nn.utils.parametrize", "torch.nn.utils.parametrizations", "torch.nn.utils.prune", "torch.nn.utils.stateless",
    "torch.nn.utils.fusion", "torch.nn.parallel", "torch.nn.parameter", "torch.nn.attention", "torch.linalg", "torch.fft",
    "torch.special", "torch.signal.windows", "torch.masked", "torch.sparse", "torch.optim", "torch.optim.lr_scheduler",
    "torch.optim.swa_utils", "torch.autograd", "torch.autograd.functional", "torch.autograd.forward_ad",
    "torch.autograd.graph", "torch.distributions", "torch.distributions.transforms", "torch.distributions.constraints",
    "torch.func", "torch.utils.data", "torch.utils.checkpoint", "torch.utils.dlpack", "torch.utils.tensorboard",
    "torch.amp", "torch.cuda", "torch.cuda.amp", "torch.jit", "torch.export", "torch.onnx", "torch.compiler",
    "torch.distributed", "torch.distributed.checkpoint", "torch.distributed.tensor", "torch.distributed.fsdp",
    "torch.multiprocessing", "torch.random", "torch.serialization", "torch.testing", "torch.backends.cuda",
    "torch.backends.cudnn", "torch.backends.mps", "torch.profiler", "torch.ao.quantization", "torch.hub", "torch.types",
)  # fmt: skip
OPS = ("forward", "gradient", "second", "method", "inplace", "out", "views", "errors", "tpu", "tpu_gradient")
MODULES = ("step", "state_dict", "repr", "init", "pickle", "deepcopy")  # beside forward, gradient and errors
SCORES = (*OPS, *MODULES)
COLUMNS = ("name", "there", *SCORES, "reason")
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


def torch_names() -> Iterator[str]:
    """Every public name of `NAMESPACES` in torch: functions, classes and values, no modules and no foreign imports."""
    for namespace in NAMESPACES:
        holder = _at(torch, namespace.removeprefix("torch").removeprefix("."))
        if holder is None:
            continue
        for name in sorted(_listed(namespace, holder)):
            yield f"{namespace}.{name}"


def _listed(namespace: str, holder: Any) -> set[str]:
    if namespace == "torch.Tensor":  # its Python protocol counts, the object's own does not
        # copyreg writes __slotnames__ into whatever class was pickled in this process: it is no name of torch's.
        foreign = {"__slotnames__"}
        return {n for n in dir(holder) if not n.startswith("_") or (n.startswith("__") and not hasattr(object, n))} - foreign
    names = set(getattr(holder, "__all__", ())) or {n for n in dir(holder) if not n.startswith("_")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says of some names that they are old
        return {name for name in names if not name.startswith("_") and _own(getattr(holder, name, None))}


def _own(value: Any) -> bool:
    """Whether torch defines a value: no module, nothing imported from elsewhere."""
    home = str(getattr(value, "__module__", "") or "torch")
    return not isinstance(value, types.ModuleType) and home.split(".")[0] == "torch"


def _at(root: Any, path: str) -> Any:
    """What stands at a dotted path, importing modules on the way; None where nothing does."""
    for part in path.split(".") if path else ():
        if not hasattr(root, part) and isinstance(root, types.ModuleType):
            try:
                importlib.import_module(f"{root.__name__}.{part}")
            except ImportError:
                return None
        root = getattr(root, part, None)
        if root is None:
            return None
    return root


def there(name: str) -> bool:
    """Whether torchlike has this public name (None stands where torch has None too)."""
    space, _, last = name.removeprefix("torch").removeprefix(".").rpartition(".")
    holder = _at(torchlike, space)
    return holder is not None and hasattr(holder, last)


def scores(results: Iterable[Result]) -> dict[str, dict[str, tuple[int, int]]]:
    """Per public name and check: `(passed, all)` of the pairs of entry and dtype."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for result in results:
        if result.total or result.status != "ran":
            for name in _names(result):
                passed, total = found[name].get(result.check, (0, 0))
                found[name][result.check] = (passed + result.good, total + 1)
    return found


def _names(result: Result) -> list[str]:
    if result.suite == "modules":
        return [f"torch.{result.name}"]
    info = all_entries()[result.key].info
    return [f"torch.{name}" for name in {result.name, *(a.name for a in info.aliases or ())}] if public(result.name) else []


def rows(results: list[Result], stored: dict[str, dict[str, str]] | None = None) -> Iterator[dict[str, str]]:
    """The ledger, row by row.

    Args:
        stored: rows whose scores stay where these results cover fewer pairs than they do.
    """
    by_name = scores(results)
    why: dict[str, list[str]] = defaultdict(list)
    for result in results:
        if not result.good and (text := reason(result)):
            for name in _names(result):
                if text not in why[name]:
                    why[name].append(text)
    names = [*torch_names()]
    known = set(names)
    for name in names:
        plain = name.replace("torch.Tensor.", "torch.")  # the database calls methods by their last name
        asked = name if plain in known else plain
        score = by_name.get(asked, {})
        row = {"name": name, "there": "yes" if there(name) else "no"}
        row |= {check: f"{p[0]}/{p[1]}" if (p := score.get(check)) else "" for check in SCORES}
        reasons = "; ".join(why.get(asked, ())) or reason(name)
        yield _kept(row | {"reason": reasons}, (stored or {}).get(name, {}))


def _kept(row: dict[str, str], before: dict[str, str]) -> dict[str, str]:
    """A row with the earlier scores that cover more pairs, and with the reasons that go with them."""
    kept = {check: before[check] for check in SCORES if before.get(check) and _pairs(before[check]) > _pairs(row[check])}
    told = [text for text in (before.get("reason", "") if kept else "").split("; ") if text and text not in row["reason"]]
    failing = any(score.partition("/")[0] != score.partition("/")[2] for score in kept.values())
    return row | kept | {"reason": "; ".join(filter(None, [row["reason"], *(told if failing else ())]))}


def _pairs(score: str) -> int:
    """How many pairs of entry and dtype a score is of."""
    return int(score.partition("/")[2] or 0)


def text(table: Iterable[dict[str, str]]) -> str:
    """The ledger as CSV."""
    made = io.StringIO()
    writer = csv.DictWriter(made, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return made.getvalue()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [dict.fromkeys(COLUMNS, "") | row for row in csv.DictReader(file)]


def summary(table: list[dict[str, str]]) -> str:
    """The README's tables: names per namespace, and the shares of (op or module, dtype) pairs that pass every sample."""
    namespaces = [*NAMESPACES, "all"]
    found = _table(table, namespaces, OPS)
    layers = ("forward", "gradient", "errors", *MODULES)
    modules = _table(table, ["torch.nn"], layers) if any(r[check] for r in table for check in MODULES) else ""
    return f"{found}\n\n{modules}" if modules else found


def _table(table: list[dict[str, str]], namespaces: list[str], checks: tuple[str, ...]) -> str:
    lines = [
        "| namespace | names | " + " | ".join(c.replace("_", " ") for c in checks) + " |",
        "|---" * (len(checks) + 2) + "|",
    ]
    for namespace in namespaces:
        own = [r for r in table if namespace == "all" or r["name"].rpartition(".")[0] == namespace]
        if not any(r[check] for r in own for check in checks):
            continue
        cells = [f"{sum(r['there'] == 'yes' for r in own)} / {len(own)}"]
        for check in checks:
            pairs = [tuple(map(int, r[check].split("/"))) for r in own if r[check]]
            total = sum(p[1] for p in pairs)
            cells.append(f"{100 * sum(p[0] for p in pairs) / total:.1f} %" if total else "")
        lines.append(f"| `{namespace}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def with_table(readme: str, table: str) -> str:
    """README's text with the table between its markers."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def complaints(root: Path) -> list[str]:
    """What the stored ledger and README no longer say truly of names, without running any op."""
    stored = {r["name"]: r for r in read(root / "docs/coverage.csv")}
    found = []
    for name in torch_names():
        now = "yes" if there(name) else "no"
        if name not in stored:
            found.append(f"{name} is not in the ledger")
        elif stored[name]["there"] != now:
            found.append(f"{name}: the ledger says {stored[name]['there']}, it is {now}")
    readme = (root / "README.md").read_text()
    if with_table(readme, summary(list(stored.values()))) != readme:
        found.append("README.md's coverage table does not come from docs/coverage.csv")
    for row in stored.values():
        failing = any(row[c] and row[c].split("/")[0] != row[c].split("/")[1] for c in SCORES)
        if failing and not row["reason"]:
            found.append(f"{row['name']} fails a check and gives no reason")
    return found


def add(parent: argparse._SubParsersAction) -> None:
    """Put `ledger` and its options under `parity`."""
    p = parent.add_parser("ledger", help="write or check docs/coverage.csv and the README's table")
    p.add_argument(
        "--from", dest="runs", nargs="*", default=[], help="JSON files of `parity ops` and `modules`; later ones win"
    )
    p.add_argument("--keep", action="store_true", help="keep stored scores that cover more dtypes than these runs do")
    p.add_argument("--check", action="store_true", help="write nothing; exit 1 where the stored ledger is not true")
    p.add_argument("--root", type=Path, default=Path(), help="the repository (default: this folder)")
    p.set_defaults(run=main)


def main(options: argparse.Namespace) -> int:
    """Write the ledger, or check it."""
    if options.check:
        found = complaints(options.root)
        print("\n".join(found) or "the ledger is true")
        return int(bool(found))
    results: dict[tuple[str, str, str, str], Result] = {}
    for run in options.runs:
        results.update({(r.suite, r.key, r.check, r.dtype): r for r in load(run)})
    path = options.root / "docs/coverage.csv"
    stored = {r["name"]: r for r in read(path)} if options.keep and path.exists() else None
    table = list(rows(list(results.values()), stored))
    (options.root / "docs").mkdir(exist_ok=True)
    path.write_text(text(table))
    readme = options.root / "README.md"
    readme.write_text(with_table(readme.read_text(), summary(table)))
    missing = sorted({r.key for r in results.values() if not r.good and not reason(r)})
    print(f"{len(table)} names; entries that fail without a reason: {', '.join(missing) or 'none'}", file=sys.stderr)
    return 0
