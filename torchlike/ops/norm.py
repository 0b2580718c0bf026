"""Normalization over batch, layer, group, instance; vector norms and the distances made of them.

Statistics of 16-bit floats are computed in float32 and the result is rounded once, as torch does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from torchlike.base import dtypes
from torchlike.base.dtypes import default_float
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import wide
from torchlike.ops.checks import broadcast_shapes, dim_in_range
from torchlike.ops.registry import op
from torchlike.ops.supported import require


def _standardize(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array, Array]:
    """`x` with mean 0 and variance 1 over `axes`, the mean, the (biased) variance; both keep their dimensions."""
    mean = jnp.mean(x, axes, keepdims=True)
    centered = x - mean
    variance = jnp.mean(jnp.square(centered), axes, keepdims=True)
    return centered * lax.rsqrt(variance + eps), mean, variance


def _scale_and_shift(x: Array, weight: Array | None, bias: Array | None, shape: Sequence[int]) -> Array:
    if weight is not None:
        x = x * wide(weight).reshape(shape)
    if bias is not None:
        x = x + wide(bias).reshape(shape)
    return x


def _per_channel(x: Array, mean: Array, rstd: Array, weight: Array | None, bias: Array | None, shape: Sequence[int]) -> Array:
    """`(x - mean) * rstd * weight + bias` as one multiplication and one addition per element, as torch has it."""
    scale = rstd if weight is None else rstd * wide(weight).reshape(shape)
    shift = -mean * scale if bias is None else wide(bias).reshape(shape) - mean * scale
    return x * scale + shift


def _check_parameters(input: Array, *parameters: Array | None) -> None:
    """A parameter has the input's dtype, or float32 beside a 16-bit input."""
    for parameter in parameters:
        if parameter is not None and parameter.dtype != input.dtype and parameter.dtype != wide(input).dtype:
            expected = scalar_name(dtypes.from_numpy(wide(input).dtype))
            raise RuntimeError(f"mixed dtype (CPU): expect parameter to have scalar type of {expected}")


# --- over the batch ---------------------------------------------------------------------------------------------


def _channels(input: Array, axis: int = 1, **vectors: Array | None) -> tuple[int, tuple[int, ...]]:
    """The number of channels and the shape that lines a vector up with their dimension."""
    require(input, "batch_norm")
    axis = dim_in_range(axis, input.ndim) if input.ndim != 1 or input.size else 0  # torch takes an empty vector
    channels = input.shape[axis]
    for name, vector in vectors.items():
        if vector is not None and vector.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {vector.size}")
    _check_parameters(input, *vectors.values())
    return channels, tuple(channels if d == axis else 1 for d in range(input.ndim))


def batch_norm_train_last(input, weight=None, bias=None, *, eps=1e-5):
    """`batch_norm_train` of an input stored `(N, *, C)`."""
    out, mean, variance, count = _batch_norm_train(input, weight, bias, eps, -1)
    return out, mean, _unbiased(variance, count)


@op(
    ns="", method=False, out=False, returns=("output", "mean", "variance"), grad_name="NativeBatchNorm",
    channels_last=batch_norm_train_last,
)  # fmt: skip
def batch_norm_train(input, weight=None, bias=None, *, eps=1e-5):
    """Normalize each channel (dimension 1) by its own batch; also the mean and the unbiased variance, `(C,)` each."""
    out, mean, variance, count = _batch_norm_train(input, weight, bias, eps, 1)
    return out, mean, _unbiased(variance, count)


@op(ns="", method=False, out=False, returns=("output", "mean", "rstd", "variance"), grad_name="NativeBatchNorm")
def batch_norm_with_statistics(input, weight=None, bias=None, *, eps=1e-5):
    """As `batch_norm_train`, with one over the (biased) standard deviation before the unbiased variance."""
    out, mean, variance, count = _batch_norm_train(input, weight, bias, eps, 1)
    return out, mean, lax.rsqrt(variance + eps), _unbiased(variance, count)


def _unbiased(variance: Array, count: int) -> Array:
    return variance * (count / max(count - 1, 1))


