"""torch.onnx.export: checked by onnx, run by onnxruntime, against torchlike itself; quantized models as Q and DQ nodes."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import torchlike as torch
from tests.ao.helpers import inputs
from tests.ao.models import SHAPE
from tests.ao.test_static import calibrated
from tests.export.models import MODELS, Named
from torchlike import nn

# jax2onnx wants an orbax that is older than the one our extra `checkpoint` names, so that it is no part of `test`.
pytest.importorskip("jax2onnx", reason="needs jax2onnx: pip install torchlike[onnx]")
pytest.importorskip("onnxruntime", reason="needs onnxruntime: pip install torchlike[onnx]")

pytestmark = pytest.mark.filterwarnings("ignore:.*Please use quant_min")
CASES: dict[str, Any] = {
    **MODELS,
    "mlp": (
        lambda: nn.Sequential(nn.Linear(8, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2), nn.Softmax(-1)),
        lambda b: (torch.randn(b, 8),),
    ),
    "vision": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 8, 3, padding=1, groups=8),
            nn.MaxPool2d(3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3),
        ),
        lambda b: (torch.randn(b, 3, 16, 16),),
    ),
}  # fmt: skip
LONG = {"cnn", "text", "transformer"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.full) if n in LONG else n for n in CASES])
def test_any_batch(name: str) -> None:
    build, args = CASES[name]
    model = build().eval()
    program = torch.onnx.export(model, args(2), dynamic_shapes=({0: torch.export.Dim("batch")},))
    for batch in (1, 5):
        given = args(batch)
        np.testing.assert_allclose(program(*given)[0], model(*given).detach().numpy(), atol=1e-5)


def test_names_axes_and_files(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = nn.Linear(3, 2)
    path = tmp_path / "model.onnx"
    returned = torch.onnx.export(
        model, torch.randn(4, 3), path, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "rows"}},
        opset_version=21, dynamo=False, do_constant_folding=True,
    )  # fmt: skip
    assert returned is None
    proto = onnx.load(path)
    assert [v.name for v in proto.graph.input] == ["x"] and [v.name for v in proto.graph.output] == ["y"]
    assert proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    assert proto.opset_import[0].version == 21
    file = io.BytesIO()
    torch.onnx.export(model, (torch.randn(4, 3),), file)
    assert onnx.load_from_string(file.getvalue()).graph.input[0].type.tensor_type.shape.dim[0].dim_value == 4


def test_trees_and_keywords() -> None:
    model = Named()
    pair = {"a": torch.randn(3, 4), "b": torch.randn(3, 2)}
    kwargs = {"scale": torch.tensor(3.0), "twice": True}
    program = torch.onnx.export(model, (pair,), kwargs=kwargs)
    x, rest = program(pair, **kwargs)
    expected = model(pair, **kwargs)
    np.testing.assert_allclose(x, expected["x"].detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(rest, expected["rest"][0].numpy())


def test_quantized_models_are_nodes() -> None:
    model = calibrated(torch, "fbgemm")
    x = torch.tensor(inputs(*SHAPE)[0])
    program = torch.onnx.export(model, (x[:2],), dynamic_axes={"input_0": {0: "batch"}})
    kinds = Counter(node.op_type for node in program.model_proto.graph.node)
    assert kinds["QuantizeLinear"] == 5 and kinds["DequantizeLinear"] == 9  # five activations, four weights
    stored = {tuple(t.dims): t.data_type for t in program.model_proto.graph.initializer}
    assert stored[8, 3, 3, 3] == stored[10, 64] == 3  # int8
    np.testing.assert_allclose(program(x)[0], model(x).numpy(), atol=1.01 * model.fc2.scale)
    assert not torch.onnx.is_in_onnx_export()


def test_errors() -> None:
    class Looks(nn.Module):
        def forward(self, x: Any) -> Any:
            return x if bool((x > 0).all()) else -x

    with pytest.raises(NotImplementedError, match="anything but a module"):
        torch.onnx.export(lambda x: x, (torch.ones(2),))
    with pytest.raises(NotImplementedError, match="export_params"):
        torch.onnx.export(nn.Linear(2, 2), (torch.ones(1, 2),), export_params=False)
    with pytest.raises(RuntimeError, match="looks at a value"):
        torch.onnx.export(Looks(), (torch.ones(2),))
