"""A rank fails: the others stop soon, and say who it was."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from tests.distributed.launching import SCRIPTS

FAULTS = {
    "kill": "rank 1 .* has died",
    "backward": "rank 1 .* has died",
    "save": "rank 1 .* has died",
    "error": "rank 1 has failed with ArithmeticError: the moon is full",
    "end": "rank 1 has ended",
    "shape": r"rank 1 runs all_reduce\(float32\[3\]\)|rank 0 runs all_reduce\(float32\[4\]\)",
    "late": "timed out after 12 s: rank 1 .* has not come",
    "start": r"waited 12 s for ranks \[1\]",
    "joining": "rank 1 .* has died",
    "size": "world size is not the same everywhere: rank . was told . processes, and rank . .",
    "size of rank 0": "world size is not the same everywhere: rank . was told . processes, and rank . .",
}


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", FAULTS)
def test_fault(kind, tmp_path):
    command = [sys.executable, str(SCRIPTS / "faults.py"), kind, str(tmp_path / "store")]
    ranks = [
        subprocess.Popen([*command, str(r), "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for r in range(3)
    ]
    if kind != "late":
        ranks[1].wait(timeout=150)
    since = time.monotonic()
    said = {r: ranks[r].communicate(timeout=100) for r in (0, 2)}
    assert kind == "late" or time.monotonic() - since < 30
    ranks[1].kill()
    said[1] = ranks[1].communicate()
    for r in (0, 2):
        out, told = said[r]
        assert ranks[r].returncode, f"rank {r} did not notice: {out}{told}"
        assert "ok" not in out
        assert re.search(FAULTS[kind], told), said
