"""`DataParallel`: one process, a batch spread over its GPUs. Without GPUs it is the module itself, as in torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from torchlike.autograd.grad_mode import is_grad_enabled
from torchlike.base import device as devices
from torchlike.nn.modules.module import Module
from torchlike.nn.parallel.comm import place
from torchlike.nn.parallel.parallel_apply import parallel_apply
from torchlike.nn.parallel.replicate import replicate
from torchlike.nn.parallel.scatter_gather import gather, scatter_kwargs

__all__ = ["DataParallel", "data_parallel"]


def _chosen(device_ids: Sequence[Any] | None) -> list[int]:
    """The numbers of the GPUs that are meant: all of them by default, none where there are none."""
    count = devices.count("cuda")
    if device_ids is None or not count:
        return list(range(count))
    return [place(d).index or 0 for d in device_ids]


class DataParallel(Module):
    """Calls `module` on parts of a batch, each on a GPU, and puts the outputs together.

    Each forward copies the parameters to all GPUs, as in torch; `DistributedDataParallel` keeps them there.

    Args:
        device_ids: GPUs; all by default. On a machine without GPUs `module` is called as it is.
        output_device: where outputs go, the first GPU by default.
        dim: along which inputs are cut and outputs put together.

    Raises:
        RuntimeError: in forward, where a parameter is not on the first GPU.
    """

    def __init__(
        self, module: Module, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids = _chosen(device_ids)
        self.dim = dim
        self.output_device = output_device
        if not self.device_ids:
            return
        self.output_device = self.device_ids[0] if output_device is None else place(output_device).index
        self.src_device_obj = place(self.device_ids[0])
        if len(self.device_ids) == 1:
            self.module.to(self.src_device_obj)

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        if not self.device_ids:
            return self.module(*inputs, **kwargs)
        for tensor in chain(self.module.parameters(), self.module.buffers()):
            if tensor.device != self.src_device_obj:
                raise RuntimeError(
                    f"module must have its parameters and buffers on device {self.src_device_obj} (device_ids[0]) but found "
                    f"one of them on device: {tensor.device}"
                )
        args, keywords = self.scatter(inputs, kwargs, self.device_ids)
        if not args:
            args, keywords = ((),), ({},)
        if len(self.device_ids) == 1:
            return self.module(*args[0], **keywords[0])
        replicas = self.replicate(self.module, self.device_ids[: len(args)])
        return self.gather(self.parallel_apply(replicas, args, keywords), self.output_device)

    def replicate(self, module: Module, device_ids: Sequence[Any]) -> list[Any]:
        """The module on each device."""
        return replicate(module, device_ids, not is_grad_enabled())

    def scatter(self, inputs: tuple[Any, ...], kwargs: dict[str, Any] | None, device_ids: Sequence[Any]) -> Any:
        """The arguments for each device."""
        return scatter_kwargs(inputs, kwargs, device_ids, dim=self.dim)

    def parallel_apply(self, replicas: Sequence[Module], inputs: Sequence[Any], kwargs: Any) -> list[Any]:
        """What each replica gives for its arguments."""
        return parallel_apply(replicas, inputs, kwargs, self.device_ids[: len(replicas)])

    def gather(self, outputs: Any, output_device: Any) -> Any:
        """The outputs of all devices in one."""
        return gather(outputs, output_device, dim=self.dim)


def data_parallel(
    module: Module, inputs: Any, device_ids: Sequence[Any] | None = None, output_device: Any = None, dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """`module(*inputs, **module_kwargs)`, the functional form of `DataParallel`."""
    given = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return DataParallel(module, device_ids, output_device, dim)(*given, **(module_kwargs or {}))
