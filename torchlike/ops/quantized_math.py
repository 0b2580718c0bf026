"""Linear maps and convolutions of 8-bit integers with 32-bit sums.

Operands are unsigned in torch's kernels and signed here: 128 less, with a zero point that is 128 less, is the same number. So
both sides of every product are int8, which XLA's kernels multiply at once. With a = x - zx and b = w - zw,

    sum(a * b) = sum(x * w) - zx * sum(w) - zw * sum(x) + n * zx * zw,

of which the first sum is the only large one; sums of weights are known beforehand.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array, lax

from torchlike.ops.conv import _pads, _per_dimension, _swap_channels, _transposed_pads
from torchlike.ops.quantized import choose, to_integers
from torchlike.ops.registry import op


def signed(x: Array, zero_point: Array) -> tuple[Array, Array]:
    """The same numbers with int8 integers, and their zero point (int32)."""
    zero_point = zero_point.astype(jnp.int32)
    if x.dtype == jnp.uint8:
        return lax.bitcast_convert_type(x ^ jnp.uint8(128), jnp.int8), zero_point - 128
    return x, zero_point


def dot(x: Array, weight: Array) -> Array:
    """`(*, K)` and `(N, K)` int8 -> `(*, N)` int32."""
    dims = (((x.ndim - 1,), (1,)), ((), ()))
    return lax.dot_general(x, weight, dims, preferred_element_type=jnp.int32)


def linear_sums(x: Array, zero_point: Array, weight: Array, weight_zero: Array | None, weight_sums: Array) -> Array:
    """sum((x - zero_point) * (weight - weight_zero)) as int32 `(*, N)`.

    Args:
        weight_zero: one number or `(N,)`; None where it is 0.
        weight_sums: `weight` summed over K, int32 `(N,)`.
    """
    x, zero_point = signed(x, zero_point)
    sums = dot(x, weight) - zero_point * weight_sums
    if weight_zero is not None:
        of_x = jnp.sum(x, -1, dtype=jnp.int32, keepdims=True) - x.shape[-1] * zero_point
        sums = sums - weight_zero.astype(jnp.int32) * of_x
    return sums


def requantize(
    sums: Array, unit: Array, bias: Array | None, scale: Array | None, zero_point: Array | None, relu: bool, dtype: jnp.dtype
) -> Array:
    """(sums * unit + bias) / scale as integers of `dtype`; with `relu` none of them below the zero point.

    Without a scale the result is float32.
    """
    unit = unit.astype(jnp.float32)
    real = sums.astype(jnp.float32)
    if scale is None or zero_point is None:
        real = real * unit if bias is None else real * unit + bias.astype(jnp.float32)
        return jnp.maximum(real, 0) if relu else real
    scale = scale.astype(jnp.float32)
    if bias is not None:
        real = real + bias.astype(jnp.float32) / unit
    info = jnp.iinfo(dtype)
    zero_point = zero_point.astype(jnp.float32)
    low = jnp.maximum(zero_point, info.min) if relu else info.min
    return jnp.clip(jnp.round(real * (unit / scale)) + zero_point, low, info.max).astype(dtype)


def _present(zero: Array | None, offset: bool) -> Array | None:
    return zero if offset else None


@op("quantized_linear", ns="", method=False, out=False, wide=True)
def quantized_linear(
    input, weight, weight_scale, weight_zero, weight_sums, in_scale, in_zero, scale=None, zero_point=None, bias=None,
    *, relu=False, offset=False,
):  # fmt: skip
    """Linear map of integers to integers of the same kind (floats without `scale`). `(*, K)`, `(N, K)` int8 -> `(*, N)`.

    Args:
        offset: `weight_zero` is not 0.
        relu: negative results become 0.
    """
    if input.shape[-1:] != weight.shape[1:]:
        raise RuntimeError(
            f"quantized::linear: the input's last dimension should be {weight.shape[1]}, but got {list(input.shape)}"
        )
    sums = linear_sums(input, in_zero, weight, _present(weight_zero, offset), weight_sums)
    return requantize(sums, in_scale * weight_scale, bias, scale, zero_point, relu, input.dtype)


def dynamic_integers(x: Array, reduce_range: bool) -> tuple[Array, Array, Array]:
    """Floats as uint8 with a scale chosen from them: integers, scale, zero point. With `reduce_range` 7 bits are used."""
    top = 127 if reduce_range else 255
    real = x.astype(jnp.float32)
    scale, zero_point = choose(real.min(), real.max(), 0, top) if x.size else (jnp.float32(1), jnp.int64(0))
    # torch's kernel lets the integers go beyond the reduced range when values lie on its edge.
    return to_integers(real, scale, zero_point, 0, 255).astype(jnp.uint8), scale.astype(jnp.float32), zero_point


def dynamic_linear(
    x: Array, weight: Array, weight_scale: Array, weight_zero: Array | None, weight_sums: Array, bias: Array | None,
    reduce_range: bool,
) -> Array:  # fmt: skip
    """Linear map of floats whose integers are chosen at run time; float32."""
    integers, scale, zero_point = dynamic_integers(x, reduce_range)
    sums = linear_sums(integers, zero_point, weight, weight_zero, weight_sums)
    out = sums.astype(jnp.float32) * (scale * weight_scale.astype(jnp.float32))
    return out if bias is None else out + bias.astype(jnp.float32)


@op("quantized_linear_dynamic", ns="", method=False, out=False, wide=True)
def quantized_linear_dynamic(
    input, weight, weight_scale, weight_zero, weight_sums, bias=None, *, relu=False, offset=False, reduce_range=True
):
    """Linear map of floats by int8 weights: the input is quantized on its way. `(*, K)`, `(N, K)` -> `(*, N)` float32."""
    zero = _present(weight_zero, offset)
    out = dynamic_linear(input, weight, weight_scale, zero, weight_sums, bias, reduce_range)
    return jnp.maximum(out, 0) if relu else out


@op("weight_only_linear", ns="", method=False, out=False)
def weight_only_linear(input, weight, scale, zero=None, bias=None, *, bits=8):
    """Linear map by weights in small numbers, made floats again group by group: number * scale + zero.

    Args:
        weight: `(N, K)` int8 or 8-bit floats; with 4 bits `(N, K / 2)` uint8, two numbers a byte, the lower half first.
        scale: `(N, G)` for groups of K / G columns. zero: the same shape, or None for 0.
    """
    numbers = weight
    if bits == 4:
        numbers = jnp.stack([weight & 15, weight >> 4], -1).reshape(weight.shape[0], -1).astype(jnp.int8) - 8
    rows, columns = numbers.shape
    real = numbers.reshape(rows, scale.shape[1], -1).astype(scale.dtype) * scale[..., None]
    if zero is not None:
        real = real + zero[..., None]
    out = jnp.matmul(input, real.reshape(rows, columns).astype(input.dtype).T)
    return out if bias is None else out + bias


@op("dynamic_rows_linear", ns="", method=False, out=False)
def dynamic_rows_linear(input, weight, scale, bias=None):
    """Linear map of floats by int8 weights with a scale `(N, 1)` per row, each row of the input quantized by its own range."""
    real = input.astype(jnp.float32)
    steps = jnp.maximum(jnp.max(jnp.abs(real), -1, keepdims=True), 1e-5) / 127.5
    integers = jnp.clip(jnp.round(real / steps), -128, 127).astype(jnp.int8)
    out = dot(integers, weight).astype(jnp.float32) * steps * scale[:, 0].astype(jnp.float32)
    return (out if bias is None else out + bias.astype(jnp.float32)).astype(input.dtype)


# ---- convolutions -----------------------------------------------------------------------------------------------------


def _quantized_conv_last(input, *operands, **steps):
    """`quantized_conv` of an input stored `(N, *spatial, C)`, to a result stored so."""
    return _conv(input, *operands, last=True, **steps)


@op("quantized_conv", ns="", method=False, out=False, wide=True, channels_last=_quantized_conv_last, prefers_channels_last=True)
def quantized_conv(
    input, weight, weight_scale, weight_zero, weight_sums, in_scale, in_zero, scale=None, zero_point=None, bias=None,
    *, stride=1, padding=0, dilation=1, groups=1, output_padding=None, relu=False, offset=False,
):  # fmt: skip
    """N-d convolution of integers, or its transpose where `output_padding` is given.

    input `(N, C, *spatial)` or `(C, *spatial)`, uint8 or int8; weight `(out, C / groups, *kernel)` int8, transposed `(C, out /
    groups, *kernel)`; weight_sums `(out,)`. The padding stands for 0, so that it is `in_zero` in integers. Without `scale` the
    result is float32.
    """
    return _conv(
        input, weight, weight_scale, weight_zero, weight_sums, in_scale, in_zero, scale, zero_point, bias, last=False,
        stride=stride, padding=padding, dilation=dilation, groups=groups, output_padding=output_padding, relu=relu,
        offset=offset,
    )  # fmt: skip


def _conv(
    input, weight, weight_scale, weight_zero, weight_sums, in_scale, in_zero, scale=None, zero_point=None, bias=None,
    *, last, stride, padding, dilation, groups, output_padding, relu, offset,
):  # fmt: skip
    ndim = weight.ndim - 2
    batched = input if input.ndim == ndim + 2 else input[None]
    # Convolutions of int8 are fast with channels last only.
    images = batched if last else jnp.moveaxis(batched, 1, -1)
    x, zero = signed(images, in_zero)
    steps = Steps(ndim, stride, padding, dilation, groups, output_padding, x.shape[1:-1], weight.shape[2:])
    kernels = weight if output_padding is None else _swap_channels(weight, groups)
    if steps.transposed:
        sums = steps.run(x, kernels) - zero * steps.run(jnp.ones_like(x), kernels)
        if offset:  # what the holes and borders hold has no part in it
            ones = jnp.ones_like(kernels[:1, :1])
            of_x = _group_sums(steps, x, ones, groups) - zero * _group_sums(steps, jnp.ones_like(x), ones, groups)
            sums = sums - weight_zero.astype(jnp.int32) * of_x
    else:
        pads = ((0, 0, 0), *[(a, b, 0) for a, b in steps.pads], (0, 0, 0))
        x = lax.pad(x, zero.astype(jnp.int8), pads)
        sums = steps.run(x, kernels, padded=True) - zero * weight_sums
        if offset:
            count = kernels[0].size
            of_x = _group_sums(steps, x, jnp.ones_like(kernels[:1, :1]), groups, padded=True) - count * zero
            sums = sums - weight_zero.astype(jnp.int32) * of_x
    out = requantize(sums, in_scale * weight_scale, bias, scale, zero_point, relu, input.dtype)
    out = out if last else jnp.moveaxis(out, -1, 1)
    return out if input.ndim == ndim + 2 else out[0]


class Steps:
    """The numbers of a convolution, and the convolution of int8 images `(N, *spatial, C)` to int32 sums."""

    def __init__(
        self, ndim: int, stride, padding, dilation, groups: int, output_padding, sizes: Sequence[int], kernel: Sequence[int]
    ):
        each = [_per_dimension(v, ndim, name) for v, name in ((stride, "stride"), (dilation, "dilation"))]
        self.stride, self.dilation, self.groups, self.ndim = *each, groups, ndim
        self.transposed = output_padding is not None
        spread = tuple(d * (k - 1) + 1 for d, k in zip(self.dilation, kernel, strict=True))
        image = jax.ShapeDtypeStruct((1, 1, *sizes), jnp.int8)
        if self.transposed:
            more = _per_dimension(output_padding, ndim, "output_padding")
            around = _per_dimension(padding, ndim, "padding")
            self.pads = _transposed_pads(image, spread, self.stride, around, self.dilation, more)
        else:
            self.pads = _pads(image, spread, self.stride, padding)

    def run(self, x: Array, kernels: Array, padded: bool = False, groups: int | None = None) -> Array:
        groups = self.groups if groups is None else groups
        if padded and groups == 1:
            # XLA's CPU compiler moves the kernels' transposition into the convolution, and has no fast one then; a product is.
            return lax.platform_dependent(
                x, kernels, cpu=self._as_product, default=lambda x, kernels: self._convolve(x, kernels, True, 1)
            )
        return self._convolve(x, kernels, padded, groups)

    def _as_product(self, x: Array, kernels: Array) -> Array:
        """Every window's pixels in a row, times the kernels in rows."""
        spread = [(k - 1) * d for k, d in zip(kernels.shape[2:], self.dilation, strict=True)]
        sizes = [(n - s - 1) // t + 1 for n, s, t in zip(x.shape[1:-1], spread, self.stride, strict=True)]
        parts = []
        for at in itertools.product(*(range(k) for k in kernels.shape[2:])):
            starts = [a * d for a, d in zip(at, self.dilation, strict=True)]
            ends = [a + (n - 1) * t + 1 for a, n, t in zip(starts, sizes, self.stride, strict=True)]
            parts.append(lax.slice(x, (0, *starts, 0), (x.shape[0], *ends, x.shape[-1]), (1, *self.stride, 1)))
        return dot(jnp.concatenate(parts, -1), jnp.moveaxis(kernels, 1, -1).reshape(kernels.shape[0], -1))

    def _convolve(self, x: Array, kernels: Array, padded: bool, groups: int) -> Array:
        order = "DHW"[-self.ndim :]
        ones = (1,) * self.ndim
        return lax.conv_general_dilated(
            x,
            jnp.moveaxis(kernels, (0, 1), (-1, -2)),
            ones if self.transposed else self.stride,
            ((0, 0),) * self.ndim if padded else self.pads,
            lhs_dilation=self.stride if self.transposed else ones,
            rhs_dilation=self.dilation,
            dimension_numbers=(f"N{order}C", f"{order}IO", f"N{order}C"),
            feature_group_count=groups,
            preferred_element_type=jnp.int32,
        )


def _group_sums(steps: Steps, x: Array, ones: Array, groups: int, padded: bool = False) -> Array:
    """Sums over each window and each group's channels, for every output channel of one group: `(N, *spatial, 1)`."""
    if groups > 1:
        raise NotImplementedError("a grouped quantized convolution whose weights have a zero point")
    kernels = jnp.broadcast_to(ones, (1, x.shape[-1], *ones.shape[2:])).astype(jnp.int8)
    return steps.run(x, kernels, padded, 1)
