"""Looking an image up at given places, and the affine maps that give such places."""

from __future__ import annotations

import warnings

from torchlike.tensor import functions as ops

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Look `input` up at the places in `grid`. `(N, C, *spatial)`, `(N, *out, rank)` -> `(N, C, *out)`.

    Args:
        grid: x first; -1 and 1 are the input's two edges.
        mode: "bilinear" (linear along each dimension), "nearest" or "bicubic" (4-D input only).
        padding_mode: what lies outside: "zeros", "border" (the edge's values) or "reflection".
        align_corners: -1 and 1 are the centres of the corner pixels, not their outer edges. False by default.

    Raises:
        ValueError: a mode that there is not.
        RuntimeError: shapes or dtypes that do not fit.
    """
    if mode not in _MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', "
            f"but got: '{padding_mode}'"
        )
    return ops.grid_sample(input, grid, mode, padding_mode, _aligned("grid_sample", align_corners))


def affine_grid(theta, size, align_corners=None):
    """The places to look at for an affine map of an image. `(N, rank, rank + 1)`, the output's size -> `(N, *spatial, rank)`.

    Raises:
        ValueError: `theta` is not floating or not of the shape that `size` asks for; a size that is not positive.
        NotImplementedError: `size` is not that of a 4-D or 5-D tensor.
    """
    size = tuple(size)
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {size}."
        )
    rank = len(size) - 2
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size {size}. Got {theta.shape}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if align_corners and 1 in size[2:]:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is not an "
            "intended use case of affine_grid. See the documentation of affine_grid for details.",
            stacklevel=2,
        )
    return ops.affine_grid(theta, size, _aligned("affine_grid", align_corners))


def _aligned(name: str, align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
            f"align_corners=True if the old behavior is desired. See the documentation of {name} for details.",
            stacklevel=3,
        )
    return bool(align_corners)
