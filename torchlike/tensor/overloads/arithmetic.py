"""Arithmetic, reductions and products whose public form is more than a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.base.promotion import scalar_name
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor

# --- extremes and medians ----------------------------------------------------------------------------------------------


def _extreme(all_: str, along: str, pair: str) -> Callable:
    def extreme(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
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
        made = getattr(ops, name)(input, dim, 1 if correction is None else correction, keepdim)
        return made if out is None else out.copy_(made)

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
        made = ops.nuclear_norm(input, (-2, -1) if dim is None else dim, keepdim)
        return made if out is None else out.copy_(made)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    return ops.vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype, out=out)


@overload("cov")
def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariance matrix of the rows (variables); columns are observations, weighted by their counts and importances."""
    rows = input if input.ndim == 2 else input.reshape(1, -1)
    weights = None
    for given in (fweights, aweights):
        if given is not None:
            weights = given if weights is None else weights * given
    if weights is None:
        total: Any = rows.shape[1]
        mean = rows.mean(1, keepdim=True)
    else:
        total = weights.sum()
        mean = (rows * weights).sum(1, keepdim=True) / total
    centred = rows - mean
    free = total - correction
    if aweights is not None and correction:
        free = total - correction * (weights * aweights).sum() / total
    spread = (centred if weights is None else centred * weights) @ centred.mH / free
    return spread if input.ndim == 2 else spread.reshape(())


@overload("corrcoef")
def corrcoef(input: Tensor) -> Tensor:
    """The correlation matrix of the rows, its entries held in [-1, 1]."""
    spread = cov(input)
    if not spread.ndim:
        return spread / spread
    scale = ops.sqrt(ops.diag(spread))
    return ops.clamp(spread / scale[:, None] / scale[None, :], -1, 1)


# --- choosing ----------------------------------------------------------------------------------------------------------


@overload("where", method=False)
def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """`input` where the condition holds, else `other`; the condition alone gives the indices of its true elements."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if input is None or other is None:
        raise TypeError("where() takes a condition alone, or a condition and two tensors or numbers")
    return ops.where(condition, input, other, out=out)


@overload("where", function=False)
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    return ops.where(condition, self, other)


@overload("allclose")
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether `|input - other| <= atol + rtol * |other|` everywhere."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{scalar_name(input.dtype)} did not match {scalar_name(other.dtype)}")
    return bool(ops.all(ops.isclose(input, other, rtol, atol, equal_nan)).item())


@overload("equal")
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same elements."""
    return bool(ops.equal_all(input, other).item())


# --- arithmetic --------------------------------------------------------------------------------------------------------

_DIVISIONS = {None: "true_divide", "floor": "floor_divide", "trunc": "div_trunc"}


def _division(rounding_mode: str | None) -> str:
    if rounding_mode not in _DIVISIONS:
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    return _DIVISIONS[rounding_mode]


@overload("div", "divide")
def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """`input / other`, rounded towards zero ("trunc"), downwards ("floor") or not at all."""
    return getattr(ops, _division(rounding_mode))(input, other, out=out)


@overload("div_", "divide_", function=False)
def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    return getattr(ops, f"{_division(rounding_mode)}_")(self, other)


@overload("pow")
def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """`input ** exponent`. Raises RuntimeError for a tensor of whole numbers and a negative whole exponent."""
    check_power(input, exponent)
    return ops.pow(input, exponent, out=out)


@overload("pow_", function=False)
def pow_(self: Tensor, exponent: Any) -> Tensor:
    check_power(self, exponent)
    return ops.pow_(self, exponent)


def check_power(input: Any, exponent: Any) -> None:
    if isinstance(exponent, int) and exponent < 0 and isinstance(input, Tensor) and not input.dtype.is_differentiable:
        raise RuntimeError("Integers to negative integer powers are not allowed.")


@overload("polygamma", method=False)
def polygamma(n: int, input: Tensor, *, out: Any = None) -> Tensor:
    """The n-th derivative of the digamma function."""
    return ops.polygamma(input, n, out=out)


@overload("polygamma", function=False)
def _polygamma_method(self: Tensor, n: int) -> Tensor:
    return ops.polygamma(self, n)


# --- products ----------------------------------------------------------------------------------------------------------


@overload("einsum", method=False)
def einsum(*args: Any) -> Tensor:
    """Einstein's sum convention: `einsum("ij,jk->ik", a, b)`, or each tensor followed by its list of subscript numbers."""
    if isinstance(args[0], str):
        equation, tensors = args[0], list(args[1:])
    else:
        tensors = list(args[0 : len(args) - len(args) % 2 : 2])
        equation = ",".join(map(_letters, args[1::2]))
        if len(args) % 2:
            equation += "->" + _letters(args[-1])
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = list(tensors[0])
    return ops.einsum(tensors, equation)


def _letters(subscripts: Any) -> str:
    return "".join("..." if s is Ellipsis else chr(s + (ord("A") if s < 26 else ord("a") - 26)) for s in subscripts)


@overload("tensordot", method=False)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Any = None) -> Tensor:
    """The product of `a` and `b` summed over the last `dims` dimensions of `a` and the first of `b`, or over listed pairs."""
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        dims = (range(-dims, 0), range(dims))
    pairs = tuple((d,) if isinstance(d, int) else tuple(d) for d in dims)
    return ops.tensordot(a, b, pairs, out=out)
