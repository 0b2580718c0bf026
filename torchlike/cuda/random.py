"""Random states of GPUs: one generator, the default one, draws for all devices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlike.engine import random as source
from torchlike.tensor import Tensor
from torchlike.tensor import random as draws


def manual_seed(seed: int) -> None:
    """Seed the default generator."""
    source.manual_seed(seed)


manual_seed_all = manual_seed


def seed() -> None:
    """Seed the default generator with a number that nobody knows."""
    source.seed()


seed_all = seed


def initial_seed() -> int:
    """The seed of the default generator."""
    return source.initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """The default generator's state, uint8."""
    return draws.get_rng_state()


def get_rng_state_all() -> list[Tensor]:
    """The default generator's state, once."""
    return [get_rng_state()]


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """Set the default generator's state."""
    draws.set_rng_state(new_state)


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """Set the default generator's state to the first of the states."""
    for state in list(new_states)[:1]:
        set_rng_state(state)
