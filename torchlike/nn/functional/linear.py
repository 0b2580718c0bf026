"""Linear and bilinear maps."""

from __future__ import annotations

from torchlike.tensor import functions as ops

linear = ops.linear
bilinear = ops.bilinear
