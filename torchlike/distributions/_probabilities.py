"""What the distributions that take `probs` or `logits` have in common."""

from __future__ import annotations

from typing import Any

from torchlike.distributions._torch import Size, Tensor
from torchlike.distributions.utils import broadcast_all, lazy_property, logits_to_probs, probs_to_logits


def only_one(probs: Any, logits: Any) -> None:
    """Raise ValueError unless exactly one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class Probabilities:
    """`probs` and `logits`, of which one is given and the other computed when it is first read.

    Attributes:
        _param: the one that was given.
        _binary: whether logits are log odds; otherwise they are log-probabilities in the last dimension.
    """

    _param: Tensor
    _binary = True

    def _take(self, probs: Any, logits: Any, *others: Any) -> tuple[Tensor, ...]:
        """Keep the one given, broadcast with `others`, which are returned."""
        only_one(probs, logits)
        *rest, param = broadcast_all(*others, logits if probs is None else probs)
        self._keep("logits" if probs is None else "probs", param)
        return tuple(rest)

    def _keep(self, name: str, param: Tensor) -> None:
        self.__dict__[name] = param
        self._param = param

    @lazy_property
    def logits(self) -> Tensor:
        """Logits of the probabilities."""
        return probs_to_logits(self.probs, is_binary=self._binary)

    @lazy_property
    def probs(self) -> Tensor:
        """Probabilities of the logits."""
        return logits_to_probs(self.logits, is_binary=self._binary)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._param.shape

    def _new(self, *args: Any, **kwargs: Any) -> Tensor:
        return self._param.new(*args, **kwargs)

    def _expand_param(self, new: Any) -> Any:
        """Let an expanded copy know which of its parameters was given."""
        new._param = new.__dict__["probs" if self._param is self.__dict__.get("probs") else "logits"]
        return new
