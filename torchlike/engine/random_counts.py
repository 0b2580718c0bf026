"""Poisson and binomial numbers, drawn one after the other: how many uniform numbers each takes depends on their values.

Small rates: Knuth's product of uniforms, and Devroye's sum of geometric waiting times. Large ones: the transformed rejection
methods PTRS and BTRS of W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance:
Mathematics and Economics 12, 1993, and "The generation of binomial random variates", J. Stat. Comput. Simul. 46, 1993.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from torchlike.engine.random import Generator

Uniform = Callable[[], float]
_BLOCK = 256


def poisson(generator: Generator, rates: np.ndarray) -> np.ndarray:
    """A Poisson number per rate, float64."""
    return _each(generator, lambda uniform: [_poisson(rate, uniform) for rate in rates.ravel().tolist()], rates)


def binomial(generator: Generator, counts: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """The number of successes in `counts` trials of chance `chances` (both of one shape), float64."""
    pairs = list(zip(counts.ravel().tolist(), chances.ravel().tolist(), strict=True))
    return _each(generator, lambda uniform: [_binomial(n, p, uniform) for n, p in pairs], counts)


def _each(generator: Generator, draw: Callable[[Uniform], list], like: np.ndarray) -> np.ndarray:
    """Run `draw` with a source of uniforms that takes them in blocks, and give back to the generator those not used."""
    used = 0
    block: list[float] = []

    def uniform() -> float:
        nonlocal used, block
        place = used % _BLOCK
        if place == 0:
            block = generator._unit64(_BLOCK).tolist()
        used += 1
        return block[place]

    with generator._lock:
        before = generator.state_bytes()
        drawn = draw(uniform)
        if used % _BLOCK:
            generator.set_state_bytes(before)
            generator._unit64(used)
    return np.array(drawn, np.float64).reshape(like.shape)


def _poisson(rate: float, uniform: Uniform) -> float:
    if not rate >= 0:
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    if rate == 0:
        return 0.0
    if rate >= 10:
        return _poisson_rejected(rate, uniform)
    floor, product, found = math.exp(-rate), uniform(), 0
    while product > floor:
        product *= uniform()
        found += 1
    return float(found)


def _poisson_rejected(rate: float, uniform: Uniform) -> float:
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    surely = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= surely:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        if math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b) <= k * log_rate - rate - math.lgamma(k + 1):
            return float(k)


def _binomial(count: float, chance: float, uniform: Uniform) -> float:
    if math.isnan(count) or math.isnan(chance):
        return math.nan
    if count <= 0 or chance <= 0:
        return 0.0
    if chance >= 1:
        return count
    if chance > 0.5:
        return count - _binomial_up_to_half(count, 1 - chance, uniform)
    return _binomial_up_to_half(count, chance, uniform)


def _binomial_up_to_half(count: float, chance: float, uniform: Uniform) -> float:
    if count * chance >= 10:
        return _binomial_rejected(count, chance, uniform)
    scale, waited, found = math.log1p(-chance), 0.0, 0
    while True:
        waited += math.ceil(_log(uniform()) / scale)
        if waited > count:
            return float(found)
        found += 1


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -1e308


def _binomial_rejected(n: float, p: float, uniform: Uniform) -> float:
    deviation = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    surely = 0.92 - 4.2 / b
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((n + 1) * p)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if us >= 0.07 and v <= surely:
            return float(k)
        if k < 0 or k > n:
            continue
        limit = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (n - mode + 1)))
            + (n + 1) * math.log((n - mode + 1) / (n - k + 1))
            + (k + 0.5) * math.log(odds * (n - k + 1) / (k + 1))
            + (_stirling(mode) + _stirling(n - mode) - _stirling(k) - _stirling(n - k))
        )
        if _log(v * alpha / (a / (us * us) + b)) <= limit:
            return float(k)


def _stirling(k: float) -> float:
    """What Stirling's formula for log(k!) leaves out."""
    if k < 10:
        return math.lgamma(k + 1) - ((k + 0.5) * math.log(k + 1) - (k + 1) + 0.5 * math.log(2 * math.pi))
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)
