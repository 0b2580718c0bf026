"""Quasi-random numbers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from torchlike.base import dtypes
from torchlike.engine import random
from torchlike.engine.value import host
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare

__all__ = ["SobolEngine"]


class SobolEngine:
    """Points of a Sobol sequence (with the direction numbers of Joe and Kuo, 2008), torch's own where they are not scrambled.

    Args:
        dimension: 1 to `MAXDIM`.
        scramble: scramble them (Owen). The numbers differ from torch's.
        seed: of the scrambling; drawn where it is None.

    Raises:
        ValueError: for a dimension outside that range.

    >>> import torchlike as torch
    >>> torch.quasirandom.SobolEngine(2).draw(3)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500]])
    """

    MAXBIT = 30
    MAXDIM = 21201

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None):
        if dimension > self.MAXDIM or dimension < 1:
            raise ValueError(f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]")
        self.dimension, self.scramble, self.seed = dimension, scramble, seed
        if scramble and seed is None:
            seed = int(random.default_generator.randint((1,), 0, 2**31 - 1, np.int64)[0])
        self._seed = seed
        self.reset()

    def reset(self) -> SobolEngine:
        """Go back to the first point."""
        from scipy.stats import qmc  # a tenth of a second, for few

        self._points = qmc.Sobol(self.dimension, scramble=self.scramble, bits=self.MAXBIT, rng=self._seed)
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Leave out `n` points."""
        self._points.fast_forward(n)
        self.num_generated += n
        return self

    def draw(self, n: int = 1, out: Tensor | None = None, dtype: Any = None) -> Tensor:
        """The next `n` points, `(n, dimension)`, in [0, 1)."""
        kind = dtype or dtypes.get_default_dtype()
        with warnings.catch_warnings():  # scipy minds that n is no power of 2, torch does not
            warnings.simplefilter("ignore")
            points = self._points.random(n).astype(kind.np)
        self.num_generated += n
        made = bare(host(points))
        return made if out is None else out.resize_(made.shape).copy_(made)

    def draw_base2(self, m: int, out: Tensor | None = None, dtype: Any = None) -> Tensor:
        """The next `2**m` points. Raises ValueError where the sum of points drawn would be no power of 2."""
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                f"The balance properties of Sobol' points require n to be a power of 2. {self.num_generated} points have been "
                f"previously generated, then: n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(n, out, dtype)

    def __repr__(self) -> str:
        seed = f", seed={self.seed}" if self.seed is not None else ""
        return f"SobolEngine(dimension={self.dimension}, scramble={self.scramble}{seed})".replace(", scramble=False", "")
