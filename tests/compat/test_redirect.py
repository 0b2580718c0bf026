"""`import torch` under the redirect, in processes of its own: real torch is imported in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from torchlike import compat

CHECKS = """
import importlib.metadata, importlib.util, multiprocessing, subprocess, sys
import torch
import torch.nn.functional as F
import torchlike, torchlike.nn.functional
from torch.utils.data import DataLoader
from torch import nn
from torchvision.ops.misc import FrozenBatchNorm2d
import torchvision, torchvision.transforms.functional
from torchvision import datasets, models, transforms
from torchvision.models.resnet import Bottleneck

assert torch is torchlike
assert nn is torchlike.nn is sys.modules["torch.nn"]
assert F is torchlike.nn.functional
assert nn.__spec__.name == "torchlike.nn"
assert importlib.metadata.version("torch") == "2.13.0"
assert importlib.metadata.version("torchvision") == "0.28.0"
assert torch.__version__.startswith("2.13.0")
assert "torch" in importlib.metadata.packages_distributions()
assert importlib.util.find_spec("torch") and importlib.util.find_spec("torch.nn.modules.conv")
assert importlib.util.find_spec("torch.no_such_module") is None
try:
    import torch.engine
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("torch has no such module")
assert torchvision is torchlike.vision and torchvision.models.resnet50 is models.resnet50
assert torchvision.__version__ == importlib.metadata.version("torchvision")
assert isinstance(transforms.ToTensor(), torchvision.transforms.transforms.ToTensor)
assert FrozenBatchNorm2d(3)(torch.ones(1, 3, 2, 2)).shape == (1, 3, 2, 2)
assert not torch.jit.is_scripting() and not hasattr(torch.jit, "nonsense")
from torch.distributed.fsdp import FullyShardedDataParallel, ShardingStrategy
from torch.distributed.fsdp.wrap import ModuleWrapPolicy
assert not isinstance(nn.Linear(1, 1), FullyShardedDataParallel)
assert importlib.util.find_spec("torch.distributed.no_such_module") is None
try:
    FullyShardedDataParallel(nn.Linear(1, 1))
except NotImplementedError as error:
    assert "torch.distributed.fsdp.FullyShardedDataParallel" in str(error)
else:
    assert FullyShardedDataParallel.__module__.startswith("torchlike")
try:
    torch.fx.no_such_function
except NotImplementedError as error:
    assert "torch.fx.no_such_function" in str(error)
else:
    raise AssertionError
"""


def python(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_run(tmp_path: Path) -> None:
    """A script by command, and a child of it, which sees the redirect too."""
    script = tmp_path / "script.py"
    child = "import torch; print(torch.__name__)"
    script.write_text(
        CHECKS + f"print(__name__, sys.argv[1:], flush=True)\nsubprocess.run([sys.executable, '-c', {child!r}])\n"
    )
    found = python("-m", "torchlike.compat", "run", str(script), "--lr", "0.1")
    assert found.splitlines() == ["__main__ ['--lr', '0.1']", "torchlike"]


def test_in_process() -> None:
    python("-c", "from torchlike import compat; compat.install()\n" + CHECKS)


def test_path() -> None:
    """By PYTHONPATH; the variable TORCHLIKE_REDIRECT=0 turns it off."""
    path = str(Path(compat.__file__).parent / "path")
    show = "import sys; import torch; print(torch.__name__)"
    assert python("-c", show, PYTHONPATH=path) == "torchlike"
    found = "import importlib.util as u; print(u.find_spec('torch').origin)"
    assert "torchlike" not in python("-c", found, PYTHONPATH=path, TORCHLIKE_REDIRECT="0")


def test_refused_after_real_torch() -> None:
    assert "torch" in sys.modules
    with pytest.raises(RuntimeError, match="already imported"):
        compat.install()
    assert not compat.active()


def test_packaged() -> None:
    """What is no module of a package, and is needed where torchlike is installed, is named in setup.py."""
    text = (Path(compat.__file__).resolve().parent.parent / "setup.py").read_text()
    assert '"torchlike.compat": ["path/*.py"]' in text
    assert '"coverage.csv"' in text
