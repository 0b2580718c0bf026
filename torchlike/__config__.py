"""`torch.__config__`: what this is built of, for bug reports."""

from __future__ import annotations

import os
import platform

import jax
import jaxlib
import numpy as np

from torchlike.base.errors import absent
from torchlike.version import __version__


def show() -> str:
    """Versions and devices, a line each."""
    kinds = sorted({device.platform for device in jax.devices()})
    return "\n".join(
        [
            "torchlike built with:",
            f"  - torchlike {__version__}",
            f"  - Python {platform.python_version()}, NumPy {np.__version__}",
            f"  - JAX {jax.__version__}, jaxlib {jaxlib.__version__} (XLA)",
            f"  - Devices: {', '.join(kinds)}",
            "",
        ]
    )


def parallel_info() -> str:
    """How many threads XLA may use."""
    return f"XLA's own thread pool\n\tos.cpu_count() : {os.cpu_count()}\n"


__getattr__ = absent("torch.__config__")
