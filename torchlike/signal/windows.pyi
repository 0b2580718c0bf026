# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""`torch.signal.windows`: Window functions for spectra."""

from typing import Any

from torchlike.base.device import device
from torchlike.base.dtypes import dtype
from torchlike.tensor.tensor import Tensor

def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """A triangle that is 0 at its ends. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a
    negative length.
    """

def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """Three cosines. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative length."""

def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """Half a sine. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative length."""

def exponential(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """`exp(-|k - center| / tau)`, `center` in the middle by default. `M` points, symmetric, or periodic with `sym=False`.
    Raises ValueError for a negative length.
    """

def gaussian(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """A bell of standard deviation `std`. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a
    negative length.
    """

def general_cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """The sum of cosines with the coefficients `a`, of alternating signs. `M` points, symmetric, or periodic with
    `sym=False`. Raises ValueError for a negative length.
    """

def general_hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """`alpha - (1 - alpha) cos`. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative
    length.
    """

def hamming(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """`0.54 - 0.46 cos`. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative length."""

def hann(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """`0.5 - 0.5 cos`. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative length."""

def kaiser(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """Kaiser's window of shape `beta`. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative
    length.
    """

def nuttall(
    M: int,
    *,
    sym: bool = True,
    dtype: dtype | None = None,
    layout: Any = ...,
    device: device | str | int | None = None,
    requires_grad: bool = False,
    **own: Any,
) -> Tensor:
    """Nuttall's minimal four terms. `M` points, symmetric, or periodic with `sym=False`. Raises ValueError for a negative
    length.
    """
