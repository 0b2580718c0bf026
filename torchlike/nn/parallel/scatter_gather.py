"""A batch, in whatever tensors are nested in, spread over devices and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torchlike.nn.parallel._functions import Gather, Scatter
from torchlike.tensor import Tensor

__all__ = ["gather", "scatter", "scatter_kwargs"]


def _is_namedtuple(obj: Any) -> bool:
    return isinstance(obj, tuple) and hasattr(obj, "_asdict") and hasattr(obj, "_fields")


is_namedtuple = _is_namedtuple


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> Any:
    """Tensors in parts along `dim`, one a device; containers of them for each device; other objects as they are for each.

    Returns:
        A tuple of parts of a tensor, a list for everything else; it may be shorter than the list of devices.
    """
    if isinstance(inputs, Tensor):
        return Scatter.apply(target_gpus, None, dim, inputs)
    if not isinstance(inputs, (tuple, list, dict)) or not inputs:
        return [inputs for _ in target_gpus]
    items = inputs.items() if isinstance(inputs, dict) else inputs
    each = list(zip(*[scatter(item, target_gpus, dim) for item in items], strict=False))
    if _is_namedtuple(inputs):
        return [type(inputs)(*items) for items in each]
    if isinstance(inputs, tuple):
        return each
    return [type(inputs)(items) for items in each] if isinstance(inputs, dict) else [list(items) for items in each]


def scatter_kwargs(
    inputs: tuple[Any, ...], kwargs: dict[str, Any] | None, target_gpus: Sequence[Any], dim: int = 0
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """`scatter` of positional and keyword arguments, as many of the one as of the other."""
    args = list(scatter(inputs, target_gpus, dim)) if inputs else []
    named = list(scatter(kwargs, target_gpus, dim)) if kwargs else []
    count = max(len(args), len(named))
    args += [()] * (count - len(args))
    return tuple(args), (*named, *[{} for _ in range(count - len(named))])


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """The inverse of `scatter`: one object of a sequence of alike ones, its tensors on one device.

    Raises:
        ValueError: for dictionaries of different sizes.
    """
    first = outputs[0]
    if isinstance(first, Tensor):
        return Gather.apply(target_device, dim, *outputs)
    if first is None:
        return None
    kind: Any = type(first)
    if isinstance(first, dict):
        if any(len(output) != len(first) for output in outputs):
            raise ValueError("All dicts must have the same number of keys")
        return kind((key, gather([output[key] for output in outputs], target_device, dim)) for key in first)
    parts = [gather(alike, target_device, dim) for alike in zip(*outputs, strict=True)]
    return kind._make(parts) if _is_namedtuple(first) else kind(parts)
