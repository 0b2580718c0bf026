"""torch.distributed.pipelining: a model cut by its layers, one stage a rank."""

from __future__ import annotations

from torchlike.base.errors import absent
from torchlike.distributed.pipelining.schedules import Schedule1F1B, ScheduleGPipe
from torchlike.distributed.pipelining.stage import PipelineStage

__all__ = ["PipelineStage", "Schedule1F1B", "ScheduleGPipe"]

__getattr__ = absent("torch.distributed.pipelining")
