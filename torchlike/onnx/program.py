"""ONNXProgram: an exported model, which can be saved and run."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from torchlike.base.errors import missing
from torchlike.base.pytree import flatten
from torchlike.tensor import Tensor


def need(package: str) -> None:
    """Raises ImportError where a package is not installed."""
    if importlib.util.find_spec(package) is None:
        raise ImportError(f"torch.onnx needs {package}: pip install torchlike[onnx]")


class ONNXProgram:
    """An exported model.

    Attributes:
        model_proto: the `onnx.ModelProto`.
    """

    def __init__(self, model_proto: Any):
        self.model_proto = model_proto

    def save(self, destination: Any, *, include_initializers: bool = True, keep_initializers_as_inputs: bool = False,
             external_data: bool | None = None) -> None:  # fmt: skip
        """Write the model to a path or a file.

        Args:
            external_data: put the weights into a file beside it, `<name>.data`.
        """
        if not include_initializers:
            raise missing("ONNXProgram.save(include_initializers=False)")
        if keep_initializers_as_inputs:
            raise missing("ONNXProgram.save(keep_initializers_as_inputs=True)")
        if not isinstance(destination, (str, os.PathLike)):
            destination.write(self.model_proto.SerializeToString())
            return
        import onnx

        copy = onnx.ModelProto()
        copy.CopyFrom(self.model_proto)  # weights that go elsewhere are taken out of what is saved
        outside = {"save_as_external_data": True, "location": f"{os.path.basename(destination)}.data", "size_threshold": 0}
        onnx.save_model(copy, destination, **(outside if external_data else {}))

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs that onnxruntime computes, numpy arrays."""
        need("onnxruntime")
        import onnxruntime

        session = onnxruntime.InferenceSession(self.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
        given = [leaf.detach().numpy() for leaf in flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
        names = [value.name for value in session.get_inputs()]
        return tuple(session.run(None, dict(zip(names, given, strict=True))))

    def optimize(self) -> None:
        """Nothing: what could be folded was."""


ONNXProgram.__module__ = "torchlike.onnx"
