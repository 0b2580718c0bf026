"""The state of a loader in the middle of an epoch, and the way back to it (as torchdata's StatefulDataLoader).

What is kept are the generators as they were when the epoch began, and how many batches were given since: the sampler is
asked again for its order and goes past those. A dataset (or a stream's iterator) with a `state_dict` of its own is asked for
that; a stream without one is read again up to where it was.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from torchlike.engine import random

if TYPE_CHECKING:
    from torchlike.utils.data.dataloader import DataLoader

VERSION = 1


def generators(loader: DataLoader) -> dict[str, Any]:
    """Every generator that the order of an epoch may depend on."""
    found = {"default": random.default_generator, "loader": loader.generator}
    samplers = {"sampler": loader.sampler, "batch_sampler": loader.batch_sampler}
    samplers["inner"] = getattr(loader.batch_sampler, "sampler", None)
    found |= {name: getattr(sampler, "generator", None) for name, sampler in samplers.items()}
    kept: dict[str, Any] = {}
    for name, generator in found.items():
        if isinstance(generator, random.Generator) and not any(generator is other for other in kept.values()):
            kept[name] = generator
    return kept


def states(loader: DataLoader) -> dict[str, Any]:
    return {name: generator.get_state() for name, generator in generators(loader).items()}


@contextmanager
def begun(loader: DataLoader, resumed: dict | None) -> Iterator[dict[str, Any]]:
    """While an epoch's order begins: yields the generators' states of that moment.

    For one that is resumed they are put back to what they were. The default generator is the user's own, and is left as it is.
    """
    if resumed is None:
        yield states(loader)
        return
    own = generators(loader)
    before = random.default_generator.get_state()
    for name, state in resumed["generators"].items():
        if name in own:
            own[name].set_state(state)
    try:
        yield resumed["generators"]
    finally:
        random.default_generator.set_state(before)


def skip(indices: Iterator, resumed: dict) -> None:
    """Go past the batches that were given before."""
    for _ in itertools.islice(indices, resumed["yielded"]):
        pass
