"""torch's own operator database, sampled: every public entry forward and backward, every check on a share of them.

The whole of it: `python -m torchlike.compat parity ops` (about an hour on two cores), or `-m full` here.
"""

from __future__ import annotations

import zlib

import pytest

from torchlike.compat.parity import report
from torchlike.compat.parity.command import CHECKS
from torchlike.compat.parity.entries import all_entries
from torchlike.compat.parity.reasons import reason
from torchlike.compat.parity.worker import Plan, run_entry

KEYS = [key for key, entry in all_entries().items() if entry.family != "private"]
SHARE = 12  # every twelfth entry, by a hash of its name, goes through all checks in the default tier


def complaints(key: str, plan: Plan) -> str:
    """What fails without a reason, with the commands that repeat it."""
    results = [r for r in run_entry(key, plan) if not r.good and not reason(r)]
    return report.failures(results, plan)


@pytest.mark.sampled(0.4)
@pytest.mark.parametrize("key", KEYS)
def test_forward(key: str) -> None:
    failed = complaints(key, Plan(("forward",), ("float32",), most=2))
    assert not failed, failed


@pytest.mark.sampled(0.4)
@pytest.mark.parametrize("key", KEYS)
def test_gradient(key: str) -> None:
    failed = complaints(key, Plan(("gradient",), ("float64",), most=1))
    assert not failed, failed


@pytest.mark.sampled(0.3)
@pytest.mark.parametrize("key", [key for key in KEYS if zlib.crc32(key.encode()) % SHARE == 0])
def test_every_check(key: str) -> None:
    failed = complaints(key, Plan(CHECKS["ops"], most=2))
    assert not failed, failed


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("key", KEYS)
def test_whole_entry(key: str) -> None:
    failed = complaints(key, Plan(CHECKS["ops"]))
    assert not failed, failed
