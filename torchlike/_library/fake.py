"""What a function that makes results of the right shape may ask for: a size that depends on values (`get_ctx`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_running: list[str] = []  # the operators whose functions are running for meta tensors, the innermost last


@contextmanager
def of_meta_tensors(qualname: str) -> Iterator[None]:
    """Within the block that operator's function runs for meta tensors."""
    _running.append(qualname)
    try:
        yield
    finally:
        _running.pop()


def get_ctx() -> Any:
    """None outside of a function that `register_fake` set.

    Raises:
        RuntimeError: inside of one. It runs for meta tensors, whose sizes cannot depend on values, in torch neither.
    """
    if not _running:
        return None
    raise RuntimeError(
        f"{_running[-1]}: You're trying to run this operator with meta Tensors (as opposed to FakeTensors), but this operator "
        "may return an output Tensor with data-dependent shape. Meta Tensors don't support operators with outputs that have "
        "data-dependent shapes but FakeTensors do. If your operator does not return an output with data-dependent shape, make "
        "sure the FakeTensor and/or meta kernel does not call torch.library.get_ctx(). Otherwise, please use FakeTensors."
    )
