"""The module suite itself: each check sees what it is there to see."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import torchlike
from torchlike import nn
from torchlike.compat.__main__ import main
from torchlike.compat.parity import ledger
from torchlike.compat.parity.module_calls import TORCH, ModuleCall
from torchlike.compat.parity.module_entries import all_entries
from torchlike.compat.parity.reasons import reason
from torchlike.compat.parity.worker import Plan, Result, run_entry


class OffByOne(nn.Linear):
    def forward(self, input: Any) -> Any:
        return super().forward(input) + 1


class Wider(nn.Linear):
    def forward(self, input: Any) -> Any:
        return super().forward(input).double()


class Forgetful(nn.BatchNorm1d):
    """Running statistics never move."""

    def forward(self, input: Any) -> Any:
        kept = [None if b is None else b.clone() for b in self._buffers.values()]
        out = super().forward(input)
        for buffer, old in zip(self._buffers.values(), kept, strict=True):
            if buffer is not None:
                buffer.copy_(old)
        return out


class AlwaysTraining(nn.BatchNorm1d):
    def forward(self, input: Any) -> Any:
        return self.train().__class__.__base__.forward(self, input)


class CutOff(nn.Linear):
    def forward(self, input: Any) -> Any:
        return nn.functional.linear(input, self.weight.detach(), self.bias)


class Halved(nn.Linear):
    """The gradient of the weight is half of what it should be."""

    def forward(self, input: Any) -> Any:
        weight = self.weight.detach() + (self.weight - self.weight.detach()) / 2
        return nn.functional.linear(input, weight, self.bias)


class OtherKey(nn.Linear):
    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}more"] = torchlike.zeros(1)


class OtherOrder(nn.Linear):
    def state_dict(self, *args: Any, **keywords: Any) -> Any:
        found = super().state_dict(*args, **keywords)
        turned = OrderedDict(reversed(found.items()))
        turned._metadata = found._metadata  # type: ignore[attr-defined]
        return turned


class OtherVersion(nn.BatchNorm1d):
    _version = 7


class Silent(nn.Linear):
    def extra_repr(self) -> str:
        return ""


class OtherDraw(nn.Linear):
    def reset_parameters(self) -> None:
        torchlike.rand(1)
        super().reset_parameters()


class MoreDraws(nn.Linear):
    def reset_parameters(self) -> None:
        super().reset_parameters()
        torchlike.rand(1)


class LosesMode(nn.Linear):
    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "training": not self.training}


class SharesTensors(nn.Linear):
    def __deepcopy__(self, memo: Any) -> Any:
        made = type(self)(self.in_features, self.out_features, self.bias is not None).train(self.training)
        made._parameters = dict(self._parameters)
        return made


class Lenient(nn.GroupNorm):
    def __init__(self, num_groups: int, num_channels: int, *args: Any, **keywords: Any) -> None:
        super().__init__(1, 1)


WRONG: dict[str, tuple[str, str, type | None, str]] = {
    "value": ("forward", "Linear", OffByOne, "differs in"),
    "dtype": ("forward", "Linear", Wider, "is float64, torch's float32"),
    "buffers": ("forward", "BatchNorm1d", Forgetful, "differs in"),
    "mode": ("forward", "BatchNorm1d", AlwaysTraining, "differs in"),
    "gradient": ("gradient", "Linear", Halved, "gradient 1 differs"),
    "no gradient": ("gradient", "Linear", CutOff, "gradient 1 differs"),
    "step": ("step", "Linear", Halved, "differs in"),
    "buffers of a step": ("step", "BatchNorm1d", Forgetful, "differs in"),
    "key": ("state_dict", "Linear", OtherKey, "more"),
    "order": ("state_dict", "Linear", OtherOrder, "result[1][0]"),
    "version": ("state_dict", "BatchNorm1d", OtherVersion, "version"),
    "repr": ("repr", "Linear", Silent, "torch's 'Linear(in_features="),
    "draw": ("init", "Linear", OtherDraw, "['weight'] differs"),
    "what is drawn next": ("init", "Linear", MoreDraws, "result[3] differs"),
    "pickle": ("pickle", "Linear", LosesMode, "result[2] is"),
    "deepcopy": ("deepcopy", "Linear", SharesTensors, "differs in"),
    "errors": ("errors", "GroupNorm", Lenient, "raises nothing"),
    "missing": ("forward", "Linear", None, "torchlike has no torch.nn.Linear yet"),
}
PARTLY = {"buffers", "mode", "buffers of a step", "order", "version"}  # only some inputs have what is broken


@pytest.mark.parametrize("what", WRONG)
def test_each_check_sees_what_is_wrong(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, key, broken, words = WRONG[what]
    plan = Plan((check,), ("float32",), most=4, suite="modules")
    before = list(run_entry(key, plan))
    assert sum(r.total for r in before) > 0
    assert all(r.good for r in before), before
    if broken is None:
        monkeypatch.delattr(nn, key)
    else:
        original = ModuleCall.operation
        broken.__name__ = broken.__name__ if check == "pickle" else key
        monkeypatch.setattr(ModuleCall, "operation", lambda c, lib: original(c, lib) if lib == TORCH else broken)
    [after] = run_entry(key, plan)
    assert not after.good
    assert what in PARTLY or after.passed == 0
    assert words in " ".join(text for _, text in after.failures)


def test_both_modes_by_turns_and_the_same_for_the_same_seed() -> None:
    entry = all_entries()["BatchNorm2d"]
    samples = entry.samples("float32", 3)
    assert [s.training for s in samples[:4]] == [True, False, True, False]
    again = entry.samples("float32", 3)[5].forward.args[0]
    assert (samples[5].forward.args[0] == again).all()
    assert not (entry.samples("float32", 4)[5].forward.args[0] == again).all()


def test_the_command_and_the_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "modules.json"
    options = ["--only", "ReLU", "--checks", "forward,repr", "--dtypes", "float32", "--jobs", "0", "--json", str(path)]
    assert main(["parity", "modules", *options]) == 0
    assert "activation" in capsys.readouterr().out
    stored = json.loads(path.read_text())
    assert stored["plan"]["suite"] == "modules"
    found = ledger.scores([Result(**r) for r in stored["results"]])
    assert found["torch.nn.ReLU"] == {"forward": (1, 1), "repr": (1, 1)}


def test_a_failing_row_prints_the_command_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delattr(nn, "ReLU")
    assert main(["parity", "modules", "--only", "ReLU", "--checks", "repr", "--jobs", "0"]) == 1
    command = "python -m torchlike.compat parity modules --only 'ReLU' --checks repr --dtypes float32 --sample 0 --seed 0"
    assert command in capsys.readouterr().out


def test_the_command_refuses_unknown_names() -> None:
    with pytest.raises(SystemExit, match="no such check: inplace"):
        main(["parity", "modules", "--checks", "inplace"])
    with pytest.raises(SystemExit, match="no entry 'relu'"):
        main(["parity", "modules", "--only", "relu"])


def test_reasons_of_modules_are_not_those_of_ops() -> None:
    failed = Result("Embedding", "nn.Embedding", "sparse", "errors", "float32", total=1, suite="modules")
    assert "NaN" in reason(failed)
    assert reason(Result("nn.functional.embedding", "nn.functional.embedding", "nn.functional", "errors", "float32")) == ""
