"""`parallelize_module`: which layer is cut how."""

from __future__ import annotations

import warnings
from fnmatch import fnmatch
from typing import Any

from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.tensor.parallel.style import ParallelStyle
from torchlike.nn.modules.module import Module


def parallelize_module(
    module: Module, device_mesh: DeviceMesh | None = None, parallelize_plan: Any = None, *, src_data_rank: int | None = 0
) -> Module:
    """Cut a module, or the children that a plan names, over a one-dimensional mesh.

    Args:
        parallelize_plan: a style, or styles by name; names may hold wildcards (`"layers.*.mlp.up"`).

    Raises:
        ValueError: for a mesh of several dimensions.
    """
    if device_mesh is None:
        raise ValueError("parallelize_module needs a device_mesh")
    if device_mesh.ndim != 1:
        raise ValueError(f"parallelize_module needs a 1-D mesh (mesh['tp']), but got {device_mesh}")
    if parallelize_plan is None:
        warnings.warn("No parallelize_plan is provided and auto-parallel is not supported at the moment.", stacklevel=2)
        return module
    if isinstance(parallelize_plan, ParallelStyle):
        return parallelize_plan._apply(module, device_mesh)
    for path, style in parallelize_plan.items():
        found = [(name, child) for name, child in module.named_modules() if _fits(name, path)]
        if not found:
            warnings.warn(f"Parallelize plan key '{path}' could not be resolved: no submodule matching it", stacklevel=2)
        for _, child in found:
            style._apply(child, device_mesh)
    return module


def _fits(name: str, path: str) -> bool:
    names, wanted = name.split("."), path.split(".")
    return len(names) == len(wanted) and all(fnmatch(n, w) for n, w in zip(names, wanted, strict=True))
