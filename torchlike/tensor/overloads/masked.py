"""`torch.masked`: reductions and normalizations of a tensor that leave out the elements where `mask` is false.

What is left out is replaced by what does not count in the operation (0 in a sum, -inf in a maximum); where everything is
left out, that is the result. `MaskedTensor` itself, which torch has as a prototype, is not here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from torchlike.base import dtypes
from torchlike.base.dtypes import dtype as DType
from torchlike.ops.checks import broadcast_shapes
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


def _mask_for(input: Tensor, mask: Tensor | None) -> Tensor | None:
    """The mask as bools of the input's shape. Raises IndexError where it has more dimensions."""
    if mask is None:
        return None
    if mask.ndim > input.ndim:
        raise IndexError("_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)")
    broadcast_shapes(input.shape, mask.shape)
    mask = mask if mask.dtype.name == "bool" else mask != 0
    return mask if mask.shape == input.shape else mask.expand(input.shape)


def _filled(input: Tensor, mask: Tensor | None, value: Any) -> Tensor:
    mask = _mask_for(input, mask)
    return input if mask is None else ops.masked_fill(input, ops.logical_not(mask), value)


def _cast(input: Tensor, dtype: Any) -> Tensor:
    return input if dtype is None or dtype is input.dtype else input.to(dtype)


def _bottom(name: str, input: Tensor, largest: bool) -> Any:
    """What no element is beyond: the smallest (with `largest`, for maxima) or the largest value of the dtype."""
    dtype = input.dtype
    if dtype.is_floating_point:
        return -math.inf if largest else math.inf
    if dtype.category != DType.INTEGER:
        raise NotImplementedError(f"identity of {name} on {dtype} input")
    bits = 8 * dtype.itemsize - (1 if dtype.is_signed else 0)
    lowest = -(2**bits) if dtype.is_signed else 0
    return lowest if largest else 2**bits - 1


@overload("masked._input_mask")
def _input_mask(input: Tensor, *args: Any, **keywords: Any) -> Tensor:
    """The mask given by keyword as bools of the input's shape; all true where there is none."""
    mask = _mask_for(input, keywords.get("mask"))
    return creation.ones(tuple(input.shape), dtype=dtypes.bool_, device=input.device) if mask is None else mask


@overload("masked._output_mask")
def _output_mask(op: Callable, input: Tensor, *args: Any, **keywords: Any) -> Tensor:
    """Where the result of a function of this module rests on any element that the mask leaves in."""
    mask = _input_mask(input, **keywords)
    if op.__name__ in ("softmax", "log_softmax", "softmin", "normalize", "cumsum", "cumprod"):
        return mask
    args = args[1:] if op.__name__ == "norm" else args  # its order comes first
    dim = args[0] if args else keywords.get("dim", -1 if op.__name__ == "median" else None)
    return ops.any(mask, dim, bool(keywords.get("keepdim", False)))


# --- sums and products -------------------------------------------------------------------------------------------------


def _sum_like(name: str, neutral: int) -> Callable:
    call = getattr(ops, name)

    def total(
        input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Tensor | None = None
    ) -> Tensor:
        input = _cast(input, dtype)
        whole = not input.ndim and (dim is None or (isinstance(dim, (tuple, list)) and not dim))
        if name == "prod" and mask is None and whole and input.dtype.is_differentiable:
            return input  # itself, in torch too
        return call(_filled(input, mask, neutral), dim, bool(keepdim), dtype)

    total.__doc__ = f"The {name} over `dim` of the elements where `mask` is true; {neutral} where there is none."
    return total


