"""`torch.onnx`: models written as ONNX, through jax2onnx (`pip install torchlike[onnx]`)."""

from __future__ import annotations

from torchlike.base import exporting
from torchlike.base.errors import absent
from torchlike.onnx import errors
from torchlike.onnx.enums import OperatorExportTypes, TensorProtoDataType, TrainingMode
from torchlike.onnx.errors import OnnxExporterError
from torchlike.onnx.exporter import export
from torchlike.onnx.program import ONNXProgram

__all__ = [
    "ONNXProgram", "OnnxExporterError", "OperatorExportTypes", "TensorProtoDataType", "TrainingMode", "errors", "export",
    "is_in_onnx_export",
]  # fmt: skip


def is_in_onnx_export() -> bool:
    """Whether `export` is tracing."""
    return exporting.state.onnx


__getattr__ = absent("torch.onnx")
