"""Libraries from PyPI, unmodified, under the redirect, against real torch: `pytest -m full tests/compat/test_libraries.py`.

Needs timm, installed with `--no-deps` beside safetensors and huggingface_hub. It wants torchvision, of which real torch's
models use only names: where it is not installed they get a stand-in. A model is built by real torch in a process of its own,
which saves its state_dict, an input, the outputs and the gradients; torchlike loads and compares them in another.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

TIMM = """
import timm
model = timm.create_model({name!r}, num_classes=7).eval()
x = torch.randn(1, 3, {size}, {size})
call = lambda: model(x)
"""
MODELS = {
    "resnet18": TIMM.format(name="resnet18", size=64),
    "vit_tiny": TIMM.format(name="vit_tiny_patch16_224", size=224),
    "convnext_atto": TIMM.format(name="convnext_atto", size=64),
}
BODY = """
import importlib.util, sys, torch
if importlib.util.find_spec("torchvision") is None:
    from unittest import mock
    names = ("", ".datasets", ".ops", ".ops.misc", ".transforms", ".transforms.functional")
    sys.modules.update({{"torchvision" + name: mock.MagicMock() for name in names}})
    sys.modules["torchvision.ops.misc"].FrozenBatchNorm2d = type("FrozenBatchNorm2d", (torch.nn.Module,), {{}})
    sys.modules["torchvision.transforms"].ToTensor = object
torch.manual_seed(0)
{build}
path, write = sys.argv[1], sys.argv[2] == "write"
if not write:
    found = torch.load(path)
    x = found["x"]
    model.load_state_dict(found["state"])
y = call()
y.square().mean().backward()
gradients = {{name: p.grad for name, p in model.named_parameters() if p.grad is not None}}
if write:
    torch.save({{"state": model.state_dict(), "x": x, "y": y.detach(), "gradients": gradients}}, path)
else:
    assert torch.__name__ == "torchlike"
    assert list(gradients) == list(found["gradients"])
    for name, ours, theirs in [("y", y, found["y"]), *((n, g, found["gradients"][n]) for n, g in gradients.items())]:
        error = (ours - theirs).norm() / theirs.norm().clamp(min=1e-6)
        assert error < (5e-5 if name == "y" else 5e-4), (name, float(error))
    print("same", len(gradients))
"""


@pytest.mark.full
@pytest.mark.timeout(900)  # a first compilation of a large model on a slow machine
@pytest.mark.parametrize("name", MODELS)
def test_same_as_torch(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("timm") is None:
        pytest.skip("timm is not installed; it is no part of the extra `test`: it needs torchvision, and that CUDA's torch")
    script = tmp_path / "script.py"
    script.write_text(BODY.format(build=MODELS[name]))
    for prefix, what in (([], "write"), (["-m", "torchlike.compat", "run"], "compare")):
        done = subprocess.run(
            [sys.executable, *prefix, str(script), str(tmp_path / "file.pth"), what],
            env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].startswith("same")
