"""`torch.backends.cudnn`: settings of cuDNN. They are kept and read back; XLA chooses its convolutions itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from torchlike.base.errors import absent

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True
benchmark_limit = 10
fp32_precision = "none"
conv = SimpleNamespace(fp32_precision="none")
rnn = SimpleNamespace(fp32_precision="none")


def is_available() -> bool:
    """False: cuDNN is XLA's own affair."""
    return False


def version() -> None:
    """None: as where there is no cuDNN."""
    return


def is_acceptable(tensor: Any) -> bool:
    """False."""
    return False


@contextlib.contextmanager
def flags(**settings: Any) -> Iterator[None]:
    """Settings for the length of a block."""
    before = {name: globals()[name] for name in settings}
    globals().update(settings)
    try:
        yield
    finally:
        globals().update(before)


__getattr__ = absent("torch.backends.cudnn")
