"""Puts tables made of coverage.csv where a page says so, while the site is built."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

LEDGER = Path(__file__).parent / "coverage.csv"
SUMMARY, MISSING = "<!-- coverage: namespaces -->", "<!-- coverage: missing -->"


def namespaces() -> dict[str, list[dict[str, str]]]:
    """The ledger's rows by namespace: all of a name but its last part."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with LEDGER.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["name"].rpartition(".")[0]].append(row)
    return dict(found)


def summary(spaces: dict[str, list[dict[str, str]]]) -> str:
    """One line for each namespace of ten names or more: how many of its names are here."""
    lines = ["| namespace | names | here |", "|---|---:|---:|"]
    for space, rows in sorted(spaces.items()):
        if len(rows) >= 10:
            here = sum(row["there"] == "yes" for row in rows)
            lines.append(f"| `{space}` | {len(rows)} | {100 * here / len(rows):.0f} % |")
    return "\n".join(lines)


def missing(spaces: dict[str, list[dict[str, str]]]) -> str:
    """For each of those namespaces the names that are not here, folded."""
    parts = []
    for space, rows in sorted(spaces.items()):
        names = [row["name"].rpartition(".")[2] for row in rows if row["there"] != "yes"]
        if names and len(rows) >= 10:
            parts.append(f"### `{space}`: {len(names)} missing\n\n" + ", ".join(f"`{name}`" for name in names))
    return "\n\n".join(parts)


def on_page_markdown(markdown: str, **options: Any) -> str:
    """MkDocs calls this for every page."""
    if SUMMARY not in markdown and MISSING not in markdown:
        return markdown
    spaces = namespaces()
    return markdown.replace(SUMMARY, summary(spaces)).replace(MISSING, missing(spaces))
