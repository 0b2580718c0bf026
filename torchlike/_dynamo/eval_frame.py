"""`torch._dynamo.eval_frame`: what a compiled module is."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.compiler.compiled import OptimizedModule

__all__ = ["OptimizedModule"]

__getattr__ = absent("torch._dynamo.eval_frame")
