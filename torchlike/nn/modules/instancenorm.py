"""Instance normalization of any rank; the numbered classes say which input they take."""

from __future__ import annotations

import warnings
from typing import Any

from torchlike.nn import functional as F
from torchlike.nn.modules.batchnorm import _LazyNormBase, _NormBase
from torchlike.tensor import Tensor

__all__ = [
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d",
]  # fmt: skip

# Files of before torch 0.4 hold statistics that are not kept any more by default.
_OLD_STATISTICS = (
    "Unexpected running stats buffer(s) {names} for {klass} with track_running_stats=False. If state_dict is a checkpoint "
    "saved before 0.4.0, this may be expected because {klass} does not track running stats by default since 0.4.0. Please "
    "remove these keys from state_dict. If the running stats are actually needed, instead set track_running_stats=True in "
    "{klass} to enable them. See the documentation of {klass} for details."
)


class _InstanceNorm(_NormBase):
    """Normalize each channel of each sample by itself (Ulyanov et al., 2016).

    Arguments are as in batch normalization; learning and running statistics are off by default.

    Raises:
        ValueError: for an input of another rank or, if `affine`, another number of channels.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        dim = input.dim() - self._get_no_batch_dim()  # of the channels: 0 where there is no batch
        if input.size(dim) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features ({self.num_features}), "
                    f"but got: {input.size(dim)}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
                "num_features, which is not used because affine=False",
                stacklevel=3,
            )
        return self._handle_no_batch_input(input) if dim == 0 else self._apply_instance_norm(input)

    def _get_no_batch_dim(self) -> int:
        return self.ranks[0]

    def _handle_no_batch_input(self, input: Tensor) -> Tensor:
        return self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)

    def _apply_instance_norm(self, input: Tensor) -> Tensor:
        by_sample = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, by_sample, momentum, self.eps
        )

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        if local_metadata.get("version") is None and not self.track_running_stats:
            found = [prefix + name for name in ("running_mean", "running_var") if prefix + name in state_dict]
            for key in found:
                state_dict.pop(key)
            if found:
                error_msgs.append(_OLD_STATISTICS.format(names=" and ".join(f'"{k}"' for k in found), klass=self._get_name()))
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)


class InstanceNorm1d(_InstanceNorm):
    __doc__ = _InstanceNorm.__doc__
    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    __doc__ = _InstanceNorm.__doc__
    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    __doc__ = _InstanceNorm.__doc__
    ranks = (4, 5)


class LazyInstanceNorm1d(_LazyNormBase, _InstanceNorm):
    __doc__ = _LazyNormBase.__doc__
    cls_to_become = InstanceNorm1d
    ranks = InstanceNorm1d.ranks


class LazyInstanceNorm2d(_LazyNormBase, _InstanceNorm):
    __doc__ = _LazyNormBase.__doc__
    cls_to_become = InstanceNorm2d
    ranks = InstanceNorm2d.ranks


class LazyInstanceNorm3d(_LazyNormBase, _InstanceNorm):
    __doc__ = _LazyNormBase.__doc__
    cls_to_become = InstanceNorm3d
    ranks = InstanceNorm3d.ranks
