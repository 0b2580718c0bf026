"""Scaled losses, so that small gradients do not vanish in half precision."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable
from enum import Enum
from typing import Any

import jax.numpy as jnp
import numpy as np

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import device as devices
from torchlike.base import dtypes
from torchlike.engine import dispatch
from torchlike.engine.processes import world
from torchlike.engine.value import host
from torchlike.ops.registry import OPS
from torchlike.tensor import Tensor
from torchlike.tensor.tensor import bare
from torchlike.tensor.update import apply_update

__all__ = ["GradScaler", "OptState"]


class OptState(Enum):
    """How far an optimizer's step has come since the last `update`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class _Progress(dict):
    """What the scaler knows of an optimizer since the last `update`."""

    def __init__(self) -> None:
        super().__init__(stage=OptState.READY, found_inf_per_device={})


class GradScaler:
    """Multiplies a loss before `backward` and divides the gradients before the step; a step with inf or NaN is skipped.

    `scaler.scale(loss).backward(); scaler.step(optimizer); scaler.update()`. After a skipped step the scale shrinks by
    `backoff_factor`; after `growth_interval` steps without one it grows by `growth_factor`.

    The optimizers of `optim` do not bring the check to the host: scale, check and the choice between the old and the new
    parameters are part of the step's one program. Such a step always calls the optimizer, hooks included, and a scheduler
    sees it as a step; its state and "step" stay as they were, so that the result is torch's. For other optimizers (a `step` of
    one's own, LBFGS, sparse or differentiable steps, SGD with dampening) the check is read once a step, as torch does.

    Args:
        device: kind of device, "cuda" or "cpu"; without a GPU "cuda" disables the scaler, with a warning.
        init_scale: first scale.
        growth_factor: above 1.
        backoff_factor: below 1.
        growth_interval: how many steps without inf make the scale grow.
        enabled: where False, `scale` returns what it got and `step` is the optimizer's.

    Raises:
        AssertionError: for a factor out of its range.

    >>> import torchlike as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.SGD([weight], lr=0.5)
    >>> scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale(weight.sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> weight.tolist(), scaler.get_scale()
    ([0.5, 0.5], 8.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if enabled and device == "cuda" and not devices.count("cuda"):
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale = init_scale
        self._scale: Tensor | None = None
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._init_growth_tracker = 0
        self._growth_tracker: Tensor | None = None
        self._per_optimizer_states: dict[int, dict[str, Any]] = defaultdict(_Progress)
        self._foreseen: tuple | None = None

    # ------------------------------------------------------------------ an iteration

    def scale(self, outputs: Any) -> Any:
        """The outputs times the scale.

        Args:
            outputs: a tensor, or an iterable of such, nested as you like; lists and tuples stay what they are.

        Raises:
            ValueError: for anything else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            if self._scale is None:
                self._begin(outputs.device)
            assert self._scale is not None
            return outputs * self._scale.to(outputs.device)
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, list | tuple) else scaled
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def unscale_(self, optimizer: Any) -> None:
        """Divide the optimizer's gradients by the scale, once all are accumulated, for example to clip them before `step`.

        Raises:
            RuntimeError: at the second call since `update`, or after `step`.
            ValueError: for float16 gradients.
        """
        if not self._enabled:
            return
        self._check_begun("unscale_")
        progress = self._per_optimizer_states[id(optimizer)]
        if progress["stage"] is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if progress["stage"] is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        progress["found_inf_per_device"] = self._unscale(optimizer, self._scale)
        progress["stage"] = OptState.UNSCALED

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step(*args, **kwargs)` with gradients divided by the scale, without effect if one of them is inf or NaN.

        Raises:
            RuntimeError: at the second call since `update`, or for a closure.
            AssertionError: if no parameter has a gradient.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_begun("step")
        progress = self._per_optimizer_states[id(optimizer)]
        if progress["stage"] is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if getattr(optimizer, "_step_supports_amp_scaling", False):
            result = self._hand_over(optimizer, progress, args, kwargs)
        else:
            if progress["stage"] is OptState.READY:
                self.unscale_(optimizer)
            if not progress["found_inf_per_device"]:
                raise AssertionError("No inf checks were recorded for this optimizer.")
            result = self._step(optimizer, progress, args, kwargs)
        progress["stage"] = OptState.STEPPED
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Adapt the scale, at the end of an iteration, or set it.

        Args:
            new_scale: a float or a tensor of one element, which is copied.

        Raises:
            AssertionError: if nothing was checked since the last call, or for a tensor that does not fit.
        """
        if not self._enabled:
            return
        scale, tracker = self._check_begun("update")
        if new_scale is not None:
            if isinstance(new_scale, Tensor):
                if new_scale.device.type != self._device or new_scale.numel() != 1 or new_scale.requires_grad:
                    raise AssertionError(
                        "new_scale should be a float or a 1-element torch.cuda.FloatTensor or torch.FloatTensor with "
                        "requires_grad=False."
                    )
                scale.copy_(new_scale.reshape(()))
            else:
                scale.fill_(new_scale)
        else:
            checks = self._checks()
            if not checks:
                raise AssertionError("No inf checks were recorded prior to update.")
            key, *foreseen = self._foreseen or (None,)
            if key != self._key(checks):
                foreseen = self._adapted(checks)
            for target, value in zip((scale, tracker), foreseen, strict=True):
                target._storage.write(value._storage.value)
        self._foreseen = None
        self._per_optimizer_states = defaultdict(_Progress)

    # ------------------------------------------------------------------ how

    def _begin(self, device: Any) -> None:
        """Create the tensors, where the first output is."""
        self._scale = _scalar(self._init_scale, dtypes.float32, device)
        self._growth_tracker = _scalar(self._init_growth_tracker, dtypes.int32, device)

    def _check_begun(self, name: str) -> tuple[Tensor, Tensor]:
        if self._scale is None or self._growth_tracker is None:
            missing = "_scale" if self._scale is None else "_growth_tracker"
            raise AssertionError(
                f"Attempted {name} but {missing} is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )
        return self._scale, self._growth_tracker

    def _unscale(self, optimizer: Any, scale: Tensor | None) -> dict[Any, Tensor]:
        """Check the gradients for inf and NaN, and divide them unless `scale` is None.

        Returns:
            By device a float32 scalar, 1 where something was found, else 0.
        """
        found: dict[Any, Tensor] = {}
        with no_grad():
            for device, grads in _gradients(optimizer, half=scale is None).items():
                found[device] = _scalar(0, dtypes.float32, device)
                if scale is None:
                    apply_update(_check, [], grads, [[found[device]]], [])
                else:
                    apply_update(_divide, grads, [scale.to(device)], [[found[device]]], [])
            for ranks in _cut_over(optimizer):
                found = {device: dispatch.call(OPS["all_reduce"], [check], (ranks, "max")) for device, check in found.items()}
        return found

    def _step(self, optimizer: Any, progress: dict[str, Any], args: tuple, kwargs: dict[str, Any]) -> Any:
        checks = list(progress["found_inf_per_device"].values())
        self._foresee()
        can_skip = getattr(optimizer, "_can_skip", None)
        if can_skip is None or not can_skip():
            return None if any([check.item() for check in checks]) else optimizer.step(*args, **kwargs)
        optimizer.found_inf = self._total(checks)
        try:
            return optimizer.step(*args, **kwargs)
        finally:
            del optimizer.found_inf

    def _hand_over(self, optimizer: Any, progress: dict[str, Any], args: tuple, kwargs: dict[str, Any]) -> Any:
        """A step of an optimizer that says that it unscales by itself, through torch's attributes."""
        unscaled = progress["stage"] is OptState.UNSCALED
        if not unscaled:
            self._check_inf_per_device(optimizer)
        given = getattr(optimizer, "grad_scale", None)
        optimizer.grad_scale = given if unscaled else self._scale if given is None else self._scale * given
        optimizer.found_inf = self._total(list(progress["found_inf_per_device"].values()))
        try:
            return optimizer.step(*args, **kwargs)
        finally:
            del optimizer.grad_scale, optimizer.found_inf

    def _checks(self) -> list[Tensor]:
        return [check for state in self._per_optimizer_states.values() for check in state["found_inf_per_device"].values()]

    def _total(self, checks: list[Tensor]) -> Tensor:
        assert self._scale is not None
        first, *others = [check.to(self._scale.device) for check in checks]
        return sum(others, first)

    def _key(self, checks: list[Tensor]) -> tuple:
        """What the outcome of `update` depends on."""
        scale, tracker = self._check_begun("update")
        numbers = (self._growth_factor, self._backoff_factor, self._growth_interval)
        return (*map(id, checks), scale._version, tracker._version, *numbers)

    def _foresee(self) -> None:
        """Record what `update` will most likely do while the step's program is still open: a step of an optimizer runs it, and
        an `update` recorded after it would be a second program in each iteration."""
        checks = self._checks()
        self._foreseen = (self._key(checks), *self._adapted(checks))

    def _adapted(self, checks: list[Tensor]) -> list[Tensor]:
        """The next scale and growth tracker."""
        with no_grad():
            scale, tracker = [bare(own._storage.value) for own in self._check_begun("update")]
            numbers = (self._growth_factor, self._backoff_factor, self._growth_interval)
            apply_update(_adapt, [scale], [self._total(checks)], [[tracker]], numbers)
        return [scale, tracker]

    def _get_scale_async(self) -> Tensor | None:
        return self._scale

    def _check_inf_per_device(self, optimizer: Any) -> dict[Any, Tensor]:
        self._check_begun("_check_inf_per_device")
        found = self._per_optimizer_states[id(optimizer)]["found_inf_per_device"] = self._unscale(optimizer, None)
        return found

    def _found_inf_per_device(self, optimizer: Any) -> dict[Any, Tensor]:
        return self._per_optimizer_states[id(optimizer)]["found_inf_per_device"]

    # ------------------------------------------------------------------ numbers and state

    def get_scale(self) -> float:
        """The scale as a number, 1.0 where the scaler is not enabled; what is pending is run first."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale.item()

    def get_growth_factor(self) -> float:
        """By how much the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set by how much the scale grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By how much the scale shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set by how much the scale shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """How many steps without inf make the scale grow."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set how many steps without inf make the scale grow."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        return self._init_growth_tracker if self._growth_tracker is None else self._growth_tracker.item()

    def is_enabled(self) -> bool:
        """Whether losses are scaled."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """Scale, factors, interval and growth tracker as Python numbers, in torch's format; empty where not enabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load what `state_dict` gave, here or in torch; nothing where not enabled.

        Raises:
            RuntimeError: for an empty dictionary.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        if self._scale is not None:
            self._begin(self._scale.device)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        if self._enabled:
            if self._per_optimizer_states:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after "
                    "scaler.update()."
                )
            state["_init_scale"], state["_init_growth_tracker"] = self.get_scale(), self._get_growth_tracker()
            state["_scale"] = state["_growth_tracker"] = None  # made anew where the next output is
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _gradients(optimizer: Any, half: bool) -> dict[Any, list[Tensor]]:
    """The gradients of all parameters by device; of sparse ones their values."""
    found: dict[Any, list[Tensor]] = {}
    for group in optimizer.param_groups:
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            if grad.dtype is dtypes.float16 and not half:
                raise ValueError("Attempting to unscale FP16 gradients.")
            if grad._view is not None and grad.is_sparse:
                if grad.dtype is dtypes.float16:  # halves of a sum may be finite where the sum is not
                    grad = param.grad = grad.coalesce()
                grad = grad._values()
            found.setdefault(grad.device, []).append(grad)
    return found


def _scalar(number: float, kind: dtypes.dtype, device: Any) -> Tensor:
    """A number that is there, not recorded: the first step must be the same program as the second."""
    return bare(host(np.array(number, kind.np), device))


# Rules in the form of `tensor.update`: (params, grads, states, hyper, static) -> (params, states).


def _any_inf(grads: tuple) -> Any:
    return sum((~jnp.isfinite(grad).all()).astype(jnp.int32) for grad in grads).clip(0, 1).astype(jnp.float32)


def _check(params: tuple, grads: tuple, states: tuple, hyper: tuple, static: Any) -> tuple:
    return (), ((_any_inf(grads),),)


def _divide(params: tuple, grads: tuple, states: tuple, hyper: tuple, static: Any) -> tuple:
    inverse = (1 / grads[0].astype(jnp.float64)).astype(jnp.float32)
    wide = [jnp.promote_types(grad.dtype, jnp.float32) for grad in params]
    new = [(grad.astype(kind) * inverse.astype(kind)).astype(grad.dtype) for grad, kind in zip(params, wide, strict=True)]
    return tuple(new), ((_any_inf(params),),)


def _adapt(params: tuple, grads: tuple, states: tuple, hyper: tuple, static: Any) -> tuple:
    ((scale,), (found_inf,), ((tracker,),), (growth, backoff, interval)) = params, grads, states, hyper
    wide, found = scale.astype(jnp.float64), found_inf != 0
    grown = (wide * growth).astype(jnp.float32)
    due = ~found & (tracker + 1 == interval)
    kept = jnp.where(due & jnp.isfinite(grown), grown, scale)
    return (jnp.where(found, (wide * backoff).astype(jnp.float32), kept),), (
        (jnp.where(found | due, 0, tracker + 1).astype(jnp.int32),),
    )


def _cut_over(optimizer: Any) -> list[Any]:
    """The groups of processes that have the other parts of an optimizer's parameters: all skip a step, or none."""
    if world.default is None:
        return []
    parts = [p._part for group in optimizer.param_groups for p in group["params"]]
    return list(dict.fromkeys(ranks for part in parts if part is not None for ranks in part.cuts))
