"""The report of `torchlike check` as one page that needs nothing beside it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .check import Found, Report

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c1c28;
  background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; vertical-align: top;
  border-bottom: 1px solid #ddd } code { font-size: 13px }
.bar { display: flex; height: 1rem; border-radius: .5rem; overflow: hidden; margin: 1rem 0 }
.supported { background: #2e9e5b } .differs { background: #e0a72e } .missing { background: #cc3d3d }
td.state { color: #fff; border-radius: .3rem; text-align: center; width: 6rem } details { margin: .2rem 0 }
@media (prefers-color-scheme: dark) { body { color: #e8e8ee; background: #16161d } th, td { border-color: #333 } }
"""


def _row(found: Found) -> str:
    places = "".join(f"<div><code>{escape(line)}</code></div>" for line in found.lines)
    return (
        f'<tr><td class="state {found.state}">{found.state}</td><td><code>{escape(found.name)}</code></td>'
        f"<td>{escape(found.note)}</td><td><details><summary>{len(found.lines)}</summary>{places}</details></td></tr>"
    )


def page(report: Report, title: str) -> str:
    """HTML of a report."""
    order = {"missing": 0, "differs": 1, "supported": 2}
    rows = "".join(_row(f) for f in sorted(report.found, key=lambda f: (order[f.state], f.name)))
    bar = "".join(f'<span class="{s}" style="flex: {report.count(s)}" title="{report.count(s)} {s}"></span>' for s in order)
    unread = "".join(f"<li><code>{escape(file)}</code>: {escape(why)}</li>" for file, why in report.unread.items())
    counts = ", ".join(f"{report.count(s)} {s}" for s in ("supported", "differs", "missing"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>torchlike check {escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{report.readiness:.1f} % ready</h1><p><code>{escape(title)}</code>: {len(report.found)} APIs of torch in "
        f"{report.files} files: {counts}.</p><div class='bar'>{bar}</div><table><thead><tr><th>state</th><th>API</th>"
        f"<th>how it differs, or what to do</th><th>uses</th></tr></thead><tbody>{rows}</tbody></table>"
        f"{'<h2>Not read</h2><ul>' + unread + '</ul>' if unread else ''}</body></html>\n"
    )
