"""What the benchmarks compare is the same work: every contender has the same loss after some steps."""

from __future__ import annotations

import math

import pytest

from benchmarks import contenders
from benchmarks.models import CASES


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("name", CASES)
def test_contenders_do_the_same(name: str) -> None:
    weights, batches = contenders.initial(name)
    expected = contenders.loop("torch", name, weights, batches)(3)
    for loss in (contenders.handwritten(name, weights, batches)(3), contenders.loop("torchlike", name, weights, batches)(3)):
        assert math.isclose(loss, expected, rel_tol=1e-4)
