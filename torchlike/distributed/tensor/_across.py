"""DTensor over many processes: each has a part of the tensor, and they compute on it together.

Every rank runs the same operations on the same DTensors, as if each had all of them. Elementwise operations of tensors that
are cut alike work on the parts, and so do matrix products that need no more than they have; for any other the parts are put
together first, and each rank computes the whole result. What is asked for is right either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.errors import missing
from torchlike.base.size import Size
from torchlike.distributed.collectives import record
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor._parts import Part, padded, span
from torchlike.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard
from torchlike.engine import dispatch
from torchlike.ops.registry import Op
from torchlike.tensor import Parameter, Tensor


class Across(Tensor):
    """A tensor of which this process has one part. Made by `distribute_tensor`, `DTensor.from_local` and operations.

    Attributes:
        _local: this rank's part (filled up where parts are not equal). _spec: what it is a part of.
    """

    _local: Tensor
    _spec: Part
    _is_view = False  # what is written into it would not reach what it shows

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, *args: Any, **keywords: Any) -> None:  # `across` makes them
        pass

    def _read(self) -> Any:
        raise dispatch.Elsewhere(self, "this needs values of a DTensor that lies on several processes: use full_tensor()")

    def _apply(self, op: Op, args: Any, static: tuple) -> Any:
        """What an op does where an operand lies on several processes."""
        mesh = next(a._spec.mesh for a in args if isinstance(a, Across))
        for a in args:
            if isinstance(a, Tensor) and not isinstance(a, Across) and a.ndim:
                raise RuntimeError(
                    f"{op.name}: got mixed torch.Tensor and DTensor, need to convert all torch.Tensor to DTensor before "
                    "calling distributed operators!"
                )
            if isinstance(a, Across) and a._spec.mesh != mesh:
                raise RuntimeError(f"{op.name}: operands on different meshes: {mesh} and {a._spec.mesh}")
        for rule in (_elementwise, _product):
            found = rule(op, args, static)
            if found is not None:
                return found
        whole = [full_tensor(a) if isinstance(a, Across) else a for a in args]
        made = _wrapped(dispatch.call(op, whole, static), mesh)
        if op.view is not None:
            made._is_view = True
        return made

    def _write(self, new: Tensor) -> Tensor:
        if self._is_view:
            raise missing("in-place operations on views of a DTensor of many processes", "write into it with x[...] = ...")
        given = new if isinstance(new, Across) else replicated(new, self._spec.mesh)
        self._local._write(redistribute(given, self._spec.mesh, self._spec.placements)._local)
        return self

    def _become(self, other: Tensor) -> None:
        if not isinstance(other, Across):
            raise RuntimeError("a DTensor can only take the data of another DTensor")
        self._local._become(other._local)
        self._storage, self._spec = self._local._storage, other._spec

    def _as_parameter(self, requires_grad: bool) -> AcrossParameter:
        """What `Parameter(dtensor)` is."""
        return across(self._local.detach().requires_grad_(requires_grad), self._spec, AcrossParameter)

    def _check_writable(self, operands: Sequence[Any] = (), fill: bool = False) -> None:
        self._local._check_writable()

    def _differentiated(self) -> Tensor:
        return self._local

    def _gradient_like(self, gradient: Tensor) -> Across:
        return across(gradient, self._spec)

    def _cotangent(self, gradient: Any) -> Any:
        if gradient is None:
            return None
        given = gradient if isinstance(gradient, Across) else replicated(gradient, self._spec.mesh)
        spec = self._spec.placements  # a sum's gradient is that of each of its summands
        return redistribute(given, self._spec.mesh, [Replicate() if p.is_partial() else p for p in spec])._local

    # ---- queries ----------------------------------------------------------------------------------------------

    shape = property(lambda self: Size(self._spec.shape))
    dtype = property(lambda self: self._local.dtype)
    device = property(lambda self: self._local.device)
    ndim = property(lambda self: len(self._spec.shape))
    requires_grad = property(lambda self: self._local.requires_grad, lambda self, value: self._local.requires_grad_(value))
    is_leaf = property(lambda self: self._local.is_leaf)
    grad_fn = property(lambda self: self._local.grad_fn)
    data = property(lambda self: self.detach(), lambda self, value: self._become(value))

    def _get_grad(self) -> Any:
        return None if self._local.grad is None else self._gradient_like(self._local.grad)

    def _set_grad(self, value: Any) -> None:
        self._local.grad = None if value is None else value._local

    grad = property(_get_grad, _set_grad)

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return self.ndim

    def numel(self) -> int:
        return int(np.prod(self._spec.shape))

    def requires_grad_(self, requires_grad: bool = True) -> Across:
        self._local.requires_grad_(requires_grad)
        return self

    def detach(self) -> Across:
        return across(self._local.detach(), self._spec)

    def clone(self, *, memory_format: Any = None) -> Across:
        return across(self._local.clone(), self._spec)

    def to(self, *args: Any, **keywords: Any) -> Across:
        return across(self._local.to(*args, **keywords), self._spec)

    def retain_grad(self) -> None:
        self._local.retain_grad()

    def register_hook(self, hook: Callable[[Any], Any]) -> Any:
        def called(gradient: Tensor) -> Any:
            found = hook(self._gradient_like(gradient))
            return None if found is None else self._cotangent(found)

        return self._local.register_hook(called)

    def register_post_accumulate_grad_hook(self, hook: Any) -> Any:
        return self._local.register_post_accumulate_grad_hook(lambda _: hook(self))

    def item(self) -> Any:
        return full_tensor(self).item()

    def tolist(self) -> Any:
        return full_tensor(self).tolist()

    def __setitem__(self, index: Any, value: Any) -> None:
        whole = full_tensor(self).clone()
        whole[index] = full_tensor(value) if isinstance(value, Across) else value
        self._check_writable()
        self._write(replicated(whole, self._spec.mesh))

    def __bool__(self) -> bool:
        return bool(full_tensor(self))

    def __len__(self) -> int:
        return self._spec.shape[0]

    def __repr__(self) -> str:
        spec = self._spec
        return f"DTensor(local_tensor={to_local(self)!r}, device_mesh={spec.mesh!r}, placements={spec.placements!r})"

    def __deepcopy__(self, memo: dict) -> Any:
        own = self._local.detach().clone().requires_grad_(self._local.requires_grad)
        out = memo[id(self)] = across(own, self._spec, type(self))
        return out

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise missing("pickling of a DTensor of many processes", "use torch.distributed.checkpoint, or full_tensor()")


class AcrossParameter(Across, Parameter):
    """Such a tensor as a module's parameter."""


