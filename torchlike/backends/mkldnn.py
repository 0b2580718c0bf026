"""`torch.backends.mkldnn`: oneDNN by torch's name; XLA uses its own build of it, which is not asked about here."""

from __future__ import annotations

from torchlike.base.errors import absent

enabled = True
allow_tf32 = False
deterministic = False


def is_available() -> bool:
    """False."""
    return False


__getattr__ = absent("torch.backends.mkldnn")