def _batch_norm_train(input, weight, bias, eps, axis):
    channels, shape = _channels(input, axis, weight=weight, bias=bias)
    count = input.size // channels if channels else 0
    if count == 1:
        size = f"torch.Size({list(input.shape)})"
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")
    if input.ndim == 1:
        return input, *(jnp.zeros(0, wide(input).dtype) for _ in range(2)), count
    rest = tuple(d for d in range(input.ndim) if d != axis % input.ndim)
    x = wide(input)
    mean = jnp.mean(x, rest, keepdims=True)
    variance = jnp.var(x, rest, keepdims=True)
    out = _per_channel(x, mean, lax.rsqrt(variance + eps), weight, bias, shape).astype(input.dtype)
    return out, mean.reshape(-1), variance.reshape(-1), count


def batch_norm_eval_last(input, running_mean=None, running_var=None, weight=None, bias=None, *, eps=1e-5):
    """`batch_norm_eval` of an input stored `(N, *, C)`."""
    return _batch_norm_eval(input, running_mean, running_var, weight, bias, eps, -1)


@op(ns="", method=False, out=False, grad_name="NativeBatchNorm", channels_last=batch_norm_eval_last)
def batch_norm_eval(input, running_mean=None, running_var=None, weight=None, bias=None, *, eps=1e-5):
    """Normalize each channel (dimension 1) by the given statistics, `(C,)` each."""
    return _batch_norm_eval(input, running_mean, running_var, weight, bias, eps, 1)


