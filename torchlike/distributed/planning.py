"""`plan`: what a training step would need on a machine that is not here."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.base.device import CPU
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.engine import aot, flush, region
from torchlike.engine.program import Program
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor

# A chip's peak figures: bfloat16 operations a second, bytes a second to its memory, its bytes, bytes a second to neighbours.
CHIPS = {
    "v4": (275e12, 1228e9, 32 << 30, 300e9),
    "v5e": (197e12, 819e9, 16 << 30, 200e9),
    "v5p": (459e12, 2765e9, 95 << 30, 600e9),
    "v6e": (918e12, 1640e9, 32 << 30, 448e9),
}
_WIDTHS = {1: "pred s8 u8", 2: "bf16 f16 s16 u16", 4: "f32 s32 u32", 8: "f64 s64 u64"}
_BYTES = {name: width for width, names in _WIDTHS.items() for name in names.split()}
_KINDS = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute"


@dataclass
class Plan:
    """A step on a described machine, per device.

    Attributes:
        memory: bytes by kind; "peak" is what must fit. flops: operations, as the compiler counts them.
        collectives: by kind, how many and how many bytes they give.
        seconds: the least that computing, reading memory and communicating would each take; None for unknown chips.
        text: the compiled HLO.
    """

    devices: int
    memory: dict[str, int]
    flops: float
    bytes_accessed: float
    collectives: dict[str, tuple[int, int]]
    chip: str | None
    seconds: dict[str, float] = field(default_factory=dict)
    text: str = field(default="", repr=False)

    @property
    def fits(self) -> bool | None:
        """Whether a device has so much memory."""
        return None if self.chip is None else self.memory["peak"] <= CHIPS[self.chip][2]

    def __str__(self) -> str:
        size = f"{self.memory['peak'] / 2**20:.1f} MiB a device"
        if self.chip is not None:
            size += f" of {CHIPS[self.chip][2] / 2**30:.0f} GiB"
        lines = [f"{self.devices} devices ({self.chip or 'unknown chips'}): {size}, {self.flops / 1e9:.3f} Gflop a step"]
        lines += [f"  {kind}: {n} times, {b / 2**20:.2f} MiB" for kind, (n, b) in self.collectives.items()]
        lines += [f"  {what}: at least {1e3 * s:.3f} ms" for what, s in self.seconds.items()]
        return "\n".join(lines)


def plan(
    model: Module, mesh: str | Mesh | DeviceMesh, batch: Any, *, loss_fn: Callable[..., Tensor] | None = None,
    optimizer: Any = None, parallel: str | Callable[[str, Tensor], PartitionSpec] = "ddp",
) -> Plan:  # fmt: skip
    """Compile a training step for a mesh of devices, which need not be there, and say what it needs. Nothing is run.

    Args:
        mesh: a TPU slice ("v5e:2x2", "v5p:4x4x4": needs `pip install torchlike[tpu]`), or a mesh of this machine's devices.
        batch: the model's input, or a tuple of its inputs and the target; divided over the first mesh dimension.
        loss_fn: of the output and the target; the output's mean square without.
        optimizer: its update is part of the step.
        parallel: "ddp" (parameters whole), "fsdp" (cut along the first dimension that divides), or the spec of a parameter by
            its name.
    """
    where = _mesh(mesh)
    given = batch if isinstance(batch, (tuple, list)) else (batch,)
    program, names = _recorded(model, tuple(given), loss_fn, optimizer)
    count = where.shape[where.axis_names[0]]
    shardings = [_where(a, n, where, count, parallel) for a, n in zip(program.arguments, names, strict=True)]
    with jax.enable_x64(True), warnings.catch_warnings():
        # What JAX's cache keeps of a program for chips that are not here cannot be read back: it is compiled again.
        warnings.filterwarnings("ignore", "Error reading persistent compilation cache")
        compiled = program.lower(shardings=shardings).compile()
    found = aot.describe(compiled)
    cost = compiled.cost_analysis() or {}
    chip = mesh.split(":")[0] if isinstance(mesh, str) else None
    chip = chip if chip in CHIPS else None
    moves = _collectives(found.text)
    made = Plan(
        where.devices.size, found.memory, found.flops, float(cost.get("bytes accessed", 0.0)), moves, chip, text=found.text
    )
    if chip is not None:
        peak, memory, _, links = CHIPS[chip]
        made.seconds = {
            "computing": made.flops / peak,
            "memory": made.bytes_accessed / memory,
            "communication": sum(b for _, b in moves.values()) / links,
        }
    return made


def _mesh(mesh: str | Mesh | DeviceMesh) -> Mesh:
    if isinstance(mesh, str):
        return aot.mesh(mesh)
    if isinstance(mesh, DeviceMesh):
        if mesh.local_mesh is None:
            raise NotImplementedError("torchlike plans for described machines or for one process's devices")
        return mesh.local_mesh
    return mesh


def _recorded(model: Module, given: tuple, loss_fn: Any, optimizer: Any) -> tuple[Program, list[Any]]:
    """The step as a program that was never run, and what each argument is: a parameter's name and tensor, "batch" or None."""
    flush()
    step = region.current(CPU, "the step asks for a value (item(), bool(), print ...): it cannot be planned")
    params = dict(model.named_parameters())
    grads = {name: p._grad for name, p in params.items()}
    kinds: dict[int, Any] = {id(t._read()): "batch" for t in given if isinstance(t, Tensor)}
    kinds.update((id(p._read()), (name, p)) for name, p in params.items())
    kept = None if optimizer is None else optimizer.state_dict()
    try:
        with region.entered(step):
            results = _step(model, given, loss_fn, params)
            if optimizer is not None:
                type(optimizer).step.__wrapped__(optimizer)  # without the run at its end
                kinds.update(_states(step, optimizer, params))
            results += [storage.value for storage, _ in step.written.values()]
            slots = tuple(dict.fromkeys(v.slot for v in results if v.graph is step))
    finally:
        for name, p in params.items():
            p._grad = grads[name]
        if optimizer is not None:
            optimizer.load_state_dict(kept)
    updated = optimizer is not None
    free = tuple(i for i in step.leaves if updated and kinds.get(id(step.values[i]), "batch") != "batch")
    program = Program(step, slots, free, ())
    return program, [kinds.get(id(step.values[i])) for i in (*program.donated, *program.kept)]


