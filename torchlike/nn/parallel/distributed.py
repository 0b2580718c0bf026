"""`DistributedDataParallel`: every process has the whole model and a part of the batch; gradients are averaged.

The average is part of the step's one program: it is recorded when backward has come to its end. In one process with many
devices (`python -m torchlike.distributed.run --devices-per-process N`, or `device_mesh=`) the model is on each of them, and the
batch is spread over them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torchlike.autograd.backward import queue_callback
from torchlike.autograd.grad_mode import no_grad
from torchlike.autograd.hooks import register_post_accumulate_grad_hook
from torchlike.base import pytree
from torchlike.base.errors import missing
from torchlike.engine import dispatch
from torchlike.engine.processes import world
from torchlike.engine.record import local
from torchlike.nn.modules.module import Module
from torchlike.nn.parallel import replicas
from torchlike.nn.parallel.bucket import GradBucket
from torchlike.ops.registry import OPS
from torchlike.tensor import Tensor, creation

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """Calls `module`; after backward each parameter's gradient is the average over all processes.

    Args:
        broadcast_buffers: rank 0's buffers go to all before each forward in training.
        find_unused_parameters: parameters may be left out, by some ranks or by all; ranks then tell each other which, and the
            step is two programs instead of one.
        static_graph: which parameters are left out is the same in every step.
        device_mesh: a one-dimensional mesh.
        device_ids, bucket_cap_mb, gradient_as_bucket_view ...: torch's; XLA places, groups and overlaps by itself.

    Raises:
        ValueError: before `init_process_group`.
        RuntimeError: where no parameter requires a gradient; in forward, where the last backward left parameters out.
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0, broadcast_buffers: bool = True,
        init_sync: bool = True, process_group: Any = None, bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False, check_reduction: bool = False, gradient_as_bucket_view: bool = False,
        static_graph: bool = False, delay_all_reduce_named_params: Any = None, param_to_hook_all_reduce: Any = None,
        mixed_precision: Any = None, device_mesh: Any = None, skip_all_reduce_unused_params: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise ValueError("device_ids can only be None or contain a single element.")
        if mixed_precision is not None:
            raise missing("DistributedDataParallel(mixed_precision=...)", "use torch.autocast")
        group = _group_of(process_group, device_mesh)
        self.module = module
        self.process_group, self.device_mesh = group, device_mesh
        self.device_ids, self.output_device, self.dim = device_ids, output_device, dim
        self.broadcast_buffers, self.find_unused_parameters = broadcast_buffers, find_unused_parameters
        self.static_graph, self.gradient_as_bucket_view = static_graph, gradient_as_bucket_view
        self.require_backward_grad_sync = True
        self.parameters_to_ignore = set(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
        self._named = [(n, p) for n, p in module.named_parameters() if p.requires_grad and n not in self.parameters_to_ignore]
        if not self._named:
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameters that require a gradient."
            )
        self._hook: tuple[Any, Callable] | None = None
        self._arrived: set[int] = set()
        self._left_out: list[str] = []
        self._syncing = False
        self._known_everywhere: set[int] | None = None
        self._mesh = replicas.mesh(device_mesh, group, self._named[0][1].device)
        if self._mesh is not None:
            replicas.replicate([*module.parameters(), *module.buffers()], self._mesh)
        elif group.size() > 1:
            if init_sync:
                self._from_first([*module.parameters(), *module.buffers()])
            self._watch()

    def _watch(self) -> None:
        """Note when gradients arrive."""
        owner = weakref.ref(self)
        for _, param in self._named:
            register_post_accumulate_grad_hook(param, lambda p: _arrive(owner, p))

    # ---- forward ----------------------------------------------------------------------------------------------

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        if self._mesh is not None:
            inputs, kwargs = pytree.tree_map(lambda x: replicas.scattered(x, self._mesh), (inputs, kwargs))
            before, world.replicas = world.replicas, self._mesh.devices.size
            try:
                return self.module(*inputs, **kwargs)
            finally:
                world.replicas = before
        tracked = local.state.grad
        if tracked and self.require_backward_grad_sync:
            self._check_finished()
        buffers = [b for n, b in self.module.named_buffers() if n not in self.parameters_to_ignore]
        wanted = self.broadcast_buffers and self.training and self.require_backward_grad_sync
        if wanted and buffers and self.process_group.size() > 1:
            self._from_first(buffers)
        out = self.module(*inputs, **kwargs)
        self._syncing = tracked and self.require_backward_grad_sync
        return out

    @no_grad()
    def _from_first(self, tensors: Sequence[Tensor]) -> None:
        """Give every process what the first one has."""
        found = dispatch.call(OPS["broadcast_from"], [t.detach() for t in tensors], (self.process_group.ranks, 0))
        for target, value in zip(tensors, found if isinstance(found, tuple) else (found,), strict=True):
            target._write(value)

    def _check_finished(self) -> None:
        if self._left_out and not (self.find_unused_parameters or self.static_graph):
            raise RuntimeError(
                "Expected to have finished reduction in the prior iteration before starting a new one. This error indicates "
                "that your module has parameters that were not used in producing loss. You can enable unused "
                "parameter detection by "
                "passing the keyword argument `find_unused_parameters=True` to "
                "`torch.nn.parallel.DistributedDataParallel`, and by making sure all `forward` function outputs participate in "
                f"calculating loss. Parameters which did not receive grad for rank {world.rank}: {', '.join(self._left_out)}"
            )

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Gradients of forward passes made within stay this process's own; they are averaged with the next that are not."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    # ---- after backward ---------------------------------------------------------------------------------------

    def _accumulated(self, param: Tensor) -> None:
        if not self._syncing:
            return
        if not self._arrived:
            queue_callback(self._finish)
        self._arrived.add(id(param))

    @no_grad()
    def _finish(self) -> None:
        """Average what has arrived, all in one entry."""
        arrived, self._arrived = self._arrived, set()
        self._left_out = [name for name, p in self._named if id(p) not in arrived]
        if self.find_unused_parameters or self.static_graph:
            arrived = self._anywhere(arrived)
        params = [p for _, p in self._named if id(p) in arrived]
        for p in params:
            if p.grad is None:
                p.grad = creation.zeros_like(p)
        if self._hook is not None:
            GradBucket.run(params, *self._hook)
            return
        grads = [p.grad for p in params]
        found = dispatch.call(OPS["all_reduce_coalesced"], [g.detach() for g in grads], (self.process_group.ranks, "avg"))
        for grad, value in zip(grads, found if isinstance(found, tuple) else (found,), strict=True):
            grad._write(value)

    def _anywhere(self, arrived: set[int]) -> set[int]:
        """The parameters that got a gradient on any process."""
        if self._known_everywhere is None or not self.static_graph:
            own = [id(p) in arrived for _, p in self._named]
            every = zip(*world.exchange(self.process_group, own), strict=True)
            self._known_everywhere = {id(p) for (_, p), used in zip(self._named, every, strict=True) if any(used)}
        return self._known_everywhere

    def register_comm_hook(self, state: Any, hook: Callable[[Any, GradBucket], Any]) -> None:
        """Call `hook(state, bucket)` in place of the average; what its future holds becomes the gradients."""
        if self._hook is not None:
            raise RuntimeError("register_comm_hook or register_builtin_comm_hook can only be called once.")
        self._hook = (state, hook)
        if self._mesh is None and self.process_group.size() == 1:  # nothing is averaged, but the hook is called
            self._watch()

    def join(self, *args: Any, **kwargs: Any) -> Any:
        raise missing("DistributedDataParallel.join", "give every rank the same number of batches (DistributedSampler does)")

    def _set_static_graph(self) -> None:
        self.static_graph = True

    def __getstate__(self) -> dict[str, Any]:
        raise missing("pickling of DistributedDataParallel", "save ddp.module, or state_dict()")


def _arrive(owner: Any, param: Tensor) -> None:
    model = owner()
    if model is not None:
        model._accumulated(param)


def _group_of(process_group: Any, device_mesh: Any) -> Any:
    if process_group is not None and device_mesh is not None:
        raise RuntimeError("Cannot specify both process_group and device_mesh arguments.")
    if device_mesh is not None:
        if device_mesh.ndim != 1:
            raise RuntimeError(f"Only 1D device mesh is supported, but got {device_mesh}.")
        return device_mesh.get_group()
    found = world.group if process_group is None else process_group
    if found is None:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
    return found
