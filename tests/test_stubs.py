"""What editors, type checkers and `help` say about names that are made at run time."""

from __future__ import annotations

import ast
import inspect
import pydoc
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import torchlike
from torchlike.tensor import Tensor, attach

ROOT = Path(__file__).resolve().parent.parent
NAMESPACES = ("linalg", "fft", "special", "masked", "signal.windows")

# What the program below does not need is not followed, for time.
CONFIG = """
[mypy]
follow_imports = silent
[mypy-numpy.*,jax.*,ml_dtypes.*,torchlike.autograd.*,torchlike.engine.*,torchlike.nn.*,torchlike.ops.*,torchlike.optim.*]
follow_imports = skip
[mypy-torchlike.serialization.*,torchlike.sparse.*,torchlike.utils.*]
follow_imports = skip
"""

# Each line with what mypy answers: the type it reveals, or an error.
PROGRAM = """
import torchlike as torch
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
reveal_type(torch.softmax(x, dim=-1))  # Tensor
reveal_type(x.sum(dim=0))  # Tensor
reveal_type(1 - x * 2)  # Tensor
reveal_type(x == 1)  # Tensor
reveal_type(x.sort().indices)  # Tensor
reveal_type(x.split(2))  # tuple[Tensor, ...]
reveal_type(x.shape)  # Size
reveal_type(x.is_complex())  # bool
reveal_type(torch.float32)  # dtype
reveal_type(torch.linalg.svd(x).S)  # Tensor
reveal_type(torch.fft.fft(x, dim=0))  # Tensor
reveal_type(torch.special.expit(x))  # Tensor
reveal_type(torch.signal.windows.hann(8))  # Tensor
torch.no_such_name  # has no attribute "no_such_name"
x.no_such_name()  # has no attribute "no_such_name"
torch.linalg.no_such_name  # has no attribute "no_such_name"
torch.softmax(x, dim="a")  # incompatible type "str"
torch.softmax(x)  # Missing positional argument "dim"
"""


def test_mypy_knows_the_names(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    lines = PROGRAM.strip().splitlines()
    (tmp_path / "user.py").write_text(PROGRAM.strip() + "\n")
    (tmp_path / "mypy.ini").write_text(CONFIG)
    config = ["--config-file", str(tmp_path / "mypy.ini"), "--cache-dir", str(tmp_path / "cache")]
    command = [sys.executable, "-m", "mypy", *config, str(tmp_path / "user.py")]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    short = re.sub(r"\b(?:[a-z]\w*\.)+(\w+)", r"\1", answer.replace(str(tmp_path / "user.py"), "user"))
    said = {int(n): text for n, text in re.findall(r"user:(\d+): (.*)", short)}
    expected = {n: line.partition("  # ")[2] for n, line in enumerate(lines, 1) if "  # " in line}
    assert said.keys() == expected.keys(), answer
    for n, text in expected.items():
        assert (f'"{text}"' if "reveal_type" in lines[n - 1] else text) in said[n], (lines[n - 1], said[n])


def declared(stub: str) -> set[str]:
    """The functions of a stub, or the members of its class."""
    body = ast.parse((ROOT / "torchlike" / stub).read_text()).body
    members = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == "Surface"), body)
    return {node.name for node in members if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", ["", *NAMESPACES])
def test_stubs_and_modules_have_the_same_functions(name: str) -> None:
    stub = f"{name.replace('.', '/') or '__init__'}.pyi"
    rows = attach.public_rows(name or "torch")
    module = sys.modules[f"torchlike.{name}".rstrip(".")]
    assert {row for row in rows if not row.startswith("_")} <= declared(stub)
    assert declared(stub) <= set(dir(module))


def test_the_surface_is_what_tensors_have() -> None:
    assert {name for name in declared("tensor/surface.pyi") if not hasattr(Tensor, name) and name != "imag"} == set()
    assert {"sum", "add_", "__add__", "__ror__", "backward", "grad", "to"} <= declared("tensor/surface.pyi")
    assert "Surface" not in {base.__name__ for base in Tensor.__mro__}  # it is for type checkers only


DIMS = "int | Sequence[int]"

# The signature, and what stands below it: what is computed, shapes, the rest.
HELP = {
    "softmax": (
        "softmax(input: Tensor, dim: int, dtype: dtype | None = None, *, out: Tensor | None = None) -> Tensor",
        ["exp(x) / sum(exp(x)) along `dim`", "Shapes: the result has the shape of `input`."],
    ),
    "maximum": (
        "maximum(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor",
        ["The larger of two elements", "Shapes: `input`, `other` broadcast; the result has the shape they meet in."],
    ),
    "all": (
        f"all(input: Tensor, dim: {DIMS} | None = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor",
        [
            "Whether all elements",
            "Shapes: the result has the shape of `input` without `dim` (with size 1 there where `keepdim`).",
        ],
    ),
    "exp_": (
        "exp_(input: Tensor) -> Tensor",
        ["`e ** input`.", "Shapes: the result has", "In place: the result stands in `input`, which is returned."],
    ),
    "cummax": (
        "cummax(input: Tensor, dim: int, *, out: Sequence[Tensor] | None = None) -> tuple[Tensor, Tensor]",
        ["The running maximum along `dim`", "Shapes: the result has", "Returns a named tuple (values, indices)."],
    ),
}


@pytest.mark.parametrize("name", HELP)
def test_help_of_a_row(name: str) -> None:
    _, _, signature, *lines = pydoc.plain(pydoc.render_doc(getattr(torchlike, name))).splitlines()
    text = "\n".join(lines)
    shown, parts = HELP[name]
    assert signature == shown
    places = [text.find(part) for part in parts]
    assert -1 not in places, text
    assert places == sorted(places)


def test_annotations_of_rows_are_types() -> None:
    types = typing.get_type_hints(torchlike.softmax)
    assert types["input"] is types["return"] is Tensor
    assert types["dtype"] == torchlike.dtype | None
    assert inspect.signature(torchlike.Tensor.sum).return_annotation == "Tensor"


@pytest.mark.parametrize("name", ["", *NAMESPACES])
def test_every_row_says_what_it_computes(name: str) -> None:
    module = sys.modules[f"torchlike.{name}".rstrip(".")]
    made = {public: getattr(module, public) for public in attach.public_rows(name or "torch")}
    silent = [public for public, fn in made.items() if not inspect.getdoc(fn)]
    assert not silent, "add a docstring to the row's function, or a line to torchlike/tensor/summaries.py"
