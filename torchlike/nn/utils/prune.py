"""Pruning: parameters times masks of zeros and ones, chosen by size, at random or by hand.

A pruned `weight` is an attribute, computed before each forward from the parameter `weight_orig` and the buffer `weight_mask`.
At the same seed the masks are torch's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from torchlike.nn.modules.module import Module
from torchlike.nn.utils.convert_parameters import parameters_to_vector
from torchlike.nn.utils.prune_checks import (
    _compute_norm,
    _compute_nparams_toprune,
    _validate_pruning_amount,
    _validate_pruning_amount_init,
    _validate_pruning_dim,
    _validate_structured_pruning,
)
from torchlike.tensor import Tensor, creation
from torchlike.tensor import functions as ops
from torchlike.tensor.random import rand

Amount = int | float


class BasePruningMethod(ABC):
    """A way to choose a mask; subclasses define `compute_mask` and `PRUNING_TYPE`, and it becomes a forward pre-hook.

    Attributes:
        PRUNING_TYPE: what it sees when a tensor is pruned again: "unstructured" the elements that are left, "structured"
            the channels (of its `dim`) that are left, "global" all.
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask of ones and zeros for a tensor with the importance `t`, of which `default_mask` is left so far."""

    def apply_mask(self, module: Module) -> Tensor:
        """The pruned tensor of the module."""
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask, original = (getattr(module, f"{self._tensor_name}_{part}") for part in ("mask", "orig"))
        return mask.to(original.dtype) * original

    @classmethod
    def apply(cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any) -> Any:
        """Prune `module.<name>`, on top of what has been pruned before.

        Args:
            importance_scores: decide instead of the parameter's own values; of its shape.
            args, kwargs: of the method.

        Returns:
            The hook: this method, or a `PruningContainer` of it and the earlier ones.
        """
        method = _on_top(module, name, cls(*args, **kwargs))
        again = isinstance(method, PruningContainer)
        original = getattr(module, name)
        scores = original if importance_scores is None else importance_scores
        if scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, "
                f"got {scores.shape} vs {original.shape}"
            )
        if again:
            default_mask = getattr(module, f"{name}_mask").detach().clone()
        else:
            module.register_parameter(f"{name}_orig", original)
            del module._parameters[name]
            default_mask = creation.ones_like(original)
        try:
            module.register_buffer(f"{name}_mask", method.compute_mask(scores, default_mask=default_mask))
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if not again:  # leave the module as it was
                module.register_parameter(name, getattr(module, f"{name}_orig"))
                del module._parameters[f"{name}_orig"]
            raise
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """`t` times the mask that this method chooses; no module is changed."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise AssertionError(f"importance_scores should have the same shape as tensor t, got {scores.shape} vs {t.shape}")
        default_mask = creation.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=default_mask)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor a parameter again: its zeros stay, and may be trained."""
        name = self._tensor_name
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original: Any = module._parameters.pop(f"{name}_orig")
        original.data = weight.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


def _on_top(module: Module, name: str, method: BasePruningMethod) -> BasePruningMethod:
    """`method`, joined to the one that prunes this tensor already, whose hook is taken off."""
    hooks = module._forward_pre_hooks
    earlier = [key for key, hook in hooks.items() if isinstance(hook, BasePruningMethod) and hook._tensor_name == name]
    if len(earlier) > 1:
        raise AssertionError(
            f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a PruningContainer."
        )
    method._tensor_name = name
    if not earlier:
        return method
    old: Any = hooks.pop(earlier[0])
    container = old if isinstance(old, PruningContainer) else PruningContainer(old)
    container.add_pruning_method(method)
    return container


class PruningContainer(BasePruningMethod):
    """Several methods for one tensor, in the order in which they were applied."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod | None) -> None:
        """Put a method at the end. Raises TypeError for another thing, ValueError where it prunes another tensor."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to PruningContainer "
                f"{self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask so far, and on what it leaves that of the last method."""
        method = self._pruning_methods[-1]
        left = _left(method, t, default_mask)
        part = method.compute_mask(t[left], default_mask=default_mask[left])
        mask = default_mask.to(t.dtype, copy=True)
        mask[left] = part.to(mask.dtype)
        return mask


def _left(method: Any, t: Any, mask: Any) -> Any:
    """The index of the part of a tensor that a further method sees."""
    whole = [slice(None)] * t.dim()
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    if method.PRUNING_TYPE == "structured":
        if not hasattr(method, "dim"):
            raise AttributeError('Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.')
        dim = method.dim + t.dim() if method.dim < 0 else method.dim
        if dim < 0:
            raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
        return _at(whole, dim, mask.sum(dim=[d for d in range(t.dim()) if d != dim]) != 0)
    if method.PRUNING_TYPE == "global":
        return tuple(whole)
    raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")


def _at(whole: list[Any], dim: int, index: Any) -> tuple:
    """`[:, ..., index, ..., :]`, the index at `dim`."""
    found = list(whole)
    found[dim] = index
    return tuple(found)


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
