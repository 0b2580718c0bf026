"""The base class of all optimizers."""

from __future__ import annotations

import inspect
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import wraps
from itertools import chain
from typing import Any, ClassVar

from torchlike.autograd.grad_mode import enable_grad, set_grad_enabled
from torchlike.base.epoch import Epoch
from torchlike.engine import flush
from torchlike.optim.hooks import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torchlike.optim.state import CountedState
from torchlike.optim.stepping import Stepping
from torchlike.optim.to_optax import export
from torchlike.tensor import Tensor

__all__ = ["Optimizer", "ParamsT", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"]

ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer(Stepping):
    """Base class of all optimizers.

    A subclass either writes `step` with tensor operations, as in torch, or returns from `_update` the pure rule that all
    parameters of a group follow; the inherited `step` then updates a group in one recorded node.

    Args:
        params: an iterable of tensors, of `(name, tensor)` pairs or of dictionaries, each a parameter group.
        defaults: the options of groups that do not name them.

    Raises:
        TypeError, ValueError: where a parameter is no leaf tensor, appears twice, or the list is empty.
    """

    elementwise: ClassVar[bool] = True  # an element's update depends on that element alone
    absent: ClassVar[dict[str, Any]] = {}  # options that states saved by older torch versions lack

    def __init__(self, params: Iterable, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {_typename(params)}"
            )
        flush()  # what made the parameters is no part of the first step, which is then the same program as the second
        self.defaults = defaults
        self._prepare()
        self.state = self._empty_state()
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def _empty_state(self) -> defaultdict:
        return defaultdict(CountedState if self.counted else dict)

    def _prepare(self) -> None:
        self._prepare_hooks()
        cls = type(self)
        if not getattr(cls.step, "hooked", None):
            hooked: Any = self.profile_hook_step(cls.step)
            hooked.hooked = True
            setattr(cls, "step", hooked)  # noqa: B010 - an assignment would be to a method

    # ------------------------------------------------------------------ a step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: reevaluates the model and returns the loss; called first, with gradients enabled.

        Returns:
            What the closure returned.
        """
        cls = type(self)
        if cls._update is Stepping._update and cls._update_group is Stepping._update_group:
            raise NotImplementedError
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if not self.defaults.get("differentiable"):
            for group in self.param_groups:
                self._update_group(group)
        else:
            with enable_grad():
                for group in self.param_groups:
                    self._update_group(group)
        return loss

    def _can_skip(self) -> bool:
        """Whether `step` leaves everything as it is where `found_inf` is not nought, without reading it on the host.

        So do optimizers whose rule is a pure function and that know nothing else of the past than the state of their
        parameters and its "step": not LBFGS, not a `step` of one's own, not sparse gradients.
        """
        cls = type(self)
        return (
            inspect.unwrap(cls.step) is inspect.unwrap(Optimizer.step)
            and cls._update_group is Stepping._update_group
            and not any(group.get("differentiable") for group in self.param_groups)
            and (self.counted or not any(self._update(group).steps for group in self.param_groups))
            and not any(
                param.grad is not None and param.grad._view is not None and param.grad.is_sparse
                for group in self.param_groups
                for param in group["params"]
            )
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero if `set_to_none` is False."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    param.grad.detach_().zero_()

    # ------------------------------------------------------------------ groups

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, for example layers that are unfrozen as training goes on.

        Args:
            param_group: `params` (a tensor, or an ordered collection of tensors or `(name, tensor)` pairs) and options;
                the optimizer's defaults stand for those that are missing. It is completed in place.

        Raises:
            TypeError, ValueError: where a parameter is no leaf tensor or appears in another group.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _split_names(param_group["params"])
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for param in params:
            self._check_parameter(param)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        unique = set(params)
        if len(unique) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                kind = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    f"all optimizer param groups should be with/without names. cannot add param group {kind} to the optimizer"
                )
            if not unique.isdisjoint(group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)
        Epoch.now += 1

    @staticmethod
    def _group_tensors_by_device_and_dtype(tensorlistlist: list[list[Any]], with_indices: bool = False) -> dict[tuple, tuple]:
        """Lists of tensors (parameters, gradients, states) in groups of one device and dtype, those of the first list's.

        Returns:
            By device and dtype the same lists, shorter, and (with `with_indices`) where their elements stood.
        """
        found: dict[tuple, tuple] = {}
        for i, tensors in enumerate(zip(*tensorlistlist, strict=True)):
            key = tensors[0].device, tensors[0].dtype
            lists, places = found.setdefault(key, ([[] for _ in tensorlistlist], []))
            for group, tensor in zip(lists, tensors, strict=True):
                group.append(tensor)
            places += [i] * with_indices
        return found

    def _check_parameter(self, param: Any) -> None:
        if not isinstance(param, Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_typename(param)}")
        part = param._part or getattr(param, "_spec", None)
        if not self.elementwise and part is not None and part.cuts:
            raise NotImplementedError(
                f"torchlike has no {type(self).__name__} for parameters of which others have parts: it needs whole ones"
            )
        if not (self.defaults.get("differentiable") or param.is_leaf or param.retains_grad):
            raise ValueError("can't optimize a non-leaf Tensor")

    # ------------------------------------------------------------------ to JAX

    def to_optax(self) -> tuple[Any, Any]:
        """The next steps as an optax transformation, with the state that this optimizer has now.

        Returns:
            `(transformation, state)`: `updates, state = transformation.update(grads, state, params)` with arrays in a list in
            the order of this optimizer's parameters, or in a dictionary by name where it was given named parameters. Numbers
            such as the learning rate are in `state.hyperparams`, a dictionary per parameter group, and may be replaced.

        Raises:
            NotImplementedError: for optimizers that are no pure function of a gradient (LBFGS, your own `step`, sparse ones).
        """
        return export(self)

    # ------------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Any]:
        """The state as a dictionary in torch's format.

        Returns:
            `state`, from the parameters' running numbers to their state, and `param_groups`, in which `params` lists those
            numbers. Tensors are the optimizer's own, not copies.
        """
        for pre_hook in self._optimizer_state_dict_pre_hooks.values():
            pre_hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers.setdefault(id(param), len(numbers)) for param in group["params"]]
            groups.append(packed)
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value.copy() if isinstance(value, CountedState) else value
            for key, value in self.state.items()
        }
        result = {"state": state, "param_groups": groups}
        for post_hook in self._optimizer_state_dict_post_hooks.values():
            replaced = post_hook(self, result)
            if replaced is not None:
                result = replaced
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a state that `state_dict` gave, of this library or of torch.

        Tensors are cast to their parameter's dtype and device, except "step".

        Raises:
            ValueError: if the groups differ in number or size.
        """
        state_dict = state_dict.copy()
        for pre_hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = pre_hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        groups, saved = self.param_groups, deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(old["params"]) != len(new["params"]) for old, new in zip(groups, saved, strict=True)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        ids = chain.from_iterable(group["params"] for group in saved)
        own = chain.from_iterable(group["params"] for group in groups)
        by_id = dict(zip(ids, own, strict=True))
        state = self._empty_state()
        for key, value in state_dict["state"].items():
            if key in by_id:
                state[by_id[key]] = self._adapt(by_id[key], value)
            else:
                state[key] = value
        for old, new in zip(groups, saved, strict=True):
            new["params"] = old["params"]
            if "param_names" in old:
                new.setdefault("param_names", old["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for load_hook in self._optimizer_load_state_dict_post_hooks.values():
            load_hook(self)

    def _adapt(self, param: Tensor, value: Any) -> Any:
        entry = _cast(param, value)
        return CountedState(entry) if self.counted and isinstance(entry, dict) else entry

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        Epoch.now += 1
        self._prepare()
        self.defaults.setdefault("differentiable", False)
        for group in self.param_groups:
            for name, value in self.absent.items():
                group.setdefault(name, value)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.extend(([""] if i else []) + [f"Parameter Group {i}"])
            lines.extend(f"    {key}: {group[key]}" for key in sorted(group) if key != "params")
        return "\n".join([*lines, ")"])


# What optimizers written for torch import from here.


def _use_grad_for_differentiable(step: Callable) -> Callable:
    """`step` with gradients recorded only where the optimizer was made with `differentiable=True`."""

    @wraps(step)
    def wrapper(self: Optimizer, *args: Any, **keywords: Any) -> Any:
        with set_grad_enabled(bool(self.defaults.get("differentiable"))):
            return step(self, *args, **keywords)

    return wrapper


def _get_value(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


def _get_capturable_supported_devices(supports_xla: bool = True) -> list[str]:
    """The devices on which torch's optimizers may be captured as a graph; here every step is."""
    return ["cuda", "xpu", "hpu", "privateuseone", *["xla"] * supports_xla]


def _to_scalar(value: Any) -> Any:
    return value.squeeze() if isinstance(value, Tensor) and value.ndim else value


def _split_names(params: Any) -> tuple[list, list[str]]:
    if isinstance(params, Tensor):
        return [params], []
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
            "change between runs. Please use a list instead."
        )
    params = list(params)
    names = [param[0] for param in params if isinstance(param, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [param[1] for param in params] if names else params, names


def _cast(param: Tensor, value: Any, key: Any = None) -> Any:
    """A loaded state in the dtype and on the device of its parameter; "step" is left alone."""
    if isinstance(value, Tensor):
        if key == "step":
            return value
        return value.to(dtype=param.dtype, device=param.device) if param.is_floating_point() else value.to(device=param.device)
    if isinstance(value, dict):
        return {name: _cast(param, item, name) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        kind: Any = type(value)
        return kind(_cast(param, item) for item in value)
    return value


def _typename(value: Any) -> str:
    if isinstance(value, Tensor):
        return value.type()
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


# What optimizers of other libraries import from here.
_params_t = ParamsT


def _default_to_fused_or_foreach(params: Any, differentiable: bool, use_fused: bool = False) -> tuple[bool, bool]:
    """Neither: every parameter is updated in one recorded node as it is."""
    return False, False
