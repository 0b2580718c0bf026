"""`torchlike run --device`, or TORCHLIKE_DEVICE: what "cuda" means to a script."""

import os
import subprocess
import sys

import jax
import pytest

import torchlike as torch
from torchlike.base import device as devices
from torchlike.base.flags import flags

SCRIPT = """
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
x = torch.ones(2).cuda()
print(device, x.device, torch.nn.Linear(2, 1).cuda()(x).device, x.is_cuda)
"""


@pytest.fixture
def meaning(monkeypatch):
    """Sets what it means, on a machine with two TPUs (they are CPU devices here) and no GPU."""
    real = jax.local_devices

    def local_devices(*args, backend=None, **options):
        if backend == "gpu":
            raise RuntimeError("Unknown backend gpu")
        return real(backend="cpu")[1:3] if backend == "tpu" else real(*args, backend=backend, **options)

    monkeypatch.setattr(jax, "local_devices", local_devices)
    devices.jax_device.cache_clear()
    yield lambda name: monkeypatch.setattr(flags, "device", name)
    devices.jax_device.cache_clear()


def test_tpu(meaning):
    assert not torch.cuda.is_available()
    meaning("tpu")
    assert torch.cuda.is_available() and torch.cuda.device_count() == 2
    x = torch.arange(3.0).cuda()
    assert x.is_cuda and x.device == torch.device("cuda:0") and (x * 2).sum().item() == 6
    assert x._read().on_device().devices() == {jax.local_devices(backend="tpu")[0]}
    assert torch.zeros(1, device="tpu:1").device == torch.zeros(1, device="cuda:1").device == torch.device("cuda:1")
    assert torch.zeros(1, device="xla").device == x.device and devices.kind_of("tpu") == "cuda"
    model = torch.nn.Linear(3, 2).to("cuda")
    model(x).sum().backward()
    assert model.weight.grad.device == x.device and model.weight.grad.tolist() == [[0.0, 1.0, 2.0]] * 2
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        x.to("cuda:2")


def test_as_it_is(meaning):
    meaning("gpu")
    assert not torch.cuda.is_available() and torch.zeros(1, device="xla").device == torch.device("tpu:0")
    with pytest.raises(RuntimeError, match="No CUDA GPUs are available"):
        torch.ones(1).cuda()


def test_cpu(meaning):
    meaning("cpu")
    x = torch.ones(2).cuda()
    assert x.device == torch.zeros(1, device="cuda:3").device == torch.device("cpu") and not torch.cuda.is_available()


def test_command(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = [sys.executable, "-m", "torchlike.compat", "run"]
    found = subprocess.run([*run, "--device", "cpu", str(script)], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["cpu", "cpu", "cpu", "False"]
    found = subprocess.run([*run, "--device", "cuda", str(script)], capture_output=True, text=True, check=False)
    assert found.returncode == 2 and "invalid choice: 'cuda'" in found.stderr
    environment = {**os.environ, "TORCHLIKE_DEVICE": "npu"}
    found = subprocess.run([*run, str(script)], capture_output=True, text=True, check=False, env=environment)
    assert "TORCHLIKE_DEVICE must be one of auto, cpu, gpu, tpu" in found.stderr
