"""Interleaved timing: every contender has a short round in turn, again and again, so that a busy machine slows all alike."""

from __future__ import annotations

import contextlib
import gc
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

# What the threads of the previous contender need to fall asleep before the next one is timed.
PAUSE = 0.01


@dataclass
class Times:
    """Seconds per step of one contender, one entry for each round."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a share of the median."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / 2 / self.median


class TookTooLong(Exception):
    """A contender did not finish its preparation in time."""


@contextlib.contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TookTooLong in the body after that many seconds."""

    def stop(*_: object) -> None:
        raise TookTooLong(f"more than {seconds} s")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def steps_for(contender: Callable[[int], object], seconds: float) -> int:
    """How many steps fill about that many seconds."""
    steps = 1
    while True:
        start = time.perf_counter()
        contender(steps)
        taken = time.perf_counter() - start
        if taken >= seconds / 4:
            return max(3, round(steps * seconds / taken))
        steps *= 4


def interleave(contenders: dict[str, Callable[[int], object]], seconds: float, rounds: int) -> dict[str, Times]:
    """Time `rounds` rounds of about that many seconds of every contender, in turn; each round follows two untimed steps."""
    steps = {name: steps_for(contender, seconds) for name, contender in contenders.items()}
    times = {name: Times() for name in contenders}
    order = list(contenders)
    for i in range(rounds):
        for name in order[i % len(order) :] + order[: i % len(order)]:  # nobody always follows the same neighbour's start
            time.sleep(PAUSE)
            gc.collect()
            contenders[name](2)
            start = time.perf_counter()
            contenders[name](steps[name])
            times[name].seconds.append((time.perf_counter() - start) / steps[name])
    return times
