"""Models by name, and the enumerations of their published weights."""

from __future__ import annotations

import enum
import fnmatch
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torchlike.hub import load_state_dict_from_url
from torchlike.nn import Module

__all__ = [
    "Weights", "WeightsEnum", "get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models",
    "register_model",
]  # fmt: skip


@dataclass
class Weights:
    """Where weights are published, the transforms they expect, and what is known of them."""

    url: str
    transforms: Callable
    meta: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Weights) and self.url == other.url

    def __hash__(self) -> int:
        return hash(self.url)


class WeightsEnum(enum.Enum):
    """The published weights of one model. A member's `url`, `transforms` and `meta` are those of its value."""

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """A member from a member or its name; None stays. Raises TypeError for another model's."""
        if obj is None or isinstance(obj, cls):
            return obj
        if isinstance(obj, str):
            return cls[obj.replace(cls.__name__ + ".", "")]
        raise TypeError(f"Invalid Weight class provided; expected {cls.__name__} but received {type(obj).__name__}.")

    def get_state_dict(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """The weights, from the folder of downloads (torch.hub.get_dir) or the network."""
        return load_state_dict_from_url(self.url, *args, **kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    @property
    def url(self) -> str:
        return self.value.url

    @property
    def transforms(self) -> Callable:
        return self.value.transforms

    @property
    def meta(self) -> dict[str, Any]:
        return self.value.meta


BUILDERS: dict[str, Callable[..., Module]] = {}
_WEIGHTS_OF: dict[str, type[WeightsEnum]] = {}


def register_model(name: str | None = None) -> Callable[[Callable], Callable]:
    """A decorator that lists a function which makes a model. Raises ValueError for a name that is taken."""

    def register(fn: Callable) -> Callable:
        key = fn.__name__ if name is None else name
        if key in BUILDERS:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        BUILDERS[key] = fn
        return fn

    return register


def list_models(module: ModuleType | None = None, include: Any = None, exclude: Any = None) -> list[str]:
    """The names of the models, sorted.

    Args:
        module: only those that a module has. include, exclude: patterns as of file names, one or several.
    """
    names = set(BUILDERS)
    if module is not None:
        names &= {name for name in vars(module) if vars(module)[name] is BUILDERS.get(name)}
    if include:
        names = _matching(names, include)
    if exclude:
        names -= _matching(names, exclude)
    return sorted(names)


def _matching(names: Iterable[str], patterns: Any) -> set[str]:
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return {name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}


def get_model_builder(name: str) -> Callable[..., Module]:
    """The function that makes a model. Raises ValueError for an unknown name."""
    key = name.lower()
    if key not in BUILDERS:
        raise ValueError(f"Unknown model {key}")
    return BUILDERS[key]


def get_model(name: str, **config: Any) -> Module:
    """The model of this name, made with these arguments. Raises ValueError for an unknown name."""
    return get_model_builder(name)(**config)


def get_model_weights(name: Callable | str) -> type[WeightsEnum]:
    """The enumeration of a model's published weights."""
    builder = get_model_builder(name) if isinstance(name, str) else name
    return _WEIGHTS_OF[builder.__name__]


def get_weight(name: str) -> WeightsEnum:
    """Published weights by a name such as "ResNet50_Weights.IMAGENET1K_V1". Raises ValueError for an unknown one."""
    if "." not in name:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    enum_name, member = name.split(".")
    for found in _WEIGHTS_OF.values():
        if found.__name__ == enum_name:
            return found[member]
    raise ValueError(f"The weight enum '{enum_name}' for the specific method couldn't be retrieved.")


# ---- families ---------------------------------------------------------------------------------------------------

Build = Callable[..., Module]
Adapt = Callable[[Any, dict[str, Any]], Callable[[Module], None] | None]


def family(
    namespace: dict[str, Any],
    enums: Mapping[str, type[WeightsEnum]],
    table: Mapping[str, tuple[str, Build]],
    adapt: Adapt | None = None,
) -> None:
    """Put a family's models and weights into its module.

    Args:
        table: by the model's name: its enumeration of weights, and what makes the model without weights.
        adapt: is given published weights (or None) and the keyword arguments, which it may change, before the model is made;
            what it returns is called with the model when its weights are in.
    """
    listed = namespace.setdefault("__all__", [])
    for name, (enum_name, build) in table.items():
        weights = enums[enum_name]
        namespace[name] = register_model(name)(_builder(name, weights, build, adapt, namespace["__name__"]))
        namespace[enum_name] = _WEIGHTS_OF[name] = weights
        weights.__module__ = namespace["__name__"]
        listed += [name, enum_name]


def _builder(name: str, enum_of: type[WeightsEnum], build: Build, adapt: Adapt | None, module: str) -> Callable[..., Module]:
    def make(weights: Any = None, progress: bool = True, **kwargs: Any) -> Module:
        weights = chosen(enum_of, weights, kwargs)
        if weights is not None:
            fixed(kwargs, "num_classes", len(weights.meta["categories"]))
        finish = adapt(weights, kwargs) if adapt is not None else None
        model = build(**kwargs)
        if weights is not None:
            model.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))
        if finish is not None:
            finish(model)
        return model

    make.__name__ = make.__qualname__ = name
    make.__module__ = module
    make.__doc__ = f"""The model {name}, with fresh weights or those published as `{enum_of.__name__}`.

    Args:
        weights: a member of `{enum_of.__name__}`, its name, or None.
        progress: whether a download shows its progress.
        kwargs: further arguments of the model's class, `num_classes` for one.
    """
    return make


def chosen(enum_of: type[WeightsEnum], weights: Any, kwargs: dict[str, Any]) -> WeightsEnum | None:
    """The weights asked for, also in the old way (`pretrained=True`)."""
    if isinstance(weights, bool):  # the old argument, given by position
        kwargs.setdefault("pretrained", weights)
        weights = None
    if "pretrained" in kwargs:
        pretrained = kwargs.pop("pretrained")
        warnings.warn(
            "The parameter 'pretrained' is deprecated since 0.13 and may be removed in the future, please use 'weights' "
            "instead.",
            stacklevel=4,
        )
        weights = weights or (next(iter(enum_of)) if pretrained else None)
    return enum_of.verify(weights)


def fixed(kwargs: dict[str, Any], name: str, value: Any) -> None:
    """An argument that published weights fix. Raises ValueError where another value was given."""
    if kwargs.setdefault(name, value) != value:
        raise ValueError(f"The parameter '{name}' expected value {value} but got {kwargs[name]} instead.")
