"""Why something fails or is missing. Each reason is a fact about XLA, JAX or torch itself that a user can check."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .worker import Result

# (entry, check, dtype), each a pattern -> why that check fails there. The first that fits counts.
FAILURES: tuple[tuple[tuple[str, str, str], str], ...] = ()

# public name, a pattern -> why it is missing.
MISSING: tuple[tuple[str, str], ...] = ()


def reason(of: Result | str) -> str:
    """Why a check of an entry fails, or a public name is missing; "" where no reason is known."""
    if isinstance(of, str):
        return next((why for pattern, why in MISSING if fnmatchcase(of, pattern)), "")
    place = (of.key, of.check, of.dtype)
    return next((why for patterns, why in FAILURES if all(map(fnmatchcase, place, patterns))), "")
