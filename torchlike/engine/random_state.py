"""The bytes of a CPU generator's state, as torch lays them out.

632 words of 8 bytes: seed; `left` and `seeded`; `next`; 624 words of MT19937; normal_x, normal_y, normal_rho and
normal_is_valid; one float with its flag. torch reads normal_y only; normal_x carries our device counter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

WORDS = 624
_STATE = np.dtype(
    [
        ("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("key", "<u8", (WORDS,)),
        ("normal_x", "<u8"), ("normal_y", "<f8"), ("normal_rho", "<f8"), ("normal_is_valid", "<i4"), ("pad", "<i4"),
        ("float_sample", "<f4"), ("float_is_valid", "u1"), ("pad2", "u1", (3,)),
    ]
)  # fmt: skip


class State(NamedTuple):
    """What a generator is: the numbers in `key` from `position` on are still to be used; 0 means freshly seeded."""

    seed: int
    key: np.ndarray
    position: int
    double_cache: float | None
    float_cache: float | None
    counter: int


def pack(state: State) -> np.ndarray:
    """To uint8 (5056,)."""
    packed = np.zeros((), _STATE)
    packed["seed"] = state.seed
    packed["left"] = 1 if state.position == 0 else WORDS + 1 - state.position
    packed["seeded"] = 1
    packed["next"] = state.position
    packed["key"] = state.key
    packed["normal_x"] = state.counter
    if state.double_cache is not None:
        packed["normal_y"], packed["normal_is_valid"] = state.double_cache, 1
    if state.float_cache is not None:
        packed["float_sample"], packed["float_is_valid"] = state.float_cache, 1
    return np.frombuffer(packed.tobytes(), np.uint8).copy()


def unpack(array: np.ndarray) -> State:
    """From uint8 (5056,).

    Raises:
        RuntimeError: if the array has another dtype or size, or holds no valid MT19937 state.
    """
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise TypeError(f"expected a torch.ByteTensor, but got {array.dtype}")
    if array.size != _STATE.itemsize:
        raise RuntimeError(
            f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input RNG state size to be {array.size}"
        )
    packed = np.frombuffer(array.tobytes(), _STATE)[0]
    left, following = int(packed["left"]), int(packed["next"])
    if not (packed["seeded"] == 1 and 0 < left <= WORDS and following <= WORDS):
        raise RuntimeError("Invalid mt19937 state")
    return State(
        int(packed["seed"]),
        packed["key"].astype(np.uint32),
        WORDS if left == 1 and following else following,
        float(packed["normal_y"]) if packed["normal_is_valid"] else None,
        float(packed["float_sample"]) if packed["float_is_valid"] else None,
        int(packed["normal_x"]),
    )
