"""`plan`: what a training step would need on a machine that is not here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.base.device import CPU, META
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.roofline import CHIPS, collectives
from torchlike.distributed.tensor._api import planned_at
from torchlike.engine import aot, flush, region
from torchlike.engine.program import Program
from torchlike.engine.value import Value, aval
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor


@dataclass
class Plan:
    """A step on a described machine, per device.

    Attributes:
        memory: bytes by kind; "peak" is what must fit. flops: operations, as the compiler counts them.
        collectives: by kind, how many, the bytes of the whole arrays that they move, and the bytes that a device receives.
        seconds: the least that computing, reading memory and communicating would each take; empty for unknown chips.
        text: the compiled HLO.
    """

    devices: int
    memory: dict[str, int]
    flops: float
    bytes_accessed: float
    collectives: dict[str, tuple[int, int, int]]
    chip: str | None
    seconds: dict[str, float] = field(default_factory=dict)
    text: str = field(default="", repr=False)

    @property
    def fits(self) -> bool | None:
        """Whether a device has so much memory."""
        return None if self.chip is None else self.memory["peak"] <= CHIPS[self.chip][2]

    @property
    def step(self) -> float | None:
        """Seconds of a step where computing hides all of the communication, or the other way round."""
        return max(self.seconds.values()) if self.seconds else None

    def __str__(self) -> str:
        size = f"{self.memory['peak'] / 2**20:.1f} MiB a device"
        if self.chip is not None:
            size += f" of {CHIPS[self.chip][2] / 2**30:.0f} GiB"
        lines = [f"{self.devices} devices ({self.chip or 'unknown chips'}): {size}, {self.flops / 1e9:.3f} Gflop a step"]
        lines += [
            f"  {kind}: {n} times, {b / 2**20:.2f} MiB, of which a device receives {r / 2**20:.2f}"
            for kind, (n, b, r) in self.collectives.items()
        ]
        lines += [f"  {what}: at least {1e3 * s:.3f} ms" for what, s in self.seconds.items()]
        if self.step is not None:
            lines.append(f"  a step: at least {1e3 * self.step:.3f} ms")
        return "\n".join(lines)


def plan(
    model: Module, mesh: str | Mesh | DeviceMesh, batch: Any, *, loss_fn: Callable[..., Tensor] | None = None,
    optimizer: Any = None, parallel: str | Callable[[str, Tensor], PartitionSpec] = "ddp",
) -> Plan:  # fmt: skip
    """Compile a training step for a mesh of devices, which need not be there, and say what it needs. Nothing is run.

    Args:
        model: may be on the meta device: then it takes no memory here. Where `fully_shard` or `parallelize_module` have cut it
            over `DeviceMesh.described(...)`, it is planned as they say.
        mesh: a TPU slice ("v5e:2x2", "v5p:4x4x4": needs `pip install torchlike[tpu]`), or a mesh, described or of this machine.
        batch: the model's input, or a tuple of its inputs and the target; divided over the first mesh dimension.
        loss_fn: of the output and the target; the output's mean square without.
        optimizer: its update is part of the step.
        parallel: "ddp" (parameters whole), "fsdp" (cut along the first dimension that divides), or the spec of a parameter by
            its name.
    """
    where = _mesh(mesh)
    given = batch if isinstance(batch, (tuple, list)) else (batch,)
    program = _recorded(model, tuple(given), loss_fn, optimizer, lambda value, kind: _where(value.aval, kind, where, parallel))
    with jax.enable_x64(True), warnings.catch_warnings():
        # What JAX's cache keeps of a program for chips that are not here cannot be read back: it is compiled again.
        warnings.filterwarnings("ignore", "Error reading persistent compilation cache")
        compiled = program.lower().compile()
    found = aot.describe(compiled)
    cost = compiled.cost_analysis() or {}
    topology = mesh if isinstance(mesh, str) else getattr(mesh, "topology", None) or ""
    chip = topology.split(":")[0] if topology.split(":")[0] in CHIPS else None
    moves = collectives(found.text, where.devices.size)
    made = Plan(
        where.devices.size, found.memory, found.flops, float(cost.get("bytes accessed", 0.0)), moves, chip, text=found.text
    )
    if chip is not None:
        peak, memory, _, links = CHIPS[chip]
        made.seconds = {
            "computing": made.flops / peak,
            "memory": made.bytes_accessed / memory,
            "communication": sum(received for _, _, received in moves.values()) / links,
        }
    return made


def best(plans: Mapping[str, Plan]) -> str:
    """Of plans for chips that are known, the name of the one that fits and takes the least time."""
    fitting = {name: plan.step or 0.0 for name, plan in plans.items() if plan.fits}
    if not fitting:
        raise ValueError(f"none of {', '.join(plans)} fits into a device's memory: use more devices, or a smaller batch")
    return min(fitting, key=lambda name: (fitting[name], plans[name].memory["peak"]))


def report(plans: Mapping[str, Plan]) -> str:
    """Plans beside each other, as text; says which is best."""
    lines = [f"{name}: {plan}" + ("" if plan.fits else "\n  does not fit") for name, plan in plans.items()]
    return "\n".join([*lines, f"best: {best(plans)}"])


def _mesh(mesh: str | Mesh | DeviceMesh) -> Mesh:
    if isinstance(mesh, str):
        return aot.mesh(mesh)
    if isinstance(mesh, DeviceMesh):
        if mesh.local_mesh is None:
            raise NotImplementedError("torchlike plans for described machines or for one process's devices")
        return mesh.local_mesh
    return mesh


def _recorded(model: Module, given: tuple, loss_fn: Any, optimizer: Any, place: Callable[[Value, Any], Any]) -> Program:
    """The step as a program that was never run.

    Args:
        place: where an argument lies, by its value and what it is: a parameter's name and tensor, "batch" or None.
    """
    flush()
    step = region.current(CPU, "the step asks for a value (item(), bool(), print ...): it cannot be planned")
    params = dict(model.named_parameters())
    with _on_paper([*params.values(), *model.buffers()]):
        return _recorded_on(step, model, given, loss_fn, optimizer, params, place)


@contextmanager
def _on_paper(tensors: list[Tensor]) -> Iterator[None]:
    """Tensors of the meta device as leaves of a program that is never run."""
    before = [(t._storage, t._storage.value) for t in tensors if t.device is META]
    for storage, value in before:
        storage.value = Value(aval(value.aval.shape, value.aval.dtype, CPU))
    try:
        yield
    finally:
        for storage, value in before:
            storage.value = value


def _recorded_on(
    step: Any, model: Module, given: tuple, loss_fn: Any, optimizer: Any, params: Mapping[str, Tensor], place: Any
) -> Program:
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
    return Program(step, slots, free, (), tuple(place(step.values[i], kinds.get(id(step.values[i]))) for i in step.leaves))


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


def _where(argument: Any, kind: Any, mesh: Mesh, parallel: Any) -> NamedSharding:
    axis = mesh.axis_names[0]
    count = mesh.shape[axis]
    spec = PartitionSpec()
    if isinstance(kind, tuple) and (planned := planned_at(kind[1])) is not None:
        return planned
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
