"""Segments, masked reductions, distinct elements, numerical derivatives: what torch's op database has no samples of."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import torchlike

NAN = float("nan")


def plain(result: Any) -> Any:
    """Shapes, dtypes and elements as Python values that compare equal where nan meets nan."""
    if isinstance(result, (tuple, list)):
        return [plain(r) for r in result]
    return str(result.dtype).split(".")[1], tuple(result.shape), repr(result.detach().tolist())


CASES = {
    "unique takes every nan for itself": lambda t: t.unique(t.tensor([3.0, NAN, 1.0, NAN]), True, True, True),
    "a mean of no elements that starts somewhere": lambda t: t.segment_reduce(
        t.tensor([1.0, 3.0, 8.0]), "mean", lengths=t.tensor([2, 0, 1]), axis=0, initial=6
    ),
    "nan is the extreme of its segment": lambda t: t.segment_reduce(
        t.tensor([1.0, NAN, 3.0]), "min", lengths=t.tensor([2, 0, 1]), axis=0
    ),
    "masked: nothing left": lambda t: [
        getattr(t.masked, name)(t.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, mask=t.tensor([[True, False], [False, False]]))
        for name in ("sum", "prod", "amax", "amin", "argmax", "mean", "median", "var", "softmax", "logsumexp", "cumsum")
    ],
    "gradient at coordinates of another dtype": lambda t: t.gradient(
        t.tensor([0, 1, 4, 9]), spacing=(t.tensor([1.0, 2.0, 4.0, 8.0], dtype=t.float64),)
    ),
    "histogram of one value": lambda t: tuple(t.histogram(t.tensor([1.0, 1.0]), 2)),
    "unravel_index from behind": lambda t: t.unravel_index(t.tensor([3, -1]), (2, 3)),
}


@pytest.mark.parametrize("case", CASES)
def test_as_torch(case: str) -> None:
    assert plain(CASES[case](torchlike)) == plain(CASES[case](torch))


@pytest.mark.parametrize("initial", [None, 2, 5])
def test_equal_extremes_of_a_segment_share_the_gradient(initial: int | None) -> None:
    grads = []
    for t in (torchlike, torch):
        x = t.tensor([2.0, 2.0, 2.0, 1.0], requires_grad=True)
        t.segment_reduce(x, "max", lengths=t.tensor([4]), axis=0, initial=initial).sum().backward()
        grads.append(x.grad.tolist())
    assert grads[0] == pytest.approx(grads[1])


def test_masked_tensors_are_missing_by_name() -> None:
    with pytest.raises(NotImplementedError, match=r"torch\.masked\.masked_tensor"):
        _ = torchlike.masked.masked_tensor
    assert not torchlike.masked.is_masked_tensor(torchlike.ones(2))
