"""Compare: measurements side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torchlike.utils.benchmark.measurement import Measurement, ordered_unique, select_unit, trim_sigfig, unit_to_english

_GREEN, _RED, _BOLD, _END = "\033[92m", "\033[91m", "\033[1m", "\033[0m"


class Compare:
    """Tables of measurements: one per label, a row for each sub-label (and number of threads), a column per description.

    >>> from torchlike.utils.benchmark import Timer
    >>> print(Compare([Timer("1 + 1", label="sums", description="ints").timeit(10)]))  # doctest: +ELLIPSIS
    [---... sums ...---]
    ...
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self.extend_results(results)
        self._trim = False
        self._colorize = False
        self._warn = False

    def __str__(self) -> str:
        return "\n".join(self._table(group) for group in self._group_by_label())

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements. Raises ValueError for anything else."""
        for result in results:
            if not isinstance(result, Measurement):
                raise ValueError(f"Expected an instance of `Measurement`, got {type(result)} instead.")
            self._results.append(result)

    def trim_significant_figures(self) -> None:
        """Show no more figures than mean something."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Green for the fastest, red for what takes more than twice as long; in each row, or in each column."""
        self._colorize = True

    def highlight_warnings(self) -> None:
        """Mark measurements that spread too far."""
        self._warn = True

    def print(self) -> None:
        """Print the tables."""
        print(str(self))

    def _group_by_label(self) -> list[list[Measurement]]:
        merged = Measurement.merge(self._results)
        labels = ordered_unique(m.task_spec.label or m.task_spec.stmt for m in merged)
        return [[m for m in merged if (m.task_spec.label or m.task_spec.stmt) == label] for label in labels]

    def _table(self, results: list[Measurement]) -> str:
        unit, scale = select_unit(min(m.median for m in results))
        cells = {_place(m): m for m in results}
        columns = ordered_unique(m.task_spec.description for m in results)
        groups = sorted({m.task_spec.num_threads for m in results})
        rows = {n: ordered_unique(_place(m)[1:3] for m in results if m.task_spec.num_threads == n) for n in groups}
        rows = {n: sorted(found, key=lambda row: row[0] or "") for n, found in rows.items()}  # rows of one env together
        names = {(n, *row): name for n in groups for row, name in zip(rows[n], _names(rows[n], results), strict=True)}
        texts = {column: self._column([m for m in results if m.task_spec.description == column], scale) for column in columns}
        widths = [max(map(len, names.values()))]
        widths += [max(len(text) for text in (column or "", *texts[column].values())) for column in columns]
        header = [" " * widths[0], *((c or "").center(w) for c, w in zip(columns, widths[1:], strict=True))]
        first = "  |  ".join(header)
        lines = [f"[{f' {results[0].task_spec.label or results[0].task_spec.stmt} '.center(len(first) - 2, '-')}]", first]
        for n in groups:
            lines.append(f"{n} threads: ".ljust(len(first), "-"))
            for row in rows[n]:
                found = [cells.get((n, *row, column)) for column in columns]
                best = min(m.median for m in found if m is not None)
                values = [self._cell(m, texts[c], w, best) for m, c, w in zip(found, columns, widths[1:], strict=True)]
                lines.append("  |  ".join([names[n, *row].ljust(widths[0]), *values]))
        lines += ["", f"Times are in {unit_to_english(unit)}s ({unit})."]
        if self._warn and any(m.has_warnings for m in results):
            lines += ["(! XX%) Measurement has high variance, where XX is the IQR / median * 100."]
        return "\n".join([*lines, ""])

    def _column(self, results: list[Measurement], scale: float) -> dict[int, str]:
        """The times of a column as text, by the measurement's identity: all with the same number of decimals."""
        decimals, values = 1, {id(m): m.median / scale for m in results}
        if self._trim:
            decimals = max(min(m.significant_figures - _digits(m.median / scale) for m in results), 0)
            values = {id(m): trim_sigfig(m.median / scale, m.significant_figures) for m in results}
        numbers = {key: f"{value:.{decimals}f}" for key, value in values.items()}
        width = max(_digits(m.median / scale) for m in results) + (decimals and decimals + 1)
        marks = {id(m): f" (! {100 * m.iqr / m.median:.0f}%)" if self._warn and m.has_warnings else "" for m in results}
        blank = " " * 7 if any(marks.values()) else ""
        return {key: number.rjust(width) + (marks[key] or blank) for key, number in numbers.items()}

    def _cell(self, m: Measurement | None, texts: dict[int, str], width: int, best: float) -> str:
        if m is None:
            return " " * width
        text = texts[id(m)].center(width)
        if not self._colorize:
            return text
        if m.median <= best * 1.05:
            return f"{_GREEN}{_BOLD}{text}{_END}{_END}"
        return f"{_RED}{_BOLD}{text}{_END}{_END}" if m.median > best * 2 else text


def _names(rows: list[tuple], results: list[Measurement]) -> list[str]:
    """What the rows of one number of threads are called: their env, where it changes and anybody has one, and their name."""
    envs = {m.env for m in results}
    if envs == {None}:
        return [" " * 6 + name for _, name in rows]
    width = max(len(str(env)) for env in envs) + 4
    before = [None, *(env for env, _ in rows)]
    return [
        ("" if env == last else f"  ({env})").ljust(width) + f"  {name}"
        for (env, name), last in zip(rows, before, strict=False)
    ]


def _place(m: Measurement) -> tuple:
    return m.task_spec.num_threads, m.env, m.as_row_name, m.task_spec.description


def _digits(value: float) -> int:
    """Figures before the decimal point."""
    return max(math.ceil(math.log10(value)), 1) if value > 0 else 1
