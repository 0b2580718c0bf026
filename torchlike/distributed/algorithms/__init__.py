"""torch.distributed.algorithms: what is done to models and gradients beside the collectives."""

from __future__ import annotations

from torchlike.base.errors import absent

__getattr__ = absent("torch.distributed.algorithms")
