"""torch.distributed.algorithms.ddp_comm_hooks: other ways to average gradients, for `register_comm_hook`."""

from __future__ import annotations

from enum import Enum, member
from functools import partial
from typing import Any

from torchlike.base.errors import absent
from torchlike.distributed.algorithms.ddp_comm_hooks import default_hooks
from torchlike.distributed.algorithms.ddp_comm_hooks import default_hooks as default

__all__ = ["DDPCommHookType", "register_ddp_comm_hook"]


def _register(comm_hook: Any, model: Any, state: Any) -> None:
    model.register_comm_hook(state, comm_hook)


class DDPCommHookType(Enum):
    """The hooks by name; a value registers its hook: `DDPCommHookType.ALLREDUCE.value(model=model, state=group)`."""

    ALLREDUCE = member(partial(_register, comm_hook=default.allreduce_hook))
    FP16_COMPRESS = member(partial(_register, comm_hook=default.fp16_compress_hook))
    BF16_COMPRESS = member(partial(_register, comm_hook=default.bf16_compress_hook))


def register_ddp_comm_hook(comm_hook_type: DDPCommHookType, model: Any, state: Any = None) -> None:
    """Let a `DistributedDataParallel` average its gradients so. `state` is a process group, or None for all ranks."""
    comm_hook_type.value(model=model, state=state)


__getattr__ = absent("torch.distributed.algorithms.ddp_comm_hooks")
