"""DistributedDataParallel in both faces, against real torch on gloo and against one device."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.distributed.launching import SCRIPTS, ranks
from torchlike.distributed.wire import free_port

pytestmark = pytest.mark.timeout(300)  # processes start slowly where others are at work


def of_torch(count: int, kind: str) -> dict:
    """What real torch's processes compute."""
    facts = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(count), "OMP_NUM_THREADS": "1"}
    environment = {k: v for k, v in os.environ.items() if k != "TORCHLIKE_CACHE"} | facts
    command = [sys.executable, str(SCRIPTS / "ddp.py"), kind]
    started = [
        subprocess.Popen(command, env=environment | {"RANK": str(r)}, stdout=subprocess.PIPE, text=True) for r in range(count)
    ]
    said = [p.communicate(timeout=250)[0] for p in started]
    return json.loads(said[0].splitlines()[-1])


def alone(kind: str) -> list[float]:
    """The losses of one process and one device."""
    torch.manual_seed(0)
    norm = torch.nn.BatchNorm1d(12) if kind != "plain" else torch.nn.Identity()
    net = torch.nn.Sequential(torch.nn.Linear(6, 12), norm, torch.nn.ReLU(), torch.nn.Linear(12, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    generator = torch.Generator().manual_seed(1)
    losses = []
    for step in range(10):
        x, y = torch.randn(16, 6, generator=generator), torch.randn(16, 3, generator=generator)
        optimizer.zero_grad()
        for _ in range(1 + (step == 4)):
            loss = torch.nn.functional.mse_loss(net(x), y)
            loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def ours(count: int, kinds: str, folder, devices: int = 0) -> dict:
    """What our processes compute, by kind; the same on each."""
    said = ranks("ddp.py", count, folder, kinds, devices=devices)
    found = [[json.loads(line) for line in out.splitlines() if line.startswith("{")] for out in said]
    for other in found[1:]:
        assert [kind["weight"] for kind in other] == [kind["weight"] for kind in found[0]]
    return {kind["kind"]: kind for kind in found[0]}


def operands(hlo: list[str], name: str) -> list[str]:
    """The result types of a collective in compiled HLO."""
    found = [line for line in hlo if re.search(rf" {name}(-start)?\(", line)]
    return [t for line in found for t in re.findall(r"\w+\[[\d,]*\]", line.split("=", 1)[1].split(f" {name}")[0])]


def close(got: list[float], wanted: list[float]) -> None:
    np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    "count, devices", [(2, 0), *[pytest.param(*case, marks=pytest.mark.full) for case in ((4, 0), (1, 2), (1, 4))]]
)
def test_against_torch(count, devices, tmp_path):
    """Per-replica statistics, buffers of rank 0, no_sync: digit for digit up to rounding."""
    got = ours(count, "norm", tmp_path, devices)["norm"]
    wanted = of_torch(max(count, devices), "norm")
    assert got["keys"] == wanted["keys"] and got["count"] == wanted["count"]
    close(got["losses"], wanted["losses"])
    close(got["weight"], wanted["weight"])
    close(got["mean"], wanted["mean"])


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("count, devices", [(2, 0), (4, 0), (8, 0), (1, 2), (1, 4), (1, 8)])
def test_losses_of_one_device(count, devices, tmp_path):
    found = ours(count, "plain,sync", tmp_path, devices)
    for kind, got in found.items():
        close(got["losses"], alone("plain" if kind == "plain" else "norm"))
    got = found["plain"]
    # The gradients are reduced (and the loss, where one process sees all of it), nothing else is moved.
    shapes = {"f32[12,6]", "f32[12]", "f32[3,12]", "f32[3]"} if devices else {"f32[72]", "f32[12]", "f32[36]", "f32[3]"}
    assert shapes <= set(operands(got["hlo"], "all-reduce")) <= shapes | {"f32[]"}
    assert not any(operands(got["hlo"], name) for name in ("all-gather", "reduce-scatter", "all-to-all"))


@pytest.mark.full
def test_parameters_left_out(tmp_path):
    assert all(out.endswith("ok\n") for out in ranks("unused.py", 2, tmp_path))


def weights(command: list[str], folder: Path, **facts: str) -> list[float]:
    """What each rank of a tutorial's script prints at its end."""
    folder.mkdir()
    environment = os.environ | {"MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"} | facts
    out = subprocess.run([*command, str(folder)], env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert out.returncode == 0, out.stderr[-3000:]
    return [float(w) for w in re.findall(r"rank \d+ weight (-?[\d.]+)", out.stdout)]


RUN = [sys.executable, "-m", "torchlike.compat", "run", str(SCRIPTS / "tutorial.py")]
LAUNCH = [sys.executable, "-m", "torchlike.distributed.run", "--standalone"]
SCRIPT = str(SCRIPTS / "tutorial_run.py")
TUTORIALS = {  # by command, how many ranks there are
    "spawn 2": ([*RUN, "2"], 2),
    "spawn 4": ([*RUN, "4"], 4),
    "launcher 2": ([*LAUNCH, "--nproc-per-node", "2", SCRIPT], 2),
    "launcher 4": ([*LAUNCH, "--nproc-per-node", "4", SCRIPT], 4),
    "8 devices": ([*LAUNCH, "--devices-per-process", "8", SCRIPT], 1),
}


@pytest.mark.full
@pytest.mark.parametrize("kind", TUTORIALS)
def test_tutorial(kind, tmp_path):
    """Scripts as tutorials have them, unmodified: the global batch is the same, and so are the weights of torch's processes."""
    wanted = weights([sys.executable, str(SCRIPTS / "tutorial.py"), "2"], tmp_path / "torch")
    command, count = TUTORIALS[kind]
    assert weights(command, tmp_path / "ours") == pytest.approx([wanted[0]] * count, abs=2e-4)
