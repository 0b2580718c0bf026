"""Batch normalization of any rank; the numbered classes say which input they take."""

from __future__ import annotations

from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.base.dtypes import int64
from torchlike.engine import dispatch
from torchlike.engine.processes import world
from torchlike.nn import functional as F
from torchlike.nn import init
from torchlike.nn.functional.normalization import follow
from torchlike.nn.modules.lazy import LazyModuleMixin
from torchlike.nn.modules.module import Module
from torchlike.nn.parameter import UninitializedBuffer, UninitializedParameter
from torchlike.ops.registry import OPS
from torchlike.tensor import Parameter, Tensor, creation
from torchlike.tensor import functions as ops

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "SyncBatchNorm",
]  # fmt: skip


class _NormBase(Module):
    """Parameters and running statistics that batch and instance normalization share.

    Attributes:
        weight, bias: `(num_features,)`, one and zero at first, or None.
        running_mean, running_var: `(num_features,)`, zero and one at first, or None.
        num_batches_tracked: int64, how often the statistics were updated, or None.
    """

    _version = 2
    ranks: tuple[int, ...] = ()
    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats

        def empty() -> Tensor:
            return creation.empty(num_features, device=device, dtype=dtype)

        self.register_parameter("weight", Parameter(empty()) if affine else None)
        self.register_parameter("bias", Parameter(empty()) if affine and bias else None)
        self.register_buffer("running_mean", empty() if track_running_stats else None)
        self.register_buffer("running_var", empty() if track_running_stats else None)
        counter = creation.tensor(0, dtype=int64, device=device) if track_running_stats else None
        self.register_buffer("num_batches_tracked", counter)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget what was seen: mean 0, variance 1."""
        if self.track_running_stats:
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and forget the running statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        if self.ranks and input.dim() not in self.ranks:
            wanted = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            # Files of before version 2 do not count batches.
            own = self.num_batches_tracked
            state_dict[key] = own if own is not None and not own.is_meta else creation.tensor(0, dtype=int64)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    """Normalize each channel by the batch in training, by the running statistics in evaluation (Ioffe and Szegedy, 2015).

    Args:
        num_features: C of `(N, C, *)`.
        momentum: how much of the running statistics each batch replaces; None averages all batches alike.
        affine: learn `weight` and (if `bias`) `bias`.
        track_running_stats: without, the batch's statistics are used in evaluation too.

    Raises:
        ValueError: for an input of another rank; when training on one value per channel.
    """

    def _factor(self) -> Any:
        """Count the batch and say how much of the running statistics it replaces."""
        counter = self.num_batches_tracked
        if counter is not None:
            with no_grad():
                counter.add_(1)
                if self.momentum is None:
                    return 1.0 / counter  # stays a tensor: nothing is read back
        return 0.0 if self.momentum is None else self.momentum

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        training = self.training
        mean, var = self.running_mean, self.running_var
        if training and self.track_running_stats:
            factor = self._factor()
        else:
            factor = 0.0 if self.momentum is None else self.momentum
        by_batch = training or (mean is None and var is None)
        if training and not self.track_running_stats:
            mean = var = None
        if by_batch and world.replicas > 1 and not input.shape[0] % world.replicas:
            return self._apart(input, mean, var, factor, world.replicas)
        return F.batch_norm(input, mean, var, self.weight, self.bias, by_batch, factor, self.eps)

    def _apart(self, input: Tensor, mean: Tensor | None, var: Tensor | None, factor: Any, replicas: int) -> Tensor:
        """Each replica's part of the batch by itself, as channels of their own. The running statistics are the first one's."""
        parts = input.reshape(replicas, input.shape[0] // replicas, *input.shape[1:])
        beside = parts.transpose(0, 1).flatten(1, 2)  # (N / replicas, replicas * C, *)
        affine = [None if p is None else p.repeat(replicas) for p in (self.weight, self.bias)]
        out, means, variances = ops.batch_norm_train(beside, *affine, self.eps)
        if mean is not None:
            channels = input.shape[1]
            follow(mean, var, means[:channels], variances[:channels], factor)
        return out.unflatten(1, (replicas, input.shape[1])).transpose(0, 1).reshape(input.shape)


class BatchNorm1d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    __doc__ = _BatchNorm.__doc__
    ranks = (5,)


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A normalization that takes `num_features` from its first input; the other arguments are the normalization's."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        where = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**where)
            if bias:
                self.bias = UninitializedParameter(**where)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**where)
            self.running_var = UninitializedBuffer(**where)
            self.num_batches_tracked = creation.tensor(0, dtype=int64, device=device)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and no running statistics, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of channels of `input`, its second dimension."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
                if tensor is not None:
                    tensor.materialize((self.num_features,))  # type: ignore[attr-defined]  # uninitialized
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, _BatchNorm):
    __doc__ = _LazyNormBase.__doc__
    cls_to_become = BatchNorm1d
    ranks = BatchNorm1d.ranks


class LazyBatchNorm2d(_LazyNormBase, _BatchNorm):
    __doc__ = _LazyNormBase.__doc__
    cls_to_become = BatchNorm2d
    ranks = BatchNorm2d.ranks


class LazyBatchNorm3d(_LazyNormBase, _BatchNorm):
    __doc__ = _LazyNormBase.__doc__
    cls_to_become = BatchNorm3d
    ranks = BatchNorm3d.ranks


class SyncBatchNorm(_BatchNorm):
    """Batch normalization whose statistics are those of all processes; in one process it is batch normalization.

    Arguments are as in batch normalization, with `process_group` after them.

    Raises:
        ValueError: for an input of less than two dimensions or without channels.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    def forward(self, input: Tensor) -> Tensor:
        ranks = world.default if self.process_group is None else self.process_group.ranks
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        if ranks is None or ranks.size == 1 or not by_batch:
            before, world.replicas = world.replicas, 1
            try:
                return super().forward(input)
            finally:
                world.replicas = before
        self._check_input_dim(input)
        factor = self._factor() if self.training and self.track_running_stats else 0.0
        return self._together(input, ranks, factor)

    def _together(self, input: Tensor, ranks: Any, factor: Any) -> Tensor:
        """Normalize by the batches of all processes, which may differ in size: one gather of means, variances and counts."""
        channels = input.shape[1]
        wide = input.float() if input.dtype.itemsize < 4 else input
        var, mean = ops.var_mean(wide, [d for d in range(input.ndim) if d != 1], correction=0)
        count = creation.full((1,), input.numel() // channels, dtype=wide.dtype, device=input.device)
        every = dispatch.call(OPS["all_gather"], [ops.cat([mean, var, count])], (ranks,))
        means, variances, counts = every[:, :channels], every[:, channels:-1], every[:, -1:]
        total = counts.sum()
        mean = (means * counts).sum(0) / total
        var = ((variances + (means - mean) ** 2) * counts).sum(0) / total
        shape = [1, channels, *[1] * (input.ndim - 2)]
        out = (wide - mean.view(shape)) * ops.rsqrt(var + self.eps).view(shape)
        if self.weight is not None:
            out = out * self.weight.view(shape)
        if self.bias is not None:
            out = out + self.bias.view(shape)
        if self.training and self.running_mean is not None:
            with no_grad():
                follow(self.running_mean, self.running_var, mean, var * (total / (total - 1)), factor)
        return out.to(input.dtype)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """`module` with every batch normalization in it, itself included, as a `SyncBatchNorm` of the same tensors."""
        made = module
        if isinstance(module, _BatchNorm):
            sizes = (module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats)
            made = SyncBatchNorm(*sizes, process_group, bias=module.bias is not None)
            made._parameters.update(module._parameters)
            made._buffers.update(module._buffers)
            made.training = module.training
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made
