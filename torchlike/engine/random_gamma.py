"""Gamma numbers, drawn one after the other: how many uniform and normal numbers each takes depends on their values.

G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM Transactions on Mathematical Software 26,
2000. Below 1 a concentration is raised by 1, and the result scaled by a power of a uniform number.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from torchlike.engine.random import Generator

_BLOCK = 256
# Constants of torch's kernel are float32, and so seen in the last digits of float64 numbers.
_THIRD = float(np.float32(1.0) / np.float32(3.0))
_SQUEEZE = float(np.float32(0.0331))


class _Source:
    """Uniform numbers in [0, 1) and normal ones, both from 53-bit draws taken in blocks."""

    def __init__(self, generator: Generator):
        self._generator = generator
        self._before = generator.state_bytes()
        self._block: list[float] = []
        self._used = 0
        self._kept = generator._double_cache

    def uniform(self) -> float:
        place = self._used % _BLOCK
        if place == 0:
            self._block = self._generator._unit64(_BLOCK).tolist()
        self._used += 1
        return self._block[place]

    def normal(self) -> float:
        """Box and Muller; the second of a pair is kept for the next call, as in every other normal number of torch's."""
        if self._kept is not None:
            found, self._kept = self._kept, None
            return found
        angle = 2.0 * math.pi * self.uniform()
        radius = math.sqrt(-2.0 * math.log1p(-self.uniform()))
        self._kept = radius * math.sin(angle)
        return radius * math.cos(angle)

    def give_back(self) -> None:
        """Leave the generator as if only what was used had been drawn."""
        self._generator.set_state_bytes(self._before)
        self._generator._unit64(self._used)
        self._generator._double_cache = self._kept


def standard_gamma(generator: Generator, concentrations: np.ndarray) -> np.ndarray:
    """A gamma number of rate 1 per concentration, float64; steps that know nothing but these are rounded in their dtype."""
    with np.errstate(divide="ignore", over="ignore"):
        powers = (1 / concentrations).astype(np.float64)
        raised = np.where(concentrations < 1, concentrations + concentrations.dtype.type(1), concentrations)
        rooms = (raised - concentrations.dtype.type(_THIRD)).astype(np.float64)
    each = zip(concentrations.ravel().tolist(), powers.ravel().tolist(), rooms.ravel().tolist(), strict=True)
    with generator._lock:
        source = _Source(generator)
        drawn = [_gamma(alpha, power, d, source.uniform, source.normal) for alpha, power, d in each]
        source.give_back()
    return np.array(drawn, np.float64).reshape(concentrations.shape)


def _gamma(alpha: float, power: float, d: float, uniform: Callable[[], float], normal: Callable[[], float]) -> float:
    if alpha == 0.0:
        return 0.0
    scale = (1 - uniform()) ** power if alpha < 1.0 else 1.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        y = -1.0
        while y <= 0:
            x = normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1 - uniform()
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square or math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v
