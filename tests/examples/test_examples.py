"""The examples run unchanged under torchlike and under torch, and print the same losses from the same seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import torchlike

ROOT = Path(__file__).parents[2]
IMPORT = "import torchlike as torch\n"

# Every number an example prints about its training; three significant digits of each have to agree.
NUMBERS = re.compile(r"(?:loss|accuracy) ([0-9.]+)")

# The arguments that make a run of each example short, here at least one epoch.
SHORT = {
    "quantize": ["--epochs", "1", "--qat-epochs", "1", "--width", "8"],
    "prune_export": ["--epochs", "4", "--rounds", "2"],
    "digits": ["--epochs", "1"],
    "ngrams": ["--epochs", "2", "--lines", "200", "--width", "16"],
    "recipe": ["--epochs", "2", "--precision", "float32"],
    "char_lm": ["--steps", "20", "--batch-size", "16", "--context", "32", "--width", "48", "--sample", "40"],
}


@dataclass(frozen=True)
class Run:
    """What one run of an example left behind."""

    out: Path
    text: str

    @property
    def numbers(self) -> np.ndarray:
        return np.array([float(number) for number in NUMBERS.findall(self.text)])


def started(name: str, library: str, arguments: list[str], folder: Path) -> subprocess.Popen:
    """An example in a process of its own, under "torchlike" or, with its one import line changed, under "torch"."""
    source = (ROOT / "examples" / f"{name}.py").read_text()
    assert source.count(IMPORT) == 1, f"examples/{name}.py has to have the line {IMPORT!r} once"
    other = "torch" if library == "torchlike" else "torchlike"
    if library == "torch":
        source = source.replace(IMPORT, "import torch\n")
    program = folder / f"{name}.py"
    program.write_text(source)
    start = (
        "import runpy, sys; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__'); "
        f"assert {other!r} not in sys.modules, '{library} has to do without {other}'"
    )
    environment = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    environment.pop("XLA_FLAGS", None)  # one device, as the user has
    command = [sys.executable, "-c", start, str(program), *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(name: str, library: str, arguments: list[str], folder: Path) -> Run:
    """Run an example to its end."""
    process = started(name, library, arguments, folder)
    text, errors = process.communicate(timeout=600)
    assert process.returncode == 0, f"{name} under {library} failed:\n{text}\n{errors}"
    return Run(folder / "out", text)


def pair(name: str, folder: Path, rtol: float = 1e-3) -> tuple[Run, Run]:
    """Short runs of an example under torchlike and under torch, having checked that they print the same numbers."""
    runs = []
    for library in ("torchlike", "torch"):
        (folder / library).mkdir()
        runs.append(run(name, library, SHORT[name], folder / library))
    ours, reference = runs
    assert len(reference.numbers) > 2, reference.text
    assert len(ours.numbers) == len(reference.numbers), ours.text
    np.testing.assert_allclose(ours.numbers, reference.numbers, rtol=rtol, err_msg=f"{name}: torchlike against torch")
    return ours, reference


def test_digits(tmp_path: Path) -> None:
    ours, reference = pair("digits", tmp_path)
    assert (ours.out / "digits.png").read_bytes().startswith(b"\x89PNG")
    weights, expected = (torch.load(side.out / "digits.pth", weights_only=True) for side in (ours, reference))
    assert list(weights) == list(expected)
    for key, tensor in expected.items():
        assert weights[key].dtype == tensor.dtype, key
        torch.testing.assert_close(weights[key], tensor, rtol=1e-2, atol=1e-3, msg=lambda m, key=key: f"{key}: {m}")


def test_char_lm(tmp_path: Path) -> None:
    ours, reference = pair("char_lm", tmp_path)
    written, expected = (side.text.partition("nats per character\n")[2] for side in (ours, reference))
    assert len(expected) > 40
    assert written == expected


@pytest.mark.timeout(600)
def test_quantize(tmp_path: Path) -> None:
    # torch's convolutions round otherwise from processor to processor, and one rounding that falls on the other side of an
    # 8-bit step moves the loss of the training that knows of it by half a percent.
    ours, _ = pair("quantize", tmp_path, rtol=1e-2)
    sizes = {name: (ours.out / f"{name}.pth").stat().st_size for name in ("float", "static", "qat")}
    assert max(sizes["static"], sizes["qat"]) < 0.5 * sizes["float"]  # a small network: scales and names count


@pytest.mark.timeout(600)
def test_prune_export(tmp_path: Path) -> None:
    ours, _ = pair("prune_export", tmp_path)
    assert "zeros 0.800" in ours.text
    loaded = torchlike.export.load(ours.out / "digits.pt2").module()
    assert loaded(torchlike.zeros(3, 64)).shape == (3, 10)


@pytest.mark.full
@pytest.mark.timeout(900)
def test_quantize_keeps_the_accuracy(tmp_path: Path) -> None:
    result = run("quantize", "torchlike", [], tmp_path)
    found = {name: float(value) for name, value in re.findall(r"^(\w+) +accuracy ([0-9.]+)", result.text, re.MULTILINE)}
    assert found["float"] > 0.96, result.text
    assert found["static"] >= found["float"] - 0.01 and found["qat"] >= found["float"] - 0.005, result.text
    sizes = {name: (result.out / f"{name}.pth").stat().st_size for name in ("float", "static")}
    assert sizes["static"] <= 0.3 * sizes["float"]


@pytest.mark.full  # two minutes: a program for each of its many lengths
@pytest.mark.timeout(600)
def test_ngrams(tmp_path: Path) -> None:
    ours, _ = pair("ngrams", tmp_path)
    losses = re.findall(r"loss ([0-9.]+)", ours.text)
    assert float(losses[-1]) < float(losses[0]), ours.text


@pytest.mark.timeout(600)
def test_recipe_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    whole, _ = pair("recipe", tmp_path)
    process = started("recipe", "torchlike", SHORT["recipe"], tmp_path)
    assert process.stdout is not None
    first = process.stdout.readline()
    process.kill()  # somewhere in the second epoch
    process.communicate()
    rest = run("recipe", "torchlike", SHORT["recipe"], tmp_path)
    assert rest.text.startswith("going on after epoch 1\n")
    assert first + rest.text.partition("\n")[2] == whole.text


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_recipe_learns(tmp_path: Path, precision: str) -> None:
    result = run("recipe", "torchlike", ["--precision", precision], tmp_path)
    assert max(float(value) for value in re.findall(r"accuracy ([0-9.]+)", result.text)) > 0.93, result.text


@pytest.mark.full
@pytest.mark.timeout(900)
def test_digits_learns(tmp_path: Path) -> None:
    result = run("digits", "torchlike", [], tmp_path)
    accuracies = [float(value) for value in re.findall(r"test accuracy ([0-9.]+)", result.text)]
    assert accuracies[-1] >= 0.97, result.text
    assert accuracies[-1] == accuracies[-2], "the saved weights do not give the trained network's accuracy"


@pytest.mark.full
@pytest.mark.timeout(900)
def test_char_lm_learns(tmp_path: Path) -> None:
    result = run("char_lm", "torchlike", [], tmp_path)
    losses = [float(value) for value in re.findall(r"test loss ([0-9.]+)", result.text)]
    assert losses[-1] < 2.4, result.text
