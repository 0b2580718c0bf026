"""`torchlike check` and `compare`, and what an error about a missing API says."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from torchlike.compat import check, compare, run
from torchlike.compat.__main__ import main

PROGRAM = """
import torch
import torch.nn as nn, torch.nn.functional as F
from torch import optim as o
from torch.utils.data import DataLoader
from torchvision.transforms import ToTensor
import numpy as np

Layer = nn.Linear

class Net(nn.Module):
    def forward(self, x, torch_=None):
        np.relu(x)
        return F.relu(Layer(2, 2)(x)) + torch.special.expit(x) - torch.nn.functional.no_such_thing(x)

def shadow(torch):
    return torch.also_not_torch()

with torch.utils.cpp_extension.load("x"):
    o.Adam(Net().parameters()).step()
torch.float32.itemsize
torch.amax(torch.ones(2))
"""
ADVICE = "write the operator in Python, or in JAX with torchlike.func.from_jax"
LINE = PROGRAM.splitlines().index('with torch.utils.cpp_extension.load("x"):') + 1


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "program.py").write_text(PROGRAM)
    (tmp_path / "code" / "broken.py").write_text("print 'old'")
    cells = [
        {"cell_type": "markdown", "source": ["text"]},
        {"cell_type": "code", "source": ["%time\n", "import torch\n", "torch.relu"]},
    ]
    (tmp_path / "code" / "notes.ipynb").write_text(json.dumps({"cells": cells}))
    (tmp_path / "code" / ".venv").mkdir()
    (tmp_path / "code" / ".venv" / "other.py").write_text("import torch; torch.nonsense")
    return tmp_path / "code"


def test_states(program: Path) -> None:
    report = check.check(program)
    states = {f.name: f.state for f in report.found}
    missing = {"torch.nn.functional.no_such_thing", "torch.utils.cpp_extension.load"}
    assert {n for n, s in states.items() if s == check.MISSING} == missing
    supported = {"torch.nn.Linear", "torch.nn.functional.relu", "torch.special.expit", "torch.optim.Adam", "torch.relu"}
    assert all(states[n] == check.SUPPORTED for n in supported), states
    assert states["torch.amax"] == check.DIFFERS  # the ledger says how
    assert states["torch.float32"] == check.SUPPORTED
    assert not any("also_not_torch" in n or "np" in n or "nonsense" in n for n in states)
    notes = {f.name: (f.note, f.lines) for f in report.found}
    assert notes["torch.utils.cpp_extension.load"] == (
        ADVICE,
        (f"program.py:{LINE}",),
    )
    assert report.files == 3
    assert list(report.unread) == ["broken.py"]
    assert report.readiness == pytest.approx(100 * (1 - 2 / len(states)))


def test_command(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, data = tmp_path / "page.html", tmp_path / "report.json"
    assert main(["check", str(program), "--html", str(page), "--json", str(data)]) == 1
    printed = capsys.readouterr().out
    assert f"   {LINE}  missing    torch.utils.cpp_extension.load  ({ADVICE})" in printed
    assert "readiness" in printed.splitlines()[-1]
    assert "torch.utils.cpp_extension.load" in page.read_text()
    assert "http" not in page.read_text()  # nothing from elsewhere
    found = json.loads(data.read_text())
    assert (found["missing"], found["files"]) == (2, 3)
    assert main(["check", str(program / "notes.ipynb")]) == 0
    assert main(["check", str(tmp_path / "none")]) == 2


SURE = [
    "{0}",
    "x = [{0}() for _ in range(3)]",
    "from {1} import {2}",
    "if __name__ == '__main__':\n  for epoch in range(3):\n    with open('x') as f: print({0})",
    "class A:\n  def __init__(self): {0}()\ndef main():\n  a = A()\nmain()",
    "def main():\n  if len(x) > 3: raise ValueError\n  while True:\n    {0}\ntry: main()\nexcept KeyboardInterrupt: pass",
    "for i in range(3):\n  if i: break\n{0}",
    "class A({0}): pass",
]
UNSURE = [
    "try: {0}\nexcept Exception: pass",
    "if torch.cuda.is_available(): {0}",
    "x = {0} if torch.cuda.is_available() else None",
    "torch.cuda.is_available() and {0}",
    "def f(): {0}\nclass A:\n  def forward(self): {0}\nprint(A())",
    "def f():\n  if x: return\n  {0}\nf()",
    "import sys\ndef f():\n  if x: sys.exit()\nf()\n{0}",
    "f = lambda: {0}",
    "with contextlib.suppress(Exception): {0}",
    "def f():\n  yield {0}\nf()",
    "def f(x={1}.Tensor): pass\nraise SystemExit\n{0}",
]


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(run, "start", lambda *arguments: 0)
    return next(
        n for n, row in check.ledger().items() if row["there"] == "no" and check.look_up(n) is None and n.count(".") == 1
    )


@pytest.mark.parametrize("text, sure", [*((t, True) for t in SURE), *((t, False) for t in UNSURE)])
def test_run_looks_first(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sure: bool) -> None:
    """`run` says what the ledger knows to be missing, and does not start what is sure to need it."""
    script = tmp_path / "script.py"
    script.write_text("import torch\n" + text.format(missing, *missing.split(".")) + "\n")
    assert bool(main(["run", str(script)])) == sure
    told = capsys.readouterr().err
    assert f"{missing} is missing" in told
    assert ("has not been started" in told) == sure
    assert not main(["run", "--no-check", str(script)])
    assert not capsys.readouterr().err


@pytest.mark.usefixtures("missing")
def test_run_looks_into_rooms_that_are_not_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger has no names below torch.distributed.rpc; a stand-in for it can be imported, but not called."""
    script = tmp_path / "script.py"
    script.write_text("import torch.distributed.rpc as rpc\n")
    assert not main(["run", str(script)])
    script.write_text("import torch.distributed.rpc as rpc\nrpc.init_rpc('worker')\n")
    assert main(["run", str(script)])
    assert "torch.distributed.rpc.init_rpc is missing: use collectives" in capsys.readouterr().err


@pytest.mark.parametrize(
    "theirs, ours, expected",
    [
        ("loss 0.50", "loss 0.50", 0.0),
        ("loss 0.5 acc 10", "loss 0.5 acc 11", 0.1),
        ("nan -inf", "nan -inf", 0.0),
        ("loss 1e-3", "loss nan", math.inf),
        ("loss 1", "lost 1", math.inf),
        ("1 2", "1", math.inf),
    ],
)
def test_difference(theirs: str, ours: str, expected: float) -> None:
    assert compare.difference(theirs, ours) == pytest.approx(expected)


def test_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import torch\nprint('start')\nfor i in range(3): print('loss', 1.0 + i * (torch.__name__ == 'torchlike'))\n"
    )
    assert main(["compare", str(script)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["line", "2", "3", "4", "4"]
    assert "first divergence" in lines[2]
    assert lines[-1] == "4 lines, 2 differ by more than 0.001"
    assert main(["compare", "--rtol", "5", str(script)]) == 0
    script.write_text("import torch\ntorch.no_such_name\n")
    assert main(["compare", str(script)]) == 2  # not even under torch
