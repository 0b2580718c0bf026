"""`torch.utils.mobile_optimizer`: a scripted module made ready to run without training. XLA does the optimizing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from torchlike.base.errors import absent

__all__ = ["LintCode", "MobileOptimizerType", "optimize_for_mobile"]


class LintCode(Enum):
    """What may be wrong with a module that is to run on a phone."""

    BUNDLED_INPUT = 1
    REQUIRES_GRAD = 2
    DROPOUT = 3
    BATCHNORM = 4


class MobileOptimizerType(Enum):
    """Passes of torch's optimizer. XLA has its own, always."""

    CONV_BN_FUSION = 0
    INSERT_FOLD_PREPACK_OPS = 1
    REMOVE_DROPOUT = 2
    FUSE_ADD_RELU = 3
    HOIST_CONV_PACKED_PARAMS = 4
    CONV_1D_TO_2D = 5
    VULKAN_AUTOMATIC_GPU_TRANSFER = 6


def optimize_for_mobile(
    script_module: Any, optimization_blocklist: set[MobileOptimizerType] | None = None,
    preserved_methods: Iterable[Any] | None = None, backend: str = "CPU",
) -> Any:  # fmt: skip
    """A scripted or traced module in evaluation mode; `save` writes it as a program (torch: with its layers fused).

    Args:
        preserved_methods: must be there. optimization_blocklist: of no consequence. backend: "CPU".

    Raises:
        TypeError: for another kind of module or backend. AttributeError: for a method that is not there.
        NotImplementedError: for the backends "Vulkan" and "Metal".
    """
    if not hasattr(script_module, "original_name"):  # of torch.jit's modules alone
        raise TypeError(f"Got {type(script_module)}, but ScriptModule is expected.")
    gone = [str(name) for name in preserved_methods or () if not hasattr(script_module, str(name))]
    if gone:
        raise AttributeError(f"The following methods to preserve do not exist in script_module: {', '.join(gone)}")
    if backend.lower() in ("vulkan", "metal"):
        raise NotImplementedError(f"torchlike has no mobile backend {backend!r}: XLA runs on CPU, GPU and TPU")
    if backend.lower() != "cpu":
        raise TypeError("Unknown backend, must be one of 'CPU', 'Vulkan' or 'Metal'")
    return script_module.eval()


__getattr__ = absent("torch.utils.mobile_optimizer")
