"""The suite "ops": torch's operator database."""

from __future__ import annotations

from collections.abc import Iterator

from torchlike.base.errors import MissingAPI

from .calls import GETTERS, Call
from .checks import CHECKS, FORMS, applies, judge
from .entries import Entry, all_entries, has_elements, picked
from .translate import Untranslatable
from .worker import Plan, Result

__all__ = ["all_entries", "dtypes", "run_check"]


def dtypes(entry: Entry, check: str, asked: tuple[str, ...] | None) -> Iterator[str]:
    """The dtypes that a check of an entry runs on: those asked for, by default the check's own."""
    wanted = asked or CHECKS[check][1] or entry.dtypes()
    if check == "errors":
        yield wanted[0]
    else:
        yield from (dtype for dtype in wanted if dtype in entry.dtypes() and applies(check, entry, dtype))


def run_check(entry: Entry, check: str, dtype: str, plan: Plan) -> Result:
    """One check of one entry at one dtype."""
    result = Result(entry.key, entry.name, entry.family, check, dtype)
    if check == "errors":
        samples = [e.sample_input for e in entry.error_inputs(plan.seed)]
    else:
        samples = entry.samples(dtype, plan.seed, requires_grad=check in ("gradient", "second", "tpu_gradient"))
    chosen = picked(range(len(samples)), plan, entry.key, check, dtype)
    if check.startswith("tpu"):  # one compilation tells
        chosen = [i for i in chosen if has_elements(samples[i])][:1] or chosen[:1]
    for form in FORMS.get(check, ("function",)):
        calls = [Call(entry, samples[i], i, form) for i in chosen]
        try:
            if not calls or getattr(entry.info, GETTERS[form])() is None:
                continue
            calls[0].operation("torchlike")
        except (MissingAPI, AttributeError, Untranslatable) as error:
            result.status = "missing"
            result.total += len(calls)
            result.failures.append((chosen[0], str(error)))
            continue
        judge(result, calls, CHECKS[check][0], "" if form in ("function", check) else f"{form}: ")
    return result