def across(local: Tensor, spec: Part, kind: Any = Across) -> Any:
    """The tensor of which this process has this part."""
    made = object.__new__(kind)
    made._local, made._spec, made._storage = local, spec, local._storage
    made._view = ()  # reading goes through _read, which refuses
    return made


# ---- where it lies ----------------------------------------------------------------------------------------------------


def distributed(tensor: Tensor, mesh: DeviceMesh, placements: Sequence[Placement]) -> Across:
    """Of a tensor that all ranks have alike, each keeps its part."""
    spec = Part(mesh, tuple(placements), tuple(tensor.shape))
    _check_parts(spec)
    with no_grad():
        local = spec.of(tensor.detach()).clone()
    kind = AcrossParameter if isinstance(tensor, Parameter) else Across
    return across(local.requires_grad_(tensor.requires_grad), spec, kind)


def replicated(tensor: Tensor, mesh: DeviceMesh) -> Across:
    return across(tensor, Part(mesh, (Replicate(),) * mesh.ndim, tuple(tensor.shape)))


def from_local(local: Tensor, mesh: DeviceMesh, placements: Sequence[Placement], shape: Sequence[int] | None) -> Across:
    """The tensor of which each rank has such a part; gradients flow back into it.

    Args:
        shape: the whole's; parts are taken to be equal where it is not given.
    """
    chosen = tuple(placements)
    if shape is None:
        sizes = list(local.shape)
        for count, p in zip(mesh.shape, chosen, strict=True):
            if p.is_shard():
                sizes[p.dim] *= count
        shape = sizes
    for d, p in enumerate(chosen):
        if p.is_shard():
            local = padded(local, span(shape[p.dim], mesh, d)[0], p.dim)
    spec = Part(mesh, chosen, tuple(shape))
    _check_parts(spec)
    return across(local, spec)


