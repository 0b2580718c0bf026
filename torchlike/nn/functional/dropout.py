"""Dropout. Masks are drawn by `bernoulli_`, so that a seed gives torch's own; applying one is a single op."""

from __future__ import annotations

import warnings

from torchlike.tensor.overloads.neural import alpha_drop, channels, drop


def _check(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    """Zero each element with probability `p` and divide the others by 1 - p; nothing at all if not `training`.

    Raises:
        ValueError: `p` is not a probability.
    """
    _check(p)
    if not training or p == 0.0 or not input.numel():
        return input
    return drop(input, input.shape, p, inplace)


def _drop_features(input, p, training, inplace, unbatched):
    """Zero whole channels; without a batch dimension (`unbatched`) the channels are the first dimension."""
    if not training or p == 0.0 or not input.numel():
        return input
    shape = tuple(input.shape)
    if input.ndim < 2 and not unbatched:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    lead = shape[: 1 if unbatched else 2]
    return drop(input, lead + (1,) * (input.ndim - len(lead)), p, inplace)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """Zero whole channels of `(N, C, L)` or `(C, L)` with probability `p`."""
    _check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. "
            "Note that dropout1d exists to provide channel-wise dropout on inputs with 1 "
            "spatial dimension, a channel dimension, and an optional batch dimension "
            "(i.e. 2D or 3D inputs)."
        )
    return _drop_features(input, p, training, inplace, unbatched=input.ndim == 2)


def _warn_about_rank(ndim, spatial):
    """The warning of `dropout2d` and `dropout3d` for an input that has neither one nor two dimensions besides the spatial."""
    if ndim not in (spatial + 1, spatial + 2):
        name = f"dropout{spatial}d"
        warnings.warn(
            f"{name}: Received a {ndim}-D input to {name}, which is deprecated "
            "and will result in an error in a future release. To retain the behavior "
            f"and silence this warning, please use dropout instead. Note that {name} "
            f"exists to provide channel-wise dropout on inputs with {spatial} spatial dimensions, "
            f"a channel dimension, and an optional batch dimension (i.e. {spatial + 1}D or {spatial + 2}D inputs).",
            stacklevel=3,
        )


def dropout2d(input, p=0.5, training=True, inplace=False):
    """Zero whole channels of `(N, C, H, W)` with probability `p`."""
    _check(p)
    _warn_about_rank(input.ndim, 2)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise "
            "1D dropout behavior is desired - input is interpreted as shape (N, C, L), where C "
            "is the channel dim. This behavior will change in a future release to interpret the "
            "input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D "
            "channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _drop_features(input, p, training, inplace, unbatched=False)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """Zero whole channels of `(N, C, D, H, W)` or `(C, D, H, W)` with probability `p`."""
    _check(p)
    _warn_about_rank(input.ndim, 3)
    return _drop_features(input, p, training, inplace, unbatched=input.ndim in (1, 4))


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout for SELU networks: a dropped unit takes SELU's lowest value, mean and variance stay."""
    _check(p)
    if not training or p == 0.0 or not input.numel():
        return input
    return alpha_drop(input, input.shape, p, inplace)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """`alpha_dropout` of whole channels (dimension 1)."""
    _check(p)
    if not training or p == 0.0 or not input.numel():
        return input
    return alpha_drop(input, channels(input), p, inplace)
