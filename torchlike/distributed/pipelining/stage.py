"""One stage of a pipeline."""

from __future__ import annotations

from typing import Any

from torchlike.distributed import process_group as groups
from torchlike.nn.modules.module import Module


class PipelineStage:
    """The layers that this rank runs.

    Args:
        submodule: takes one tensor (the first stage whatever `step` is given) and returns one.
        stage_index: this rank's number in the group. num_stages: the group's size.

    Raises:
        ValueError: for more than one stage a rank, or stages in another order than ranks.
    """

    def __init__(
        self, submodule: Module, stage_index: int, num_stages: int, device: Any = None, input_args: Any = None,
        output_args: Any = None, group: Any = None, dw_builder: Any = None,
    ) -> None:  # fmt: skip
        self.submodule, self.stage_index, self.num_stages = submodule, stage_index, num_stages
        self.group = groups.chosen(group)
        if self.group.size() != num_stages or self.group.rank() != stage_index:
            raise ValueError(
                f"torchlike runs one stage a rank, in order: stage {stage_index} of {num_stages} is on rank "
                f"{self.group.rank()} of a group of {self.group.size()}"
            )

    @property
    def is_first(self) -> bool:
        return self.stage_index == 0

    @property
    def is_last(self) -> bool:
        return self.stage_index == self.num_stages - 1
