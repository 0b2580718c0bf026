"""Collectives on tensors. Each is an op like any other: recorded, and part of the step's one program.

All processes of a group must record the same collectives in the same order, and each must come to a point where what is
pending is run (a value is read, `optimizer.step`, the loader's next batch). The rest of what they record may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributed import process_group as groups
from torchlike.distributed.objects import exchanged
from torchlike.distributed.work import ReduceOp, Work, kind_of
from torchlike.engine import dispatch
from torchlike.ops.registry import OPS
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops


def record(name: str, operands: Sequence[Any], *static: Any) -> Any:
    """Record a collective of the op table."""
    return dispatch.call(OPS[name], operands, static)


def _done(results: Sequence[Any], async_op: bool) -> Work | None:
    return Work(results) if async_op else None


def put(target: Tensor, value: Any) -> None:
    """Write into a tensor that the caller gave, whatever the tape knows of it."""
    if value.dtype is not target.dtype:
        value = value.to(target.dtype)
    target._write(value if value.shape == target.shape else value.reshape(target.shape))


def _check(tensor: Any, name: str) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type torch.Tensor\nInstead got {type(tensor)}"
        )


def _check_list(tensors: Any, name: str, count: int | None = None) -> None:
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(
            f"Invalid function argument. Expected parameter `{name}` of type List[torch.Tensor]\nInstead got {type(tensors)}"
        )
    for t in tensors:
        _check(t, name)
    if count is not None and len(tensors) != count:
        raise ValueError(f"{name} must have one tensor for each of the {count} ranks of the group, but has {len(tensors)}")


def _same(tensors: Sequence[Tensor], name: str) -> None:
    for t in tensors[1:]:
        if t.dtype is not tensors[0].dtype or t.shape != tensors[0].shape:
            raise ValueError(
                f"{name}: tensors must have one shape and dtype, but got {tensors[0].dtype} {tuple(tensors[0].shape)} and "
                f"{t.dtype} {tuple(t.shape)}"
            )


def place_of(group: groups.ProcessGroup, rank: int | None, group_rank: int | None, default: int | None = None) -> int:
    """The number in the group that a global rank or a group rank means."""
    if rank is not None and group_rank is not None:
        raise ValueError("Cannot specify both a global rank and a group rank")
    if group_rank is not None:
        if not 0 <= group_rank < group.size():
            raise ValueError(f"group rank {group_rank} is not in a group of {group.size()}")
        return group_rank
    chosen = default if rank is None else rank
    if chosen is None:
        raise ValueError("a source or destination rank must be given")
    return group.place(chosen)


@no_grad()
def all_reduce(tensor: Any, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False) -> Work | None:
    """Reduce a tensor over all ranks, in place, on each of them."""
    _check(tensor, "tensor")
    if groups.outsider(group, "all_reduce"):
        return None
    put(tensor, record("all_reduce", [tensor], groups.chosen(group).ranks, kind_of(op)))
    return _done([tensor], async_op)


@no_grad()
def all_reduce_coalesced(
    tensors: Sequence[Tensor], op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """`all_reduce` of each tensor, all at once."""
    _check_list(tensors, "tensors")
    if groups.outsider(group, "all_reduce_coalesced"):
        return None
    for target, value in zip(tensors, summed(tensors, groups.chosen(group).ranks, kind_of(op)), strict=True):
        put(target, value)
    return _done(tensors, async_op)


def summed(tensors: Sequence[Any], ranks: Any, kind: str = "sum") -> Sequence[Tensor]:
    """Tensors reduced over processes, in one entry."""
    found = record("all_reduce_coalesced", list(tensors), ranks, kind)
    return found if isinstance(found, tuple) else (found,)


@no_grad()
def broadcast(
    tensor: Any, src: int | None = None, group: Any = None, async_op: bool = False, group_src: int | None = None
) -> Work | None:
    """Give every rank what rank `src` has, in place."""
    _check(tensor, "tensor")
    if groups.outsider(group, "broadcast"):
        return None
    pg = groups.chosen(group)
    put(tensor, record("broadcast_from", [tensor], pg.ranks, place_of(pg, src, group_src)))
    return _done([tensor], async_op)


@no_grad()
def reduce(
    tensor: Any, dst: int | None = None, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """Reduce a tensor over all ranks, in place, on rank `dst`; it stays as it is on the others."""
    _check(tensor, "tensor")
    if groups.outsider(group, "reduce"):
        return None
    pg = groups.chosen(group)
    put(tensor, record("reduce_to", [tensor], pg.ranks, kind_of(op), place_of(pg, dst, group_dst)))
    return _done([tensor], async_op)


@no_grad()
def all_gather(tensor_list: Any, tensor: Any, group: Any = None, async_op: bool = False) -> Work | None:
    """Put every rank's tensor into the list, on each of them."""
    _check(tensor, "tensor")
    if groups.outsider(group, "all_gather"):
        return None
    pg = groups.chosen(group)
    _check_list(tensor_list, "tensor_list", pg.size())
    for target, value in zip(tensor_list, record("all_gather", [tensor], pg.ranks), strict=True):
        put(target, value)
    return _done(tensor_list, async_op)


