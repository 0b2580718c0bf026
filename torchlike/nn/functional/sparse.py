"""Embeddings and one-hot vectors."""

from __future__ import annotations

from torchlike.autograd.grad_mode import no_grad
from torchlike.tensor import functions as ops


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of `weight` `(V, D)` that `input` `(*)` names: `(*, D)`.

    Args:
        padding_idx: a row that gets no gradient.
        max_norm: rows used whose `norm_type`-norm is larger are scaled down in `weight` itself.
        scale_grad_by_freq: divide each row's gradient by how often it is used in `input`.
        sparse: has no effect, gradients are dense.

    An index outside the table gives NaN (torch raises IndexError): values are not looked at when a call is recorded.
    """
    if max_norm is not None:
        with no_grad():
            ops.embedding_renorm_(weight, input, max_norm, norm_type)
    return ops.embedding(weight, input, padding_idx, scale_grad_by_freq)


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """The sum, mean or maximum of the rows in each bag: the rows of `(B, L)` input, or pieces that start at `offsets`.

    Raises:
        ValueError: offsets that are missing, or given beside an input of two dimensions.
    """
    if max_norm is not None:
        with no_grad():
            ops.embedding_renorm_(weight, input, max_norm, norm_type)
    return ops.embedding_bag(
        weight, input, offsets, per_sample_weights, mode, include_last_offset, padding_idx, scale_grad_by_freq
    )


def one_hot(tensor, num_classes=-1):
    """`(*)` class indices (int64) -> `(*, num_classes)` of 0 and 1, int64.

    Without `num_classes` the largest index decides, which runs what is pending to look at it. With it, a class out of
    range gives zeros (torch raises).

    Raises:
        RuntimeError: not int64; a negative class, or nothing to infer the number of classes from.
    """
    if num_classes == -1:
        if not tensor.numel():
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        if tensor.min().item() < 0:
            raise RuntimeError("Class values must be non-negative.")
        num_classes = int(tensor.max().item()) + 1
    return ops.one_hot(tensor, num_classes)
