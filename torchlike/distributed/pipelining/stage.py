"""One stage of a pipeline."""

from __future__ import annotations

from typing import Any

import jax

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import device as devices
from torchlike.distributed import process_group as groups
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.engine.value import Value, aval
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare


class PipelineStage:
    """The layers that one rank runs; or, in one process, one device of a mesh, onto which they are moved.

    Args:
        submodule: takes one tensor (the first stage whatever `step` is given) and returns one.
        stage_index: this rank's number in the group. num_stages: the group's size.
        group: a process group, or a one-dimensional mesh; over one process's devices all stages are made there, and a
            schedule is given the list of them.

    Raises:
        ValueError: for more than one stage a rank, or stages in another order than ranks.
    """

    def __init__(
        self, submodule: Module, stage_index: int, num_stages: int, device: Any = None, input_args: Any = None,
        output_args: Any = None, group: Any = None, dw_builder: Any = None,
    ) -> None:  # fmt: skip
        self.submodule, self.stage_index, self.num_stages = submodule, stage_index, num_stages
        self.place: devices.device | None = None  # in one process: the stage's device
        if isinstance(group, DeviceMesh) and group.local_mesh is not None:
            if group.size() != num_stages or not 0 <= stage_index < num_stages:
                raise ValueError(f"stage {stage_index} of {num_stages} does not fit a mesh of {group.size()} devices")
            self.place = devices.behind(group.local_mesh.devices.flat[stage_index])
            for tensor in (*submodule.parameters(), *submodule.buffers()):
                tensor._become(carried(tensor, self.place))
            return
        self.group = groups.chosen(group.get_group() if isinstance(group, DeviceMesh) else group)
        if self.group.size() != num_stages or self.group.rank() != stage_index:
            raise ValueError(
                f"torchlike runs one stage a rank, in order: stage {stage_index} of {num_stages} is on rank "
                f"{self.group.rank()} of a group of {self.group.size()} (in one process give group=init_device_mesh(...))"
            )

    @property
    def is_first(self) -> bool:
        return self.stage_index == 0

    @property
    def is_last(self) -> bool:
        return self.stage_index == self.num_stages - 1


@no_grad()
def carried(tensor: Tensor, place: devices.device) -> Tensor:
    """The same values on another device. Nobody waits: what computes them has been started, and so is the copy."""
    value = tensor.detach()._read()
    if value.aval.device is place:
        return bare(value)
    with jax.enable_x64(True):
        array = jax.device_put(value.on_device(), devices.jax_device(place))
    return bare(Value(aval(value.aval.shape, value.aval.dtype, place), array))
