"""`torchvision.io`: libraries import it to ask; its functions are not here yet."""

from __future__ import annotations

from torchlike.base.errors import absent

__getattr__ = absent("torchvision.io")
