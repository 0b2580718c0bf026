"""What an exporter asks of the layers below while it traces a model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _State(threading.local):
    """Per thread.

    Attributes:
        onnx: a model is being exported to ONNX: quantization shows as nodes between floats, which is how ONNX writes it.
    """

    onnx = False


state = _State()


@contextmanager
def to_onnx() -> Iterator[None]:
    """For the time of an export to ONNX."""
    before, state.onnx = state.onnx, True
    try:
        yield
    finally:
        state.onnx = before
