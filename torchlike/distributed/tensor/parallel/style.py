"""How a layer is cut.

In one process parameters and activations are placed, and XLA moves what must be; with many processes each has its parts, and
the moves are collectives of the step's program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jax.sharding import NamedSharding, PartitionSpec

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributed.collectives import record
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor._api import Part, place
from torchlike.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard
from torchlike.nn import functional as F
from torchlike.nn.modules.linear import Linear
from torchlike.nn.modules.module import Module
from torchlike.nn.modules.sparse import Embedding
from torchlike.tensor import Tensor


def moved(x: Any, mesh: DeviceMesh, source: Placement | None, target: Placement | None) -> Any:
    """An activation that all ranks use alike, or have in parts, as parts or whole. Gradients move the other way."""
    if not isinstance(x, Tensor) or target is None:
        return x
    if not mesh.processes:
        return record("constrain", [x], _activation(mesh, target, x.ndim))
    ranks = mesh.get_group().ranks
    if source == target or source is None:
        return x
    if source.is_partial():
        return record("sum_split", [x], ranks, target.dim % x.ndim) if target.is_shard() else record("sum_alike", [x], ranks)
    if source.is_shard() and target.is_replicate():
        return record("join_alike", [x], ranks, source.dim % x.ndim)
    if source.is_replicate() and target.is_shard():
        return record("split_alike", [x], ranks, target.dim % x.ndim)
    return moved(moved(x, mesh, source, Replicate()), mesh, Replicate(), target)


def _activation(mesh: DeviceMesh, placement: Placement, ndim: int) -> NamedSharding:
    """Where an activation is to lie; how a mesh of more dimensions cuts the batch is left to them."""
    found = mesh.sharding([placement], ndim)
    if mesh._root is None or (placement.is_shard() and placement.dim % ndim == 0):
        return found
    rest = [*found.spec, *[None] * (ndim - len(found.spec))][1:]
    return NamedSharding(found.mesh, PartitionSpec(PartitionSpec.UNCONSTRAINED, *rest))


def used_apart(x: Any, mesh: DeviceMesh, source: Placement) -> Any:
    """An activation for ranks that each compute a part of the result from all of it: its gradient is summed."""
    if not isinstance(x, Tensor) or not mesh.processes:
        return moved(x, mesh, source, Replicate())
    ranks = mesh.get_group().ranks
    if source.is_shard():
        return record("join_apart", [x], ranks, source.dim % x.ndim)
    return record("use_apart", [x], ranks)


def cut(module: Module, name: str, mesh: DeviceMesh, placement: Placement) -> None:
    """Leave of a parameter this rank's part."""
    param = module._parameters.get(name)
    if param is None:
        return
    if not mesh.processes:
        place(param, mesh, [placement])
        return
    group, shape = mesh.get_group(), tuple(param.shape)
    if placement.is_shard():
        if param.shape[placement.dim] % group.size():
            raise NotImplementedError(
                f"torchlike cuts evenly, and dimension {placement.dim} of {name} has {param.shape[placement.dim]} elements for "
                f"{group.size()} ranks"
            )
        with no_grad():
            param._become(param.detach().chunk(group.size(), placement.dim)[group.rank()].clone())
    param._part = Part(mesh, (placement,), shape)


class ParallelStyle:
    """How `parallelize_module` treats a layer; subclasses define `_apply(module, mesh)`."""

    src_data_rank: int | None = 0

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class _Cut(ParallelStyle):
    def __init__(
        self, *, input_layouts: Placement | None = None, output_layouts: Placement | None = None, use_local_output: bool = True
    ) -> None:
        self.input_layouts, self.output_layouts, self.use_local_output = input_layouts, output_layouts, use_local_output

    def _replace(self, module: Module, forward: Any) -> Module:
        object.__setattr__(module, "forward", forward)
        return module


class ColwiseParallel(_Cut):
    """`Linear` cut by its outputs, `Embedding` by its features: each rank computes a part of the result from all of the input.

    Args:
        input_layouts: how the input lies (replicated). output_layouts: how the result is to lie (cut along its last dimension).
    """

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        given, wanted = self.input_layouts or Replicate(), self.output_layouts or Shard(-1)
        if isinstance(module, Linear):
            cut(module, "weight", device_mesh, Shard(0))
            cut(module, "bias", device_mesh, Shard(0))
        elif isinstance(module, Embedding):
            cut(module, "weight", device_mesh, Shard(1))
        else:
            raise NotImplementedError("ColwiseParallel currently only support nn.Linear and nn.Embedding!")
        inner: Any = type(module).forward

        def forward(x: Tensor) -> Tensor:
            x = used_apart(x, device_mesh, given) if isinstance(module, Linear) else moved(x, device_mesh, given, Replicate())
            out = inner(module, x)
            return moved(moved(out, device_mesh, Shard(-1), Shard(-1)), device_mesh, Shard(-1), wanted)

        return self._replace(module, forward)


