"""Tensors: the mutable cell, its views, and everything that torch hangs on it."""

from __future__ import annotations

from torchlike import ops as _ops  # fills the op table before anything looks into it
from torchlike.tensor import attach as _attach
from torchlike.tensor.parameter import Buffer, Parameter
from torchlike.tensor.rebuilt import _rebuild_from_type_v2
from torchlike.tensor.tensor import Tensor

_attach.attach(Tensor)

__all__ = ["Buffer", "Parameter", "Tensor"]
