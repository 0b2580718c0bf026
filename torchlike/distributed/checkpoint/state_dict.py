"""State dictionaries of models and optimizers whose parameters are in parts (torch.distributed.checkpoint.state_dict)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torchlike.autograd.grad_mode import no_grad
from torchlike.distributed.tensor._api import DTensor, part_of, whole
from torchlike.nn.modules.module import Module
from torchlike.tensor import Tensor, creation


@dataclass
class StateDictOptions:
    """`full_state_dict`: whole tensors, on every rank. `cpu_offload`: on the CPU. `strict`: as in `Module.load_state_dict`."""

    full_state_dict: bool = False
    cpu_offload: bool = False
    ignore_frozen_params: bool = False
    keep_submodule_prefixes: bool = True
    strict: bool = True
    broadcast_from_rank0: bool = False
    flatten_optimizer_state_dict: bool = False


def _shown(tensor: Any, options: StateDictOptions, like: Any = None) -> Any:
    if not isinstance(tensor, Tensor):
        return tensor
    part = part_of(tensor) or (part_of(like) if like is not None and tensor.shape == like.shape else None)
    if options.full_state_dict:
        if part is not None:
            tensor = whole(tensor, part)
        elif isinstance(tensor, DTensor):
            tensor = tensor.full_tensor()  # type: ignore[attr-defined]  # attached to tensors
    elif part is not None and part_of(tensor) is None:
        tensor._part = part
    return tensor.cpu() if options.cpu_offload else tensor


def _plain(name: str) -> str:
    """A parameter's name without the wrappers' own."""
    return name.removeprefix("module.")


def get_model_state_dict(model: Module, *, submodules: Any = None, options: StateDictOptions | None = None) -> dict[str, Any]:
    """The model's state, by the names it has without wrappers. Parts know of what they are parts (`full_tensor()`)."""
    chosen = options or StateDictOptions()
    own = dict(model.named_parameters())
    return {_plain(name): _shown(t, chosen, own.get(name)) for name, t in model.state_dict().items()}


@no_grad()
def set_model_state_dict(model: Module, model_state_dict: dict[str, Any], *, options: StateDictOptions | None = None) -> Any:
    """Load such a state; whole tensors are cut where the model's are."""
    chosen = options or StateDictOptions()
    own = dict(model.named_parameters())
    state = {}
    for name, tensor in model.state_dict().items():
        given = model_state_dict.get(_plain(name))
        if given is not None:
            state[name] = _cut(given, own.get(name, tensor))
    return model.load_state_dict(state, strict=chosen.strict)


def _cut(given: Any, like: Any) -> Any:
    part = part_of(like)
    if part is None or not isinstance(given, Tensor) or given.ndim != like.ndim or given.shape == like.shape:
        return given
    return part.of(given)


def _optimizers(found: Any) -> Iterable[Any]:
    return found if isinstance(found, (list, tuple)) else [found]


def get_optimizer_state_dict(
    model: Module, optimizers: Any, *, submodules: Any = None, options: StateDictOptions | None = None
) -> dict[str, Any]:
    """The optimizers' state by the parameters' names: `{"state": {name: ...}, "param_groups": [...]}`."""
    chosen = options or StateDictOptions()
    names = {id(p): _plain(n) for n, p in model.named_parameters()}
    state: dict[str, Any] = {}
    groups = []
    for optimizer in _optimizers(optimizers):
        for group in optimizer.param_groups:
            for p in group["params"]:
                if optimizer.state.get(p):
                    state[names[id(p)]] = {k: _shown(v, chosen, p) for k, v in dict(optimizer.state[p]).items()}
            groups.append({k: [names[id(p)] for p in v] if k == "params" else v for k, v in group.items()})
    return {"state": state, "param_groups": groups}


@no_grad()
def set_optimizer_state_dict(
    model: Module, optimizers: Any, optim_state_dict: dict[str, Any], *, options: StateDictOptions | None = None
) -> None:
    """Load such a state."""
    names = {id(p): _plain(n) for n, p in model.named_parameters()}
    groups = iter(optim_state_dict["param_groups"])
    for optimizer in _optimizers(optimizers):
        for group in optimizer.param_groups:
            group.update({k: v for k, v in next(groups).items() if k != "params"})
            for p in group["params"]:
                saved = optim_state_dict["state"].get(names[id(p)])
                if saved is not None:
                    optimizer.state[p].update({k: _placed(v, p) for k, v in saved.items()})


def _placed(value: Any, param: Tensor) -> Any:
    value = _cut(value, param)
    if isinstance(value, Tensor) and value.shape == param.shape and isinstance(param, DTensor) and part_of(param) is None:
        target = creation.zeros_like(param)
        target._become(value.detach())
        return target
    return value


def get_state_dict(
    model: Module, optimizers: Any, *, submodules: Any = None, options: StateDictOptions | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model's and the optimizers' state."""
    return get_model_state_dict(model, options=options), get_optimizer_state_dict(model, optimizers, options=options)


def set_state_dict(
    model: Module, optimizers: Any, *, model_state_dict: dict[str, Any], optim_state_dict: dict[str, Any],
    options: StateDictOptions | None = None,
) -> Any:  # fmt: skip
    """Load both."""
    found = set_model_state_dict(model, model_state_dict, options=options)
    set_optimizer_state_dict(model, optimizers, optim_state_dict, options=options)
    return found
