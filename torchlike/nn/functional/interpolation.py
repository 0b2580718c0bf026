"""Resizing: which sizes and scales are meant; the op does the rest."""

from __future__ import annotations

import math
import warnings

from torchlike.tensor import functions as ops

_RANKS = {"linear": 3, "bilinear": 4, "bicubic": 4, "lanczos": 4, "trilinear": 5}
_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"


def interpolate(
    input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    """Resize the spatial dimensions of `(N, C, *)`, one to three of them, to `size` or by `scale_factor`.

    Args:
        mode: "nearest", "nearest-exact", "linear" (3-D input), "bilinear", "bicubic" (4-D), "trilinear" (5-D), "area".
        align_corners: the corner pixels' centres keep their places; for the linear and cubic modes.
        recompute_scale_factor: positions follow from the sizes rather than from `scale_factor`.
        antialias: filter while making smaller; "bilinear", "bicubic" and "lanczos" only.

    Raises:
        ValueError: both or none of `size` and `scale_factor`, or options that do not go together.
        NotImplementedError: a mode that this rank does not have.
    """
    size, scales = _sizes(input, size, scale_factor, recompute_scale_factor)
    if align_corners is not None and mode in ("nearest", "area", "nearest-exact"):
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        )
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and input.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if input.ndim not in (3, 4, 5) or (mode not in _RANKS and mode not in ("nearest", "nearest-exact", "area")):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the modes: {_MODES} (got {mode})"
        )
    if input.ndim != _RANKS.get(mode, input.ndim):
        raise NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {_RANKS[mode]}D input")
    if mode == "area":
        return ops.adaptive_avg_pool(input, input.ndim - 2, size)
    if mode == "lanczos" and not antialias:
        raise ValueError("lanczos mode needs antialias=True")
    return ops._interpolate(input, size, scales, mode, bool(align_corners), antialias)


def _sizes(input, size, scale_factor, recompute):
    """The output's spatial sizes, and the scales that positions are computed with (None: from the sizes)."""
    spaces = list(input.shape[2:])
    layout = "Please provide input tensor in (N, C, d1, d2, ...,dK) format and"
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is not None:
        if isinstance(size, (list, tuple)) and len(size) != len(spaces):
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of "
                f"{spaces} and output size of {size}. {layout} output size in (o1, o2, ...,oK) format."
            )
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful when size is explicitly specified.")
        return (tuple(map(int, size)) if isinstance(size, (list, tuple)) else (int(size),) * len(spaces)), None
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if isinstance(scale_factor, (list, tuple)) and len(scale_factor) != len(spaces):
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{spaces} and scale_factor of shape {scale_factor}. {layout} scale_factor in (s1, s2, ...,sK) format."
        )
    several = isinstance(scale_factor, (list, tuple))
    scales = tuple(map(float, scale_factor if several else [scale_factor] * len(spaces)))
    wanted = tuple(math.floor(float(n) * s) for n, s in zip(spaces, scales, strict=True))
    return wanted, None if recompute else scales


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """`interpolate` under its old name."""
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """`interpolate` by the nearest neighbour, under its old name."""
    warnings.warn("`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """Bilinear `interpolate` with aligned corners, under its old name."""
    warnings.warn("`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
