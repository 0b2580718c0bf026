"""A model as a program that stands alone: StableHLO made by `jax.export`, beside its weights, with or without symbolic sizes.

What `torch.export`, `torch.jit.save` and their loaders have in common.
"""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.export
from jax.errors import (
    ConcretizationTypeError,
    InconclusiveDimensionOperation,
    TracerArrayConversionError,
    TracerBoolConversionError,
    TracerIntegerConversionError,
)

from torchlike.base.pytree import LEAF, TreeSpec, flatten, unflatten
from torchlike.func.jax_bridge import from_jax, to_jax
from torchlike.nn.modules.module import Module
from torchlike.serialization import files
from torchlike.tensor import Parameter, Tensor

VERSION = 1
_MARK = "torchlike.exported"
Dims = Sequence[Sequence[Any]]  # per tensor among the inputs, per dimension: a size, or an expression of symbols


LOOKS = (ConcretizationTypeError, TracerArrayConversionError, TracerBoolConversionError, TracerIntegerConversionError)


class Here:
    """Stands among constants for a tensor."""

    def __repr__(self) -> str:
        return "<tensor>"


HERE = Here()


@dataclass
class Program:
    """A compiled function of (state, tensors) and what its trees look like.

    Attributes:
        program: takes `{name: array}` and a tuple of arrays; returns a tuple of arrays and `{name: array}` of what changed.
        state: parameters and buffers by dotted name. parameters: the names of those that are parameters.
        inputs, constants: the tree of `(args, kwargs)`, and its leaves with `HERE` for tensors.
        outputs, fixed: the same of what is returned.
        names: the positional arguments' names, for messages.
        extra: files that the user hung on.
    """

    program: jax.export.Exported
    state: dict[str, Tensor]
    parameters: list[str]
    inputs: TreeSpec
    constants: list[Any]
    outputs: TreeSpec
    fixed: list[Any]
    extra: dict[str, Any] = field(default_factory=dict)

    def __call__(self, state: Mapping[str, Tensor], args: tuple, kwargs: Mapping[str, Any]) -> tuple[Any, dict[str, Tensor]]:
        """The outputs, and the new values of buffers that changed. Differentiable.

        Raises:
            RuntimeError: for inputs of another structure, another number, dtype or shape than the program is for.
        """
        leaves, spec = flatten((args, dict(kwargs)))
        if spec != self.inputs:
            raise RuntimeError(f"the exported program takes inputs of the structure {self.inputs}, and got {spec}")
        for given, constant in zip(leaves, self.constants, strict=True):
            if isinstance(given, Tensor) is not (constant is HERE) or (constant is not HERE and given != constant):
                raise RuntimeError(
                    f"the exported program was made for {constant!r} where it now gets {type(given).__name__}: whatever is no "
                    "tensor is part of the program"
                )
        tensors = tuple(leaf for leaf in leaves if isinstance(leaf, Tensor))
        try:
            outs, changed = self._call(dict(state), tensors)
        except (ValueError, TypeError) as error:
            raise RuntimeError(f"the exported program takes {self.shapes()}: {error}") from error
        it = iter(outs)
        return unflatten([next(it) if leaf is HERE else leaf for leaf in self.fixed], self.outputs), changed

    @property
    def _call(self) -> Callable:
        made = self.__dict__.get("_called")
        if made is None:
            made = self.__dict__["_called"] = from_jax(self._in_jax)
        return made

    def _in_jax(self, state: dict, tensors: tuple) -> Any:
        with jax.enable_x64(True):
            return self.program.call(state, tensors)

    def shapes(self) -> str:
        """What tensors the program takes, in words."""
        count = sum(c is HERE for c in self.constants)
        given = self.program.in_avals[len(self.program.in_avals) - count :]
        return ", ".join(f"{a.dtype}[{', '.join(map(str, a.shape))}]" for a in given)

    def text(self) -> str:
        """The program as StableHLO."""
        return self.program.mlir_module()


def lower(model: Module, args: tuple, kwargs: Mapping[str, Any], dims: Dims | None = None, bounds: Sequence[str] = (),
          platforms: Sequence[str] | None = None) -> Program:  # fmt: skip
    """Export a model for inputs like `args` and `kwargs`.

    Args:
        dims: the sizes of the tensors among the inputs, symbols where they may change; those of the examples by default.
        bounds: what is known of the symbols, say "b <= 64".
        platforms: to compile for ("cpu", "cuda", "tpu"); the one in use by default.

    Raises:
        RuntimeError: where the model looks at values, or at sizes that are symbols.
    """
    traced = _Traced(model, args, kwargs)
    with jax.enable_x64(True):
        specs = _specs(traced.tensors, dims, bounds)
        state = {name: jax.ShapeDtypeStruct(t.shape, t.dtype.np) for name, t in traced.state.items()}
        try:
            program = jax.export.export(jax.jit(traced.run), platforms=platforms)(state, specs)
        except InconclusiveDimensionOperation as error:
            raise RuntimeError(
                "the model asks something of a size that is only a symbol; make that dimension static, or say more of it "
                f"(min=, max=): {str(error).splitlines()[0]}"
            ) from error
        except LOOKS as error:
            raise RuntimeError(
                "the model looks at a value (item(), bool(), an if on a tensor), which an exported program cannot: use "
                f"torch.cond or torch.where. {str(error).splitlines()[0]}"
            ) from error
    return Program(program, traced.state, traced.parameters, traced.spec, traced.constants, traced.out_spec, traced.fixed)