def _running(name: str, neutral: int) -> Callable:
    call = getattr(ops, name)

    def running(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
        input = _cast(input, dtype)
        if input.dtype.name == "bool":
            raise NotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'")
        return call(_filled(input, mask, neutral), dim, input.dtype)

    running.__doc__ = f"The running {name.removeprefix('cum')} along `dim` of the elements where `mask` is true."
    return running


for _name, _neutral in (("sum", 0), ("prod", 1)):
    overload(f"masked.{_name}")(_sum_like(_name, _neutral))
    overload(f"masked.cum{_name}")(_running(f"cum{_name}", _neutral))


# --- extremes ----------------------------------------------------------------------------------------------------------


def _extreme(name: str) -> Callable:
    call, largest = getattr(ops, name), name.endswith("max")

    def extreme(
        input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Tensor | None = None
    ) -> Tensor:
        input = _cast(input, dtype)
        made = call(_filled(input, mask, _bottom(name, input, largest)), () if dim is None else dim, bool(keepdim))
        return _cast(made, input.dtype)

    extreme.__doc__ = f"The {'largest' if largest else 'smallest'} element over `dim` of those where `mask` is true."
    return extreme


def _position(name: str) -> Callable:
    call, largest = getattr(ops, name), name.endswith("max")

    def position(
        input: Tensor,
        dim: int | None = None,
        *,
        keepdim: bool | None = False,
        dtype: Any = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        input = _cast(input, dtype)
        return _cast(call(_filled(input, mask, _bottom(name, input, largest)), dim, bool(keepdim)), input.dtype)

    position.__doc__ = (
        f"Where the {'largest' if largest else 'smallest'} element along `dim` of those where `mask` is true stands, in "
        "the input's dtype as in torch."
    )
    return position


for _name in ("max", "min"):
    overload(f"masked.a{_name}")(_extreme(f"a{_name}"))
    overload(f"masked.arg{_name}")(_position(f"arg{_name}"))


@overload("masked.median")
def median(input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
    """The (lower) median along `dim` of the elements where `mask` is true, nan where there is none.

    Raises:
        ValueError: for whole numbers where a row is left out completely (this waits for the mask).
    """
    input = _cast(input, dtype)
    if dim is None:
        dim = 0
    if mask is None and not input.dtype.is_floating_point:
        return ops.median_dim(input, dim, keepdim)[0]
    wide = input if input.dtype.is_floating_point else input.double()
    mask = _mask_for(input, mask)
    if mask is not None and wide is not input and not ops.all(ops.any(mask, dim)).item():
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return _cast(ops.nanmedian_dim(_filled(wide, mask, math.nan), dim, keepdim)[0], input.dtype)


# --- means, moments, norms ---------------------------------------------------------------------------------------------


def _count(input: Tensor, mask: Tensor | None, dim: Any, keepdim: bool, dtype: Any) -> Tensor:
    mask = _mask_for(input, mask)
    if mask is None:
        mask = creation.ones((1,) * input.ndim, dtype=dtype, device=input.device).expand(input.shape)
    return ops.sum(mask, dim, keepdim, dtype)


@overload("masked.mean")
def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The mean over `dim` of the elements where `mask` is true, nan where there is none.

    Raises:
        ValueError: for whole numbers, unless `dtype` says a float.
    """
    if not (dtype or input.dtype).is_differentiable:
        raise ValueError(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {dtype or input.dtype}"
        )
    input = _cast(input, dtype)
    if mask is None:
        return ops.mean(input, dim, bool(keepdim))
    wide = _wide(input)
    total = ops.sum(_filled(wide, mask, 0), dim, bool(keepdim))
    return _cast(total / _count(input, mask, dim, bool(keepdim), wide.dtype), input.dtype)


def _wide(input: Tensor) -> Tensor:
    """16-bit floats in 32 bits: rounded once, at the end."""
    return input.float() if input.dtype.is_floating_point and input.dtype.itemsize == 2 else input


def _spread(name: str) -> Callable:
    def spread(
        input: Tensor,
        dim: Any = None,
        unbiased: bool | None = None,
        *,
        correction: Any = None,
        keepdim: bool | None = False,
        dtype: Any = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        if unbiased is not None and correction is not None:
            raise AssertionError("Only one of unbiased and correction may be given")
        free = correction if correction is not None else int(unbiased is not False)
        return _deviation(_cast(input, dtype), dim, free, bool(keepdim), mask, name == "std")

    what = "variance" if name == "var" else "standard deviation"
    spread.__doc__ = f"The {what} over `dim` of the elements where `mask` is true, divided by `N - correction`."
    return spread


def _deviation(input: Tensor, dim: Any, correction: Any, keepdim: bool, mask: Tensor | None, root: bool) -> Tensor:
    if input.dtype.name == "bool":
        raise RuntimeError("Subtraction, the `-` operator, with a bool tensor is not supported.")
    wide = _wide(input if input.dtype.is_differentiable else input.float())
    if mask is None:
        made = getattr(ops, "std" if root else "var")(wide, dim, correction, keepdim)
    else:
        count = _count(input, mask, dim, True, (wide.real if wide.dtype.is_complex else wide).dtype)
        centred = _filled(wide - ops.sum(_filled(wide, mask, 0), dim, True) / count, mask, 0)
        square = (centred * ops.conj(centred)).real if wide.dtype.is_complex else centred * centred
        if not keepdim:
            count = ops.sum(count, dim)
        made = ops.sum(square, dim, keepdim) / ops.clamp(count - correction, 0)
        made = ops.sqrt(made) if root else made
    return _cast(made, input.dtype) if input.dtype.is_differentiable else made


for _name in ("var", "std"):
    overload(f"masked.{_name}")(_spread(_name))


@overload("masked.norm")
def norm(
    input: Tensor,
    ord: float | None = 2.0,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: Any = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The `ord`-norm over `dim` of the elements where `mask` is true."""
    order = 2.0 if ord is None else float(ord)
    filled = _filled(_cast(input, dtype), mask, math.inf if order == -math.inf else 0)
    return ops.vector_norm(filled, order, dim, bool(keepdim))


@overload("masked.normalize")
def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """The elements where `mask` is true divided by their `ord`-norm along `dim` (`eps` at least), 0 elsewhere."""
    input = _cast(input, dtype)
    size = ops.clamp(norm(input, ord, dim, keepdim=True, mask=mask), min=eps)
    return _filled(input, mask, 0) / size


# --- exponentials ------------------------------------------------------------------------------------------------------


def _softmax(name: str) -> Callable:
    def softmax(input: Tensor, dim: int, *, dtype: Any = None, mask: Tensor | None = None) -> Tensor:
        input = _cast(input, dtype)
        largest = name != "softmin"
        filled = _filled(input, mask, _bottom("amax" if largest else "amin", input, largest))
        if dim is None:
            dim = 0 if input.ndim in (0, 1, 3) else 1
        return ops.log_softmax(filled, dim) if name == "log_softmax" else ops.softmax(filled if largest else -filled, dim)

    softmax.__doc__ = f"{name} along `dim` of the elements where `mask` is true; the others have no part in it."
    return softmax


for _name in ("softmax", "log_softmax", "softmin"):
    overload(f"masked.{_name}")(_softmax(_name))


@overload("masked.logsumexp")
def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Tensor | None = None
) -> Tensor:
    """`log(sum(exp(input)))` over `dim` of the elements where `mask` is true, -inf where there is none."""
    input = _cast(input, dtype)
    nothing = -math.inf if input.dtype.is_complex else _bottom("logsumexp", input, True)
    return _cast(ops.logsumexp(_filled(input, mask, nothing), dim, keepdim), input.dtype)


@overload("masked.logaddexp")
def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: Any = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """`log(exp(input) + exp(other))` where both masks are true, one operand alone where only its mask is."""
    first, second = _cast(input, dtype), _cast(other, dtype)
    first = _filled(first, input_mask, _bottom("logaddexp", first, True))
    return ops.logaddexp(first, _filled(second, other_mask, _bottom("logaddexp", second, True)))


@overload("masked.is_masked_tensor")
def is_masked_tensor(obj: Any, /) -> bool:
    """False: there are no masked tensors here."""
    return False
