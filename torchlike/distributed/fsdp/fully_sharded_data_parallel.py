"""`FullyShardedDataParallel`, the wrapper that came before `fully_shard`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from torchlike.base.errors import missing
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.fsdp._fully_shard import FSDPModule, MixedPrecisionPolicy, fully_shard
from torchlike.distributed.fsdp.wrap import chosen
from torchlike.nn.modules.module import Module
from torchlike.nn.utils import clip_grad_norm_
from torchlike.tensor import Tensor


class ShardingStrategy(Enum):
    FULL_SHARD = auto()
    SHARD_GRAD_OP = auto()
    NO_SHARD = auto()
    HYBRID_SHARD = auto()
    _HYBRID_SHARD_ZERO2 = auto()


class BackwardPrefetch(Enum):
    BACKWARD_PRE = auto()
    BACKWARD_POST = auto()


class StateDictType(Enum):
    FULL_STATE_DICT = auto()
    LOCAL_STATE_DICT = auto()
    SHARDED_STATE_DICT = auto()


@dataclass(frozen=True)
class MixedPrecision:
    param_dtype: Any = None
    reduce_dtype: Any = None
    buffer_dtype: Any = None
    keep_low_precision_grads: bool = False
    cast_forward_inputs: bool = False
    cast_root_forward_inputs: bool = True


@dataclass
class CPUOffload:
    offload_params: bool = False


class FullyShardedDataParallel(Module):
    """Calls `module`, whose parameters are in parts; see `fully_shard`, which does the work.

    Args:
        auto_wrap_policy: which children put theirs together by themselves; see `torch.distributed.fsdp.wrap`.

    Raises:
        NotImplementedError: for NO_SHARD (use `DistributedDataParallel`) and offloading.
    """

    def __init__(
        self, module: Module, process_group: Any = None, sharding_strategy: ShardingStrategy | None = None,
        cpu_offload: CPUOffload | None = None, auto_wrap_policy: Callable | None = None, backward_prefetch: Any = None,
        mixed_precision: MixedPrecision | None = None, ignored_modules: Any = None, param_init_fn: Any = None,
        device_id: Any = None, sync_module_states: bool = False, forward_prefetch: bool = False, limit_all_gathers: bool = True,
        use_orig_params: bool = False, ignored_states: Any = None, device_mesh: DeviceMesh | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if sharding_strategy is ShardingStrategy.NO_SHARD:
            raise missing("FullyShardedDataParallel(NO_SHARD)", "use DistributedDataParallel")
        if cpu_offload is not None and cpu_offload.offload_params:
            raise missing("FullyShardedDataParallel(cpu_offload=...)")
        ignored = {p for m in ignored_modules or () for p in m.parameters()}
        policy = None
        if mixed_precision is not None:
            _cast_buffers(module, mixed_precision.buffer_dtype)
            policy = MixedPrecisionPolicy(mixed_precision.param_dtype, mixed_precision.reduce_dtype)
        options: dict[str, Any] = {"mesh": device_mesh, "mp_policy": policy, "ignored_params": ignored}
        if auto_wrap_policy is not None:
            for child, own in chosen(module, auto_wrap_policy, ignored_modules or ()):
                if own:
                    raise missing(f"FullyShardedDataParallel with options of a module's own ({', '.join(own)})")
                if any(True for _ in child.parameters()):
                    fully_shard(child, **options)
        self.module = fully_shard(module, **options)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @property
    def mesh(self) -> DeviceMesh:
        return self.module._fsdp.mesh

    def clip_grad_norm_(self, max_norm: float, norm_type: float = 2.0) -> Tensor:
        """Scale all gradients so that their common norm, over all ranks' parts, is at most `max_norm`; returns the norm."""
        return clip_grad_norm_(self.parameters(), max_norm, norm_type)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        raise missing("FullyShardedDataParallel.no_sync", "gradients are parts: they are reduced in every backward")
        yield

    @staticmethod
    @contextmanager
    def summon_full_params(module: Module, *args: Any, **kwargs: Any) -> Iterator[None]:
        """Parameters are whole within the block, to be read."""
        found = [m for m in module.modules() if isinstance(m, FSDPModule)]
        for m in found:
            m.unshard()
        try:
            yield
        finally:
            for m in found:
                m.reshard()


def _cast_buffers(module: Module, kind: Any) -> None:
    """As torch does: buffers of floating point are of the policy's dtype from the start."""
    if kind is not None:
        for buffer in module.buffers():
            if buffer.is_floating_point():
                buffer.data = buffer.data.to(kind)