def _batch_norm_eval(input, running_mean, running_var, weight, bias, eps, axis):
    for name, vector in (("running_mean", running_mean), ("running_var", running_var)):
        if vector is None:
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    _, shape = _channels(input, axis, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    rstd = lax.rsqrt(wide(running_var) + eps).reshape(shape)
    return _per_channel(wide(input), wide(running_mean).reshape(shape), rstd, weight, bias, shape).astype(input.dtype)


@op(ns="", method=False, inplace=True, out=False)
def moving_average(running, batch, momentum, *, name="running_mean"):
    """(1 - momentum) * running + momentum * batch, in the dtype of `running`."""
    if running.shape != batch.shape:
        raise RuntimeError(f"{name} should contain {batch.size} elements not {running.size}")
    old = wide(running)
    return (old + (batch - old) * jnp.asarray(momentum, old.dtype)).astype(running.dtype)


@op(ns="", method=False, out=False, returns=("output", "mean", "variance"), grad_name="NativeBatchNorm")
def instance_norm_train(input, weight=None, bias=None, *, eps=1e-5):
    """Normalize each channel of each sample by itself; also the mean over samples of mean and unbiased variance, `(C,)`."""
    _, shape = _channels(input, weight=weight, bias=bias)
    count = math.prod(input.shape[2:])
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size torch.Size({list(input.shape)})")
    out, mean, variance = _standardize(wide(input), tuple(range(2, input.ndim)), eps)
    out = _scale_and_shift(out, weight, bias, shape).astype(input.dtype)
    per_channel = (0, *range(2, input.ndim))
    return out, mean.mean(per_channel), _unbiased(variance.mean(per_channel), count)


# --- over the features ------------------------------------------------------------------------------------------


def _feature_axes(input: Array, normalized_shape: tuple[int, ...], name: str, **parameters: Array | None) -> tuple[int, ...]:
    if isinstance(normalized_shape, int):
        raise TypeError(f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not int")
    shape, n = list(normalized_shape), len(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            f"but got normalized_shape = {shape}"
        )
    for label, parameter in parameters.items():
        if parameter is not None and list(parameter.shape) != shape:
            raise RuntimeError(
                f"Expected {label} to be of same shape as normalized_shape, but got {label} of shape "
                f"{list(parameter.shape)} and normalized_shape = {shape}"
            )
    if list(input.shape[max(input.ndim - n, 0) :]) != shape:
        comma = ", " if name == "layer_norm" else ""
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [*{comma}{str(shape)[1:]}, "
            f"but got input of size{list(input.shape)}"
        )
    if name == "layer_norm":
        require(input, "LayerNormKernelImpl")
    else:
        require(input, name, jnp.complexfloating)
    return tuple(range(input.ndim - n, input.ndim))


@op(ns="", method=False, out=False, grad_name="NativeLayerNorm")
def layer_norm(input, weight=None, bias=None, *, normalized_shape=(), eps=1e-5):
    """Normalize over the last dimensions, which have the sizes `normalized_shape`, as weight and bias have."""
    return _layer_norm(input, weight, bias, normalized_shape, eps)[0]


@op(ns="", method=False, out=False, returns=("output", "mean", "rstd"), grad_name="NativeLayerNorm")
def layer_norm_with_statistics(input, weight=None, bias=None, *, normalized_shape=(), eps=1e-5):
    """`layer_norm`, the means and one over the standard deviations, `(*, 1, ...)`."""
    out, mean, variance = _layer_norm(input, weight, bias, normalized_shape, eps)
    return out, *_kept(input, weight, bias, mean, lax.rsqrt(variance + eps))


def _layer_norm(input, weight, bias, normalized_shape, eps):
    axes = _feature_axes(input, normalized_shape, "layer_norm", weight=weight, bias=bias)
    _check_parameters(input, weight, bias)
    out, mean, variance = _standardize(wide(input), axes, eps)
    return _scale_and_shift(out, weight, bias, tuple(normalized_shape)).astype(input.dtype), mean, variance


def _kept(input: Array, weight: Array | None, bias: Array | None, *statistics: Array) -> list[Array]:
    """Statistics in the dtype in which torch keeps them: the parameters'."""
    kept = next((p.dtype for p in (weight, bias) if p is not None), input.dtype)
    return [s.astype(kept) for s in statistics]


@op(ns="", method=False, out=False)
def rms_norm(input, weight=None, *, normalized_shape=(), eps=None):
    """Divide by the root of the mean square over the last dimensions; no mean is taken off."""
    axes = _feature_axes(input, normalized_shape, "rms_norm", weight=weight)
    x = wide(input)
    eps = float(jnp.finfo(x.dtype).eps) if eps is None else eps
    out = x * lax.rsqrt(jnp.mean(jnp.square(x), axes, keepdims=True) + eps)
    return _scale_and_shift(out, weight, None, tuple(normalized_shape)).astype(input.dtype)


@op(ns="", method=False, out=False, grad_name="NativeGroupNorm")
def group_norm(input, weight=None, bias=None, *, num_groups=1, eps=1e-5):
    """Normalize over each of `num_groups` groups of channels, `(N, C, *)`; weight and bias are `(C,)`."""
    return _group_norm(input, weight, bias, num_groups, eps)[0]


@op(ns="", method=False, out=False, returns=("output", "mean", "rstd"), grad_name="NativeGroupNorm")
def group_norm_with_statistics(input, weight=None, bias=None, *, num_groups=1, eps=1e-5):
    """`group_norm`, the means and one over the standard deviations, `(N, num_groups)`."""
    out, mean, variance = _group_norm(input, weight, bias, num_groups, eps)
    return out, *_kept(input, weight, bias, mean[..., 0], lax.rsqrt(variance[..., 0] + eps))


def _group_norm(input, weight, bias, num_groups, eps):
    shape = list(input.shape)
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    batch, channels = shape[:2]
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, "
            f"but got input of shape {shape} and num_groups={num_groups}"
        )
    if input.size and input.size == batch * num_groups and batch == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {shape}")
    for name, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(parameter.shape)} and input of shape {shape}"
            )
    require(input, "GroupNormKernelImpl")
    _check_parameters(input, weight, bias)
    per_group = math.prod(shape[1:]) // num_groups
    out, mean, variance = _standardize(wide(input).reshape(batch, num_groups, per_group), (2,), eps)
    out = _scale_and_shift(out.reshape(shape), weight, bias, (channels,) + (1,) * (input.ndim - 2))
    return out.astype(input.dtype), mean, variance


