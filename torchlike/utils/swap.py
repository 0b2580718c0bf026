"""Two tensors that change places while whoever holds them keeps holding them."""

from __future__ import annotations

import copyreg
import weakref

from torchlike.base.epoch import Epoch
from torchlike.tensor.tensor import Tensor, attributes


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Let each of two tensors be what the other was: its values, class, gradient, history and attributes.

    Raises:
        RuntimeError: where somebody holds one of them weakly, or their classes have different slots.

    >>> import torchlike as torch
    >>> a, b = torch.ones(2), torch.zeros(3)
    >>> torch.utils.swap_tensors(a, b)
    >>> a
    tensor([0., 0., 0.])
    """
    for name, tensor in (("t1", t1), ("t2", t2)):
        if weakref.getweakrefs(tensor):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
    slots = [set(copyreg._slotnames(type(t))) for t in (t1, t2)]  # type: ignore[attr-defined]  # pickle's own list
    if slots[0] != slots[1]:
        raise RuntimeError("Cannot swap t1 and t2 if they have different slots")
    for name in slots[0]:
        first, second = getattr(t1, name), getattr(t2, name)
        setattr(t1, name, second)
        setattr(t2, name, first)
    kinds, held = (type(t1), type(t2)), (dict(attributes(t1)), dict(attributes(t2)))
    for tensor, kind, state in zip((t1, t2), reversed(kinds), reversed(held), strict=True):
        tensor.__class__ = kind
        attributes(tensor).clear()
        attributes(tensor).update(state)
    Epoch.now += 1
