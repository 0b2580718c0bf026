"""A user's own model compared layer by layer: what agrees passes, and the first layer that does not is named."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import torch

from torchlike import nn
from torchlike.compat.__main__ import main
from torchlike.compat.parity import compare_models
from torchlike.compat.parity.model import difference, random_input

NET = """
    from __future__ import annotations

    import torch
    import torch.nn as nn
    import torch.nn.functional as F
    from blocks.middle import Middle
    from settings import Settings

    class Net(nn.Module):
        def __init__(self, settings):
            super().__init__()
            self.features = nn.Sequential(nn.Linear(6, settings.width), nn.ReLU(inplace=True))
            self.middle = Middle(settings.width)
            self.drop = nn.Dropout(settings.drop)
            self.head = nn.Linear(settings.width, 5)

        def forward(self, x, scale=1.0):
            x = self.features(x) * scale
            x = self.middle(self.middle(x))
            return {"logits": self.head(self.drop(x)), "features": x}

    def build():
        return Net(Settings())

    def with_inputs():
        return build(), {"x": torch.randn(2, 6), "scale": 0.5}

    def nothing():
        return 1
"""
FILES = {
    "net.py": NET,
    "settings.py": """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Settings:
            width: int = 8
            drop: float = 0.25
    """,
    "blocks/__init__.py": "",
    "blocks/middle.py": """
        from torch import nn
        from .deep import act, torch

        class Middle(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.linear = nn.Linear(width, width)
                self.act = nn.Tanh()

            def forward(self, x):
                return act(self.act(self.linear(x)) + x)
    """,
    "blocks/deep.py": """
        import torch, torch.nn.functional

        def act(x):
            return torch.nn.functional.gelu(x)
    """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))
    return tmp_path


def changed(folder: Path, name: str, old: str, new: str) -> str:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    return f"{folder}/net.py:build"


ORDER = [
    "features.0", "features.1", "features", "middle.linear", "middle.act", "middle", "middle.linear#2",
    "middle.act#2", "middle#2", "drop", "head", "",
]  # fmt: skip


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_model_that_agrees(folder: Path, mode: str) -> None:
    before = set(sys.modules)
    found = compare_models(f"{folder}/net.py:with_inputs", mode=mode)
    assert found.good, found
    assert [row.name for row in found.rows] == ORDER
    assert [row.kind for row in found.rows][:2] == ["Linear", "ReLU"]
    assert found.rows[0].shapes == [(2, 8)]
    assert found.weights == (6, 6)  # the same seed gave the same weights
    assert all(row.outputs.relative < 1e-5 for row in found.rows)
    assert {n for n in set(sys.modules) - before if "compared" in n or n in ("settings", "blocks", "net")} == set()


def test_inputs_by_description_and_by_the_files_own_function(folder: Path) -> None:
    assert compare_models(f"{folder}/net.py:build", ["2x6:float32"]).good
    assert compare_models(f"{folder}/net.py:build", torch.ones(2, 6)).good
    with pytest.raises(ValueError, match="no inputs"):
        compare_models(f"{folder}/net.py:build")
    text = (folder / "net.py").read_text()
    (folder / "net.py").write_text(f"{text}\ndef inputs():\n    return torch.randn(1, 6), 2.0\n")
    assert compare_models(f"{folder}/net.py:build", mode="eval").good


def test_the_first_layer_that_diverges_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = nn.Tanh.forward
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: right(self, x) * 1.01)
    path = folder / "run.json"
    assert main(["parity", "model", f"{folder}/net.py:with_inputs", "--json", str(path)]) == 1
    printed = capsys.readouterr().out
    assert "first divergence: middle.act: output (its input agrees)" in printed
    [marked] = [line for line in printed.splitlines() if line.startswith("->")]
    assert marked.split()[1:3] == ["middle.act", "Tanh"] and "DIVERGES" in marked
    stored = json.loads(path.read_text())
    assert stored["first"] == "middle.act" and not stored["good"]
    relative = {row["name"]: row["outputs"]["relative"] for row in stored["rows"]}
    assert relative["middle.linear"] < 1e-5 < 0.009 < relative["middle.act"] < 0.011


def test_a_tolerance_that_takes_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = nn.Tanh.forward
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: right(self, x) * 1.0001)
    assert compare_models(f"{folder}/net.py:with_inputs", tolerance=1e-6).first == "middle.act"
    assert compare_models(f"{folder}/net.py:with_inputs", tolerance=1e-2).good


def test_code_between_layers_is_told_from_a_layer(folder: Path) -> None:
    build = changed(folder, "net.py", "* scale", "* (scale if torch.__name__ == 'torch' else scale * 1.1)")
    found = compare_models(build, ["2x6"])
    assert found.first == "middle.linear"
    assert "its input does already" in found.what
    assert not found.rows[2].outputs.diverges  # features, the last layer before


def test_a_gradient_alone_may_diverge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: (x.tanh() + x.tanh().detach()) / 2)
    found = compare_models(f"{folder}/net.py:with_inputs")
    assert not any(row.outputs.diverges for row in found.rows)
    assert found.first == "middle.linear#2" and found.what.startswith("gradient")


def test_a_gradient_of_a_parameter_alone_may_diverge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forward(self: Any, x: Any) -> Any:
        return nn.functional.linear(x, self.weight, self.bias.detach())

    monkeypatch.setattr(nn.Linear, "forward", forward)
    found = compare_models(f"{folder}/net.py:with_inputs")
    assert found.first == "head" and found.what == "parameters (bias: only torch has one)"


ATTENTION = """
    import torch

    def build():
        return torch.nn.MultiheadAttention(4, 2), (torch.randn(3, 4),) * 3
"""


def test_parameters_of_parts_that_are_not_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "attention.py").write_text(textwrap.dedent(ATTENTION))
    found = compare_models(f"{tmp_path}/attention.py:build")
    assert found.good and found.rows[0].parameters.count == 4
    attend = nn.MultiheadAttention.forward

    def frozen(self: Any, *args: Any) -> Any:  # no gradient reaches the projection of the output
        self.out_proj.weight.requires_grad_(False)
        return attend(self, *args)

    monkeypatch.setattr(nn.MultiheadAttention, "forward", frozen)
    found = compare_models(f"{tmp_path}/attention.py:build")
    assert found.first == "" and found.what == "parameters (out_proj.weight: only torch has one)"


def test_what_torchlike_raises_is_placed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Tanh, "forward", lambda self, x: 1 / 0)
    found = compare_models(f"{folder}/net.py:with_inputs")
    assert "torchlike raises in 'middle.act': ZeroDivisionError" in found.error
    assert not found.good and found.first == "middle.act"
    assert [row.outputs.note for row in found.rows if row.name in ("middle.linear", "middle.act")] == ["", "not called"]


@pytest.mark.parametrize(
    "new, words",
    [
        ("nn.Linear(settings.width, 5 + (torch.__name__ != 'torch'))", "torch's weights do not fit"),
        ("nn.NoSuchLayer() if torch.__name__ != 'torch' else nn.Linear(settings.width, 5)", "torchlike cannot build it"),
    ],
)
def test_models_that_are_not_the_same(folder: Path, new: str, words: str) -> None:
    build = changed(folder, "net.py", "nn.Linear(settings.width, 5)", new)
    found = compare_models(build, ["2x6"])
    assert words in found.error and not found.good


def test_dtypes_and_shapes_are_compared(folder: Path) -> None:
    head = "self.head(self.drop(x))"
    build = changed(folder, "net.py", head, f"(lambda y: y if torch.__name__ == 'torch' else y[:, :4])({head})")
    found = compare_models(build, ["2x6"])
    assert found.first == "" and "shape (2, 4), torch's (2, 5)" in found.what


def test_the_command_says_what_it_cannot_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for build, words in {
        f"{folder}/net.py": "say which function",
        f"{folder}/nut.py:build": "there is no file",
        f"{folder}/net.py:bild": "has no function 'bild'",
        f"{folder}/net.py:nothing": "returns a int, not a torch.nn.Module",
        f"{folder}/net.py:build": "torch itself raises in 'features.0'",
    }.items():
        assert main(["parity", "model", build, "--input", "2x5"]) == 2
        assert words in capsys.readouterr().err


def test_descriptions_of_inputs() -> None:
    draw = torch.Generator().manual_seed(0)
    whole = random_input("50x2:int64:3", draw)
    assert whole.shape == (50, 2) and whole.dtype is torch.int64 and set(whole.flatten().tolist()) == {0, 1, 2}
    assert random_input("7", draw).dtype is torch.float32
    assert random_input("3x2:bfloat16", draw).dtype is torch.bfloat16
    for bad in ("3x", "3:floot", "ax2", "3:int64:x"):
        with pytest.raises(ValueError, match="SHAPE"):
            random_input(bad, draw)


def test_rounding_that_torch_has_too_is_no_divergence() -> None:
    exact = torch.zeros(3, dtype=torch.float64).numpy()
    theirs, ours = exact.astype("float32") + 1e-8, exact.astype("float32") - 3e-8
    assert not difference(ours, theirs, exact, None).diverges
    assert difference(ours, theirs, None, None).diverges
    assert difference(ours * 100, theirs, exact, None).diverges
    nan = exact.astype("float32") * float("nan")
    assert difference(nan, theirs, exact, None).diverges
    assert not difference(nan, nan, None, None).diverges