@op(ns="nn.functional", method=False, out=False)
def local_response_norm(input, *, size, alpha=1e-4, beta=0.75, k=1.0):
    """x / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta. `(N, C, *)`."""
    if input.ndim < 3:
        gap = " " * 26
        raise ValueError(f"Expected 3D or higher dimensionality{gap}input (got {input.ndim} dimensions)")
    if not input.size:
        return input
    require(input, "avg_pool3d_out_frame", jnp.int64)
    x = wide(input)
    before, channels = size // 2, input.shape[1]
    squares = jnp.pad(jnp.square(x), [(0, 0), (before, (size - 1) // 2)] + [(0, 0)] * (input.ndim - 2))
    total = sum(lax.slice_in_dim(squares, i, i + channels, axis=1) for i in range(size))
    if not jnp.issubdtype(x.dtype, jnp.floating):  # torch takes a mean of whole numbers, the rest in the default dtype
        default = dtypes.get_default_dtype().np
        return (x / (k + alpha * (total // size).astype(default)) ** beta).astype(default)
    return (x / (k + alpha * total / size) ** beta).astype(input.dtype)


# --- vector norms and distances ---------------------------------------------------------------------------------


def vector_norm(x: Array, p: float, axis: int | tuple[int, ...], keepdims: bool = False) -> Array:
    """The p-norm; its gradient at 0 is 0, as in torch."""
    magnitude = jnp.abs(x)
    if p == math.inf:
        return jnp.max(magnitude, axis, keepdims=keepdims)
    if p == -math.inf:
        return jnp.min(magnitude, axis, keepdims=keepdims)
    if p == 0:
        return jnp.sum(x != 0, axis, keepdims=keepdims).astype(magnitude.dtype)
    if p == 1:
        return jnp.sum(magnitude, axis, keepdims=keepdims)
    if p == 2:
        total = jnp.sum((x * jnp.conj(x)).real if jnp.iscomplexobj(x) else jnp.square(x), axis, keepdims=keepdims)
    else:
        zero = magnitude == 0
        total = jnp.sum(jnp.where(zero, 0 if p > 0 else math.inf, jnp.where(zero, 1, magnitude) ** p), axis, keepdims=keepdims)
    zero = total == 0
    root = jnp.where(zero, 1, total)  # kept off 0, where the root's derivative is infinite
    return jnp.where(zero, 0, jnp.sqrt(root) if p == 2 else root ** (1 / p))


@op(ns="nn.functional", method=False)
def normalize(input, *, p=2.0, dim=1, eps=1e-12):
    """x / max(norm of x along `dim`, eps)."""
    axes = tuple(dim_in_range(d, input.ndim) for d in ((dim,) if isinstance(dim, int) else dim))[: input.ndim]
    if not jnp.issubdtype(input.dtype, jnp.inexact):
        got = scalar_name(dtypes.from_numpy(input.dtype))
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {got}")
    x = wide(input)
    length = vector_norm(x, p, axes, keepdims=True)
    return (x / jnp.where(length < eps, jnp.asarray(eps, length.dtype), length)).astype(input.dtype)


@op(ns="torch nn.functional", method=False, promote="same", layout="like")
def cosine_similarity(x1, x2, *, dim=1, eps=1e-8):
    """x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along `dim`, after broadcasting."""
    if not jnp.issubdtype(x1.dtype, jnp.floating):
        got = scalar_name(dtypes.from_numpy(x1.dtype))
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {got}")
    shape = broadcast_shapes(x1.shape, x2.shape)
    axis = dim_in_range(dim, len(shape))
    a, b = (jnp.atleast_1d(wide(jnp.broadcast_to(x, shape))) for x in (x1, x2))
    lengths = (vector_norm(x, 2, axis, keepdims=True) for x in (a, b))
    na, nb = (jnp.where(n < eps, jnp.asarray(eps, n.dtype), n) for n in lengths)
    return jnp.sum((a / na) * (b / nb), axis).astype(x1.dtype)


@op(ns="torch nn.functional", method=False, promote="same", layout="like")
def pairwise_distance(x1, x2, *, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps over the last dimension. `(*, D)`, `(*, D)` -> `(*)`.

    Whole numbers are subtracted as such, and wrap; the result is of the default dtype.
    """
    broadcast_shapes(x1.shape, x2.shape)
    distance = vector_norm(wide(gap(x1, x2) + eps), p, -1, keepdim)
    return distance if jnp.iscomplexobj(x1) else distance.astype(default_float(x1.dtype))  # complex: real distances


def gap(a, b):
    """a - b: whole numbers wrap, as torch's, and come in the default float dtype."""
    return (a - b).astype(default_float(a.dtype))


@op(ns="torch nn.functional", method=False, out=False)
def pdist(input, *, p=2.0):
    """The p-norm between every two rows. `(N, D)` -> `(N (N - 1) / 2,)`, in the order of the upper triangle."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    require(input, "pdist")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = np.triu_indices(input.shape[0], 1)
    return vector_norm(wide(input)[first] - wide(input)[second], p, -1).astype(input.dtype)
