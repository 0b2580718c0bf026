"""`torch.version`: which torch this stands for. There is no CUDA or HIP toolkit behind it: XLA brings its own."""

from __future__ import annotations

__version__ = "2.13.0+torchlike"
debug = False
cuda: str | None = None
hip: str | None = None
rocm: str | None = None
xpu: str | None = None
git_version = "torchlike"
