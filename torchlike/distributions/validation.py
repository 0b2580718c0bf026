"""Whether parameters and samples are what they must be, without breaking a program in two.

torch looks at the values of a distribution's parameters, and of what `log_prob` is asked for, at every call. Here

* what has been computed already (numbers, data, a model's parameters) is looked at on the host, at once, as in torch;
* what few operations lead to from constants and from data on the host, such as `-torch.ones(3)` or probabilities that were
  normalized, is looked at at once, too, unless it requires a gradient or gradients are off: then it belongs to a model's steps;
* what else is still pending is checked by operations in the same program as the rest. The ValueError comes when that has run:
  from the line that reads one of its values, or, where none does, from a later one. It names the line that gave the value;
* inside a JAX transform, `vmap` or another captured function, and on the meta device, there is nothing to look at.

`validate_args=False`, or `Distribution.set_default_validate_args(False)`, turns all of it off; TORCHLIKE_EAGER=1 leaves
nothing pending.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from torchlike.autograd.grad_mode import no_grad
from torchlike.base import device as devices
from torchlike.distributions import constraints
from torchlike.distributions._torch import Tensor
from torchlike.engine import record
from torchlike.engine.foresee import foreseen
from torchlike.engine.lines import user_line
from torchlike.engine.record import local
from torchlike.engine.value import host
from torchlike.tensor import functions
from torchlike.tensor.tensor import bare


def require(constraint: Any, value: Tensor, message: Callable[[bool], str]) -> None:
    """Raise ValueError, now or when it is known, where `value` is outside the region.

    Args:
        message: what to say; with False where no value may be read for it (it is called before the error is known).
    """
    if local.state.capture is not None or value.device is devices.META:
        return
    found = there(value)
    if isinstance(found, jax.core.Tracer):
        return
    if found is not None:
        known = _at_once(constraint, found)
        if known is not None:
            if not known:
                raise ValueError(message(True))
            return
    with no_grad():
        region = _interned(constraint)
        flag = (constraint.check(value).all() if region is None else functions.lies_within(value, region))._read()
    if isinstance(flag.array, jax.core.Tracer):
        return
    if flag.array is not None:
        if not bool(flag.numpy()):
            raise ValueError(message(True))
        return
    if local.state.grad and not value.requires_grad and (known := foreseen(flag)) is not None:
        if not known:
            raise ValueError(message(True))
        return
    record.watch(flag, _later(message(False), weakref.ref(value), user_line()))


def _later(text: str, seen: Callable[[], Any], line: str) -> Callable[[], Exception]:
    def error() -> Exception:
        value = seen()
        shown = "" if value is None else f"\n{value.detach()}"
        return ValueError(f"{text}{shown}\n(given at {line}; the values were computed later)")

    return error


def there(value: Tensor) -> Any:
    """The elements where they are there already, as an array to read from (or a tracer); None where they are pending."""
    array = value._read().array
    if array is None and value._view is not None and all(link.op.name == "expand" for link in value._view):
        base = value._storage.value.array
        if base is not None and not isinstance(base, jax.core.Tracer):
            return np.broadcast_to(np.asarray(base), tuple(value.shape))
    return array if array is None or isinstance(array, jax.core.Tracer) else np.asarray(array)


def _at_once(constraint: Any, array: np.ndarray) -> bool | None:
    """Whether all elements are in the region; None where that takes a value which is pending."""
    constraint = _of_arrays(constraint)
    if constraint is None:
        return None
    if _on_host(constraint):
        with np.errstate(all="ignore"):
            return bool(np.all(constraint.check(array.astype(np.uint8) if array.dtype == np.bool_ else array)))
    if not type(constraint).__module__.startswith(constraints.__name__):  # somebody's own: it may look at anything
        return None
    with record.apart(), no_grad():
        return bool(constraint.check(bare(host(array))).all())


def _on_host(constraint: Any) -> bool:
    base = getattr(constraint, "base_constraint", None)
    return _on_host(base) if isinstance(constraint, constraints._IndependentConstraint) else constraint._on_host


_regions: dict[tuple, Any] = {}
_MOST = 128  # bounds that are new each time are operands of several operations: each object is a program of its own


def _interned(constraint: Any) -> Any:
    """One object for all constraints of a kind with the same bounds, so that a check is one operation, compiled once.

    None where a bound is a tensor, the check is not of arrays, or there are too many different ones.
    """
    key = _key(constraint)
    if key is None or (key not in _regions and len(_regions) >= _MOST):
        return None
    return _regions.setdefault(key, constraint)


def _key(constraint: Any) -> tuple | None:
    base = getattr(constraint, "base_constraint", None)
    if not type(constraint).__module__.startswith(constraints.__name__) or not _on_host(constraint):
        return None
    bounds = [(k, _key(v) if v is base else v) for k, v in vars(constraint).items()]
    fixed = all(type(v) in (int, float, bool, tuple) for _, v in bounds)
    return (type(constraint), *[(k, type(v), v) for k, v in bounds]) if fixed else None


def _of_arrays(constraint: Any) -> Any:
    """The constraint with arrays for tensors among its bounds; None where one of those is pending."""
    made = constraint
    for name, bound in vars(constraint).items():
        new: Any = bound
        if isinstance(bound, constraints.Constraint):
            new = _of_arrays(bound)
        elif isinstance(bound, Tensor):
            new = there(bound)
            new = None if isinstance(new, jax.core.Tracer) else new
        elif name == "cseq":
            new = [_of_arrays(c) for c in bound]
            new = None if None in new else new
        if new is None and bound is not None:
            return None
        if new is not bound:
            made = copy.copy(made) if made is constraint else made
            setattr(made, name, new)
    return made
