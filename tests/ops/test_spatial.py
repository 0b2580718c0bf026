"""Convolution, pooling, normalization and sampling: the forms that torch's operator database has no samples of."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike

NUMBERS = np.random.default_rng(0).standard_normal(4096).astype(np.float32)


def t(m: Any, *shape: int, start: int = 0) -> Any:
    """The same numbers in either library."""
    return m.tensor(NUMBERS[start : start + int(np.prod(shape))].reshape(shape))


def _grid(m: Any) -> Any:
    values = [float("nan"), float("inf"), -float("inf"), 9.1, -1.0, 1.0, 0.25, -0.3]
    return m.tensor(np.array(values, np.float32).reshape(1, 2, 2, 2))


def _followed(m: Any, call: Callable) -> Any:
    mean, var = m.zeros(3), m.ones(3)
    return (*call(mean, var), mean, var)


CASES: dict[str, Callable[[Any], Any]] = {
    "conv_tbc": lambda m: m.conv_tbc(t(m, 5, 2, 3), t(m, 3, 3, 4, start=9), t(m, 4), 1),
    "convolution": lambda m: m.convolution(t(m, 2, 4, 6, 6), t(m, 4, 2, 3, 3), None, [2], [1], [1], False, [0], 2),
    "convolution, transposed": lambda m: m.convolution(t(m, 2, 4, 6), t(m, 4, 3, 3), t(m, 3), (2,), (1,), (1,), True, (1,), 1),
    "conv2d by keyword": lambda m: m.conv2d(input=t(m, 1, 2, 5, 5), weight=t(m, 3, 2, 3, 3), padding="same"),
    "max_pool1d": lambda m: m.max_pool1d(t(m, 2, 3, 9), 3, 2, 1),
    "max_pool1d_with_indices": lambda m: m.max_pool1d_with_indices(t(m, 2, 3, 9), 3, 2, 1),
    "max_pool3d": lambda m: m.max_pool3d(t(m, 2, 4, 4, 4), 2),
    "avg_pool1d": lambda m: m.avg_pool1d(t(m, 2, 3, 9), 3, 2, 1, True, False),
    "adaptive_max_pool1d gives indices": lambda m: m.adaptive_max_pool1d(t(m, 2, 3, 9), 4),
    "batch_norm": lambda m: _followed(
        m, lambda mean, var: (m.batch_norm(t(m, 2, 3, 4), t(m, 3), t(m, 3, start=3), mean, var, True, 0.3, 1e-5, False),)
    ),
    "batch_norm of nothing": lambda m: _followed(
        m, lambda mean, var: (m.nn.functional.batch_norm(t(m, 0, 3, 4), mean, var, training=True),)
    ),
    "native_batch_norm in evaluation": lambda m: m.native_batch_norm(
        t(m, 2, 3, 4), t(m, 3), None, t(m, 3), t(m, 3) ** 2, False, 0.1, 1e-5
    ),
    "native_batch_norm of bfloat16": lambda m: _followed(
        m, lambda mean, var: m.native_batch_norm(t(m, 2, 3, 4).to(m.bfloat16), None, None, mean, var, True, 0.1, 1e-5)
    ),
    "_native_batch_norm_legit": lambda m: m._native_batch_norm_legit(t(m, 2, 3, 4), None, None, True, 0.1, 1e-5),
    "instance_norm": lambda m: _followed(
        m, lambda mean, var: (m.instance_norm(t(m, 2, 3, 4), t(m, 3), None, mean, var, True, 0.3, 1e-5, False),)
    ),
    "group_norm": lambda m: m.group_norm(t(m, 2, 4, 3), 2, t(m, 4), t(m, 4, start=4)),
    "layer_norm": lambda m: m.layer_norm(t(m, 2, 4, 3), (4, 3), None, t(m, 4, 3)),
    "rms_norm": lambda m: m.rms_norm(t(m, 2, 4, 3), (3,), t(m, 3)),
    "norm_except_dim": lambda m: m.norm_except_dim(t(m, 2, 4, 3), 2, 0),
    "norm_except_dim, the last": lambda m: m.norm_except_dim(t(m, 2, 4, 3), 2, 2),
    "norm_except_dim, none": lambda m: m.norm_except_dim(t(m, 2, 4, 3), 2, -1),
    "affine_grid": lambda m: m.nn.functional.affine_grid(t(m, 2, 2, 3), (2, 1, 4, 5), align_corners=False),
    "affine_grid, corners": lambda m: m.nn.functional.affine_grid(t(m, 2, 2, 3), [2, 1, 3, 5], align_corners=True),
    "affine_grid of volumes": lambda m: m.affine_grid_generator(t(m, 1, 3, 4), (1, 1, 2, 3, 4), False),
    "grid_sampler": lambda m: m.grid_sampler(t(m, 1, 2, 4, 5), t(m, 1, 3, 3, 2), 2, 1, True),
    "interpolate bytes": lambda m: m.nn.functional.interpolate(
        m.arange(60, dtype=m.uint8).reshape(1, 1, 6, 10) * 4, size=(4, 17), mode="bicubic", antialias=True
    ),
    "circular pad that crops": lambda m: m.nn.functional.pad(t(m, 1, 1, 4, 5), (-1, 2, 2, -2), mode="circular"),
    "local_response_norm of integers": lambda m: m.nn.functional.local_response_norm(m.arange(24).reshape(2, 4, 3) - 9, 3),
    "unfold bools": lambda m: m.nn.functional.fold(m.ones(1, 4, 9).bool(), (4, 4), 2),
}
for _mode in ("bilinear", "nearest"):
    for _padding in ("zeros", "border", "reflection"):
        CASES[f"grid_sample, far out, {_mode}, {_padding}"] = lambda m, a=_mode, b=_padding: m.nn.functional.grid_sample(
            t(m, 1, 1, 3, 4), _grid(m), a, b, align_corners=False
        )


@pytest.mark.parametrize("name", CASES)
def test_as_torch(name: str) -> None:
    ours, theirs = CASES[name](torchlike), CASES[name](torch)
    ours, theirs = ((r if isinstance(r, tuple) else (r,)) for r in (ours, theirs))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert str(a.dtype) == str(b.dtype)
        assert tuple(a.shape) == tuple(b.shape)
        tolerance = 1e-2 if str(a.dtype) == "torch.bfloat16" else 1e-5
        np.testing.assert_allclose(a.double().numpy(), b.double().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fractional_windows_are_torchs_for_the_same_seed(ndim: int, dtype: str) -> None:
    found = []
    for m in (torchlike, torch):
        m.manual_seed(3)
        pool = getattr(m.nn.functional, f"fractional_max_pool{ndim}d_with_indices")
        x = t(m, 2, 3, *[8] * (ndim - 1), 9).to(getattr(m, dtype)) if ndim == 2 else t(m, 2, 5, 8, 9).to(getattr(m, dtype))
        found.append([np.asarray(part) for part in pool(x, 2, output_ratio=(0.6,) * ndim)] + [np.asarray(m.rand(2))])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# Each takes (library, its nn.functional).
ERRORS: dict[str, Callable[[Any, Any], Any]] = {
    "grid_sample mode": lambda m, f: f.grid_sample(t(m, 1, 2, 3, 3), t(m, 1, 2, 2, 2), "x", align_corners=False),
    "grid_sample padding": lambda m, f: f.grid_sample(
        t(m, 1, 2, 3, 3), t(m, 1, 2, 2, 2), padding_mode="x", align_corners=False
    ),
    "grid_sample batch": lambda m, f: f.grid_sample(t(m, 2, 2, 3, 3), t(m, 1, 2, 2, 2), align_corners=False),
    "grid_sample rank": lambda m, f: f.grid_sample(t(m, 2, 3, 3), t(m, 2, 2, 2), align_corners=False),
    "grid_sample last": lambda m, f: f.grid_sample(t(m, 1, 2, 3, 3), t(m, 1, 2, 2, 3), align_corners=False),
    "grid_sample empty": lambda m, f: f.grid_sample(t(m, 1, 2, 0, 3), t(m, 1, 2, 2, 2), align_corners=False),
    "grid_sample dtypes": lambda m, f: f.grid_sample(t(m, 1, 2, 3, 3), t(m, 1, 2, 2, 2).double(), align_corners=False),
    "grid_sample whole": lambda m, f: f.grid_sample(t(m, 1, 2, 3, 3).long(), t(m, 1, 2, 2, 2).long(), align_corners=False),
    "grid_sample cubes": lambda m, f: f.grid_sample(t(m, 1, 1, 2, 2, 2), t(m, 1, 2, 2, 2, 3), "bicubic", align_corners=False),
    "affine_grid whole": lambda m, f: f.affine_grid(t(m, 1, 2, 3).long(), (1, 1, 2, 2), False),
    "affine_grid shape": lambda m, f: f.affine_grid(t(m, 1, 2, 3), (1, 1, 2, 2, 2), False),
    "affine_grid rank": lambda m, f: f.affine_grid(t(m, 1, 2, 3), (1, 1, 2), False),
    "affine_grid zero": lambda m, f: f.affine_grid(t(m, 1, 2, 3), (1, 1, 2, 0), False),
    "affine_grid batch": lambda m, f: f.affine_grid(t(m, 1, 2, 3), (2, 1, 2, 2), False),
    "fractional nothing": lambda m, f: f.fractional_max_pool2d(t(m, 1, 2, 5, 5), 2),
    "fractional large": lambda m, f: f.fractional_max_pool2d(t(m, 1, 2, 5, 5), 2, 5),
    "fractional rank": lambda m, f: f.fractional_max_pool3d(t(m, 5, 5), 2, 2),
    "fractional ratios": lambda m, f: f.fractional_max_pool2d(t(m, 1, 2, 5, 5), 2, output_ratio=(0.5, 0.5, 0.5)),
    "adaptive whole": lambda m, f: f.adaptive_avg_pool2d(t(m, 1, 2, 5, 5).long(), 2),
    "pool bools": lambda m, f: f.max_pool2d(t(m, 1, 2, 5, 5) > 0, 2),
    "unfold whole": lambda m, f: f.unfold(t(m, 1, 2, 5, 5).long(), 2),
    "interpolate whole": lambda m, f: f.interpolate(t(m, 1, 2, 5, 5).long(), 2),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_torchs(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever torch raises
            ERRORS[name](torch, torch.nn.functional)
        with pytest.raises(type(theirs.value)) as ours:
            ERRORS[name](torchlike, torchlike.nn.functional)
    assert isinstance(ours.value, NotImplementedError) == isinstance(theirs.value, NotImplementedError)
