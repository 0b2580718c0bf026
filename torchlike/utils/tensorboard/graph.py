"""A model's graph for TensorBoard: the operations that it makes of its inputs, under the modules that make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.versions_pb2 import VersionDef

from torchlike.autograd.grad_mode import no_grad
from torchlike.engine.value import of_jax
from torchlike.tensor.tensor import Tensor, bare


def graph_of(model: Any, inputs: Any) -> GraphDef:
    """The graph of a module for inputs (a tensor, or a tuple or list of arguments)."""
    args = inputs if isinstance(inputs, (tuple, list)) else () if inputs is None else (inputs,)
    leaves, tree = jax.tree.flatten(tuple(args))
    given = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    state = {name: t for name, t in (*model.named_parameters(), *model.named_buffers()) if t._view is None}

    def run(held: list[Any], arrays: list[Any]) -> list[Any]:
        for tensor, array in zip(state.values(), held, strict=True):
            tensor._storage.write(of_jax(array))
        tensors = iter([bare(of_jax(array)) for array in arrays])
        call = jax.tree.unflatten(tree, [next(tensors) if isinstance(leaf, Tensor) else leaf for leaf in leaves])
        found = jax.tree.leaves(model(*call))
        return [t._read().on_device() for t in found if isinstance(t, Tensor)]

    arrays = [[t._read().on_device() for t in tensors] for tensors in (state.values(), given)]
    with no_grad(), jax.enable_x64(True), _kept(list(state.values())), _scopes(model):
        made = jax.make_jaxpr(run)(*arrays)
    return _drawn(model, list(state), made)


@contextmanager
def _kept(tensors: list[Tensor]) -> Iterator[None]:
    """Whatever is written to tensors within the block, their values are the same after it."""
    before = [t._storage.value for t in tensors]
    try:
        yield
    finally:
        for tensor, value in zip(tensors, before, strict=True):
            tensor._storage.write(value)


@contextmanager
def _scopes(model: Any) -> Iterator[None]:
    """Name what is traced within the block after the module that is called."""
    entered: list[Any] = []
    handles = []

    def before(label: str) -> Any:
        def enter(module: Any, args: Any) -> None:
            entered.append(jax.named_scope(label))
            entered[-1].__enter__()

        return enter

    def leave(module: Any, args: Any, output: Any) -> None:
        entered.pop().__exit__(None, None, None)

    try:
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(before(_label(module, name))))
            handles.append(module.register_forward_hook(leave))
        yield
    finally:
        while entered:
            entered.pop().__exit__(None, None, None)
        for handle in handles:
            handle.remove()


def _label(module: Any, name: str) -> str:
    last = name.rpartition(".")[2]
    return f"{type(module).__name__}[{last}]" if last else type(module).__name__


def _place(model: Any, name: str) -> str:
    """Where a parameter is shown: "Net/Linear[fc1]/weight"."""
    modules = dict(model.named_modules())
    parts = name.split(".")[:-1]
    path = [_label(modules[".".join(parts[:i])], ".".join(parts[:i])) for i in range(len(parts) + 1)]
    return "/".join([*path, name.rpartition(".")[2]])


class _Nodes:
    """The nodes so far, and which of them made a variable of the traced program."""

    def __init__(self) -> None:
        self.made: list[NodeDef] = []
        self.names: dict[str, int] = {}

    def add(self, name: str, op: str, inputs: list[str], avals: list[Any]) -> str:
        count = self.names[name] = self.names.get(name, 0) + 1
        name = name if count == 1 else f"{name}_{count}"
        shapes = [TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in aval.shape]) for aval in avals]
        attr = {"_output_shapes": AttrValue(list=AttrValue.ListValue(shape=shapes))}
        self.made.append(NodeDef(name=name, op=op, input=dict.fromkeys(inputs), attr=attr))
        return name

    def walk(self, jaxpr: Any, sources: list[str], scope: str) -> list[str]:
        """Add the operations of a traced program. Gives the names of the nodes that make its results."""
        env: dict[Any, str] = dict(zip(jaxpr.invars, sources, strict=True))
        for variable in jaxpr.constvars:
            env[variable] = self.add(f"{scope}/constant" if scope else "constant", "Constant", [], [variable.aval])
        for eqn in jaxpr.eqns:
            here = "/".join(filter(None, [scope, str(eqn.source_info.name_stack)]))
            inputs = [env.get(v, "") if not hasattr(v, "val") else "" for v in eqn.invars]
            inner = next((eqn.params[k] for k in ("jaxpr", "call_jaxpr", "fun_jaxpr") if k in eqn.params), None)
            inner = getattr(inner, "jaxpr", inner)
            if inner is not None and len(inner.invars) == len(inputs) and eqn.primitive.name not in ("scan", "while"):
                outs = self.walk(inner, inputs, here)
            else:
                name = "/".join(filter(None, [here, eqn.primitive.name]))
                known = [source for source in inputs if source]
                outs = [self.add(name, eqn.primitive.name, known, [v.aval for v in eqn.outvars])] * len(eqn.outvars)
            env.update(zip(eqn.outvars, outs, strict=True))
        return [env.get(v, "") if not hasattr(v, "val") else "" for v in jaxpr.outvars]


def _drawn(model: Any, state: list[str], made: Any) -> GraphDef:
    nodes = _Nodes()
    avals = [v.aval for v in made.jaxpr.invars]
    sources = [nodes.add(_place(model, name), "Parameter", [], [aval]) for name, aval in zip(state, avals, strict=False)]
    sources += [nodes.add("input/input", "IO Node", [], [aval]) for aval in avals[len(state) :]]
    results = nodes.walk(made.jaxpr, sources, "")
    for name, variable in zip(results, made.jaxpr.outvars, strict=True):
        nodes.add("output/output", "IO Node", [name] if name else [], [variable.aval])
    return GraphDef(node=nodes.made, versions=VersionDef(producer=22))
