"""Softmax over many classes, of which few are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from torchlike.nn import functional as F
from torchlike.nn.modules.container import ModuleList, Sequential
from torchlike.nn.modules.linear import Linear
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor
from torchlike.tensor import functions as ops

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-softmax by clusters of classes, the most frequent ones first (Grave et al., 2017).

    The head tells the classes below `cutoffs[0]` and the further clusters apart; each cluster has a narrow output of its own.
    Every cluster is computed for every example: which ones a batch needs would have to be read from its targets, and another
    program compiled for each such choice.

    Args:
        in_features: I. n_classes: C, in order of falling frequency.
        cutoffs: where the clusters begin, rising, within [1, C - 1].
        div_value: cluster i is as wide as `in_features / div_value ** i`.
        head_bias: whether the head has a bias.

    Shape:
        `(N, I)` and targets `(N,)` -> the target's log-probability `(N,)` and the mean loss; or without N.

    Raises:
        ValueError: for cutoffs that are not such numbers. RuntimeError: for shapes that do not fit, or a target out of range.
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0, head_bias: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        rising = all(a < b for a, b in pairwise(cutoffs))
        if not rising or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1 or any(int(c) != c for c in cutoffs):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is "
                "between 1 and n_classes-1"
            )
        where = {"device": device, "dtype": dtype}
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, **where)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs), 1):
            narrow = int(in_features // div_value**i)
            self.tail.append(
                Sequential(Linear(in_features, narrow, bias=False, **where), Linear(narrow, high - low, bias=False, **where))
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for layer in self.tail.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        if target_.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        alone = target_.dim() == 0
        if not alone and input_.size(0) != target_.size(0):
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input_.dim() != target_.dim() + 1:
            raise RuntimeError(
                f"{target_.dim()}D target tensor expects {target_.dim() + 1}D input tensors, "
                f"but found inputs with size {input_.size()}"
            )
        input, target = (input_.unsqueeze(0), target_.unsqueeze(0)) if alone else (input_, target_)
        self._check_targets(target)
        output = self.log_prob(input).gather(1, target.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if alone else output, loss)

    def _check_targets(self, target: Tensor) -> None:
        """Raises RuntimeError for a target that is no class, where the numbers are at hand without running anything."""
        array = target._read().array
        if array is None or not hasattr(array, "min") or target._read().aval.traced or not target.numel():
            return
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{low}, {high}] were found. "
            )

    def _get_full_log_prob(self, input: Tensor, head_output: Tensor) -> Tensor:
        head = F.log_softmax(head_output, dim=1)  # (N, shortlist + clusters)
        parts = [head[:, : self.shortlist_size]]
        for i, cluster in enumerate(self.tail):
            parts.append(F.log_softmax(cluster(input), dim=1) + head[:, self.shortlist_size + i].unsqueeze(1))
        return ops.cat(parts, 1)

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes: `(N, I)` -> `(N, C)`."""
        return self._get_full_log_prob(input, self.head(input))

    def predict(self, input: Tensor) -> Tensor:
        """The class that torch calls the best, `(N,)`: the head's where that is no cluster, else the most probable of all."""
        head_output = self.head(input)
        best = head_output.argmax(1)
        return ops.where(best < self.shortlist_size, best, self._get_full_log_prob(input, head_output).argmax(1))
