"""docs/coverage.csv and README's table say what is true."""

from __future__ import annotations

from pathlib import Path

from torchlike.compat.parity import ledger
from torchlike.compat.parity.reasons import reason
from torchlike.compat.parity.worker import Result

ROOT = Path(__file__).parents[2]


def test_the_ledger_is_true() -> None:
    assert not ledger.complaints(ROOT)


def test_a_name_that_comes_or_goes_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    stored = (ROOT / "docs/coverage.csv").read_text()
    (tmp_path / "docs/coverage.csv").write_text(
        stored.replace("torch.add,yes", "torch.add,no").replace("torch.abs,", "torch.sba,")
    )
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text())
    found = ledger.complaints(tmp_path)
    assert "torch.add: the ledger says no, it is yes" in found
    assert "torch.abs is not in the ledger" in found
    assert "README.md's coverage table does not come from docs/coverage.csv" in found


def test_scores_count_pairs_of_entry_and_dtype() -> None:
    runs = [
        Result("softmax", "softmax", "torch", "forward", "float32", total=5, passed=5),
        Result("softmax:with_dtype", "softmax", "torch", "forward", "float32", total=5, passed=4, failures=[(0, "differs")]),
        Result("softmax", "softmax", "torch", "out", "float32", total=0),
    ]
    assert ledger.scores(runs)["torch.softmax"] == {"forward": (1, 2)}


def test_reasons_speak_of_failures_only() -> None:
    assert reason(Result("exp", "exp", "unary", "forward", "float32")) == ""


def test_a_partial_run_keeps_what_covers_more() -> None:
    before = {"forward": "8/9", "gradient": "3/3", "reason": "half rounds twice"}
    now = dict.fromkeys(ledger.SCORES, "") | {"name": "torch.exp", "there": "yes", "reason": ""}
    kept = ledger._kept(now | {"forward": "1/1", "gradient": "4/4"}, before)
    assert (kept["forward"], kept["gradient"], kept["reason"]) == ("8/9", "4/4", "half rounds twice")
    assert ledger._kept(now | {"forward": "9/9", "gradient": "4/4"}, before)["reason"] == ""
