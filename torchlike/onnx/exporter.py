"""`torch.onnx.export`: a model traced by JAX, and written as ONNX by jax2onnx."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.export
import numpy as np

from torchlike.base import exporting
from torchlike.base.errors import missing
from torchlike.base.pytree import flatten
from torchlike.func import dims as dimensions
from torchlike.func import exported
from torchlike.nn.modules.module import Module
from torchlike.onnx import nodes
from torchlike.onnx.enums import OperatorExportTypes, TrainingMode
from torchlike.onnx.errors import OnnxExporterError
from torchlike.onnx.program import ONNXProgram, need
from torchlike.tensor import Tensor

# Further arguments of torch's, which say how its own exporter works, and change nothing here; with a value that would, they are
# refused.
_IGNORED = {
    "external_data", "report", "optimize", "profile", "dump_exported_program", "artifacts_dir", "custom_opsets",
    "autograd_inlining", "verbose",
}  # fmt: skip
_REFUSED: dict[str, Any] = {
    "export_params": True, "training": TrainingMode.EVAL, "operator_export_type": OperatorExportTypes.ONNX,
    "keep_initializers_as_inputs": False, "custom_translation_table": None, "export_modules_as_functions": False,
}  # fmt: skip


def export(
    model: Any, args: Any = (), f: Any = None, *, kwargs: Mapping[str, Any] | None = None, verbose: bool | None = None,
    input_names: Sequence[str] | None = None, output_names: Sequence[str] | None = None, opset_version: int | None = None,
    dynamo: bool = True, dynamic_shapes: Any = None, dynamic_axes: Mapping[str, Any] | None = None,
    do_constant_folding: bool = True, verify: bool = False, **options: Any,
) -> ONNXProgram | None:  # fmt: skip
    """Write a model as ONNX, checked by `onnx.checker`. Layers on integers become QuantizeLinear and DequantizeLinear.

    Args:
        args, kwargs: example inputs; what is no tensor is part of the model.
        f: a path or a file; without one the program is only returned.
        input_names, output_names: of the graph, in order.
        dynamic_shapes: as in `torch.export.export`. dynamic_axes: the older form, `{"x": {0: "batch"}}`, by `input_names`.
        opset_version: of ONNX; jax2onnx's default without.
        verify: compare with what onnxruntime computes.
        options: further arguments of torch's, which say how its own exporter works. They change nothing.

    Returns:
        The program, or None with `dynamo=False`.

    Raises:
        OnnxExporterError: where the model looks at values, or does what jax2onnx has no ONNX for; where it fails `verify`.
        ImportError: without jax2onnx.
    """
    if not isinstance(model, Module):
        raise missing("torch.onnx.export of anything but a module")
    _check(options)
    for package in ("jax2onnx", "onnx"):
        need(package)
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
        onnx.checker.check_model(proto)
        program = ONNXProgram(proto)
        if verify:
            _verify(program, model, given, named)
    finally:
        model.train(was_training)
    if f is not None:
        program.save(f)
    return program if dynamo else None


def _check(options: dict[str, Any]) -> None:
    """Raises TypeError for an argument that torch does not have, NotImplementedError for a value that is not there."""
    for name, value in options.items():
        if name in _REFUSED and value != _REFUSED[name]:
            raise missing(f"torch.onnx.export({name}={value})")
        if name not in _REFUSED and name not in _IGNORED:
            raise TypeError(f"export() got an unexpected keyword argument '{name}'")


def _verify(program: ONNXProgram, model: Module, args: tuple, kwargs: dict) -> None:
    expected = [leaf for leaf in flatten(model(*args, **kwargs))[0] if isinstance(leaf, Tensor)]
    for i, (mine, other) in enumerate(zip(expected, program(*args, **kwargs), strict=True)):
        if not np.allclose(other, mine.detach().numpy(), rtol=1e-3, atol=1e-4):
            raise OnnxExporterError(f"verify: output {i} of the exported model differs by more than 1e-4")


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


def _looking(error: Exception) -> OnnxExporterError:
    return OnnxExporterError(
        "the model looks at a value (item(), bool(), an if on a tensor), which ONNX cannot: use torch.where. "
        f"{str(error).splitlines()[0]}"
    )


def _converted(model: Module, args: tuple, kwargs: dict, found: dimensions.Found, changing: set[str], names: tuple) -> Any:
    input_names, output_names, opset = names
    # They tell of every optional library that is not there, and of every value whose type nobody set.
    loggers = [logging.getLogger(name) for name in ("jax2onnx", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), jax.enable_x64(True):
            warnings.simplefilter("ignore")
            import jax2onnx
            from jax.extend.core import jaxpr_as_fun

            nodes.register()
            traced = exported._Traced(model, args, kwargs)
            state = {name: tensor._read().on_device() for name, tensor in traced.state.items()}

            def run(*arrays: Any) -> Any:
                # What changes is no constant: it is taken into the trace.
                now = {n: jax.lax.optimization_barrier(a) if n in changing else a for n, a in state.items()}
                return traced.run(now, arrays)[0]

            specs = exported._specs(traced.tensors, found.sizes, found.bounds)
            # Traced before jax2onnx puts functions of its own into jax.numpy: what is run here, and kept, has none of them.
            plain = jaxpr_as_fun(jax.make_jaxpr(run)(*specs))
            more = {} if opset is None else {"opset": opset}
            return jax2onnx.to_onnx(
                plain, list(specs), input_names=None if input_names is None else list(input_names),
                output_names=None if output_names is None else list(output_names), **more,
            )  # fmt: skip
    except exported.LOOKS as error:
        raise _looking(error) from error
    except NotImplementedError as error:
        raise OnnxExporterError(f"jax2onnx cannot write {type(model).__name__} as ONNX: {error}") from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
