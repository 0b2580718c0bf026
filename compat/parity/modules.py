"""The suite "modules": torch's module database. Each input in training and in evaluation mode, the state carried over.

`module_entries` reads the database, `module_calls` says what is done with a module in either library.
"""

from __future__ import annotations

from collections.abc import Iterator

from torchlike.base.errors import MissingAPI

from .checks import errors, forward, gradient, judge
from .entries import picked
from .module_calls import ModuleCall
from .module_entries import Entry, all_entries
from .worker import Plan, Result

__all__ = ["CHECKS", "all_entries", "dtypes", "run_check"]

# The comparison of each check, and the dtypes that it runs on by default (None: all that torch's database names).
CHECKS = {
    "forward": (forward, None),
    "gradient": (gradient, ("float32", "float64", "complex64")),
    "step": (forward, ("float32",)),
    "state_dict": (forward, ("float32", "bfloat16", "complex64")),
    "repr": (forward, ("float32",)),
    "init": (forward, ("float32", "float64")),
    "pickle": (forward, ("float32",)),
    "deepcopy": (forward, ("float32",)),
    "errors": (errors, ("float32",)),
}
ONCE = ("step", "init")  # the mode they run in is part of the check


def dtypes(entry: Entry, check: str, asked: tuple[str, ...] | None) -> Iterator[str]:
    """The dtypes that a check of an entry runs on: those asked for, by default the check's own."""
    yield from (dtype for dtype in asked or CHECKS[check][1] or entry.dtypes() if dtype in entry.dtypes())


def run_check(entry: Entry, check: str, dtype: str, plan: Plan) -> Result:
    """One check of one entry at one dtype."""
    result = Result(entry.key, entry.name, entry.family, check, dtype, suite="modules")
    samples = entry.error_inputs(dtype, plan.seed) if check == "errors" else entry.samples(dtype, plan.seed)
    numbers = [i for i, sample in enumerate(samples) if check not in ONCE or sample.training]
    calls = [ModuleCall(entry, samples[i], i, dtype, check) for i in picked(numbers, plan, entry.key, check, dtype)]
    if not calls:
        return result
    try:
        calls[0].operation("torchlike")
    except MissingAPI as error:
        result.status, result.total = "missing", len(calls)
        result.failures.append((calls[0].index, str(error)))
        return result
    judge(result, calls, CHECKS[check][0])
    return result
