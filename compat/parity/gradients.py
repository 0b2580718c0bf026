"""First and second derivatives of a call in either library."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .calls import OURS, TORCH, Comparable, library_of
from .compare import kind
from .translate import leaves, to_torchlike


def cotangents(outs: list[Any], library: str, salt: int, requires_grad: bool) -> list[Any]:
    """Random tensors like `outs`, the same in both libraries."""
    made = []
    for i, given in enumerate(outs):
        sparse = str(given.layout) != "torch.strided"
        out = _values(given) if sparse else given
        draw = np.random.default_rng([salt, i])
        numbers = draw.uniform(-1, 1, tuple(out.shape))
        if kind(out).startswith("complex"):
            numbers = numbers + 1j * draw.uniform(-1, 1, tuple(out.shape))
        cotangent = torch.tensor(numbers).to(getattr(torch, kind(out)))
        cotangent = cotangent if library == TORCH else to_torchlike(cotangent)
        cotangent = _with_values(given, cotangent, library_of(library)) if sparse else cotangent
        made.append(cotangent.requires_grad_(requires_grad))
    return made


def _values(sparse: Any) -> Any:
    return sparse._values() if str(sparse.layout) == "torch.sparse_coo" else sparse.values()


def _with_values(sparse: Any, values: Any, module: Any) -> Any:
    """A sparse tensor with the places of another."""
    if str(sparse.layout) == "torch.sparse_coo":
        return module.sparse_coo_tensor(sparse._indices().detach(), values, sparse.shape, is_coalesced=sparse.is_coalesced())
    return module.sparse_csr_tensor(sparse.crow_indices(), sparse.col_indices(), values, sparse.shape)


def _differentiate(call: Comparable, library: str, create_graph: bool) -> tuple[list[Any], list[Any], list[Any]] | None:
    """`(gradients, leaves, cotangents)`, or None where no result needs a gradient."""
    module = library_of(library)
    of, out = call.differentiable(library)
    outs = [x for x in leaves(out, module.Tensor) if x.requires_grad]
    if not outs or not of:
        return None
    given = cotangents(outs, library, 11, create_graph)
    return list(module.autograd.grad(outs, of, given, allow_unused=True, create_graph=create_graph)), of, given


def first_order(call: Comparable, library: str) -> list[Any] | None:
    found = _differentiate(call, library, False)
    return None if found is None else found[0]


def second_order(call: Comparable, library: str) -> list[Any] | None:
    """Gradients of the gradients, with respect to arguments and cotangents.

    What torch's gradients do not depend on (they need no gradient there) is left out on both sides; None where nothing is left.
    """
    found = _differentiate(call, library, True)
    if found is None:
        return None
    gradients, of, given = found
    smooth = _smooth(call) if library == OURS else [g is not None and g.requires_grad for g in gradients]
    chosen = [g for g, wanted in zip(gradients, smooth, strict=True) if wanted and g is not None and g.requires_grad]
    if not chosen:
        return None
    again = cotangents(chosen, library, 13, False)
    return list(library_of(library).autograd.grad(chosen, [*of, *given], again, allow_unused=True))


def _smooth(call: Comparable) -> list[bool]:
    """Which of torch's gradients can be differentiated again."""
    found = _differentiate(call, TORCH, True)
    return [] if found is None else [g is not None and g.requires_grad for g in found[0]]