def _check_parts(spec: Part) -> None:
    """A rank without elements would need nothing of what the others send it, and its programs would leave that out."""
    for d, p in enumerate(spec.placements):
        if p.is_shard() and spec.shape[p.dim]:
            count, size = spec.mesh.size(d), spec.shape[p.dim]
            if -(-size // count) * (count - 1) >= size and count > 1:
                raise missing(
                    f"a DTensor of {count} processes whose dimension {p.dim} ({size} elements) leaves one without any",
                    "replicate it, or make it longer",
                )


def _cut(whole: Tensor, spec: Part) -> Tensor:
    """This rank's part of what all have alike."""
    for d, p in enumerate(spec.placements):
        if p.is_partial():
            raise missing("redistribute from Replicate to Partial")
        if p.is_shard():
            rows = span(whole.shape[p.dim], spec.mesh, d)[0]
            filled = padded(whole, rows * spec.mesh.size(d), p.dim)
            whole = record("split_alike", [filled], spec.mesh.get_group(d).ranks, p.dim)
    return whole


def full_tensor(x: Across) -> Tensor:
    """The whole, which all ranks then have alike; the gradient of a part is a part."""
    spec, out = x._spec, x._local
    for d, p in reversed(list(enumerate(spec.placements))):
        ranks = spec.mesh.get_group(d).ranks
        if p.is_partial():
            out = record("sum_alike", [out], ranks) if p.reduce_op == "sum" else record("all_reduce", [out], ranks, p.reduce_op)
        elif p.is_shard():
            out = record("join_alike", [out], ranks, p.dim)
            out = out if out.shape[p.dim] == spec.shape[p.dim] else out.narrow(p.dim, 0, spec.shape[p.dim])
    return out


def redistribute(x: Across, mesh: DeviceMesh, placements: Sequence[Placement]) -> Across:
    """Its parts elsewhere."""
    if tuple(placements) == x._spec.placements and mesh == x._spec.mesh:
        return x
    there = Part(mesh, tuple(placements), x._spec.shape)
    _check_parts(there)
    return across(_cut(full_tensor(x), there), there)


def to_local(x: Across) -> Tensor:
    return x._spec.own(x._local)


# ---- operations on parts ----------------------------------------------------------------------------------------------


def _wrapped(found: Any, mesh: DeviceMesh) -> Any:
    if isinstance(found, Tensor):
        return replicated(found, mesh)
    return (
        type(found)(*[_wrapped(f, mesh) for f in found])
        if hasattr(found, "_fields")
        else tuple(_wrapped(f, mesh) for f in found)
    )


def _elementwise(op: Op, args: Any, static: tuple) -> Any:
    """The parts' results, where operands are cut alike and each element of the result needs those of its own place."""
    flat = [a for a in args if isinstance(a, Across)]
    spec = flat[0]._spec
    plain = op.layout in ("elementwise", "copy") and op.view is None and op.returns is None and not op.variadic
    alike = all(a._spec.placements == spec.placements and a._spec.shape == spec.shape for a in flat)
    if not plain or not alike or any(p.is_partial() for p in spec.placements):
        return None
    found = dispatch.call(op, [a._local if isinstance(a, Across) else a for a in args], static)
    return across(found, spec) if isinstance(found, Tensor) and found.shape == flat[0]._local.shape else None


def _product(op: Op, args: Any, static: tuple) -> Any:
    """Layers that are cut by their outputs or by their inputs, on a mesh of one dimension."""
    rule = _PRODUCTS.get(op.name)
    tensors = [a for a in args if a is not None]
    if rule is None or static or not all(isinstance(a, Across) for a in tensors) or tensors[0]._spec.mesh.ndim != 1:
        return None
    if any(a._spec.uneven for a in tensors):
        return None
    return rule(op, *tensors)


def _linear(op: Op, x: Across, weight: Across, bias: Across | None = None) -> Any:
    mesh, (given,), (cut,) = x._spec.mesh, x._spec.placements, weight._spec.placements
    ranks, last = mesh.get_group().ranks, x.ndim - 1
    shape = (*x._spec.shape[:-1], weight._spec.shape[0])
    if given == Replicate() and cut == Shard(0) and (bias is None or bias._spec.placements == (Shard(0),)):
        own = [record("use_apart", [x._local], ranks), weight._local, *([] if bias is None else [bias._local])]
        return across(dispatch.call(op, own), Part(mesh, (Shard(last),), shape))
    if given == Shard(last) and cut == Shard(1) and (bias is None or bias._spec.placements == (Replicate(),)):
        out = record("sum_alike", [dispatch.call(op, [x._local, weight._local])], ranks)
        return replicated(out if bias is None else out + bias._local, mesh)
    return None


def _matmul(op: Op, a: Across, b: Across) -> Any:
    if a.ndim != 2 or b.ndim != 2:
        return None
    mesh, (left,), (right,) = a._spec.mesh, a._spec.placements, b._spec.placements
    ranks, shape = mesh.get_group().ranks, (a._spec.shape[0], b._spec.shape[1])
    if left == Replicate() and right == Shard(1):
        out = dispatch.call(op, [record("use_apart", [a._local], ranks), b._local])
        return across(out, Part(mesh, (Shard(1),), shape))
    if left == Shard(0) and right == Replicate():
        out = dispatch.call(op, [a._local, record("use_apart", [b._local], ranks)])
        return across(out, Part(mesh, (Shard(0),), shape))
    if left == Shard(1) and right == Shard(0):
        return across(dispatch.call(op, [a._local, b._local]), Part(mesh, (Partial(),), shape))
    return None


_PRODUCTS: dict[str, Callable[..., Any]] = {"linear": _linear, "matmul": _matmul, "mm": _matmul}
