"""What older exports say in numbers: in which mode a model is written, and which operators it may have."""

from __future__ import annotations

from enum import IntEnum


class TrainingMode(IntEnum):
    """Of a model while it is written. `export` takes the model as it is."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


class OperatorExportTypes(IntEnum):
    """Which operators torch's older exporter may write. jax2onnx writes ONNX's own."""

    ONNX = 0
    ONNX_ATEN = 1
    ONNX_ATEN_FALLBACK = 2
    ONNX_FALLTHROUGH = 3


TensorProtoDataType = IntEnum(
    "TensorProtoDataType",
    "UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64 COMPLEX64 COMPLEX128 "
    "BFLOAT16 FLOAT8E4M3FN FLOAT8E4M3FNUZ FLOAT8E5M2 FLOAT8E5M2FNUZ",
    start=0,
)
TensorProtoDataType.__doc__ = "ONNX's own numbers of dtypes."
