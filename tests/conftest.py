"""What every test runs under: eight fake CPU devices, one thread of torch, a cache of programs of its own, a fixed seed."""

from __future__ import annotations

import importlib.util
import os
import random
import zlib
from pathlib import Path
from typing import Any

# JAX reads these when it is first imported, so they are set before anything else here.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = " ".join([os.environ.get("XLA_FLAGS", ""), "--xla_force_host_platform_device_count=8"]).strip()
# Compiled programs are kept from one run to the next: most of the time of these tests is compilation.
os.environ.setdefault("TORCHLIKE_CACHE", str(Path(__file__).parent / ".cache"))

import numpy as np
import pytest
import torch

import torchlike
from torchlike.engine import compilations

if os.environ.get("CI"):  # there, everything that the default tests need is to be installed: what is missing fails
    pytest.importorskip = lambda name, *_, **__: importlib.import_module(name)

SEED = 20240229

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed() -> int:
    """Seed Python, numpy, torch and torchlike; return the seed."""
    random.seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - users' code and scikit-learn read the global state
    torch.manual_seed(SEED)
    torchlike.manual_seed(SEED)
    compilations.clear()  # what other tests compiled is not this one's: their sum must not warn here
    return SEED


@pytest.fixture
def rng() -> np.random.Generator:
    """A numpy generator, the same in every test: inputs for torch and torchlike alike."""
    return np.random.default_rng(SEED)


@pytest.hookimpl(tryfirst=True)  # before pytest looks at -m
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most of a long table to the tier `full`, and skip what is marked `tpu` where there is no TPU compiler.

    Of a table marked `sampled(share)` the default run takes that share, the same cases each time.
    """
    for item in items:
        sampled = item.get_closest_marker("sampled")
        if sampled is not None and zlib.crc32(item.nodeid.encode()) % 1000 >= 1000 * sampled.args[0]:
            item.add_marker(pytest.mark.full)
    if importlib.util.find_spec("libtpu") is None and not os.environ.get("CI"):
        skip = pytest.mark.skip(reason="needs libtpu: pip install torchlike[tpu]")
        for item in items:
            if item.get_closest_marker("tpu"):
                item.add_marker(skip)


_crashed: set[str] = set()


@pytest.hookimpl(optionalhook=True)  # xdist's
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    """Run a test whose worker died, or hung in native code until it was ended, once more; the report counts it as `rerun`."""
    if crashitem not in _crashed:
        _crashed.add(crashitem)
        sched.mark_test_pending(crashitem)
        report.outcome = "rerun"  # type: ignore[assignment]  # as xdist's hook says


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    return ("rerun", "C", "CRASHED, RUNS AGAIN") if report.outcome == "rerun" else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_line(f"RERUN {report.longrepr}")
