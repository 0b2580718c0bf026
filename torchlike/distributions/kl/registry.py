"""The table of divergences by the classes of both distributions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from torchlike.distributions import _torch as torch
from torchlike.distributions._torch import Tensor
from torchlike.distributions.distribution import Distribution

_KL_REGISTRY: dict[tuple[type, type], Callable] = {}
_KL_MEMOIZE: dict[tuple[type, type], Callable] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Callable], Callable]:
    """Decorates a function of `(p, q)` as the divergence of two classes of distributions and their subclasses.

    Where several entries fit, the one nearest in p's classes is taken, and its being unlike that of q's warns. Raises TypeError
    for what is no class of distributions.

    >>> import torchlike as torch
    >>> d = torch.distributions
    >>> d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(1.0, 1.0))
    tensor(0.5000)
    """
    if not issubclass(type_p, Distribution):
        raise TypeError(f"Expected type_p to be a Distribution subclass but got {type_p}")
    if not issubclass(type_q, Distribution):
        raise TypeError(f"Expected type_q to be a Distribution subclass but got {type_q}")

    def register(fn: Callable) -> Callable:
        _KL_REGISTRY[type_p, type_q] = fn
        _KL_MEMOIZE.clear()
        return fn

    return register


def _nearest(type_p: type, type_q: type) -> Callable | None:
    """The entry for these classes, or for the nearest of those that they inherit from."""
    fits = [(p, q) for p, q in _KL_REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not fits:
        return None

    def steps(pair: tuple[type, type]) -> tuple[int, int]:
        return type_p.__mro__.index(pair[0]), type_q.__mro__.index(pair[1])

    left = min(fits, key=steps)
    right = min(fits, key=lambda pair: steps(pair)[::-1])
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please register_kl({left[0].__name__}, "
            f"{right[1].__name__})",
            RuntimeWarning,
            stacklevel=4,
        )
    return _KL_REGISTRY[left]


def kl_divergence(p: Any, q: Any) -> Tensor:
    """The divergence of `p` from `q`, the mean under p of `log p(x) - log q(x)`, of the batch shape of both.

    Raises:
        NotImplementedError: where no formula is registered for their classes.
    """
    pair = type(p), type(q)
    fn = _KL_MEMOIZE.get(pair)
    if fn is None:
        fn = _nearest(*pair)
        if fn is None:
            raise NotImplementedError(
                f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
            )
        _KL_MEMOIZE[pair] = fn
    return fn(p, q)


def infinite_like(tensor: Tensor) -> Tensor:
    """Infinity, in the shape of a tensor."""
    return torch.full_like(tensor, math.inf)
