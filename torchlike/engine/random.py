"""Random numbers: the same seed gives the same numbers as torch on CPU, bit for bit.

`Generator` is torch's CPU generator (MT19937, seeded as numpy's RandomState) with torch's recipes for every
distribution, in numpy. Everything here returns numpy arrays; tensors are made of them above. Each method takes
exactly as many 32-bit draws as torch does, so that a program which mixes calls stays in step.
"""

from __future__ import annotations

import math
import operator
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from torchlike.base import device as devices
from torchlike.engine import random_math, random_state
from torchlike.engine.random_checks import check_multinomial, integer_range
from torchlike.engine.random_math import fma32, fma64, libm, round_to

DEFAULT_SEED = 67280421310721
_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)
_REAL_OF: dict[np.dtype, np.dtype] = {np.dtype(np.complex64): _FLOAT32, np.dtype(np.complex128): _FLOAT64}
_CHUNK = 1024  # blocks at a time, so that the temporaries of a normal stay in the processor's cache
_HUGE_PERMUTATION = (2**32 - 1) // 20  # from this size on, a step takes two draws

Shape = int | Sequence[int]


class Generator:
    """A stream of random numbers (torch.Generator). Methods may be called from several threads.

    Args:
        device: kept and reported as `device`; the numbers of the methods below are always drawn on the host. A
            generator of an accelerator is asked for `key_and_counter` instead.

    >>> Generator().manual_seed(0).uniform(2)
    array([0.4962566, 0.7682218], dtype=float32)
    """

    device: devices.device = devices.CPU

    def __init__(self, device: Any = "cpu"):
        self.device = devices.device(device)
        self._lock = threading.RLock()
        self._reset(DEFAULT_SEED)

    def _reset(self, seed: int) -> None:
        self._seed = seed
        self._bits = np.random.MT19937()
        self._bits._legacy_seeding(seed & 0xFFFFFFFF)
        self._fresh = True  # nothing drawn since seeding; torch's state bytes tell this from a block used up
        self._double_cache: float | None = None
        self._float_cache: float | None = None  # never set on CPU; kept so that states go through unchanged
        self._counter = 0

    # Seeds and states

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`, in [-2**63, 2**64); negative seeds count back from 2**64. Returns self.

        Raises:
            RuntimeError: if `seed` is not an integer.
            ValueError: if it does not fit.
        """
        try:
            seed = operator.index(seed)
        except TypeError:
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}") from None
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"Overflow when unpacking long long: a seed lies in [-2**63, 2**64), got {seed}")
        with self._lock:
            self._reset(seed % 2**64)
        return self

    def seed(self) -> int:
        """Start again from a seed of the operating system, and return that seed (53 bits, as in torch)."""
        seed = int.from_bytes(os.urandom(8), "little") & (2**53 - 1)
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed

    def get_state(self) -> Any:
        """The whole state as uint8 (5056,): torch's own bytes, which `torch.Generator.set_state` takes."""
        return self.state_bytes()

    def set_state(self, state: Any) -> Generator:
        """Continue from bytes that `get_state`, here or in torch, returned. Returns self.

        Raises:
            RuntimeError: if the bytes are not such a state.
        """
        return self.set_state_bytes(state)

    def state_bytes(self) -> np.ndarray:
        """`get_state` as a numpy array, whatever a subclass makes of that."""
        with self._lock:
            state = self._bits.state["state"]
            position = 0 if self._fresh else int(state["pos"])
            return random_state.pack(
                random_state.State(self._seed, state["key"], position, self._double_cache, self._float_cache, self._counter)
            )

    def set_state_bytes(self, state: np.ndarray) -> Generator:
        """`set_state` of a numpy array."""
        new = random_state.unpack(state)
        with self._lock:
            self._seed = new.seed
            self._fresh = new.position == 0
            self._bits.state = {
                "bit_generator": "MT19937",
                "state": {"key": new.key, "pos": new.position or random_state.WORDS},
            }
            self._double_cache, self._float_cache, self._counter = new.double_cache, new.float_cache, new.counter
        return self

    def clone_state(self) -> Generator:
        """A new generator that continues with the same numbers."""
        return type(self)(self.device).set_state_bytes(self.state_bytes())

    def graphsafe_get_state(self) -> Generator:
        return self.clone_state()

    def graphsafe_set_state(self, other: Generator) -> Generator:
        return self.set_state_bytes(other.state_bytes())

    def key_and_counter(self) -> tuple[np.ndarray, int]:
        """For counter-based numbers on an accelerator: the seed as uint32 (2,), and a count that rises with each call."""
        with self._lock:
            counter = self._counter
            self._counter += 1
        return np.array([self._seed >> 32, self._seed & 0xFFFFFFFF], np.uint32), counter

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self.device, self.state_bytes())

    def __repr__(self) -> str:
        return f"<torch._C.Generator device={self.device} seed={self._seed}>"

    # Draws

    def _raw32(self, count: int) -> np.ndarray:
        if count:
            self._fresh = False
        return self._bits.random_raw(count)  # uint64, high half zero

    def _raw64(self, count: int) -> np.ndarray:
        raw = self._raw32(2 * count)
        return (raw[0::2] << np.uint64(32)) | raw[1::2]

    def _unit32(self, count: int) -> np.ndarray:
        """Float32 in [0, 1): the low 24 bits of one draw."""
        low = self._raw32(count).astype(np.uint32)
        low &= np.uint32(2**24 - 1)
        unit = low.view(np.int32).astype(np.float32)
        unit *= np.float32(2.0**-24)
        return unit

    def _unit64(self, count: int) -> np.ndarray:
        """Float64 in [0, 1): the low 53 bits of two draws."""
        return (self._raw64(count) & np.uint64(2**53 - 1)) * 2.0**-53

    # Distributions

    def uniform(self, shape: Shape, low: float = 0.0, high: float = 1.0, np_dtype: Any = np.float32) -> np.ndarray:
        """Numbers in [low, high). One draw each, two in float64; a complex number is two of them."""
        dtype = np.dtype(np_dtype)
        real: np.dtype[Any] = _REAL_OF.get(dtype, dtype)
        size = _size(shape) * (1 if real is dtype else 2)
        with self._lock:
            unit = self._unit64(size) if real == _FLOAT64 else self._unit32(size)
        if (low, high) != (0, 1):
            if real == _FLOAT64:
                unit = fma64(unit, high - low, low)
            else:
                low32, high32 = np.float32(low), np.float32(high)
                unit = fma32(unit, high32 - low32, low32)
        values = round_to(unit, real)
        if real in (np.float16, _BFLOAT16) or (low, high) != (0, 1):  # rounding up must not reach the open end
            values[values == real.type(high)] = real.type(low)
        return values.view(dtype).reshape(shape)

    def normal(
        self, shape: Shape, mean: float = 0.0, std: float = 1.0, np_dtype: Any = np.float32, contiguous: bool = True
    ) -> np.ndarray:
        """Normal numbers. A complex number has `std` as a whole, so `std / sqrt(2)` in each part.

        Args:
            contiguous: False where the tensor to fill is not; torch then draws number by number at any size, in the
                order of memory, so that `shape` is the shape in that order.
        """
        dtype = np.dtype(np_dtype)
        if dtype in _REAL_OF:
            doubled = self.normal(2 * _size(shape), mean, std / math.sqrt(2.0), _REAL_OF[dtype], contiguous)
            return doubled.view(dtype).reshape(shape)
        size = _size(shape)
        with self._lock:
            if size < 16 or not contiguous:
                values = fma64(self._normal_pairs(size), std, mean)
            elif dtype == _FLOAT64:
                values = fma64(self._normal_blocks(size, self._unit64, _box_muller64), std, mean)
            else:
                whole = size if dtype == _FLOAT32 else -(-size // 16) * 16
                values = self._normal_blocks(whole, self._unit32, _box_muller32)
                if (mean, std) != (0, 1):
                    values = fma32(values, np.float32(std), np.float32(mean))
                if whole != size:  # the 16-bit floats draw whole blocks: the last one stands for the last 16 numbers
                    values = np.concatenate([values[: size - 16], values[-16:]])
        return round_to(values, dtype).reshape(shape)

    def _normal_blocks(self, size: int, unit: Callable, box_muller: Callable) -> np.ndarray:
        """Blocks of 16. A last block that is not full is replaced, with what stands before it, by 16 new numbers."""
        values = unit(size)
        whole = size - size % 16
        values[:whole] = box_muller(values[:whole])
        if whole != size:
            values[-16:] = box_muller(unit(16))
        return values

    def _normal_pairs(self, size: int) -> np.ndarray:
        """Float64 normals two at a time. An odd one is kept for the next call."""
        kept = [] if self._double_cache is None or not size else [self._double_cache]
        if kept:
            self._double_cache = None
        missing = size - len(kept)
        pairs = self._unit64(missing + missing % 2).reshape(-1, 2)
        radius = np.sqrt(-2.0 * libm(math.log1p, -pairs[:, 1]))
        angle = 2.0 * math.pi * pairs[:, 0]
        drawn = np.stack([radius * libm(math.cos, angle), radius * libm(math.sin, angle)], 1).ravel()
        if missing % 2:
            self._double_cache = float(drawn[-1])
        return np.concatenate([kept, drawn[:missing]])

    def log_normal(self, shape: Shape, mean: float = 1.0, std: float = 2.0, np_dtype: Any = np.float32) -> np.ndarray:
        with self._lock:
            normal = fma64(self._normal_pairs(_size(shape)), std, mean)
        with np.errstate(over="ignore"):
            return round_to(_exact(math.exp, np.exp, normal, np_dtype), np.dtype(np_dtype)).reshape(shape)

    def exponential(self, shape: Shape, lambd: float = 1.0, np_dtype: Any = np.float32) -> np.ndarray:
        with self._lock:
            unit = self._unit64(_size(shape))
        values = (-1.0 / lambd) * _exact(math.log1p, np.log1p, -unit, np_dtype)
        return round_to(values, np.dtype(np_dtype)).reshape(shape)

    def cauchy(self, shape: Shape, median: float = 0.0, sigma: float = 1.0, np_dtype: Any = np.float32) -> np.ndarray:
        with self._lock:
            unit = self._unit64(_size(shape))
        tangent = _exact(math.tan, np.tan, math.pi * (unit - 0.5), np_dtype)
        with np.errstate(over="ignore"):
            return round_to(fma64(tangent, sigma, median), np.dtype(np_dtype)).reshape(shape)

    def geometric(self, shape: Shape, p: float, np_dtype: Any = np.float32) -> np.ndarray:
        """How many trials until the first success, each with probability `p` in (0, 1)."""
        with self._lock:
            unit = self._unit64(_size(shape))
        with np.errstate(divide="ignore", invalid="ignore"):
            trials = np.ceil(_exact(math.log, np.log, np.maximum(unit, 5e-324), np_dtype) / math.log1p(-p))
        return round_to(trials, np.dtype(np_dtype)).reshape(shape)

    def bernoulli(self, shape: Shape, p: float = 0.5) -> np.ndarray:
        """A mask, True with probability `p`. Two draws each: what `bernoulli_(p)` and dropout take."""
        with self._lock:
            return (self._unit64(_size(shape)) < p).reshape(shape)

    def bernoulli_tensor(self, p: np.ndarray) -> np.ndarray:
        """A mask of the shape of `p`, True with each element's probability. One draw each, two for float64."""
        with self._lock:
            if p.dtype == _FLOAT64:
                return self._unit64(p.size).reshape(p.shape) < p
            return self._unit32(p.size).reshape(p.shape) < p.astype(np.float32)

    # Integers

    def randint(self, shape: Shape, low: int, high: int, np_dtype: Any = np.int64) -> np.ndarray:
        """Integers in [low, high), in any dtype."""
        return self.random_(shape, low, high, np_dtype)

    def random_(self, shape: Shape, low: int = 0, high: int | None = None, np_dtype: Any = np.int64) -> np.ndarray:
        """`Tensor.random_`: integers in [low, high); without `high` up to the largest that the dtype holds exactly.

        Raises:
            RuntimeError: if the range is empty or the dtype cannot hold it.
        """
        dtype = np.dtype(np_dtype)
        low, span, wide = integer_range(dtype, low, high)
        with self._lock:
            values = (self._raw64 if wide else self._raw32)(_size(shape))
        if span < 2**64:
            values %= np.uint64(span)
        values += np.uint64(low % 2**64)
        return values.view(np.uint64 if dtype == np.uint64 else np.int64).astype(dtype).reshape(shape)

    def randperm(self, n: int, np_dtype: Any = np.int64) -> np.ndarray:
        """The numbers 0 to n - 1 in random order: a forward Fisher-Yates shuffle, one draw a step."""
        if n < 0:
            raise RuntimeError(f"n must be non-negative, got {n}")
        steps = max(n - 1, 0)
        with self._lock:
            draws = (self._raw64 if n >= _HUGE_PERMUTATION else self._raw32)(steps)
        first = np.arange(steps, dtype=np.uint64)
        others = (draws % (np.uint64(n) - first) + first).tolist()
        order = list(range(n))
        for i, j in enumerate(others):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np_dtype)

    def multinomial(self, weights: np.ndarray, count: int, replacement: bool = False) -> np.ndarray:
        """Indices drawn in proportion to `weights` (N,) or (B, N), which need not sum to 1. Returns int64 (..., count)."""
        check_multinomial(weights, count, replacement)
        if replacement and count > 1:
            return self._multinomial_with_replacement(weights, count)
        with np.errstate(divide="ignore"):
            scores = weights / self.exponential(weights.shape, 1.0, weights.dtype)
        if count == 1:
            return scores.argmax(-1, keepdims=True)
        return np.argsort(-scores, axis=-1, kind="stable")[..., :count].astype(np.int64)

    def _multinomial_with_replacement(self, weights: np.ndarray, count: int) -> np.ndarray:
        rows = np.atleast_2d(weights)
        rows = rows if rows.dtype == np.float64 else rows.astype(np.float32)
        cumulative = np.cumsum(rows, axis=-1, dtype=rows.dtype)
        cumulative /= cumulative[:, -1:]
        with self._lock:
            unit = self._unit64(len(rows) * count).reshape(len(rows), count)
        last = rows.shape[-1] - 1
        picked = [np.minimum(np.searchsorted(c, u, side="left"), last) for c, u in zip(cumulative, unit, strict=True)]
        return np.array(picked, np.int64).reshape(*weights.shape[:-1], count)


def _rebuild(kind: type[Generator], device: Any, state: np.ndarray) -> Generator:
    return kind(device).set_state_bytes(state)


def _size(shape: Shape) -> int:
    return math.prod(shape) if isinstance(shape, Sequence) else int(shape)


def _exact(of_float: Callable, of_array: Callable, values: np.ndarray, np_dtype: Any) -> np.ndarray:
    """A function in float64. Only a float64 result shows the last bit, so only it takes the slow exact way."""
    return libm(of_float, values) if np.dtype(np_dtype) == _FLOAT64 else of_array(values)


def _box_muller32(unit: np.ndarray) -> np.ndarray:
    """Blocks of 16 uniforms, 8 for the radius and 8 for the angle, to 16 normals."""
    blocks = unit.reshape(-1, 16)
    out = np.empty_like(blocks)
    for start in range(0, len(blocks), _CHUNK):
        block = blocks[start : start + _CHUNK]
        radius = np.sqrt(np.float32(-2) * random_math.log32(np.float32(1) - block[:, :8]))
        sin, cos = random_math.sincos32(np.float32(2 * math.pi) * block[:, 8:])
        np.multiply(radius, cos, out=out[start : start + _CHUNK, :8])
        np.multiply(radius, sin, out=out[start : start + _CHUNK, 8:])
    return out.ravel()


def _box_muller64(unit: np.ndarray) -> np.ndarray:
    block = unit.reshape(-1, 16)
    radius = np.sqrt(-2.0 * libm(math.log, 1.0 - block[:, :8]))
    angle = 2.0 * math.pi * block[:, 8:]
    return np.concatenate([radius * libm(math.cos, angle), radius * libm(math.sin, angle)], 1).ravel()


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator (anything that `int` takes) and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> np.ndarray:
    """The default generator's state, uint8 (5056,)."""
    return default_generator.state_bytes()


def set_rng_state(state: np.ndarray) -> None:
    """Set the default generator's state."""
    default_generator.set_state_bytes(state)
