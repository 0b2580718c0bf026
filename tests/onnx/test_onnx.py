"""torch.onnx.export: checked by onnx, run by onnxruntime, against torchlike itself; quantized models as Q and DQ nodes."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch as real

import torchlike as torch
from tests.ao.helpers import inputs
from tests.ao.models import SHAPE
from tests.ao.test_static import calibrated
from tests.export.models import Named
from tests.onnx.models import CASES, SHORT, settled
from torchlike import nn

pytestmark = pytest.mark.filterwarnings("ignore:.*Please use quant_min")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [n if n in SHORT else pytest.param(n, marks=pytest.mark.full) for n in CASES])
def test_any_batch(name: str) -> None:
    build, args = CASES[name]
    model = settled(build(), args(8))
    shapes = tuple({0: torch.export.Dim("batch")} for _ in args(2))
    program = torch.onnx.export(model, args(2), dynamic_shapes=shapes)
    for batch in (1, 5):
        given = args(batch)
        expected = model(*given).detach().numpy()
        largest = np.abs(expected).max()  # deep networks add up rounding
        assert largest > 1e-3
        np.testing.assert_allclose(program(*given)[0], expected, rtol=1e-4, atol=3e-5 * largest)


def test_models_are_many() -> None:
    assert len(CASES) >= 12 and set(SHORT) <= set(CASES)


def test_names_axes_and_files(tmp_path: Path) -> None:
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


def test_options_and_outside_weights(tmp_path: Path) -> None:
    kinds = torch.onnx.TrainingMode, torch.onnx.OperatorExportTypes
    model, x = nn.Linear(3, 2), torch.randn(4, 3)
    program = torch.onnx.export(
        model, (x,), verify=True, training=kinds[0].EVAL, operator_export_type=kinds[1].ONNX, export_params=True, report=False
    )  # fmt: skip
    program.save(tmp_path / "model.onnx", external_data=True)
    assert (tmp_path / "model.onnx.data").stat().st_size >= 4 * 8
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (name,) = [value.name for value in session.get_inputs()]
    np.testing.assert_allclose(session.run(None, {name: x.numpy()})[0], model(x).detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(program(x)[0], model(x).detach().numpy(), atol=1e-6)  # it has its weights still
    with pytest.raises(TypeError, match="unexpected keyword argument 'opset'"):
        torch.onnx.export(model, (x,), opset=3)
    with pytest.raises(NotImplementedError, match="training"):
        torch.onnx.export(model, (x,), training=kinds[0].TRAINING)


def test_enumerations_are_those_of_torch() -> None:
    for kind in ("TrainingMode", "OperatorExportTypes", "TensorProtoDataType"):
        expected = {name: int(value) for name, value in getattr(real.onnx, kind).__members__.items()}
        assert {member.name: int(member) for member in getattr(torch.onnx, kind)} == expected
    assert issubclass(torch.onnx.OnnxExporterError, RuntimeError)
    assert torch.onnx.errors.OnnxExporterError is torch.onnx.OnnxExporterError
