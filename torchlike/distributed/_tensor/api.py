"""torch.distributed._tensor.api: likewise."""

from __future__ import annotations

from torchlike.distributed.tensor import *  # noqa: F403
from torchlike.distributed.tensor import __all__ as __all__
