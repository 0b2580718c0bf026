"""Activations: the generated functions where nothing is to be added, thin wrappers for `inplace` and defaults."""

from __future__ import annotations

import warnings

from torchlike.tensor import functions as ops
from torchlike.tensor.overloads.neural import rrelu_with

gelu = ops.gelu
glu = ops.glu
hardshrink = ops.hardshrink
logsigmoid = ops.logsigmoid
prelu = ops.prelu
sigmoid = ops.sigmoid
softplus = ops.softplus
softshrink = ops.softshrink
softsign = ops.softsign
tanh = ops.tanh
tanhshrink = ops.tanhshrink

relu_ = ops.relu_
elu_ = ops.elu_
selu_ = ops.selu_
celu_ = ops.celu_
leaky_relu_ = ops.leaky_relu_
hardtanh_ = ops.hardtanh_
threshold_ = ops.threshold_


def relu(input, inplace=False):
    """max(0, x), elementwise."""
    return ops.relu_(input) if inplace else ops.relu(input)


def relu6(input, inplace=False):
    """min(max(0, x), 6), elementwise."""
    return ops.relu6_(input) if inplace else ops.relu6(input)


def elu(input, alpha=1.0, inplace=False):
    """x above 0, alpha * (exp(x) - 1) below."""
    return ops.elu_(input, alpha) if inplace else ops.elu(input, alpha)


def selu(input, inplace=False):
    """`elu` with the two constants that keep mean 0 and variance 1 (Klambauer et al., 2017)."""
    return ops.selu_(input) if inplace else ops.selu(input)


def celu(input, alpha=1.0, inplace=False):
    """x above 0, alpha * (exp(x / alpha) - 1) below."""
    return ops.celu_(input, alpha) if inplace else ops.celu(input, alpha)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """x above 0, negative_slope * x below."""
    return ops.leaky_relu_(input, negative_slope) if inplace else ops.leaky_relu(input, negative_slope)


def silu(input, inplace=False):
    """x * sigmoid(x)."""
    return ops.silu_(input) if inplace else ops.silu(input)


def mish(input, inplace=False):
    """x * tanh(softplus(x))."""
    return ops.mish_(input) if inplace else ops.mish(input)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """x clipped to [min_val, max_val]."""
    return ops.hardtanh_(input, min_val, max_val) if inplace else ops.hardtanh(input, min_val, max_val)


def hardsigmoid(input, inplace=False):
    """x / 6 + 1 / 2, clipped to [0, 1]."""
    return ops.hardsigmoid_(input) if inplace else ops.hardsigmoid(input)


def hardswish(input, inplace=False):
    """x * hardsigmoid(x)."""
    return ops.hardswish_(input) if inplace else ops.hardswish(input)


def threshold(input, threshold, value, inplace=False):
    """x above `threshold`, `value` elsewhere."""
    return ops.threshold_(input, threshold, value) if inplace else ops.threshold(input, threshold, value)


_threshold = threshold  # torch's own name of the function, which some code asks for


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """x above 0; below, x times a slope drawn from [lower, upper], or their mean if not `training`.

    Raises:
        RuntimeError: lower > upper.
    """
    return rrelu_with(input, lower, upper, training, inplace)


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """`rrelu` in place."""
    return rrelu(input, lower, upper, training, inplace=True)


def _implicit_dim(name: str, ndim: int, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(x) / sum(exp(x)) along `dim`; the input is cast to `dtype` first.

    Raises:
        IndexError: there is no dimension `dim`.
    """
    return ops.softmax(input, _implicit_dim("softmax", input.ndim, _stacklevel) if dim is None else dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-x) along `dim`."""
    return ops.softmax(-input, _implicit_dim("softmin", input.ndim, _stacklevel) if dim is None else dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """log(softmax(x)) along `dim`, computed without the quotient."""
    return ops.log_softmax(input, _implicit_dim("log_softmax", input.ndim, _stacklevel) if dim is None else dim, dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample of the Gumbel-softmax distribution along `dim`; one-hot with the soft gradient if `hard`.

    Paper: Jang et al., 2016 (https://arxiv.org/abs/1611.00712).
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -logits.detach().new_empty(logits.shape).exponential_().log()
    soft = ops.softmax((logits + noise) / tau, dim)
    return ops.straight_through_one_hot(soft, dim) if hard else soft
