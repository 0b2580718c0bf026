"""Libraries from PyPI, unmodified, under the redirect, against real torch: `pytest -m full tests/compat/test_libraries.py`.

Needs timm, transformers, safetensors, zuko, installed with `--no-deps` where they would bring torchvision and CUDA's torch. A
model is built by real torch in a process of its own, which saves its state_dict, its arguments, outputs, gradients and what it
generates; torchlike loads and compares them in another.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.programs.models import MODELS
from torchlike.compat import compare

PROGRAMS = Path(__file__).parent / "programs"


def run(script: str, *arguments: str, redirected: bool) -> str:
    """What a program of this folder prints, under torchlike or torch."""
    prefix = ["-m", "torchlike.compat", "run"] if redirected else []
    done = subprocess.run(
        [sys.executable, *prefix, str(PROGRAMS / script), *arguments],
        env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.full
@pytest.mark.timeout(900)  # a first compilation of a large model on a slow machine
@pytest.mark.parametrize("name", MODELS)
def test_same_as_torch(name: str, tmp_path: Path) -> None:
    library = "timm" if name.startswith("timm") else "transformers"
    if importlib.util.find_spec(library) is None:
        pytest.skip(
            f"{library} is not installed; it is no part of the extra `test`: it brings torchvision and that CUDA's torch"
        )
    file = str(tmp_path / "file.pth")
    run("compare.py", name, file, "write", redirected=False)
    assert run("compare.py", name, file, "compare", redirected=True).splitlines()[-1].startswith("same")


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "script, library",
    [("trainer.py", "transformers"), ("accelerated.py", "accelerate"), ("metrics.py", "torchmetrics"),
     ("lightning_fit.py", "lightning")],
)  # fmt: skip
def test_prints_the_same(script: str, library: str) -> None:
    """A training program or metrics: every number that is printed is torch's to a thousandth."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed; it is no part of the extra `test`")
    theirs, ours = (run(script, redirected=redirected) for redirected in (False, True))
    assert theirs.strip()
    for line in compare.compare(theirs, ours):
        assert line.error < 1e-3, line


@pytest.mark.parametrize("writer", ["torch", "torchlike"])
def test_safetensors(writer: str, tmp_path: Path) -> None:
    """What one of the two libraries saves the other loads, of every dtype."""
    pytest.importorskip("safetensors")
    ours = writer == "torchlike"
    assert run("safetensors_files.py", str(tmp_path), "write", redirected=ours).split() == ["write", writer]
    other = "torch" if ours else "torchlike"
    assert run("safetensors_files.py", str(tmp_path), "read", redirected=not ours).split() == ["read", other]


@pytest.mark.full
def test_flows() -> None:
    """A normalizing flow made of distributions and transforms: the losses of a few steps, and samples of the same seed."""
    pytest.importorskip("zuko")
    ours, theirs = ([float(line) for line in run("flows.py", redirected=r).split()] for r in (True, False))
    assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-4)
