"""The steps of `GradScaler` by the names that they have as operators, for scalers of other libraries."""

from __future__ import annotations

from collections.abc import Sequence

from torchlike.amp.grad_scaler import _adapt
from torchlike.autograd.grad_mode import no_grad
from torchlike.base import dtypes
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops
from torchlike.tensor.update import apply_update

_HALF = (dtypes.float16, dtypes.bfloat16)


def _single(**tensors: Tensor) -> None:
    for name, tensor in tensors.items():
        if tensor.numel() != 1:
            raise RuntimeError(f"{name} must be a 1-element tensor.")
        if tensor.dtype is not dtypes.float32:
            raise RuntimeError(f"{name} must be a float tensor.")


@no_grad()
def _amp_foreach_non_finite_check_and_unscale_(self: Sequence[Tensor], found_inf: Tensor, inv_scale: Tensor) -> None:
    """Multiply gradients by `inv_scale` in place, and set `found_inf` to 1 where one of them holds inf or NaN.

    Raises:
        RuntimeError: unless `found_inf` and `inv_scale` are float32 of one element.
    """
    _single(inv_scale=inv_scale, found_inf=found_inf)
    factor = inv_scale.reshape(())
    for grad in self:
        found_inf.copy_(ops.where(grad.isfinite().all(), found_inf, 1.0))
        grad.copy_(grad.to(dtypes.float32) * factor if grad.dtype in _HALF else grad * factor)


@no_grad()
def _amp_update_scale_(
    self: Tensor, growth_tracker: Tensor, found_inf: Tensor, scale_growth_factor: float, scale_backoff_factor: float,
    growth_interval: int,
) -> Tensor:  # fmt: skip
    """The next scale and growth tracker, in place: smaller after an inf, larger after `growth_interval` steps without one.

    Raises:
        RuntimeError: unless the scale and `found_inf` are float32, and all three of one element.
    """
    _single(current_scale=self, found_inf=found_inf)
    if growth_tracker.numel() != 1:
        raise RuntimeError("growth_tracker must be a 1-element tensor.")
    numbers = (scale_growth_factor, scale_backoff_factor, growth_interval)
    apply_update(_adapt, [self], [found_inf.reshape(self.shape)], [[growth_tracker]], numbers)
    return self
