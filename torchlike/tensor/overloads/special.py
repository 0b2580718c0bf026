"""Special functions whose public form is more than a row, and those that `torch.special` borrows from elsewhere."""

from __future__ import annotations

from typing import Any

from torchlike.base import dtypes
from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.table import overload
from torchlike.tensor.tensor import Tensor


@overload("polygamma", "special.polygamma", method=False)
def polygamma(n: int, input: Tensor, *, out: Any = None) -> Tensor:
    """The n-th derivative of the digamma function."""
    return ops.polygamma(input, n, out=out)


@overload("polygamma", function=False)
def _polygamma_method(self: Tensor, n: int) -> Tensor:
    return ops.polygamma(self, n)


@overload("special.softmax", method=False)
def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """`exp(x) / sum(exp(x))` along `dim`."""
    return ops.softmax(input, dim, dtype)


@overload("special.log_softmax", method=False)
def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`."""
    return ops.log_softmax(input, dim, dtype)


@overload("special.logsumexp", method=False)
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False, *, out: Any = None) -> Tensor:
    """`log(sum(exp(x)))` over `dim`."""
    return ops.logsumexp(input, dim, keepdim, out=out)


@overload("special.multigammaln", method=False)
def multigammaln(input: Tensor, p: int, *, out: Any = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`."""
    return ops.mvlgamma(input, p, out=out)


# --- what torch refuses only here --------------------------------------------------------------------------------------


@overload("abs_", "absolute_")
def abs_(self: Tensor) -> Tensor:
    """The absolute value in place. Raises RuntimeError for complex tensors, whose absolute values are real."""
    if self.dtype.is_complex:
        raise RuntimeError("In-place abs is not supported for complex tensors.")
    return ops.abs_(self)


@overload("float_power_", function=False)
def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """`self ** exponent` in place. Raises RuntimeError unless the tensor is of double precision, as the result is."""
    is_complex = (
        self.dtype.is_complex or isinstance(exponent, complex) or (isinstance(exponent, Tensor) and exponent.dtype.is_complex)
    )
    wanted = dtypes.complex128 if is_complex else dtypes.float64
    if self.dtype is not wanted:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {self.dtype} but the operation's result requires dtype {wanted}"
        )
    return ops.float_power_(self, exponent)


@overload("positive")
def positive(input: Tensor) -> Tensor:
    """The tensor itself. Raises RuntimeError for bool tensors."""
    if input.dtype is dtypes.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input
