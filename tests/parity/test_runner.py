"""The runner itself: each check sees what it is there to see, and nothing passes that did not run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import torchlike
from torchlike.compat.__main__ import main
from torchlike.compat.parity import calls, worker
from torchlike.compat.parity.entries import all_entries, chosen, select
from torchlike.compat.parity.worker import Plan, run_entry


def broken(monkeypatch: pytest.MonkeyPatch, change: Callable[..., Any]) -> None:
    """Put `change(torchlike's function, *args)` in the place of every torchlike function that the runner calls."""
    original = calls.Call.operation

    def operation(call: calls.Call, library: str) -> Any:
        true = original(call, library)
        return true if library == calls.TORCH else lambda *args, **keywords: change(true, *args, **keywords)

    monkeypatch.setattr(calls.Call, "operation", operation)


WRONG: dict[str, tuple[str, str, Callable[..., Any], str]] = {
    "value": ("forward", "exp", lambda f, x: f(x) + 1, "differs in"),
    "dtype": ("forward", "exp", lambda f, x: f(x).double(), "is float64, torch's float32"),
    "shape": ("forward", "exp", lambda f, x: f(x)[None], "has shape"),
    "raises": ("forward", "exp", lambda f, x: 1 / 0, "ZeroDivisionError"),
    "gradient": ("gradient", "sin", lambda f, x, *rest: f(x.detach() + 0 * x) if rest == () else f(x, *rest), "gradient 0"),
    "second": ("second", "sin", lambda f, x: f(x.detach()) + (x - x.detach()) * x.detach().cos(), "gradient"),
    "method": ("method", "exp", lambda f, x: f(x) * 2, "differs in"),
    "inplace": ("inplace", "exp", lambda f, x: x.clone(), "differs in"),
    "out": ("out", "exp", lambda f, x, out=None: f(x), "out="),
    "views": ("views", "transpose", lambda f, x, *rest, **keywords: f(x, *rest, **keywords).clone(), "after writing"),
    "aliases": ("views", "exp", lambda f, x: x, "after writing"),
    "errors": ("errors", "cat", lambda f, *args, **keywords: torchlike.zeros(1), "raises nothing"),
    "other error": ("errors", "cat", lambda f, *args, **keywords: {}["no"], "KeyError"),
    "missing": ("errors", "cat", lambda f, *args, **keywords: torchlike.no_such_thing, "MissingAPI"),
}


@pytest.mark.parametrize("what", WRONG)
def test_each_check_sees_what_is_wrong(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, key, change, words = WRONG[what]
    dtype = None if check == "errors" else ("float64",) if check in ("gradient", "second") else ("float32",)
    plan = Plan((check,), dtype, most=4)
    before = list(run_entry(key, plan))
    assert sum(r.total for r in before) > 0
    assert all(r.good for r in before), before
    broken(monkeypatch, change)
    after = list(run_entry(key, plan))
    assert not any(r.good for r in after)
    assert words in " ".join(text for r in after for _, text in r.failures)


def test_a_failing_row_repeats_alone() -> None:
    """The same seed gives the same sample, whatever ran before it."""
    entry = all_entries()["add"]
    once = entry.samples("float32", 3)[5].input
    list(run_entry("mul", Plan(("forward",), ("float32",), most=1)))
    assert (entry.samples("float32", 3)[5].input == once).all()
    assert not (entry.samples("float32", 4)[5].input == once).all()


def test_sampling_takes_at_least_one_and_is_repeatable() -> None:
    assert chosen(10, 1.0, 0) == list(range(10))
    assert len(chosen(10, 0.3, 0, "add")) == 3
    assert len(chosen(10, 0.001, 0, "add")) == 1
    assert chosen(50, 0.3, 1, "add") == chosen(50, 0.3, 1, "add") != chosen(50, 0.3, 2, "add")


def test_selecting_entries() -> None:
    assert [e.key for e in select(["softmax"])] == ["softmax", "softmax:with_dtype"]
    assert len(list(select(["fft.*"]))) > 15
    with pytest.raises(ValueError, match="no entry 'sofmax'"):
        list(select(["sofmax"]))


def test_the_database_is_whole() -> None:
    assert len(all_entries()) == 702
    assert len({e.name for e in all_entries().values()}) == 636


def test_a_slow_entry_is_stopped() -> None:
    [results] = worker.run(["svd"], Plan(("forward",), timeout=-59.9), jobs=1)
    assert [r.status for r in results] == ["timeout"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a user runs; in a worker process."""
    path = tmp_path / "run.json"
    options = ["--only", "neg", "--checks", "forward,out", "--dtypes", "float32", "--jobs", "1", "--json", str(path)]
    assert main(["parity", "ops", *options]) == 0
    assert "unary" in capsys.readouterr().out
    stored = json.loads(path.read_text())
    assert {r["check"] for r in stored["results"]} == {"forward", "out"}
    assert all(r["passed"] == r["total"] > 0 for r in stored["results"])


def test_the_command_refuses_unknown_names() -> None:
    with pytest.raises(SystemExit, match="no such check: speed"):
        main(["parity", "ops", "--checks", "speed"])
    with pytest.raises(SystemExit, match="no entry"):
        main(["parity", "ops", "--only", "nothing"])
