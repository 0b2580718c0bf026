"""Gamma and Dirichlet numbers: torch's own on the host, from a recorded op on accelerators and inside JAX's transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.base import device as devices
from torchlike.base.promotion import scalar_name
from torchlike.engine import random_gamma
from torchlike.engine.value import Value, aval
from torchlike.tensor import functions as ops
from torchlike.tensor.random_draw import in_program, placed, stream
from torchlike.tensor.tensor import Tensor, bare


def _drawn(kernel: str, row: str, input: Tensor, generator: Any, draw: Callable[[Any, np.ndarray], np.ndarray]) -> Tensor:
    """Numbers as a function of `input`: `draw` makes them on the host; the rows are `<row>_drawn` and `device_<row>`."""
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(input.dtype)}'")
    where = input.device
    if where is devices.META:
        return bare(Value(aval(tuple(input.shape), input.dtype, where)))
    inside = in_program(row.removeprefix("standard_"), generator, input)
    if inside is not None:
        return inside
    values = draw(stream(generator), input._read().numpy())
    kind = input.dtype.np
    smallest = np.array(np.finfo(np.float32).tiny if input.dtype.itemsize < 4 else np.finfo(kind).tiny)
    placed_values = placed(np.maximum(values, smallest).astype(kind), where)
    return getattr(ops, f"{row}_drawn")(placed_values, input) if input.requires_grad else placed_values


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype.itemsize < 4 else values


def _standard_gamma(self: Tensor, generator: Any = None) -> Tensor:
    """Gamma numbers of rate 1 with the concentrations in `self`, whose gradient is an implicit reparametrization."""
    return _drawn(
        "gamma_cpu", "standard_gamma", self, generator, lambda source, alpha: random_gamma.standard_gamma(source, _wide(alpha))
    )


def _standard_gamma_grad(self: Tensor, output: Tensor) -> Tensor:
    """How standard gamma numbers `output` move with their concentrations `self`."""
    return ops.standard_gamma_grad(self, output)


def _sample_dirichlet(self: Tensor, generator: Any = None) -> Tensor:
    """Dirichlet vectors with the concentrations in the last dimension of `self`: normalized gamma numbers."""

    def draw(source: Any, alpha: np.ndarray) -> np.ndarray:
        gammas = random_gamma.standard_gamma(source, alpha.astype(np.float64))
        gammas = np.maximum(gammas, np.finfo(np.float64).tiny)
        return gammas / gammas.sum(-1, keepdims=True)

    return _drawn("dirichlet", "dirichlet", self, generator, draw)


def _dirichlet_grad(x: Tensor, alpha: Tensor, total: Tensor) -> Tensor:
    """How components of Dirichlet vectors move with their concentrations, divided by `1 - x`."""
    return ops.dirichlet_grad(x, alpha, total)


FUNCTIONS = (_standard_gamma, _standard_gamma_grad, _sample_dirichlet, _dirichlet_grad)
