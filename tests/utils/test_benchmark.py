"""Measurements and tables are written as torch writes them; the timer runs what the statement records."""

from __future__ import annotations

import itertools
import random

import pytest
import torch.utils.benchmark as theirs

import torchlike
import torchlike.utils.benchmark as ours

TIMES = [[1e-3], [1e-3, 1.1e-3], [1e-3, 1.1e-3, 1.2e-3, 2e-3], [5e-7] * 5, [3.0, 3.3, 3.1, 2.9, 4.0]]
SPECS = [
    {"stmt": "x", "setup": "pass"},
    {"stmt": "x\ny", "setup": "a\nb", "label": "L"},
    {"stmt": "x\ny", "setup": "a", "sub_label": "s", "description": "d", "num_threads": 4},
    {"stmt": "z", "setup": "", "label": "LL", "sub_label": "ss", "env": "e"},
]


@pytest.mark.parametrize("times, spec", list(itertools.product(TIMES, SPECS)))
def test_measurement(times, spec):
    found = []
    for lib in (ours, theirs):
        m = lib.Measurement(10, times, lib.TaskSpec(**spec))
        text = "\n".join(repr(m).splitlines()[1:])  # without the class and its address
        numbers = [pytest.approx(x) for x in (m.median, m.mean, m.iqr, *m.times)]
        found.append((text, numbers, m.significant_figures, m.has_warnings, m.title, m.env, m.as_row_name, m.num_threads))
    assert found[0] == found[1]


def tables(lib, seed, trim, warn):
    draw = random.Random(seed)
    measured = []
    labels = itertools.product(("alpha", "b"), ("first", "second one"), ("d", "longer description", "e"), (4, 1))
    for label, sub_label, description, threads in labels:
        base, count, env = (
            10 ** draw.uniform(-5, -4),
            draw.choice([1, 5, 20]),
            draw.choice(["E", "some env"]) if seed > 2 else None,
        )
        if draw.random() > 0.3:
            spec = lib.TaskSpec("s", "pass", "", label, sub_label, description, env, threads)
            measured.append(lib.Measurement(10, [base * (1 + 0.3 * draw.random()) for _ in range(count)], spec))
    compare = lib.Compare(measured)
    if trim:
        compare.trim_significant_figures()
    if warn:
        compare.highlight_warnings()
    return str(compare)


@pytest.mark.parametrize("seed", range(5))
def test_tables(seed):
    for trim, warn in itertools.product((False, True), repeat=2):
        assert tables(ours, seed, trim, warn) == tables(theirs, seed, trim, warn)


def test_timer_runs_what_is_recorded():
    from torchlike.engine import stats

    x = torchlike.ones(100, 100)
    timer = ours.Timer("x @ y", setup="y = x + 1", globals={"x": x}, label="product", description="now")
    before = stats.run
    found = timer.timeit(20)
    assert stats.run - before >= 20
    assert 0 < found.median < 1
    assert found.number_per_run == 20
    for other in (timer.blocked_autorange(min_run_time=0.02), timer.adaptive_autorange(max_run_time=0.2)):
        assert sum(other.raw_times) >= 0.01
    ours.Compare([found, other]).print()
    assert ours.Timer("for i in range(3):\n    z = i").timeit(3).task_spec.stmt == "for i in range(3):\n    z = i"


def test_timer_errors():
    for lib in (ours, theirs):
        with pytest.raises(ValueError, match="Invalid language"):
            lib.Timer(language="fortran")
        with pytest.raises(NotImplementedError, match=r"See `Timer\.blocked_autorange"):
            lib.Timer().repeat()
    with pytest.raises(NotImplementedError, match="cpp"):
        ours.Timer(language="cpp")
    with pytest.raises(NotImplementedError, match=r"torch\.utils\.benchmark\.Fuzzer"):
        _ = ours.Fuzzer
    assert [ours.select_unit(t) for t in (2.0, 3e-3, 4e-6, 5e-9)] == [theirs.select_unit(t) for t in (2.0, 3e-3, 4e-6, 5e-9)]
