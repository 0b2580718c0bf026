# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""`torch.masked`: Reductions and normalizations that leave out what a mask excludes."""

from typing import Any

from torchlike.base.dtypes import dtype
from torchlike.tensor.tensor import Tensor

def amax(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The largest element over `dim` of those where `mask` is true."""

def amin(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The smallest element over `dim` of those where `mask` is true."""

def argmax(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Where the largest element along `dim` of those where `mask` is true stands, in the input's dtype as in torch."""

def argmin(
    input: Tensor,
    dim: int | None = None,
    *,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Where the smallest element along `dim` of those where `mask` is true stands, in the input's dtype as in torch."""

def cumprod(input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
    """The running prod along `dim` of the elements where `mask` is true."""

def cumsum(input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
    """The running sum along `dim` of the elements where `mask` is true."""

def is_masked_tensor(obj: Any, /) -> bool:
    """False: there are no masked tensors here."""

def log_softmax(input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
    """log_softmax along `dim` of the elements where `mask` is true; the others have no part in it."""

def logaddexp(
    input: Tensor,
    other: Tensor,
    *,
    dtype: dtype | None = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """`log(exp(input) + exp(other))` where both masks are true, one operand alone where only its mask is."""

def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """`log(sum(exp(input)))` over `dim` of the elements where `mask` is true, -inf where there is none."""

def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The mean over `dim` of the elements where `mask` is true, nan where there is none.

    Raises:
        ValueError: for whole numbers, unless `dtype` says a float.
    """

def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The (lower) median along `dim` of the elements where `mask` is true, nan where there is none.

    Raises:
        ValueError: for whole numbers where a row is left out completely (this waits for the mask).
    """

def norm(
    input: Tensor,
    ord: float | None = 2.0,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The `ord`-norm over `dim` of the elements where `mask` is true."""

def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The elements where `mask` is true divided by their `ord`-norm along `dim` (`eps` at least), 0 elsewhere."""

def prod(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The prod over `dim` of the elements where `mask` is true; 1 where there is none."""

def softmax(input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
    """softmax along `dim` of the elements where `mask` is true; the others have no part in it."""

def softmin(input: Tensor, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
    """softmin along `dim` of the elements where `mask` is true; the others have no part in it."""

def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: Any = None,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The standard deviation over `dim` of the elements where `mask` is true, divided by `N - correction`."""

def sum(
    input: Tensor, dim: Any = None, *, keepdim: bool | None = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The sum over `dim` of the elements where `mask` is true; 0 where there is none."""

def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: Any = None,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The variance over `dim` of the elements where `mask` is true, divided by `N - correction`."""
