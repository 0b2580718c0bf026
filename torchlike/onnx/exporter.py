"""`torch.onnx.export`: a model traced by JAX, and written as ONNX by jax2onnx."""

from __future__ import annotations

import importlib.util
import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.export

from torchlike.base import exporting
from torchlike.base.errors import missing
from torchlike.base.pytree import flatten
from torchlike.func import dims as dimensions
from torchlike.func import exported
from torchlike.nn.modules.module import Module
from torchlike.onnx import nodes
from torchlike.tensor import Tensor


class ONNXProgram:
    """An exported model.

    Attributes:
        model_proto: the `onnx.ModelProto`.
    """

    def __init__(self, model_proto: Any):
        self.model_proto = model_proto

    def save(self, destination: Any, *, include_initializers: bool = True, keep_initializers_as_inputs: bool = False,
             external_data: bool | None = None) -> None:  # fmt: skip
        """Write the model to a path or a file."""
        content = self.model_proto.SerializeToString()
        if isinstance(destination, (str, os.PathLike)):
            Path(destination).write_bytes(content)
        else:
            destination.write(content)

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs that onnxruntime computes, numpy arrays."""
        _need("onnxruntime")
        import onnxruntime

        session = onnxruntime.InferenceSession(self.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
        given = [leaf.detach().numpy() for leaf in flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
        names = [value.name for value in session.get_inputs()]
        return tuple(session.run(None, dict(zip(names, given, strict=True))))

    def optimize(self) -> None:
        """Nothing: what could be folded was."""


def _need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise ImportError(f"torch.onnx needs {package}: pip install torchlike[onnx]")


def export(
    model: Any, args: Any = (), f: Any = None, *, kwargs: Mapping[str, Any] | None = None, verbose: bool | None = None,
    input_names: Sequence[str] | None = None, output_names: Sequence[str] | None = None, opset_version: int | None = None,
    dynamo: bool = True, dynamic_shapes: Any = None, dynamic_axes: Mapping[str, Any] | None = None, export_params: bool = True,
    do_constant_folding: bool = True, verify: bool = False, **options: Any,
) -> ONNXProgram | None:  # fmt: skip
    """Write a model as ONNX, checked by `onnx.checker`. Layers on integers become QuantizeLinear and DequantizeLinear.

    Args:
        args, kwargs: example inputs; what is no tensor is part of the model.
        f: a path or a file; without one the program is only returned.
        input_names, output_names: of the graph, in order.
        dynamic_shapes: as in `torch.export.export`. dynamic_axes: the older form, `{"x": {0: "batch"}}`, by `input_names`.
        opset_version: of ONNX; jax2onnx's default without.
        options: further arguments of torch's, which say how its own exporter works. They change nothing.

    Returns:
        The program, or None with `dynamo=False`.

    Raises:
        RuntimeError: where the model looks at values, or does what jax2onnx has no ONNX for.
        ImportError: without jax2onnx.
    """
    if not isinstance(model, Module):
        raise missing("torch.onnx.export of anything but a module")
    if not export_params:
        raise missing("torch.onnx.export(export_params=False)")
    for package in ("jax2onnx", "onnx"):
        _need(package)
    import onnx

    given = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    named = dict(kwargs or {})
    found = _sizes(model, given, named, input_names, dynamic_shapes, dynamic_axes)
    was_training = model.training
    model.eval()
    try:
        changing = _changing(model, given, named)
        with exporting.to_onnx():
            proto = _converted(model, given, named, found, changing, (input_names, output_names, opset_version))
    finally:
        model.train(was_training)
    onnx.checker.check_model(proto)
    program = ONNXProgram(proto)
    if f is not None:
        program.save(f)
    return program if dynamo else None


def _sizes(
    model: Module, args: tuple, kwargs: dict, input_names: Any, dynamic_shapes: Any, dynamic_axes: Any
) -> dimensions.Found:
    if dynamic_axes is None:
        return dimensions.read(dynamic_shapes, model.forward, args, kwargs)
    found, tensors = dimensions.Found(), [t for t in flatten((args, kwargs))[0] if isinstance(t, Tensor)]
    names = list(input_names or [f"input_{i}" for i in range(len(tensors))])
    for name, tensor in zip(names, tensors, strict=False):
        said = dynamic_axes.get(name, {})
        axes = dict.fromkeys(said) if isinstance(said, (list, tuple)) else said
        found.add(tensor, {d: dimensions.Dim(axis or f"{name}_{d}") for d, axis in axes.items()})
    return found


def _changing(model: Module, args: tuple, kwargs: dict) -> set[str]:
    """The buffers that a call changes."""
    if not list(model.buffers()):
        return set()
    traced = exported._Traced(model, args, kwargs)
    with jax.enable_x64(True):
        state = {name: jax.ShapeDtypeStruct(t.shape, t.dtype.np) for name, t in traced.state.items()}
        try:
            return set(jax.eval_shape(traced.run, state, exported._specs(traced.tensors, None, ()))[1])
        except exported.LOOKS as error:
            raise _looking(error) from error


def _looking(error: Exception) -> RuntimeError:
    return RuntimeError(
        "the model looks at a value (item(), bool(), an if on a tensor), which ONNX cannot: use torch.where. "
        f"{str(error).splitlines()[0]}"
    )


def _converted(model: Module, args: tuple, kwargs: dict, found: dimensions.Found, changing: set[str], names: tuple) -> Any:
    input_names, output_names, opset = names
    logger = logging.getLogger("jax2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it tells of every optional library that it does not find
    try:
        with warnings.catch_warnings(), jax.enable_x64(True):
            warnings.simplefilter("ignore")
            import jax2onnx

            nodes.register()
            traced = exported._Traced(model, args, kwargs)
            state = {name: tensor._read().on_device() for name, tensor in traced.state.items()}

            def run(*arrays: Any) -> Any:
                # What changes is no constant: it is taken into the trace.
                now = {n: jax.lax.optimization_barrier(a) if n in changing else a for n, a in state.items()}
                outs, _ = traced.run(now, arrays)
                return outs if len(outs) != 1 else outs[0]

            specs = exported._specs(traced.tensors, found.sizes, found.bounds)
            more = {} if opset is None else {"opset": opset}
            return jax2onnx.to_onnx(
                run, list(specs), input_names=None if input_names is None else list(input_names),
                output_names=None if output_names is None else list(output_names), **more,
            )  # fmt: skip
    except exported.LOOKS as error:
        raise _looking(error) from error
    except NotImplementedError as error:
        raise RuntimeError(f"jax2onnx cannot write {type(model).__name__} as ONNX: {error}") from error
    finally:
        logger.setLevel(level)
