"""Stand-ins for modules of `torch.distributed` that torchlike does not have, under the redirect.

`torch.distributed.is_available()` is true, and libraries then import the whole of it at their start, to annotate, to ask
`isinstance` and to subclass. Those imports succeed: every name is a class, and using it raises NotImplementedError.
Elsewhere a missing module is missing, as libraries find out by `except ImportError` what they can use.
"""

from __future__ import annotations

from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from torchlike.base.errors import missing

_ROOT = "torch.distributed."
MODULES = frozenset(
    "_composable _composable.fsdp _composable.replicate _functional_collectives _shard _shard.api _shard.metadata _tensor "
    "_tensor.api _tensor.placement_types algorithms algorithms._checkpoint algorithms._checkpoint.checkpoint_wrapper "
    "algorithms.ddp_comm_hooks algorithms.ddp_comm_hooks.ddp_zero_hook algorithms.ddp_comm_hooks.default_hooks "
    "algorithms.ddp_comm_hooks.post_localSGD_hook algorithms.ddp_comm_hooks.powerSGD_hook algorithms.join "
    "algorithms.model_averaging algorithms.model_averaging.averagers algorithms.model_averaging.utils autograd checkpoint "
    "checkpoint._consolidate_hf_safetensors checkpoint.api checkpoint.default_planner checkpoint.filesystem "
    "checkpoint.format_utils checkpoint.hf_storage checkpoint.metadata checkpoint.optimizer checkpoint.planner "
    "checkpoint.staging checkpoint.state_dict checkpoint.state_dict_loader checkpoint.state_dict_saver checkpoint.stateful "
    "checkpoint.storage constants device_mesh distributed_c10d elastic elastic.agent elastic.agent.server "
    "elastic.agent.server.api elastic.multiprocessing elastic.multiprocessing.api elastic.multiprocessing.errors "
    "elastic.rendezvous elastic.utils fsdp fsdp._common_utils fsdp._fully_shard fsdp._traversal_utils fsdp.api "
    "fsdp.fully_sharded_data_parallel fsdp.sharded_grad_scaler fsdp.wrap launch launcher launcher.api nn.api "
    "nn.api.remote_module optim optim.zero_redundancy_optimizer pipelining pipelining.microbatch pipelining.schedules "
    "pipelining.stage rpc rpc.api tensor tensor._api tensor._utils tensor.device_mesh tensor.experimental tensor.parallel "
    "tensor.parallel.api tensor.parallel.loss tensor.parallel.style tensor.placement_types utils".split()
)


# Descriptions that libraries make at their start, as defaults of their own functions: they do nothing by themselves.
DESCRIPTIONS = frozenset("Shard Replicate Partial".split())


class _Kind(type):
    """Class of the stand-ins: what is asked of one, beyond being a class, is missing."""

    _api: str

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls._api}.{name}")

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if cls.__name__ in DESCRIPTIONS:
            return super().__call__()
        raise missing(cls._api)

    def __iter__(cls) -> Any:
        raise missing(cls._api)


def _stand_in(api: str) -> type:
    module, _, name = api.rpartition(".")
    return _Kind(name, (), {"__module__": module, "_api": api, "__doc__": f"torchlike has no {api} yet: using it says so."})


class _Hollow(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        made = _stand_in(f"{self.__name__}.{name}")
        setattr(self, name, made)
        return made


class _HollowLoader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        made = _Hollow(spec.name, "torchlike does not have this module yet: using one of its names says so.")
        made.__path__ = []
        return made

    def exec_module(self, module: ModuleType) -> None:
        pass


def spec(fullname: str) -> ModuleSpec | None:
    """The spec of a stand-in; None for what is no module of torch.distributed."""
    if fullname.startswith(_ROOT) and fullname.removeprefix(_ROOT) in MODULES:
        return ModuleSpec(fullname, _HollowLoader(), origin="torchlike has no such module yet", is_package=True)
    return None