@no_grad()
def all_gather_into_tensor(output_tensor: Any, input_tensor: Any, group: Any = None, async_op: bool = False) -> Work | None:
    """Every rank's tensor, concatenated or stacked as `output_tensor` has room for it."""
    _check(input_tensor, "input_tensor")
    _check(output_tensor, "output_tensor")
    if groups.outsider(group, "all_gather_into_tensor"):
        return None
    pg = groups.chosen(group)
    if output_tensor.dtype is not input_tensor.dtype:
        raise TypeError("output tensor must have the same type as input tensor")
    if output_tensor.numel() != input_tensor.numel() * pg.size():
        raise ValueError("output tensor size must be equal to world_size times input tensor size")
    put(output_tensor, record("all_gather", [input_tensor], pg.ranks))
    return _done([output_tensor], async_op)


@no_grad()
def all_gather_coalesced(
    output_tensor_lists: Any, input_tensor_list: Any, group: Any = None, async_op: bool = False
) -> Work | None:
    """`all_gather` of each tensor of a list."""
    _check_list(input_tensor_list, "input_tensor_list")
    for outs, given in zip(output_tensor_lists, input_tensor_list, strict=True):
        all_gather(outs, given, group)
    return _done([t for outs in output_tensor_lists for t in outs], async_op)


