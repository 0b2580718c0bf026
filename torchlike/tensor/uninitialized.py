"""Parameters and buffers whose shape is not known yet: what lazy modules hold until their first input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torchlike.engine.value import Value
from torchlike.tensor.creation import empty
from torchlike.tensor.parameter import Buffer, Parameter
from torchlike.tensor.tensor import Tensor

# What may be asked of such a tensor; it answers as the empty tensor that it holds meanwhile.
_ALLOWED = (
    "size", "copy_", "is_complex", "is_floating_point", "half", "float", "double", "char", "short", "int", "long", "cuda",
    "cpu", "to", "get_device",
)  # fmt: skip


class UninitializedTensorMixin:
    """A tensor that knows its dtype and device only, until `materialize` gives it a shape.

    Attributes:
        cls_to_become: the class that `materialize` turns it into.
    """

    cls_to_become: type[Tensor]
    _storage: Any
    _cached: Any
    _rg: bool

    def _hold(self: Any, placeholder: Tensor) -> None:
        # A view without links: whoever reads it comes past `_read`, at no cost to other tensors.
        self._storage, self._cached, self._view = placeholder._storage, placeholder._read(), ()

    def _read(self: Any) -> Value:
        name = type(self).__name__
        raise ValueError(
            "Attempted to use an uninitialized parameter in an operation. This error happens when you are using a "
            f"`LazyModule` or explicitly manipulating `torch.nn.parameter.{name}` objects. When using LazyModules Call "
            "`forward` with a dummy batch to initialize the parameters before calling torch functions"
        )

    def _alias(self: Any) -> Tensor:
        plain = object.__new__(Tensor)
        plain._storage = self._storage
        return plain

    def _become(self: Any, other: Tensor) -> None:
        self._hold(other)

    def materialize(self: Any, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Take a shape (and, if given, another device or dtype), with values that are not filled yet."""
        data = empty(shape, device=self.device if device is None else device, dtype=self.dtype if dtype is None else dtype)
        self.__class__ = self.cls_to_become
        self._become(data)

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
            "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
            "parameters before accessing their attributes."
        )

    @property
    def ndim(self: Any) -> int:
        return self._read().aval.ndim

    @property
    def is_leaf(self) -> bool:
        return True

    @property
    def grad_fn(self) -> None:
        return None

    @property
    def requires_grad(self) -> bool:
        return self._rg

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self._rg = bool(value)

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters before "
            "calling `module.share_memory()`."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self: Any, memo: dict) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self._rg, self.device, self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return type(self), (self._rg,)


def _allow(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        out = getattr(self._alias(), name)(*args, **kwargs)
        if isinstance(out, Tensor) and isinstance(self, UninitializedBuffer):  # `Module.to` puts it into the buffer's place
            return type(self)(self._rg, out.device, out.dtype, self.persistent)
        return out

    method.__name__ = name
    return method


for _name in _ALLOWED:
    setattr(UninitializedTensorMixin, _name, _allow(_name))


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]  # a shape that cannot be asked for
    """A parameter whose shape is not known yet; `materialize` turns it into a `Parameter`."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        self = object.__new__(cls)
        self._hold(empty(0, device=device, dtype=dtype))
        self._rg = bool(requires_grad)
        return self

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        pass


class UninitializedBuffer(UninitializedTensorMixin, Buffer):  # type: ignore[misc]  # likewise
    """A buffer whose shape is not known yet; `materialize` turns it into a `Tensor`."""

    cls_to_become = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True) -> Any:
        self = object.__new__(cls)
        self._hold(empty(0, device=device, dtype=dtype))
        self._rg, self.persistent = bool(requires_grad), persistent
        return self

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True) -> None:
        pass


def is_lazy(param: Any) -> bool:
    """Whether `param` is a tensor whose shape is not known yet."""
    return isinstance(param, UninitializedTensorMixin)
