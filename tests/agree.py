"""Runs the same lines under torch and under torchlike and compares everything that can be seen of the tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def eager(on: bool) -> Iterator[None]:
    """Each op at once instead of recorded."""
    from torchlike.base.flags import flags
    from torchlike.engine import signature

    before = flags.eager
    if before != on:
        flags.eager = on
        signature.forget()
    try:
        yield
    finally:
        if before != on:
            flags.eager = before
            signature.forget()


def describe(tensor: Any) -> dict[str, Any]:
    """Everything about a tensor but its elements."""
    return {
        "shape": tuple(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        # Strides of a tensor without elements address nothing, and torch's depend on which of its paths made it.
        "stride": tuple(tensor.stride()) if tensor.numel() else None,
        "storage_offset": tensor.storage_offset(),
        "requires_grad": tensor.requires_grad,
        "is_leaf": tensor.is_leaf,
        "is_contiguous": tensor.is_contiguous(),
    }


def describe_grad(grad: Any) -> dict[str, Any]:
    """As `describe`; of a size-1 dimension any stride will do, since torch keeps what its backward formula happened to make."""
    found = describe(grad)
    found["stride"] = tuple(st for st, size in zip(grad.stride(), grad.shape, strict=True) if size != 1)
    return found


def elements(tensor: Any, namespace: Any) -> np.ndarray:
    """The elements; bfloat16 as float64."""
    tensor = tensor.detach()
    if namespace.__name__ == "torch" and tensor.dtype is namespace.bfloat16:
        tensor = tensor.double()
    return np.asarray(tensor)


def agree(program: Callable[[Any], Any], modes: tuple[bool, ...] = (False, True)) -> None:
    """`program(namespace)` returns tensors, numbers or an exception; both must be alike under torch and torchlike, in
    each of the `modes` (False: recorded, True: eager). Leaves are compared with their gradients."""
    import torch

    import torchlike

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = _look(program(torch), torch)
        for at_once in modes:
            with eager(at_once):
                actual = _look(program(torchlike), torchlike)
            assert len(expected) == len(actual)
            for i, ((facts, numbers), (own_facts, own_numbers)) in enumerate(zip(expected, actual, strict=True)):
                assert facts == own_facts, f"result {i}: {facts} in torch, {own_facts} in torchlike"
                np.testing.assert_allclose(own_numbers.astype(np.float64), numbers.astype(np.float64), rtol=1e-5, atol=1e-6)


def raised(action: Callable[[], Any]) -> str:
    """The name of the exception that an action raises, or ""."""
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return ""


def _look(results: Any, namespace: Any) -> list[tuple[Any, np.ndarray]]:
    found: list[tuple[Any, np.ndarray]] = []
    for result in results if isinstance(results, (list, tuple)) else [results]:
        if isinstance(result, namespace.Tensor):
            found.append((describe(result), elements(result, namespace)))
            if result.is_leaf and result.grad is not None:
                found.append((describe_grad(result.grad), elements(result.grad, namespace)))
        elif isinstance(result, str):
            found.append((result, np.zeros(0)))
        else:
            found.append((None, np.asarray(result)))
    return found