def dims_that_work(model: Module, args: tuple, kwargs: Mapping[str, Any], most: int = 8) -> list[list[Any]]:
    """The sizes of the inputs with a symbol for every dimension that the model leaves open.

    First dimensions of one size share a symbol; of the others each is tried for itself, `most` at most.
    """
    traced = _Traced(model, args, kwargs)
    dims: list[list[Any]] = [list(t.shape) for t in traced.tensors]
    batch = [(i, 0) for i, t in enumerate(traced.tensors) if t.ndim and t.shape[0] == traced.tensors[0].shape[0]]
    groups = [batch, *[[(i, d)] for i, t in enumerate(traced.tensors) for d in range(t.ndim) if (i, d) not in batch]]
    for number, group in enumerate(groups[:most]):
        tried = [list(sizes) for sizes in dims]
        for i, d in group:
            tried[i][d] = f"s{number}"
        with jax.enable_x64(True):
            state = {name: jax.ShapeDtypeStruct(t.shape, t.dtype.np) for name, t in traced.state.items()}
            try:
                jax.eval_shape(traced.run, state, _specs(traced.tensors, tried, ()))
            except Exception:
                continue
        dims = tried
    return dims


class _Traced:
    """A model as a function of arrays, and the trees that it was called with and returned."""

    def __init__(self, model: Module, args: tuple, kwargs: Mapping[str, Any]):
        self._apply = to_jax(model)
        self.parameters = [name for name, _ in model.named_parameters()]
        self.state = {
            name: t.detach() if name in self.parameters else t
            for name, t in (*model.named_parameters(), *model.named_buffers())
        }
        leaves, self.spec = flatten((tuple(args), dict(kwargs)))
        self.tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        self.constants = [HERE if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        self.out_spec, self.fixed = LEAF, [HERE]

    def run(self, state: dict[str, Any], tensors: tuple) -> tuple[tuple, dict[str, Any]]:
        it = iter(tensors)
        args, kwargs = unflatten([next(it) if c is HERE else c for c in self.constants], self.spec)
        params = {name: state[name] for name in self.parameters}
        buffers = {name: array for name, array in state.items() if name not in params}
        out, after = self._apply(params, buffers, None, *args, **kwargs)
        leaves, self.out_spec = flatten(out)
        arrays = [isinstance(leaf, jax.Array) for leaf in leaves]
        self.fixed = [HERE if is_array else leaf for leaf, is_array in zip(leaves, arrays, strict=True)]
        changed = {name: array for name, array in after.items() if array is not buffers[name]}
        return tuple(leaf for leaf in leaves if isinstance(leaf, jax.Array)), changed


def _specs(tensors: Sequence[Tensor], dims: Dims | None, bounds: Sequence[str]) -> tuple:
    scope = jax.export.SymbolicScope(list(bounds))
    found = []
    for i, tensor in enumerate(tensors):
        sizes: Any = tuple(tensor.shape)
        if dims is not None:
            sizes = jax.export.symbolic_shape(", ".join(map(str, dims[i])) or None, scope=scope, like=sizes) if sizes else ()
        found.append(jax.ShapeDtypeStruct(sizes, tensor.dtype.np))
    return tuple(found)


# ---- modules ----------------------------------------------------------------------------------------------------------


class ProgramModule(Module):
    """An exported program as a module: its parameters and buffers are under the names that they had."""

    def __init__(self, exported: Program):
        super().__init__()
        self.__dict__["_program"] = exported
        names = set(exported.parameters)
        for name, tensor in exported.state.items():
            *above, last = name.split(".")
            holder: Module = self
            for part in above:
                if part not in holder._modules:
                    holder.add_module(part, Module())
                holder = holder._modules[part]  # type: ignore[assignment]  # just put there
            if name in names:
                holder.register_parameter(last, Parameter(tensor, tensor.dtype.is_differentiable))
            else:
                holder.register_buffer(last, tensor)
        self.eval()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        state = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        out, changed = self._program(state, args, kwargs)
        for name, value in changed.items():
            state[name].copy_(value)
        return out


# ---- files ------------------------------------------------------------------------------------------------------------


def save(exported: Program, f: Any, extra: Mapping[str, Any] | None = None) -> None:
    """Write a program, its weights and `extra` files to one zip file. Nothing in it is code but the StableHLO.

    Raises:
        TypeError: where its inputs or outputs hold something that JSON cannot say.
    """
    about = {
        "format": _MARK, "version": VERSION, "parameters": exported.parameters,
        "inputs": _spec_to_json(exported.inputs), "constants": [_leaf_to_json(c) for c in exported.constants],
        "outputs": _spec_to_json(exported.outputs), "fixed": [_leaf_to_json(c) for c in exported.fixed],
    }  # fmt: skip
    state = io.BytesIO()
    files.save(exported.state, state)
    with zipfile.ZipFile(f, "w") as archive:
        archive.writestr("about.json", json.dumps(about))
        archive.writestr("program.stablehlo", bytes(_serialized(exported.program)))
        archive.writestr("state.pth", state.getvalue())
        for name, content in {**exported.extra, **(extra or {})}.items():
            archive.writestr(f"extra/{name}", content)


def _serialized(program: jax.export.Exported) -> bytes:
    """With its gradient, where it has one."""
    _need_flatbuffers()
    with jax.enable_x64(True):
        try:
            return program.serialize(vjp_order=1)
        except Exception:
            return program.serialize()


def _need_flatbuffers() -> None:
    if importlib.util.find_spec("flatbuffers") is None:
        raise ImportError("saving and loading programs needs flatbuffers: pip install torchlike[export]")


def load(f: Any, map_location: Any = None) -> Program:
    """Read what `save` wrote. The model's source is not needed.

    Raises:
        RuntimeError: for another kind of file, or one of a later version. NotImplementedError: for torch's own.
    """
    _need_flatbuffers()
    try:
        archive = zipfile.ZipFile(f)
    except zipfile.BadZipFile as error:
        raise RuntimeError(f"{f!r} is no exported program: {error}") from error
    with archive:
        names = archive.namelist()
        if "about.json" not in names:
            if any(name.endswith(("constants.pkl", "models/model.json", "data.pkl")) for name in names):
                raise NotImplementedError(
                    "torchlike reads no TorchScript and none of torch's .pt2 files: their programs are in torch's own "
                    "operations. Load the state_dict into the model's Python code instead"
                )
            raise RuntimeError(f"{f!r} is no exported program")
        about = json.loads(archive.read("about.json"))
        if about.get("format") != _MARK or about["version"] > VERSION:
            raise RuntimeError(f"{f!r} is of format {about.get('format')} {about.get('version')}, known is {_MARK} {VERSION}")
        program = jax.export.deserialize(bytearray(archive.read("program.stablehlo")))
        state = files.load(io.BytesIO(archive.read("state.pth")), map_location=map_location)
        extra = {n.removeprefix("extra/"): archive.read(n) for n in names if n.startswith("extra/")}
    return Program(
        program, state, about["parameters"], _spec_of_json(about["inputs"]), [_leaf_of_json(c) for c in about["constants"]],
        _spec_of_json(about["outputs"]), [_leaf_of_json(c) for c in about["fixed"]], extra,
    )  # fmt: skip


def _leaf_to_json(leaf: Any) -> Any:
    if leaf is HERE:
        return ["tensor"]
    if leaf is None or isinstance(leaf, (bool, int, float, str)):
        return ["value", leaf]
    raise TypeError(f"an exported program with {leaf!r} among its inputs or outputs cannot be saved")


def _leaf_of_json(saved: list) -> Any:
    return HERE if saved[0] == "tensor" else saved[1]


def _spec_to_json(spec: TreeSpec) -> Any:
    if spec.type is None:
        return None
    children = [_spec_to_json(child) for child in spec.children]
    if spec.type in (tuple, list):
        return [spec.type.__name__, None, children]
    if issubclass(spec.type, dict) and all(isinstance(key, str) for key in spec.context):
        return ["dict", list(spec.context), children]
    if hasattr(spec.type, "_fields"):
        return ["namedtuple", [spec.type.__name__, *spec.type._fields], children]
    raise TypeError(f"an exported program whose inputs or outputs are in a {spec.type.__name__} cannot be saved")


def _spec_of_json(saved: Any) -> TreeSpec:
    if saved is None:
        return LEAF
    kind, context, children = saved
    specs = tuple(map(_spec_of_json, children))
    if kind == "namedtuple":
        made = namedtuple(context[0], context[1:])  # type: ignore[misc]  # known only from the file
        return TreeSpec(made, made, specs)
    return TreeSpec({"tuple": tuple, "list": list, "dict": dict}[kind], context, specs)


__all__ = ["HERE", "Program", "ProgramModule", "dims_that_work", "load", "lower", "save"]
