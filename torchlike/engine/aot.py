"""Compiling programs for machines that are not here: a described TPU slice, through libtpu (DESIGN section 11)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from torchlike.engine.program import Program

_ENVIRONMENT = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-4",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_WORKER_ID": "0",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # nothing is run on a chip: several processes may compile at once
}


@dataclass
class Compiled:
    """What a compiler said about a program.

    Attributes:
        memory: bytes per device, by kind (arguments, outputs, temporaries, peak without donated buffers counted twice).
        flops: floating-point operations per device, as the compiler counts them.
        text: the compiled HLO, with its collectives.
    """

    memory: dict[str, int]
    flops: float
    text: str


def describe(compiled: Any) -> Compiled:
    """Memory, flops and HLO of a `jax.stages.Compiled`."""
    found = compiled.memory_analysis()
    memory = {
        "arguments": found.argument_size_in_bytes,
        "outputs": found.output_size_in_bytes,
        "temporaries": found.temp_size_in_bytes,
        "aliased": found.alias_size_in_bytes,
    }
    memory["peak"] = memory["arguments"] + memory["outputs"] + memory["temporaries"] - memory["aliased"]
    cost = compiled.cost_analysis() or {}
    return Compiled(memory, float(cost.get("flops", 0.0)), compiled.as_text())


def here(program: Program) -> Compiled:
    """Compile a program for this machine and describe it."""
    with jax.enable_x64(True):
        return describe(program.lower().compile())


def mesh(topology: str = "v5e:2x2", axis: str = "data") -> Mesh:
    """A one-axis mesh over the chips of a described TPU slice. Needs libtpu (`pip install torchlike[tpu]`)."""
    from jax.experimental import topologies

    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        found = topologies.get_topology_desc(topology, platform="tpu")
    except Exception as error:
        raise RuntimeError(f"no TPU compiler for {topology!r}: pip install 'torchlike[tpu]' ({error})") from error
    return Mesh(np.array(found.devices), (axis,))


def compile_for(
    program: Program, where: Mesh, split: Callable[[jax.ShapeDtypeStruct], bool] = lambda argument: False
) -> Compiled:
    """Compile a program for the chips of a mesh and describe it.

    Args:
        split: which arguments are divided along their first dimension over the mesh (the batch); the rest are replicated.
    """
    axis = where.axis_names[0]
    shardings = [NamedSharding(where, PartitionSpec(axis) if split(a) else PartitionSpec()) for a in program.arguments]
    with jax.enable_x64(True), warnings.catch_warnings():
        # What JAX's cache keeps of a program for chips that are not here cannot be read back: it is compiled again.
        warnings.filterwarnings("ignore", "Error reading persistent compilation cache")
        return describe(program.lower(shardings=shardings).compile())