class RowwiseParallel(_Cut):
    """`Linear` cut by its inputs, `Embedding` by its rows: each rank computes a summand of the result.

    Args:
        input_layouts: how the input lies (cut along its last dimension; for `Embedding` replicated).
        output_layouts: how the result is to lie (replicated).
    """

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        wanted = self.output_layouts or Replicate()
        if isinstance(module, Linear):
            cut(module, "weight", device_mesh, Shard(1))
            cut(module, "bias", device_mesh, Replicate())
            return self._replace(module, self._linear(module, device_mesh, self.input_layouts or Shard(-1), wanted))
        if isinstance(module, Embedding):
            rows = module.weight.shape[0] // device_mesh.size()
            cut(module, "weight", device_mesh, Shard(0))
            return self._replace(module, _embedding(module, device_mesh, rows, self.input_layouts or Replicate(), wanted))
        raise NotImplementedError("RowwiseParallel currently only support nn.Linear and nn.Embedding!")

    def _linear(self, module: Linear, mesh: DeviceMesh, given: Placement, wanted: Placement) -> Any:

        def forward(x: Tensor) -> Tensor:
            x = moved(x, mesh, given, Shard(-1))
            out = moved(F.linear(x, module.weight), mesh, Partial(), wanted)
            return out if module.bias is None else out + _shared_bias(module.bias, mesh, wanted)

        return forward


def _shared_bias(bias: Tensor, mesh: DeviceMesh, wanted: Placement) -> Tensor:
    """A bias that is added to parts along the sequence has a gradient from each of them."""
    return used_apart(bias, mesh, Replicate()) if wanted.is_shard() and mesh.processes else bias


def _embedding(module: Embedding, mesh: DeviceMesh, rows: int, given: Placement, wanted: Placement) -> Any:

    def forward(x: Tensor) -> Tensor:
        if not mesh.processes:
            return moved(type(module).forward(module, x), mesh, None, wanted)
        x = moved(x, mesh, given, Replicate()) - mesh.get_group().rank() * rows
        inside = (x >= 0) & (x < rows)
        out = F.embedding(x.clamp(0, rows - 1), module.weight) * inside.unsqueeze(-1)
        return moved(out, mesh, Partial(), wanted)

    return forward


class SequenceParallel(ParallelStyle):
    """A normalization or dropout that runs on parts of the sequence: its parameters are whole on each rank.

    Args:
        sequence_dim: the dimension along which inputs and results are cut.
    """

    def __init__(self, *, sequence_dim: int = 1, use_local_output: bool = False) -> None:
        self.sequence_dim = sequence_dim

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        for name in list(module._parameters):
            cut(module, name, device_mesh, Replicate())
        inner, layout = type(module).forward, Shard(self.sequence_dim)

        def forward(x: Tensor) -> Tensor:
            if not device_mesh.processes:
                return moved(inner(module, moved(x, device_mesh, layout, layout)), device_mesh, layout, layout)
            stored = dict(module._parameters)
            for name, param in stored.items():
                if param is not None:
                    module._parameters[name] = used_apart(param, device_mesh, Replicate())
            try:
                return inner(module, x)
            finally:
                module._parameters.update(stored)

        object.__setattr__(module, "forward", forward)
        return module


def _tuple(layouts: Any) -> tuple:
    return tuple(layouts) if isinstance(layouts, (list, tuple)) else (layouts,)


class PrepareModuleInput(ParallelStyle):
    """Move a module's inputs before it runs: from `input_layouts` to `desired_input_layouts`, one (or None) an argument."""

    def __init__(
        self, *, input_layouts: Any = None, desired_input_layouts: Any = None, input_kwarg_layouts: dict | None = None,
        desired_input_kwarg_layouts: dict | None = None, use_local_output: bool = False,
    ) -> None:  # fmt: skip
        self.given, self.wanted = _tuple(input_layouts), _tuple(desired_input_layouts)
        if len(self.given) != len(self.wanted):
            raise AssertionError("input_layouts and desired_input_layouts should have same length!")
        self.named, self.named_wanted = input_kwarg_layouts or {}, desired_input_kwarg_layouts or {}

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        def before(module: Module, args: tuple, keywords: dict) -> tuple:
            pairs = [*zip(self.given, self.wanted, strict=True), *[(None, None)] * (len(args) - len(self.given))]
            args = tuple(moved(a, device_mesh, g, w) for a, (g, w) in zip(args, pairs, strict=False))
            wanted = self.named_wanted
            keywords = {k: moved(v, device_mesh, self.named.get(k), wanted.get(k)) for k, v in keywords.items()}
            return args, keywords

        module.register_forward_pre_hook(before, with_kwargs=True)
        return module


class PrepareModuleOutput(ParallelStyle):
    """Move a module's results after it has run."""

    def __init__(self, *, output_layouts: Any, desired_output_layouts: Any, use_local_output: bool = True) -> None:
        self.given, self.wanted = _tuple(output_layouts), _tuple(desired_output_layouts)
        if len(self.given) != len(self.wanted):
            raise AssertionError("output_layouts and desired_output_layouts should have the same length!")

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        def after(module: Module, inputs: Any, outputs: Any) -> Any:
            several: Sequence[Any] = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            found = [moved(o, device_mesh, g, w) for o, g, w in zip(several, self.given, self.wanted, strict=True)]
            return type(outputs)(found) if isinstance(outputs, (list, tuple)) else found[0]

        module.register_forward_hook(after)
        return module


class PrepareModuleInputOutput(ParallelStyle):
    """`PrepareModuleInput` and `PrepareModuleOutput` in one."""

    def __init__(
        self, *, input_layouts: Any = None, desired_input_layouts: Any = None, output_layouts: Any = None,
        desired_output_layouts: Any = None, use_local_input: bool = False, use_local_output: bool = True,
    ) -> None:  # fmt: skip
        self.before = PrepareModuleInput(input_layouts=input_layouts, desired_input_layouts=desired_input_layouts)
        self.after = PrepareModuleOutput(output_layouts=output_layouts, desired_output_layouts=desired_output_layouts)

    def _apply(self, module: Module, device_mesh: DeviceMesh) -> Module:
        return self.after._apply(self.before._apply(module, device_mesh), device_mesh)