@no_grad()
def gather(
    tensor: Any, gather_list: Any = None, dst: int | None = None, group: Any = None, async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:  # fmt: skip
    """Put every rank's tensor into the list of rank `dst`."""
    _check(tensor, "tensor")
    if groups.outsider(group, "gather"):
        return None
    pg = groups.chosen(group)
    here = place_of(pg, dst, group_dst, pg.members[0]) == pg.rank()
    if here != bool(gather_list):
        raise ValueError(
            "Argument ``gather_list`` must be specified on destination rank."
            if here
            else "Argument ``gather_list`` must NOT be specified on non-destination ranks."
        )
    everything = record("all_gather", [tensor], pg.ranks)
    if here:
        _check_list(gather_list, "gather_list", pg.size())
        for target, value in zip(gather_list, everything, strict=True):
            put(target, value)
    return _done(gather_list or [], async_op)


@no_grad()
def scatter(
    tensor: Any, scatter_list: Any = None, src: int | None = None, group: Any = None, async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:  # fmt: skip
    """Give each rank its tensor of the list that rank `src` has."""
    _check(tensor, "tensor")
    if groups.outsider(group, "scatter"):
        return None
    pg = groups.chosen(group)
    place = place_of(pg, src, group_src, pg.members[0])
    if place == pg.rank():
        if not scatter_list:
            raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
        _check_list(scatter_list, "scatter_list", pg.size())
        _same([tensor, *scatter_list], "scatter")
        parts = ops.stack(list(scatter_list))
    else:
        if scatter_list:
            raise ValueError("Argument ``scatter_list`` must NOT be specified on non-source ranks.")
        parts = creation.zeros_like(tensor).unsqueeze(0).repeat(pg.size(), *[1] * tensor.ndim)
    put(tensor, record("scatter_from", [parts], pg.ranks, place))
    return _done([tensor], async_op)


@no_grad()
def reduce_scatter(
    output: Any, input_list: Any, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """Reduce each tensor of the lists over all ranks; each rank gets the one of its own number."""
    _check(output, "output")
    if groups.outsider(group, "reduce_scatter"):
        return None
    pg = groups.chosen(group)
    _check_list(input_list, "input_list", pg.size())
    _same([output, *input_list], "reduce_scatter")
    put(output, record("reduce_scatter", [ops.stack(list(input_list))], pg.ranks, kind_of(op)))
    return _done([output], async_op)


@no_grad()
def reduce_scatter_tensor(
    output: Any, input: Any, op: Any = ReduceOp.SUM, group: Any = None, async_op: bool = False
) -> Work | None:
    """`reduce_scatter` of the equal parts of one tensor."""
    _check(output, "output")
    _check(input, "input")
    if groups.outsider(group, "reduce_scatter_tensor"):
        return None
    pg = groups.chosen(group)
    if input.numel() != output.numel() * pg.size():
        raise ValueError("input tensor must be the same size as output size times world size")
    put(output, record("reduce_scatter", [input.reshape(pg.size(), *output.shape)], pg.ranks, kind_of(op)))
    return _done([output], async_op)


@no_grad()
def all_to_all(output_tensor_list: Any, input_tensor_list: Any, group: Any = None, async_op: bool = False) -> Work | None:
    """Send the i-th tensor to rank i; the i-th of the output list is what rank i sent."""
    if groups.outsider(group, "all_to_all"):
        return None
    pg = groups.chosen(group)
    _check_list(output_tensor_list, "output_tensor_list", pg.size())
    _check_list(input_tensor_list, "input_tensor_list", pg.size())
    sizes = [t.numel() for t in [*input_tensor_list, *output_tensor_list]]
    longest = _most(pg, max(sizes))
    parts = ops.stack([_padded(t.reshape(-1), longest) for t in input_tensor_list])
    for target, value in zip(output_tensor_list, record("all_to_all", [parts], pg.ranks), strict=True):
        put(target, value[: target.numel()])
    return _done(output_tensor_list, async_op)


def _padded(flat: Tensor, size: int) -> Tensor:
    missing = size - flat.shape[0]
    return flat if not missing else ops.cat([flat, creation.zeros(missing, dtype=flat.dtype, device=flat.device)])


def _most(pg: groups.ProcessGroup, size: int) -> int:
    """The largest of all ranks' sizes. They differ, and programs with collectives must not: so all pad to one."""
    return max(exchanged(pg, size))


@no_grad()
def all_to_all_single(
    output: Any, input: Any, output_split_sizes: Sequence[int] | None = None, input_split_sizes: Sequence[int] | None = None,
    group: Any = None, async_op: bool = False,
) -> Work | None:  # fmt: skip
    """`all_to_all` of parts of one tensor along its first dimension: equal ones, or of the given sizes."""
    _check(output, "output")
    _check(input, "input")
    if groups.outsider(group, "all_to_all_single"):
        return None
    pg = groups.chosen(group)
    size = pg.size()
    if not output_split_sizes and not input_split_sizes:
        if input.shape[0] % size or output.shape[0] % size:
            raise RuntimeError(f"Tensor's dim 0 does not divide equally across group size {size}")
        parts = input.reshape(size, input.shape[0] // size, *input.shape[1:])
        put(output, record("all_to_all", [parts], pg.ranks))
        return _done([output], async_op)
    sent = list(input_split_sizes or [input.shape[0] // size] * size)
    due = list(output_split_sizes or [output.shape[0] // size] * size)
    for name, sizes, tensor in (("input", sent, input), ("output", due, output)):
        if len(sizes) != size or sum(sizes) != tensor.shape[0]:
            raise RuntimeError(f"Split sizes don't match total dim 0 size: {name}_split_sizes {sizes} of {tuple(tensor.shape)}")
    longest = _most(pg, max(sent))
    rows = [_padded_rows(part, longest) for part in input.split(sent)]
    got = record("all_to_all", [ops.stack(rows)], pg.ranks)
    put(output, ops.cat([part[:n] for part, n in zip(got, due, strict=True)]))
    return _done([output], async_op)


def _padded_rows(part: Tensor, rows: int) -> Tensor:
    missing = rows - part.shape[0]
    return (
        part if not missing else ops.cat([part, creation.zeros(missing, *part.shape[1:], dtype=part.dtype, device=part.device)])
    )
