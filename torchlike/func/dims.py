"""Sizes that may change: `Dim`, and how `dynamic_shapes` says which they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torchlike.base.pytree import flatten
from torchlike.tensor import Tensor


class _Hint:
    """`Dim.AUTO`, `Dim.DYNAMIC` or `Dim.STATIC`."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"Dim.{self.name}"


class Dim:
    """A size with a name: dimensions with the same `Dim` have the same size.

    Args:
        min, max: what the size can be. Simple arithmetic with integers gives sizes that depend on this one: `2 * batch`.

    Attributes:
        AUTO, DYNAMIC, STATIC: in place of a `Dim`: symbolic if the model allows it, symbolic, fixed.

    >>> batch = Dim("batch", min=1, max=64)
    >>> 2 * batch + 1
    2*batch + 1
    """

    AUTO, DYNAMIC, STATIC = _Hint("AUTO"), _Hint("DYNAMIC"), _Hint("STATIC")

    def __init__(self, name: str, *, min: int | None = None, max: int | None = None):
        if not name.isidentifier():
            raise ValueError(f"a Dim's name has to be an identifier, got {name!r}")
        self.__name__ = name
        self.min, self.max = 0 if min is None else min, max
        if max is not None and max < self.min:
            raise ValueError(f"Dim {name}: max={max} is below min={self.min}")

    def __repr__(self) -> str:
        return self.__name__

    def __add__(self, other: int) -> _Derived:
        return _Derived(self, f"{self} + {other}" if other >= 0 else f"{self} - {-other}")

    def __sub__(self, other: int) -> _Derived:
        return self + -other

    def __mul__(self, other: int) -> _Derived:
        return _Derived(self, f"{other}*{self}")

    __rmul__ = __mul__

    @property
    def bounds(self) -> list[str]:
        """What is known of it, for `jax.export`. (A symbol is 1 at least in any case.)"""
        found = [f"{self} >= {self.min}"] if self.min > 1 else []
        return found + ([] if self.max is None else [f"{self} <= {self.max}"])


class _Derived(Dim):
    """A size that depends on another."""

    def __init__(self, root: Dim, text: str):
        self.root, self._text = root, text
        self.__name__ = text
        self.min, self.max = root.min, root.max

    def __repr__(self) -> str:
        return self._text

    @property
    def bounds(self) -> list[str]:
        return self.root.bounds

    def __mul__(self, other: int) -> _Derived:
        return _Derived(self.root, f"{other}*({self})")

    __rmul__ = __mul__


def dims(*names: str, min: int | None = None, max: int | None = None) -> tuple[Dim, ...]:
    """Several `Dim`s at once."""
    return tuple(Dim(name, min=min, max=max) for name in names)


class Found:
    """What `dynamic_shapes` says of each tensor among the inputs.

    Attributes:
        sizes: per tensor and dimension a number, or an expression of symbols.
        bounds: of the symbols.
        auto: whether a dimension is symbolic only if the model allows it.
        ranges: the symbols' bounds by name, (least, most or None).
    """

    def __init__(self) -> None:
        self.sizes: list[list[Any]] = []
        self.bounds: list[str] = []
        self.auto = False
        self.ranges: dict[str, tuple[int, int | None]] = {}
        self._seen: dict[str, int] = {}

    def add(self, tensor: Tensor, said: Any) -> None:
        """Take in what is said of one tensor: None, a dict of dimensions, or a sequence with one entry a dimension."""
        if said is None:
            said = {}
        if isinstance(said, (tuple, list)):
            if len(said) != tensor.ndim:
                raise ValueError(f"dynamic_shapes says {len(said)} sizes of a tensor with {tensor.ndim} dimensions: {said}")
            said = dict(enumerate(said))
        if not isinstance(said, Mapping):
            raise ValueError(f"dynamic_shapes has {said!r} where a tensor is: give None, a dict or a tuple of Dims")
        sizes: list[Any] = list(tensor.shape)
        for d, dim in said.items():
            sizes[d] = self._size(dim, tensor.shape[d], len(self.sizes), d % tensor.ndim)
        self.sizes.append(sizes)

    def _size(self, dim: Any, size: int, tensor: int, d: int) -> Any:
        if dim is None or dim is Dim.STATIC:
            return size
        if isinstance(dim, int):
            if dim != size:
                raise ValueError(f"dynamic_shapes says {dim} where the example has {size}")
            return size
        if dim is Dim.AUTO or dim is Dim.DYNAMIC:
            self.auto = self.auto or dim is Dim.AUTO
            return f"s{tensor}_{d}"
        if not isinstance(dim, Dim):
            raise ValueError(f"dynamic_shapes has {dim!r} where a Dim is expected")
        name = repr(dim)
        if self._seen.setdefault(name, size) != size:
            raise ValueError(f"{name} is {self._seen[name]} in one example and {size} in another")
        outside = size < dim.min or (dim.max is not None and size > dim.max)
        if outside and not isinstance(dim, _Derived):
            raise ValueError(f"the example has {size} for {name}, outside of min={dim.min}, max={dim.max}")
        self.bounds += [bound for bound in dim.bounds if bound not in self.bounds]
        root = dim.root if isinstance(dim, _Derived) else dim
        self.ranges[repr(root)] = (root.min, root.max)
        return name


def read(dynamic_shapes: Any, forward: Callable, args: tuple, kwargs: Mapping[str, Any]) -> Found:
    """`dynamic_shapes`, by argument name or in the order of the arguments, for each tensor among the inputs.

    Raises:
        ValueError: where it does not fit the inputs.
    """
    found = Found()
    said: list[tuple[Any, Any]] = []
    if dynamic_shapes is None:
        said = [(tree, None) for tree in (*args, *kwargs.values())]
    elif isinstance(dynamic_shapes, Mapping):
        bound = inspect.signature(forward).bind(*args, **kwargs).arguments
        by_name = {name: value for name, value in bound.items() if name != "kwargs"} | dict(bound.get("kwargs", {}))
        unknown = set(dynamic_shapes) - set(by_name)
        if unknown:
            raise ValueError(f"dynamic_shapes names {sorted(unknown)}, the inputs are {sorted(by_name)}")
        said = [(tree, dynamic_shapes.get(name)) for name, tree in by_name.items()]
    else:
        trees = (*args, *kwargs.values())
        if len(dynamic_shapes) != len(trees):
            raise ValueError(f"dynamic_shapes has {len(dynamic_shapes)} entries for {len(trees)} inputs")
        said = list(zip(trees, dynamic_shapes, strict=True))
    for tree, shapes in said:
        _walk(tree, shapes, found)
    return found


def _walk(tree: Any, said: Any, found: Found) -> None:
    if isinstance(tree, Tensor):
        found.add(tree, said)
    elif isinstance(tree, Mapping):
        for key, child in tree.items():
            _walk(child, None if said is None else said.get(key), found)
    elif isinstance(tree, (tuple, list)):
        below: Sequence[Any] = [None] * len(tree) if said is None else said
        for child, shapes in zip(tree, below, strict=True):
            _walk(child, shapes, found)
    elif any(isinstance(leaf, Tensor) for leaf in flatten(tree)[0]):
        raise ValueError(f"dynamic_shapes cannot look into a {type(tree).__name__}")
