"""`torchvision.models`: not here yet; every name raises NotImplementedError."""

from __future__ import annotations

from torchlike.base.errors import absent

__getattr__ = absent("torchvision.models")
