"""Reductions whose public form is more than a row: several signatures under one name, numbers that are checked first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor
from torchlike.tensor.views import sizes

# --- extremes and medians ----------------------------------------------------------------------------------------------


def _extreme(all_: str, along: str, pair: str) -> Callable:
    def extreme(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
        if not isinstance(input, Tensor):
            raise TypeError(f"{along[:3]}() argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        if isinstance(dim, Tensor):
            dim, other = None, dim
        if other is not None:
            return getattr(ops, pair)(input, other, out=out)
        if dim is None:
            return getattr(ops, all_)(input, out=out)
        return getattr(ops, along)(input, dim, keepdim, out=out)

    return extreme


for _name in ("max", "min"):
    _made = _extreme(f"{_name}_all", f"{_name}_dim", f"{_name}imum")
    _made.__doc__ = f"The {_name}imum of all elements, `(values, indices)` along `dim`, or of two tensors element by element."
    overload(_name)(_made)


@overload("aminmax")
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """`(min, max)` of all elements or along `dim`. Raises RuntimeError where `out` has another dtype."""
    for target in out or ():
        if target.dtype is not input.dtype:
            raise RuntimeError(f"Expected out tensor to have dtype {input.dtype}, but got {target.dtype} instead")
    return ops.aminmax(input, dim, keepdim, out=out)


def _median(prefix: str) -> Callable:
    def median(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
        """The (lower) median of all elements, or `(values, indices)` along `dim`."""
        if dim is None:
            return getattr(ops, f"{prefix}_all")(input, out=out)
        return getattr(ops, f"{prefix}_dim")(input, dim, keepdim, out=out)

    return median


for _name in ("median", "nanmedian"):
    overload(_name)(_median(_name))


@overload("quantile")
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Tensor:
    """The quantiles `q` in [0, 1] (a vector adds a first dimension). Raises RuntimeError for a number outside."""
    _check_quantile("quantile", input, q)
    return ops.quantile(input, q, dim, keepdim, interpolation, out=out)


@overload("nanquantile")
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear", out: Any = None
) -> Tensor:
    """As `quantile`, of what is not nan."""
    _check_quantile("nanquantile", input, q)
    return ops.nanquantile(input, q, dim, keepdim, interpolation, out=out)


def _check_quantile(name: str, input: Tensor, q: Any) -> None:
    if input.dtype.itemsize < 4 or not input.dtype.is_floating_point:
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if not isinstance(q, Tensor) and not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
    given = q._value.array if isinstance(q, Tensor) else None
    if type(given) is np.ndarray and not ((given >= 0) & (given <= 1)).all():  # seen only where that needs no waiting
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")


# --- moments and norms -------------------------------------------------------------------------------------------------


def _spread(name: str) -> Callable:
    def spread(
        input: Tensor, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None, out: Any = None
    ) -> Any:
        if isinstance(dim, bool):  # std(unbiased)
            dim, unbiased = None, dim
        if unbiased is not None and correction is not None:
            raise TypeError(f"{name}() received an invalid combination of arguments: give `unbiased` or `correction`, not both")
        if unbiased is not None:
            correction = int(unbiased)
        return getattr(ops, name)(input, dim, 1 if correction is None else correction, keepdim, out=out)

    return spread


for _name, _what in (("var", "variance"), ("std", "standard deviation")):
    for _suffix in ("", "_mean"):
        _made = _spread(_name + _suffix)
        _made.__doc__ = f"The {_what}{' and the mean' if _suffix else ''} over `dim`, divided by `N - correction`."
        overload(_name + _suffix, method=not _suffix)(_made)


@overload("norm")
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: Any = False, dtype: Any = None, *, out: Any = None) -> Tensor:
    """The p-norm of the elements over `dim` ("fro" is 2, "nuc" the sum of the singular values of a matrix)."""
    if p == "nuc":
        return ops.nuclear_norm(input, (-2, -1) if dim is None else dim, keepdim, out=out)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    return ops.vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype, out=out)


# --- sums --------------------------------------------------------------------------------------------------------------


def _running(name: str) -> Callable:
    call = getattr(ops, name)

    def running(input: Tensor, dim: int, *, dtype: Any = None, out: Any = None) -> Tensor:
        if out is None:
            return call(input, dim, dtype)
        return call(input, dim, dtype or out.dtype, out=out)

    running.__doc__ = call.__doc__
    return running


for _name in ("cumsum", "cumprod"):
    overload(_name)(_running(_name))


@overload("sum_to_size", function=False)
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The sum over the dimensions along which a tensor of shape `size` would broadcast to this one.

    Raises:
        RuntimeError: where it would not.
    """
    wanted, shape = sizes(size), tuple(self.shape)
    extra = len(shape) - len(wanted)
    pairs = list(zip(wanted, shape[max(extra, 0) :], strict=False))
    if extra < 0 or any(want not in (1, have) for want, have in pairs):
        raise RuntimeError(f"size {{{list(wanted)}}} is not expandable to size {{{list(shape)}}}.")
    over = (*range(extra), *(extra + d for d, (want, have) in enumerate(pairs) if want != have))
    if not over and shape:
        return self.view(wanted)
    return ops.sum(self, over, True).view(wanted)  # of a zero-dim tensor, a copy
