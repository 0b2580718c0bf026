"""Modules as functions: one call with other parameters, many models as one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torchlike.base.pytree import tree_map
from torchlike.nn.modules.batchnorm import _BatchNorm
from torchlike.nn.modules.module import Module
from torchlike.nn.utils.stateless import functional_call
from torchlike.tensor.functions import stack
from torchlike.tensor.tensor import Tensor

__all__ = ["debug_unwrap", "functional_call", "functionalize", "replace_all_batch_norm_modules_", "stack_module_state"]


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of models of one class, stacked along a new first dimension, for `vmap`.

    The stacked parameters are leaves that require grad where the models' do.

    Raises:
        RuntimeError: where there are no models, or their classes or training modes differ.
    """
    if len(models) == 0:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = _stacked([dict(m.named_parameters()) for m in models])
    buffers = _stacked([dict(m.named_buffers()) for m in models])
    return parameters, buffers


def _stacked(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    found = {}
    for name in states[0]:
        each = [state[name] for state in states]
        if len({t.requires_grad for t in each}) > 1:
            raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
        found[name] = stack([t.detach() for t in each]).requires_grad_(each[0].requires_grad)
    return found


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Take the running statistics out of every batch normalization in `root`, in place, and return it.

    `vmap` cannot write one example's statistics into a buffer that all share.
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = None
            module.running_var = None
            module.num_batches_tracked = None
            module.track_running_stats = False
    return root


def functionalize(func: Callable, *, remove: str = "mutations") -> Callable:
    """`func` itself: what is recorded has no mutations and no views in any case.

    Raises:
        RuntimeError: for a `remove` that torch does not know.
    """
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their "
            "out-of-place equivalents.\n     remove='mutations_and_views': In addition to the above, all aliasing operators "
            "{view} will be replaced with their non-aliasing counterparts, {view}_copy.\n"
        )
    return func


def debug_unwrap(tensor: Tensor, *, recurse: bool = True) -> Tensor:
    """The tensor behind the wrappers of transforms. There are no wrappers here: it comes back itself."""
    return tree_map(lambda leaf: leaf, tensor)
