# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""`torch.special`: Special functions, element by element."""

from typing import Any

from torchlike.base.dtypes import dtype
from torchlike.tensor.surface import Number
from torchlike.tensor.tensor import Tensor

def airy_ai(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Airy function Ai.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def bessel_j1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the first kind, order 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def bessel_y0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the second kind, order 0; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def bessel_y1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Bessel function of the second kind, order 1; -inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def chebyshev_polynomial_t(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the first kind of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def chebyshev_polynomial_u(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the second kind of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def chebyshev_polynomial_v(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the third kind of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def chebyshev_polynomial_w(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the fourth kind of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of `lgamma`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.psi`. In place: `digamma_`.
    """

def digamma_(input: Tensor) -> Tensor:
    """The derivative of `lgamma`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The entropy `-x log(x)`; 0 at 0, -inf below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `erf_`.
    """

def erf_(input: Tensor) -> Tensor:
    """The error function, `2 / sqrt(pi)` times the integral of `exp(-t ** 2)` from 0 to `input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`1 - erf(input)`, exact where that is small.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `erfc_`.
    """

def erfc_(input: Tensor) -> Tensor:
    """`1 - erf(input)`, exact where that is small.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def erfcx(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The scaled complementary error function, `exp(x^2) erfc(x)`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `erf`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `erfinv_`.
    """

def erfinv_(input: Tensor) -> Tensor:
    """The inverse of `erf`; nan outside [-1, 1].

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`2 ** input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `exp2_`.
    """

def exp2_(input: Tensor) -> Tensor:
    """`2 ** input`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def expit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`1 / (1 + exp(-input))`, between 0 and 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.expit`. In place: `sigmoid_`.
    """

def expit_(input: Tensor) -> Tensor:
    """`1 / (1 + exp(-input))`, between 0 and 1.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`exp(input) - 1`, exact near 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `expm1_`.
    """

def expm1_(input: Tensor) -> Tensor:
    """`exp(input) - 1`, exact near 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def gammainc(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The regularized lower incomplete gamma function P(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `special.gammainc`. In place: `igamma_`.
    """

def gammainc_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The regularized lower incomplete gamma function P(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def gammaincc(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The regularized upper incomplete gamma function Q(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Also called `special.gammaincc`. In place: `igammac_`.
    """

def gammaincc_(input: Tensor, other: Tensor | Number) -> Tensor:
    """The regularized upper incomplete gamma function Q(input, other).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def gammaln(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the size of the gamma function.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.gammaln`. In place: `lgamma_`.
    """

def gammaln_(input: Tensor) -> Tensor:
    """The logarithm of the size of the gamma function.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def hermite_polynomial_h(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The physicist's Hermite polynomial of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def hermite_polynomial_he(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The probabilist's Hermite polynomial of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `i0_`.
    """

def i0_(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def i0e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`exp(-|x|) I0(x)`, where I0 is the modified Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def i1e(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`exp(-|x|) I1(x)`, where I1 is the modified Bessel function of the first kind, order 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def laguerre_polynomial_l(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Laguerre polynomial of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def legendre_polynomial_p(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Legendre polynomial of degree `n` at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`log(1 + input)`, exact near 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `log1p_`.
    """

def log1p_(input: Tensor) -> Tensor:
    """`log(1 + input)`, exact near 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def log_ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of `ndtr`, exact far down the tail.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def log_softmax(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """The logarithm of `softmax`."""

def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside).

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `logit_`.
    """

def logit_(input: Tensor, eps: float | None = None) -> Tensor:
    """`log(x / (1 - x))`; with `eps`, x is first clamped to [eps, 1 - eps] (no gradient outside).

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def logsumexp(input: Tensor, dim: Any, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """`log(sum(exp(x)))` over `dim`."""

def modified_bessel_i0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def modified_bessel_i1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the first kind, order 1.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def modified_bessel_k0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind, order 0; inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def modified_bessel_k1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The modified Bessel function of the second kind, order 1; inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def multigammaln(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`."""

def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The area under the normal density left of `input`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def ndtri(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of `ndtr`; nan outside [0, 1].

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The n-th derivative of the digamma function."""

def psi(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The derivative of `lgamma`.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    Also called `special.psi`. In place: `digamma_`.
    """

def psi_(input: Tensor) -> Tensor:
    """The derivative of `lgamma`.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def round(input: Tensor, decimals: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Rounded to `decimals` places, halves to even.

    Shapes: the result has the shape of `input`.
    In place: `round_`.
    """

def round_(input: Tensor, decimals: int = 0) -> Tensor:
    """Rounded to `decimals` places, halves to even.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def scaled_modified_bessel_k0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`exp(x) K0(x)`; inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def scaled_modified_bessel_k1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`exp(x) K1(x)`; inf at 0, nan below.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def shifted_chebyshev_polynomial_t(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the first kind of degree `n`, shifted to [0, 1], at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def shifted_chebyshev_polynomial_u(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the second kind of degree `n`, shifted to [0, 1], at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def shifted_chebyshev_polynomial_v(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the third kind of degree `n`, shifted to [0, 1], at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def shifted_chebyshev_polynomial_w(input: Tensor | Number, n: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Chebyshev polynomial of the fourth kind of degree `n`, shifted to [0, 1], at `input`.

    Shapes: `input`, `n` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`sin(pi * input) / (pi * input)`, 1 at 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    In place: `sinc_`.
    """

def sinc_(input: Tensor) -> Tensor:
    """`sin(pi * input) / (pi * input)`, 1 at 0.

    Shapes: the result has the shape of `input`.
    In place: the result stands in `input`, which is returned.
    """

def softmax(input: Tensor, dim: int, dtype: dtype | None = None) -> Tensor:
    """`exp(x) / sum(exp(x))` along `dim`."""

def spherical_bessel_j0(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`sin(x) / x`, 1 at 0.

    Shapes: the result has the shape of `input`.
    Integers and bools become floats of the default dtype.
    """

def xlog1py(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input * log1p(other)`, 0 where `input` is 0 (nan where `other` is nan).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """

def xlogy(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    In place: `xlogy_`.
    """

def xlogy_(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """`input * log(other)`, 0 where `input` is 0 (nan where `other` is nan).

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    In place: the result stands in `input`, which is returned.
    """

def zeta(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """The Hurwitz zeta function, the sum of `(k + other) ** -input` over k >= 0; its gradient goes to `other` only.

    Shapes: `input`, `other` broadcast; the result has the shape they meet in.
    Integers and bools become floats of the default dtype.
    """
