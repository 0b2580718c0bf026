"""The random choices of transforms: numbers of torch's default generator, drawn on the host as torch draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchlike.engine import random as source
from torchlike.engine.random_gamma import standard_gamma

__all__ = ["dirichlet", "integer", "multinomial", "normal", "permutation", "ratio_log_uniform", "uniform", "unit", "units"]


def unit() -> float:
    """A number in [0, 1): `torch.rand(1)`."""
    return float(source.default_generator.uniform((1,))[0])


def units(*shape: int) -> np.ndarray:
    """Numbers in [0, 1): `torch.rand(shape)`, float32."""
    return source.default_generator.uniform(shape)


def uniform(low: float, high: float) -> float:
    """A number in [low, high): `torch.empty(1).uniform_(low, high)`."""
    return float(source.default_generator.uniform((1,), float(low), float(high))[0])


def integer(low: int, high: int) -> int:
    """A whole number in [low, high): `torch.randint(low, high, (1,))`."""
    return int(source.default_generator.randint((1,), int(low), int(high))[0])


def permutation(n: int) -> list[int]:
    """The numbers below n in random order: `torch.randperm(n)`."""
    return source.default_generator.randperm(n).tolist()


def multinomial(weights: Sequence[float]) -> int:
    """An index, in proportion to the weights: `torch.multinomial(torch.tensor(weights), 1)`."""
    return int(source.default_generator.multinomial(np.asarray(weights, np.float32), 1)[0])


def normal(shape: Sequence[int], dtype: Any = np.float32) -> np.ndarray:
    """`torch.empty(shape).normal_()`."""
    return source.default_generator.normal(tuple(shape), np_dtype=dtype)


def ratio_log_uniform(ratio: Sequence[float]) -> float:
    """An aspect ratio whose logarithm is uniform between the logarithms of the two given, all in float32 as torch's."""
    low, high = (float(x) for x in np.log(np.asarray(ratio, np.float32)))
    return float(np.exp(np.float32(uniform(low, high))))


def dirichlet(concentration: Sequence[float]) -> np.ndarray:
    """Shares that add up to 1, float32: `torch._sample_dirichlet(torch.tensor(concentration))`."""
    drawn = standard_gamma(source.default_generator, np.asarray(concentration, np.float32).astype(np.float64))
    return (drawn / drawn.sum()).astype(np.float32)
