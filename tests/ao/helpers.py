"""The same in torch and in torchlike: inputs, models, comparisons of integers and scales."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import torchlike

LIBRARIES = (torch, torchlike)


def both(build: Callable[[Any], Any]) -> tuple[Any, Any]:
    """What `build(library)` makes in torch and in torchlike, from the same seed: the same weights."""
    made = []
    for m in LIBRARIES:
        m.manual_seed(7)
        made.append(build(m))
    return made[0], made[1]


def inputs(*shape: int, count: int = 1) -> list[np.ndarray]:
    return [np.random.default_rng(i).normal(size=shape).astype(np.float32) for i in range(count)]


def same_quantized(expected: Any, found: Any, steps: int = 0) -> None:
    """Whether two quantized tensors have the same scales and zero points, and integers at most `steps` apart."""
    assert str(found.dtype) == str(expected.dtype)
    assert str(found.qscheme()) == str(expected.qscheme())
    if "per_tensor" in str(expected.qscheme()):
        assert found.q_scale() == expected.q_scale()
        assert found.q_zero_point() == expected.q_zero_point()
    else:
        assert found.q_per_channel_axis() == expected.q_per_channel_axis()
        np.testing.assert_array_equal(found.q_per_channel_scales().numpy(), expected.q_per_channel_scales().numpy())
        np.testing.assert_array_equal(found.q_per_channel_zero_points().numpy(), expected.q_per_channel_zero_points().numpy())
    apart = np.abs(found.int_repr().numpy().astype(np.int64) - expected.int_repr().numpy().astype(np.int64))
    assert apart.max(initial=0) <= steps


def same(expected: Any, found: Any) -> None:
    """Whether two entries of state_dicts are equal: tensors, quantized ones, tuples of them, dtypes."""
    if isinstance(expected, tuple):
        assert len(expected) == len(found)
        for e, f in zip(expected, found, strict=True):
            same(e, f)
    elif not isinstance(expected, torch.Tensor):
        assert str(expected) == str(found)
    elif expected.is_quantized:
        same_quantized(expected, found)
    else:
        np.testing.assert_array_equal(found.detach().numpy(), expected.detach().numpy())
        assert str(found.dtype) == str(expected.dtype)


def same_state(expected: Any, found: Any) -> None:
    """Whether two modules have the same state_dict, key by key."""
    one, other = expected.state_dict(), found.state_dict()
    assert list(one) == list(other)
    for key, value in one.items():
        same(value, other[key])
