"""Random programs agree with torch: elements, strides, flags, gradients and errors. See programs.py for what they hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.programs import build
from tests.fuzz.run import difference, shrink
from torchlike.engine import program as program_cache

CHUNK = 20


@pytest.fixture(autouse=True)
def forget_programs() -> Iterator[None]:
    """No two random programs are alike: compiled ones would only fill the memory."""
    yield
    program_cache.clear()


def agree(seeds: range) -> None:
    for seed in seeds:
        recorded = seed % 2 == 0
        program = build(seed)
        if difference(program, recorded):
            program = shrink(program, recorded)
            pytest.fail(
                f"{program.script}\n\n{difference(program, recorded)}\n\nrepeat with: python -m tests.fuzz.run {seed} --shrink",
                pytrace=False,
            )


@pytest.mark.sampled(0.6)
@pytest.mark.parametrize("start", range(0, 100, CHUNK))
def test_random_programs(start: int) -> None:
    agree(range(start, start + CHUNK))


@pytest.mark.full
@pytest.mark.parametrize("start", range(100, 2000, CHUNK))
def test_more_random_programs(start: int) -> None:
    agree(range(start, start + CHUNK))
