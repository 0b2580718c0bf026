"""What random numbers look like to autograd: drawn values, of which the parameters get a zero gradient."""

from __future__ import annotations

from torchlike.ops.registry import op


@op(ns="", method=False, linear=True, out=False, grad_name="Bernoulli")
def bernoulli_drawn(drawn, input):
    """`drawn`, a function of `input` whose gradient is zero."""
    return drawn


@op(ns="", method=False, linear=True, out=False, grad_name="Poisson")
def poisson_drawn(drawn, input):
    """`drawn`, a function of `input` whose gradient is zero."""
    return drawn


@op(ns="", method=False, linear=True, out=False, grad_name="Binomial")
def binomial_drawn(drawn, count, prob):
    """`drawn`, a function of `count` and `prob` whose gradient is zero."""
    return drawn


@op(ns="", method=False, linear=True, out=False, grad_name="Normal")
def normal_drawn(drawn, mean, std):
    """`drawn`, a function of `mean` and `std` whose gradient is zero."""
    return drawn
