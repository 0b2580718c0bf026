"""Pruning: parameters times masks of zeros and ones, chosen by size, at random or by hand.

A pruned `weight` is an attribute, computed before each forward from the parameter `weight_orig` and the buffer `weight_mask`.
At the same seed the masks are torch's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchlike.nn.modules.module import Module
from torchlike.nn.utils.convert_parameters import parameters_to_vector
from torchlike.nn.utils.prune_base import BasePruningMethod, PruningContainer, _at
from torchlike.nn.utils.prune_checks import (
    _compute_norm,
    _compute_nparams_toprune,
    _validate_pruning_amount,
    _validate_pruning_amount_init,
    _validate_pruning_dim,
    _validate_structured_pruning,
)
from torchlike.tensor import creation
from torchlike.tensor import functions as ops
from torchlike.tensor.random import rand

Amount = int | float

# ---- the methods -----------------------------------------------------------------------------------------------


class Identity(BasePruningMethod):
    """Prunes nothing: the mask is all ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        return default_mask

    @classmethod
    def apply(cls, module: Module, name: str) -> Any:  # type: ignore[override]  # torch's signature
        return super().apply(module, name)


class _Some(BasePruningMethod):
    """What is pruned by an amount: a share between 0 and 1, or a number of elements or channels."""

    def __init__(self, amount: Amount) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def _count(self, size: int) -> int:
        """How many of `size` are pruned. Raises ValueError where there are not so many."""
        count = _compute_nparams_toprune(self.amount, size)
        _validate_pruning_amount(count, size)
        return count


class RandomUnstructured(_Some):
    """Prunes `amount` of the elements at random."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        count = self._count(t.numel())
        return _without(default_mask, lambda: ops.topk(rand(t.numel(), dtype=t.dtype, device=t.device), k=count)[1], count)

    @classmethod
    def apply(cls, module: Module, name: str, amount: Amount) -> Any:  # type: ignore[override]  # torch's signature
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Some):
    """Prunes `amount` of the elements, those of the smallest absolute value."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        count = self._count(t.numel())
        return _without(default_mask, lambda: ops.topk(ops.abs(t).view(-1), k=count, largest=False)[1], count)

    @classmethod
    def apply(cls, module: Module, name: str, amount: Amount, importance_scores: Any = None) -> Any:  # type: ignore[override]  # likewise
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


def _without(mask: Any, choose: Any, count: int) -> Any:
    """A copy of `mask` with zeros at the flat places that `choose` gives."""
    mask = mask.clone()
    if count:
        mask.view(-1)[choose()] = 0
    return mask


class RandomStructured(_Some):
    """Prunes `amount` of the channels along `dim` at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Amount, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        _validate_structured_pruning(t)
        _validate_pruning_dim(t, self.dim)
        channels = t.shape[self.dim]
        count = self._count(channels)
        if not count:
            return default_mask
        chance = rand(channels)
        return _channels(t, self.dim, chance > ops.kthvalue(chance, k=count)[0], default_mask)

    @classmethod
    def apply(cls, module: Module, name: str, amount: Amount, dim: int = -1) -> Any:  # type: ignore[override]  # likewise
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Some):
    """Prunes `amount` of the channels along `dim`, those of the smallest `n`-norm."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Amount, n: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        _validate_structured_pruning(t)
        _validate_pruning_dim(t, self.dim)
        channels = t.shape[self.dim]
        count = self._count(channels)
        norms = _compute_norm(t, self.n, self.dim)
        kept = ops.topk(norms, k=channels - count, largest=True)[1]
        return _channels(t, self.dim, kept, default_mask) if count else default_mask

    @classmethod
    def apply(  # type: ignore[override]  # likewise
        cls, module: Module, name: str, amount: Amount, n: Any, dim: int, importance_scores: Any = None
    ) -> Any:
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)


def _channels(t: Any, dim: int, kept: Any, default_mask: Any) -> Any:
    """Ones at the channels `kept` along `dim`, as far as `default_mask` leaves them."""
    mask = creation.zeros_like(t)
    mask[_at([slice(None)] * t.dim(), dim, kept)] = 1
    return mask * default_mask.to(mask.dtype)


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}")
        return default_mask * self.mask.to(default_mask.dtype)

    @classmethod
    def apply(cls, module: Module, name: str, mask: Any) -> Any:  # type: ignore[override]  # likewise
        return super().apply(module, name, mask=mask)


# ---- the functions ---------------------------------------------------------------------------------------------


def identity(module: Module, name: str) -> Module:
    """Prune nothing of `module.<name>`, but give it mask and hook."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: Amount) -> Module:
    """Prune `amount` (a share, or a number) of the elements of `module.<name>` at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: Amount, importance_scores: Any = None) -> Module:
    """Prune `amount` (a share, or a number) of the elements of `module.<name>`, the smallest ones."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: Amount, dim: int) -> Module:
    """Prune `amount` (a share, or a number) of the channels along `dim` of `module.<name>` at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: Module, name: str, amount: Amount, n: Any, dim: int, importance_scores: Any = None) -> Module:
    """Prune `amount` (a share, or a number) of the channels along `dim` of `module.<name>`, those of smallest `n`-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Prune `module.<name>` by a mask of its shape."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: type[BasePruningMethod], importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several tensors as if they were one.

    Args:
        parameters: (module, name) pairs.
        pruning_method: a method of type "unstructured"; kwargs: its arguments.
        importance_scores: (module, name) -> a tensor that decides instead of the parameter's own values.

    Raises:
        TypeError: for arguments of other kinds and methods of other types.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    importance_scores = {} if importance_scores is None else importance_scores
    if not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = [(module, name, getattr(module, name)) for module, name in parameters]
    scores = parameters_to_vector([importance_scores.get((module, name), tensor) for module, name, tensor in pairs])
    masks = [getattr(module, f"{name}_mask", creation.ones_like(tensor)) for module, name, tensor in pairs]
    container = PruningContainer()
    method = pruning_method(**kwargs)
    container._tensor_name = method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
            f"Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
    container.add_pruning_method(method)
    final = container.compute_mask(scores, parameters_to_vector(masks))
    at = 0
    for module, name, tensor in pairs:
        custom_from_mask(module, name, mask=final[at : at + tensor.numel()].view_as(tensor))
        at += tensor.numel()


def remove(module: Module, name: str) -> Module:
    """Make the pruned `module.<name>` a parameter again, zeros included. Raises ValueError where it is not pruned."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module: Module) -> bool:
    """Whether something in the module, or below it, is pruned."""
    return any(isinstance(hook, BasePruningMethod) for below in module.modules() for hook in below._forward_pre_hooks.values())
