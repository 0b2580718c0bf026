"""torch.export and torch.jit: programs with symbolic sizes, saved, loaded without the source, differentiated."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch as real

import torchlike as torch
from tests.export.models import MODELS, NAMES, Cnn, Named
from torchlike.export import Dim, dims, export, load, save

ALONE = """
import sys, pickle, torchlike as torch
module = torch.export.load("model.pt2").module()
x, expected = pickle.load(open("data.pkl", "rb"))
assert not any("tests" in name for name in sys.modules)
out = module(torch.tensor(x))
assert (out - torch.tensor(expected)).abs().max() < 1e-5, out
"""


def saved(program: Any) -> io.BytesIO:
    file = io.BytesIO()
    save(program, file)
    file.seek(0)
    return file


@pytest.mark.parametrize("name", NAMES)
def test_any_batch_after_loading(name: str) -> None:
    build, inputs = MODELS[name]
    model = build().eval()
    program = export(model, inputs(2), dynamic_shapes=({0: Dim("batch", max=64)},))
    module = load(saved(program)).module()
    assert list(module.state_dict()) == list(model.state_dict())
    for batch in (1, 7):
        args = inputs(batch)
        torch.testing.assert_close(module(*args), model(*args))


def test_in_a_process_without_the_source(tmp_path: Path) -> None:
    model = Cnn().eval()
    x = torch.randn(5, 3, 8, 8)
    save(export(model, (torch.randn(2, 3, 8, 8),), dynamic_shapes={"x": {0: Dim("batch")}}), tmp_path / "model.pt2")
    (tmp_path / "data.pkl").write_bytes(pickle.dumps((x.numpy(), model(x).detach().numpy())))
    subprocess.run([sys.executable, "-c", ALONE], cwd=tmp_path, check=True, timeout=100)


def test_trees_keywords_constants_and_buffers() -> None:
    model = Named()
    pair = {"a": torch.randn(3, 4), "b": torch.randn(3, 2)}
    kwargs = {"scale": torch.tensor(3.0), "twice": True}
    batch, other = dims("batch", "other")
    program = export(model, (pair,), kwargs, dynamic_shapes={"pair": {"a": {0: batch}, "b": (other, None)}, "scale": None})
    assert program.graph_signature.buffers_to_mutate == ("calls",)
    module = load(saved(program)).module()
    bigger = {"a": torch.randn(6, 4), "b": torch.randn(5, 2)}
    expected, out = model(bigger, **kwargs), module(bigger, **kwargs)
    assert list(out) == ["x", "rest"] and out["rest"][1] is None
    torch.testing.assert_close(out["x"], expected["x"])
    torch.testing.assert_close(out["rest"][0], expected["rest"][0])
    module(bigger, **kwargs)
    assert int(module.calls) == 2
    with pytest.raises(RuntimeError, match="made for True"):
        module(bigger, scale=torch.tensor(1.0), twice=False)
    with pytest.raises(RuntimeError, match="structure"):
        module(bigger["a"], **kwargs)


def test_loaded_programs_train() -> None:
    model = Cnn().eval()
    x = torch.randn(2, 3, 8, 8)
    module = load(saved(export(model, (x,), dynamic_shapes={"x": {0: Dim("batch")}}))).module()
    big = torch.randn(6, 3, 8, 8)
    for m in (model, module):
        m(big).square().sum().backward()
    for (name, one), (_, other) in zip(model.named_parameters(), module.named_parameters(), strict=True):
        torch.testing.assert_close(other.grad, one.grad, msg=name)


def test_derived_and_automatic_sizes() -> None:
    class Pairs(torch.nn.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return x + y[::2]

    n = Dim("n", min=2)
    program = export(Pairs(), (torch.ones(4, 3), torch.ones(8, 3)), dynamic_shapes=({0: n}, {0: 2 * n}))
    assert program.module()(torch.ones(5, 3), torch.ones(10, 3)).shape == (5, 3)
    assert program.range_constraints == {"n": (2, None)}
    auto = export(torch.nn.Linear(3, 2), (torch.ones(4, 3),), dynamic_shapes=((Dim.AUTO, Dim.AUTO),))
    assert auto.module()(torch.ones(9, 3)).shape == (9, 2)


class Looks(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x if bool((x > 0).all()) else -x


class Asks(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x if x.size(0) > 3 else -x


ERRORS: dict[str, tuple[Any, type, str]] = {
    "a value": (lambda: export(Looks(), (torch.ones(2),)), RuntimeError, "looks at a value"),
    "a symbol": (lambda: export(Asks(), (torch.ones(4),), dynamic_shapes=({0: Dim("n")},)), RuntimeError, "only a symbol"),
    "no module": (lambda: export(lambda x: x, (torch.ones(2),)), ValueError, "Expected `mod`"),
    "no tuple": (lambda: export(torch.nn.Identity(), torch.ones(2)), TypeError, "tuple"),
    "unknown name": (
        lambda: export(torch.nn.Linear(2, 2), (torch.ones(1, 2),), dynamic_shapes={"z": None}), ValueError, "names"),
    "other sizes": (
        lambda: export(torch.nn.Bilinear(2, 2, 2), (torch.ones(3, 2), torch.ones(4, 2)),
                       dynamic_shapes=[{0: Dim("b")}] * 2), ValueError, "in one example"),
    "a call": (lambda: export(torch.nn.Identity(), (torch.ones(2),))(torch.ones(2)), RuntimeError, "module()"),
    "another file": (lambda: load(io.BytesIO(b"no")), RuntimeError, "no exported program"),
    "not scripted": (lambda: torch.jit.save(torch.nn.Linear(2, 2), io.BytesIO()), ValueError, "torch.jit.script"),
    "never called": (lambda: torch.jit.script(torch.nn.Linear(2, 2)).save(io.BytesIO()), RuntimeError, "seen none"),
    "random": (lambda: torch.jit.trace(torch.nn.Dropout(), torch.ones(50)), RuntimeError, "sanity checks"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    call, kind, message = ERRORS[case]
    with pytest.raises(kind, match=message.replace("(", r"\(").replace(")", r"\)")):
        call()


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_torch_script_is_refused_by_name() -> None:
    file = io.BytesIO()
    real.jit.save(real.jit.script(real.nn.Linear(2, 2)), file)
    file.seek(0)
    with pytest.raises(NotImplementedError, match="torch's own"):
        torch.jit.load(file)


# ---- jit ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_traced_and_saved(name: str) -> None:
    build, inputs = MODELS[name]
    model = build().eval()
    traced = torch.jit.trace(model, inputs(2))
    assert isinstance(traced, torch.jit.ScriptModule) and isinstance(traced, type(model))
    assert next(traced.parameters()) is next(model.parameters())
    assert "def forward" in traced.code and "lambda" in str(traced.graph)
    file = io.BytesIO()
    torch.jit.save(traced, file, _extra_files={"labels": "a,b"})
    file.seek(0)
    extra = {"labels": ""}
    loaded = torch.jit.load(file, _extra_files=extra)
    assert extra["labels"] == b"a,b"
    args = inputs(6)  # the batch was found to be free
    torch.testing.assert_close(loaded(*args), model(*args))
    assert isinstance(loaded, torch.jit.ScriptModule) and not loaded.training


@torch.jit.script
def scaled(x: Any, factor: float = 2.0) -> Any:
    return x * factor if x.sum() > 0 else x


def test_scripts() -> None:
    x = torch.ones(3)
    assert torch.equal(scaled(x), x * 2) and torch.equal(scaled(-x), -x)
    assert "factor" in scaled.code and scaled.name == "scaled" and isinstance(scaled, torch.jit.ScriptFunction)
    assert pickle.loads(pickle.dumps(scaled)) is scaled
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout())
    scripted = torch.jit.script(model)
    assert scripted.original_name == "Sequential" and scripted[0] is model[0]
    scripted.eval()
    out = scripted(torch.ones(4, 3))
    file = io.BytesIO()
    scripted.save(file)
    file.seek(0)
    torch.testing.assert_close(torch.jit.load(file)(torch.ones(4, 3)), out)
    assert torch.jit.freeze(scripted) is scripted
    seen = []
    torch.jit.trace(lambda x: seen.append(torch.jit.is_tracing()) or x, torch.ones(2))
    assert seen[0] and not torch.jit.is_tracing()
