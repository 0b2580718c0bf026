"""`torch.onnx`: models written as ONNX, through jax2onnx (`pip install torchlike[onnx]`)."""

from __future__ import annotations

from torchlike.base import exporting
from torchlike.base.errors import absent
from torchlike.onnx.enums import OperatorExportTypes, TrainingMode
from torchlike.onnx.exporter import ONNXProgram, export

__all__ = ["ONNXProgram", "OperatorExportTypes", "TrainingMode", "export", "is_in_onnx_export"]


def is_in_onnx_export() -> bool:
    """Whether `export` is tracing."""
    return exporting.state.onnx


__getattr__ = absent("torch.onnx")