def _step(model: Module, given: tuple, loss_fn: Any, params: Mapping[str, Tensor]) -> list[Any]:
    """Record forward and backward; the loss and the gradients."""
    for p in params.values():
        p._grad = None
    if loss_fn is None:
        loss = (model(*given) ** 2).mean()
    else:
        loss = loss_fn(model(*given[:-1]), given[-1])
    loss.backward()
    return [loss._read(), *(p._grad._read() for p in params.values() if p._grad is not None)]


def _states(step: Any, optimizer: Any, params: Mapping[str, Tensor]) -> dict[int, Any]:
    """Which values are the states of which parameter, before the step."""
    found = {}
    for name, p in params.items():
        for key, state in dict(optimizer.state.get(p, {})).items():
            if key != "step" and isinstance(state, Tensor) and state.shape == p.shape:
                written = step.written.get(id(state._storage))
                found[id(state._read() if written is None else written[1])] = name, p
    return found


def _where(argument: Any, kind: Any, mesh: Mesh, count: int, parallel: Any) -> NamedSharding:
    axis = mesh.axis_names[0]
    spec = PartitionSpec()
    if kind == "batch":
        spec = PartitionSpec(axis) if argument.shape and not argument.shape[0] % count else spec
    elif kind is not None and callable(parallel):
        spec = parallel(*kind)
    elif kind is not None and parallel == "fsdp":
        dim = next((d for d, size in enumerate(argument.shape) if size and not size % count), None)
        spec = spec if dim is None else PartitionSpec(*[None] * dim, axis)
    elif parallel not in ("ddp", "fsdp") and not callable(parallel):
        raise ValueError(
            f'parallel must be "ddp", "fsdp" or a function of a parameter\'s name and tensor, but got {parallel!r}'
        )
    return NamedSharding(mesh, spec)


def _collectives(text: str) -> dict[str, tuple[int, int]]:
    """By kind, how many there are in compiled HLO and the bytes of their results on one device."""
    found: dict[str, tuple[int, int]] = {}
    for line in text.splitlines():
        match = re.search(rf"= (.*?) ({_KINDS})(-start)?\(", line)
        if match:
            shapes = re.findall(r"(\w+)\[([\d,]*)\]", match[1])
            size = sum(_BYTES.get(k, 4) * int(np.prod([int(n) for n in dims.split(",") if n] or [1])) for k, dims in shapes)
            count, total = found.get(match[2], (0, 0))
            found[match[2]] = count + 1, total + size
    return found
