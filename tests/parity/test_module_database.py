"""torch's own module database and what stands beside it, sampled: every entry, in both modes where they differ, a share in
every check.

The whole of it: `python -m torchlike.compat parity modules`, or `-m full` here.
"""

from __future__ import annotations

import zlib

import pytest

from torchlike import nn
from torchlike.compat.parity import report
from torchlike.compat.parity.command import CHECKS
from torchlike.compat.parity.module_entries import all_entries
from torchlike.compat.parity.reasons import reason
from torchlike.compat.parity.worker import Plan, run_entry

# A layer beside the database that is missing is for the ledger to tell; the database's own are all there.
KEYS = [key for key, entry in all_entries().items() if not entry.beside or hasattr(nn, key)]
SHARE = 40  # every fortieth entry, by a hash of its name, goes through all checks in the default tier


def complaints(key: str, checks: tuple[str, ...], dtypes: tuple[str, ...] | None = None, most: int | None = None) -> str:
    """What fails without a reason, with the commands that repeat it."""
    plan = Plan(checks, dtypes, most=most, suite="modules")
    results = [r for r in run_entry(key, plan) if not r.good and not reason(r)]
    return report.failures(results, plan)


def test_the_database_is_whole() -> None:
    assert sum(not entry.beside for entry in all_entries().values()) == 114


@pytest.mark.parametrize("key", KEYS)
def test_entry(key: str) -> None:
    """The first input, in training mode; in evaluation mode too where torch's database says that it matters."""
    both = 2 if all_entries()[key].info.train_and_eval_differ else 1
    failed = complaints(key, ("forward", "state_dict", "repr", "init"), ("float32",), most=both)
    assert not failed, failed


@pytest.mark.parametrize("key", [key for key in KEYS if zlib.crc32(key.encode()) % SHARE == 0])
def test_every_check(key: str) -> None:
    failed = complaints(key, CHECKS["modules"], ("float32",), most=2)
    assert not failed, failed


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("key", KEYS)
def test_whole_entry(key: str) -> None:
    failed = complaints(key, CHECKS["modules"])
    assert not failed, failed
