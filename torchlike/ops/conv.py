"""Convolution and linear maps: one N-d convolution for every rank, strided, dilated, grouped, transposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from torchlike.base import dtypes
from torchlike.base.promotion import scalar_name
from torchlike.ops.activation import wide
from torchlike.ops.registry import op
from torchlike.ops.supported import require

_C_NAMES = {"float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16"}


def _c_name(x: Array) -> str:
    name = scalar_name(dtypes.from_numpy(x.dtype))
    return _C_NAMES.get(str(x.dtype), name.lower())


def _per_dimension(value: int | Sequence[int], n: int, name: str) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    if len(values) not in (1, n):
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {n} values to match the convolution "
            f"dimensions, but got {name}={list(values)}"
        )
    return values * n if len(values) == 1 else values


def conv_channels_last(input, weight, bias=None, **steps):
    """`conv` of an input stored `(N, *spatial, C)`, to a result stored so."""
    return _conv(input, weight, bias, last=True, **steps)


@op(
    ns="", method=False, out=False, grad_name="Convolution", channels_last=conv_channels_last, prefers_channels_last=True
)  # fmt: skip
def conv(input, weight, bias=None, *, ndim=2, stride=1, padding=0, dilation=1, groups=1, output_padding=None):
    """N-d cross-correlation (torch's "convolution"), or its transpose where `output_padding` is given.

    input `(N, C, *spatial)` or `(C, *spatial)`; weight `(out, C / groups, *kernel)`, transposed `(C, out / groups,
    *kernel)`; bias `(out,)`.
    """
    steps = {"ndim": ndim, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return _conv(input, weight, bias, last=False, output_padding=output_padding, **steps)


def _conv(input, weight, bias, *, last, ndim, stride, padding, dilation, groups, output_padding):
    transposed = output_padding is not None
    shape = (input.shape[0], input.shape[-1], *input.shape[1:-1]) if last else input.shape
    stride, dilation = _per_dimension(stride, ndim, "stride"), _per_dimension(dilation, ndim, "dilation")
    _check_sizes(jax.ShapeDtypeStruct(shape, input.dtype), weight, bias, ndim, groups, transposed)
    _check_steps(stride, dilation, groups)
    batched = input if input.ndim == ndim + 2 else input[None]
    image = jax.ShapeDtypeStruct(shape if input.ndim == ndim + 2 else (1, *shape), input.dtype)
    kernel = tuple(d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True))
    if transposed:
        output_padding = _per_dimension(output_padding, ndim, "output_padding")
        pads = _transposed_pads(image, kernel, stride, _per_dimension(padding, ndim, "padding"), dilation, output_padding)
        kernels, window_strides, input_dilation = _swap_channels(weight, groups), (1,) * ndim, stride
    else:
        pads = _pads(image, kernel, stride, padding)
        kernels, window_strides, input_dilation = weight, stride, (1,) * ndim
    order = "DHW"[-ndim:]
    if last:
        kernels = jnp.moveaxis(kernels, (0, 1), (-1, -2))
        layout = (f"N{order}C", f"{order}IO", f"N{order}C")
    else:
        layout = (f"NC{order}", f"OI{order}", f"NC{order}")
    run = partial(
        lax.conv_general_dilated, window_strides=window_strides, padding=pads, lhs_dilation=input_dilation,
        rhs_dilation=dilation, dimension_numbers=layout, feature_group_count=groups,
    )  # fmt: skip
    shift = bias if bias is None or last else bias.reshape((-1,) + (1,) * ndim)
    out = _accurately(run, batched, kernels, shift)  # (N, out, *spatial), or channels last
    return out if input.ndim == ndim + 2 else out[0]


def _accurately(run: Callable[[Array, Array], Array], x: Array, kernels: Array, bias: Array | None) -> Array:
    """Convolution and bias; float16 is not rounded in between, a complex one not made of three products (as JAX would)."""

    def as_is(x: Array, kernels: Array, *bias: Array) -> Array:
        return _add_bias(run(x, kernels), *bias) if bias else run(x, kernels)

    def rounded_once(x: Array, kernels: Array, *bias: Array) -> Array:
        return as_is(wide(x), wide(kernels), *map(wide, bias)).astype(x.dtype)

    given = () if bias is None else (bias,)
    if x.dtype == jnp.float16:  # accelerators have units for it
        return lax.platform_dependent(x, kernels, *given, cpu=rounded_once, default=as_is)
    if jnp.iscomplexobj(x):
        real = as_is(x.real, kernels.real, *(b.real for b in given)) - run(x.imag, kernels.imag)
        return lax.complex(real, as_is(x.real, kernels.imag, *(b.imag for b in given)) + run(x.imag, kernels.real))
    return as_is(x, kernels, *given)


def _add_bias(out: Array, bias: Array) -> Array:
    # Through float32 for the 16-bit floats: the bias gradient is a long sum, and XLA would add it up in 16 bits.
    return (wide(out) + wide(bias)).astype(out.dtype)


def _check_sizes(input: Array, weight: Array, bias: Array | None, ndim: int, groups: int, transposed: bool) -> None:
    if input.ndim not in (ndim + 1, ndim + 2):
        raise RuntimeError(
            f"Expected {ndim + 1}D (unbatched) or {ndim + 2}D (batched) input to "
            f"conv{'_transpose' * transposed}{ndim}d, but got input of size: {list(input.shape)}"
        )
    size = list(weight.shape)
    if weight.ndim != ndim + 2:
        raise RuntimeError(f"Expected {ndim + 2}-dimensional weight for a {ndim}-dimensional convolution, but got {size}")
    if input.dtype != weight.dtype:
        names = [scalar_name(dtypes.from_numpy(t.dtype)) for t in (input, weight)]
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]}")
    if bias is not None and bias.dtype != input.dtype:
        raise RuntimeError(f"Input type ({_c_name(input)}) and bias type ({_c_name(bias)}) should be the same")
    if transposed:
        require(input, f"slow_conv_transpose{max(ndim, 2)}d_out_cpu", jnp.int64, jnp.complexfloating)
    else:
        require(input, "compute_columns3d" if ndim == 3 else "slow_conv2d_cpu", jnp.integer, jnp.complexfloating)
    if groups < 1:
        raise RuntimeError("non-positive groups is not supported")
    if size[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, "
            f"but got weight of size {size} instead"
        )
    if size[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{size}] instead"
        )
    shape = list(input.shape) if input.ndim == ndim + 2 else [1, *input.shape]
    expected = size[0] if transposed else size[1] * groups
    given = f"transposed={int(transposed)}" if transposed else f"groups={groups}"
    if shape[1] != expected:
        raise RuntimeError(
            f"Given {given}, weight of size {size}, expected input{shape} to have {expected} channels, "
            f"but got {shape[1]} channels instead"
        )
    out = size[1] * groups if transposed else size[0]
    if bias is not None and bias.shape != (out,):
        given = f"Given {given}, weight" if transposed else "Given weight"
        raise RuntimeError(
            f"{given} of size {size}, expected bias to be 1-dimensional with {out} elements, "
            f"but got bias of size {list(bias.shape)} instead"
        )


def _check_steps(stride: tuple[int, ...], dilation: tuple[int, ...], groups: int) -> None:
    if min(stride) < 1:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) < 1:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")


def _pads(
    input: Array, kernel: tuple[int, ...], stride: tuple[int, ...], padding: int | str | Sequence[int]
) -> tuple[tuple[int, int], ...]:
    ndim = len(kernel)
    if isinstance(padding, str):
        if padding == "valid":
            pads: tuple[tuple[int, int], ...] = ((0, 0),) * ndim
        elif padding != "same":
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        elif set(stride) != {1}:
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        else:
            pads = tuple(((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel)
    else:
        pads = tuple((p, p) for p in _per_dimension(padding, ndim, "padding"))
    if any(low < 0 for low, _ in pads):
        raise RuntimeError("negative padding is not supported")
    padded = [size + low + high for size, (low, high) in zip(input.shape[2:], pads, strict=True)]
    if any(size < k for size, k in zip(padded, kernel, strict=True)):
        sizes, kernels = (" x ".join(map(str, s)) for s in (padded, kernel))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({sizes}). Kernel size: ({kernels}). "
            "Kernel size can't be greater than actual input size"
        )
    return pads


def _transposed_pads(
    input: Array,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    extra: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(extra) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if any(e >= s and e >= d for e, s, d in zip(extra, stride, dilation, strict=True)):
        labels = ("depth", "height", "width")[-len(kernel) :]
        received = " ".join(
            f"{name}_{label}: {value}"
            for name, values in (("output_padding", extra), ("stride", stride), ("dilation", dilation))
            for label, value in zip(labels, values, strict=True)
        )
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {received}")
    sizes = input.shape[-len(kernel) :]
    out = [(i - 1) * s - 2 * p + k + e for i, s, p, k, e in zip(sizes, stride, padding, kernel, extra, strict=True)]
    if min(out) < 1:
        given, wanted = (" x ".join(map(str, s)) for s in (sizes, out))
        raise RuntimeError(
            f"Given input size per channel: ({given}). Calculated output size per channel: ({wanted}). Output size is too small"
        )
    return tuple((k - 1 - p, k - 1 - p + e) for k, p, e in zip(kernel, padding, extra, strict=True))


def _swap_channels(weight: Array, groups: int) -> Array:
    """(C, out / groups, *kernel) -> (out, C / groups, *flipped kernel)."""
    channels, per_group, *kernel = weight.shape
    grouped = weight.reshape(groups, channels // groups, per_group, *kernel).swapaxes(1, 2)
    flipped = jnp.flip(grouped, axis=tuple(range(3, grouped.ndim)))
    return flipped.reshape(groups * per_group, channels // groups, *kernel)


# --- linear -----------------------------------------------------------------------------------------------------


@op(ns="nn.functional", method=False, grad_name="Addmm")
def linear(input, weight, bias=None):
    """input @ weight.T + bias. input `(*, in)`, weight `(out, in)` or `(in,)`, bias `(out,)` or `()`."""
    _check_linear(input, weight, bias)
    if weight.ndim == 1 or input.ndim == 0:
        out = jnp.matmul(input, weight)
    else:
        out = lax.dot_general(input, weight, (((input.ndim - 1,), (1,)), ((), ())))
    return out if bias is None else _add_bias(out, bias)


def _check_linear(input: Array, weight: Array, bias: Array | None) -> None:
    rows = input.size // input.shape[-1] if input.ndim and input.shape[-1] else 1
    columns = input.shape[-1] if input.ndim else 0
    if weight.ndim not in (1, 2) or input.ndim == 0:
        both = f"input of size {list(input.shape)} and weight of size {list(weight.shape)}"
        raise RuntimeError(f"linear(): expected input (*, in_features) and weight (out_features, in_features), got {both}")
    if input.dtype != weight.dtype:
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {_c_name(input)} != {_c_name(weight)}")
    if columns != weight.shape[-1]:
        if weight.ndim == 1:
            raise RuntimeError(f"size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({weight.shape[0]})")
        out, width = weight.shape
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{columns} and {width}x{out})")
    if bias is None:
        return
    if bias.dtype != input.dtype:
        names = [scalar_name(dtypes.from_numpy(t.dtype)) for t in (bias, input)]
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {names[0]} and {names[1]}")
    target = [*input.shape[:-1], *weight.shape[:-1]]
    if bias.ndim > len(target) or any(b not in (1, t) for b, t in zip(bias.shape[::-1], target[::-1], strict=False)):
        raise RuntimeError(
            f"The expanded size of the tensor ({target[-1] if target else 1}) must match the existing size "
            f"({bias.shape[-1]}) at non-singleton dimension {max(len(target) - 1, 0)}.  Target sizes: {target}.  "
            f"Tensor sizes: {list(bias.shape)}"
        )


@op(ns="torch nn.functional", method=False, out=False)
def bilinear(input1, input2, weight, bias=None):
    """out_k = input1 @ weight_k @ input2 + bias_k. `(*, a)`, `(*, b)`, `(out, a, b)`, `(out,)` -> `(*, out)`."""
    for i, (first, second) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=False)):
        if first != second:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {first} and {second}")
    for i, x in enumerate((input1, input2), 1):
        if x.shape[-1] != weight.shape[i]:
            raise RuntimeError(
                f"bilinear(): input{i} size does not match weight size: got {x.shape[-1]} but expected {weight.shape[i]}"
            )
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected {weight.shape[0]}"
        )
    out = jnp.einsum("...a,kab,...b->...k", *map(wide, (input1, weight, input2)))
    return (out if bias is None else out + wide(bias)).astype(input1.dtype)
