"""Methods that answer what a tensor is, and rarely used ones of torch's that act on single elements."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from torchlike.engine import dispatch
from torchlike.engine.value import host
from torchlike.ops.registry import OPS
from torchlike.tensor import conversion, methods, views
from torchlike.tensor.memory import set_
from torchlike.tensor.tensor import Tensor, attributes, bare

_NO_ORDER = "The tensor does not have unique dim order, or cannot map to exact one of the given memory formats."

# ---- what it is -----------------------------------------------------------------------------------------------


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape."""
    return tuple(input.shape) == tuple(other.shape)


def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero. Raises RuntimeError where there are more, or none."""
    return bool(input)


def is_conj(input: Tensor) -> bool:
    """Whether this is a view of the conjugate of what is stored."""
    turned = sum(link.op.name == "conj_view" for link in input._view or ())
    return input.dtype.is_complex and turned % 2 == 1


def is_neg(input: Tensor) -> bool:
    """Whether this is a view of the negative of what is stored."""
    return sum(link.op.name == "neg_view" for link in input._view or ()) % 2 == 1


def is_inference(input: Tensor) -> bool:
    """False: tensors made in inference mode are ordinary ones here."""
    return False


def is_distributed(input: Tensor) -> bool:
    return False


def _is_view(self: Tensor) -> bool:
    """Whether this shows (a part of) another tensor."""
    return self._view is not None and self._base is not None


def dim_order(self: Tensor, *, ambiguity_check: Any = False) -> tuple[int, ...]:
    """The dimensions from the outermost in memory to the innermost.

    Args:
        ambiguity_check: True, or memory formats: raise RuntimeError unless the order is the only one (of those).
    """
    shape, strides = tuple(self.shape), self.stride()
    if isinstance(ambiguity_check, (list, tuple)):
        if sum(f.holds(shape, strides) for f in ambiguity_check) != 1:
            raise RuntimeError(_NO_ORDER)
    elif ambiguity_check and (0 in shape or len(set(strides)) < len(strides)):
        raise RuntimeError(_NO_ORDER)
    return tuple(sorted(range(len(shape)), key=lambda d: -strides[d]))


# ---- element by element ---------------------------------------------------------------------------------------


def _by_element(self: Tensor, call: Callable, *others: Tensor) -> Tensor:
    if self.device.type != "cpu":
        raise TypeError("apply_, map_ and map2_ are only implemented on CPU tensors")
    if self._rg:
        raise RuntimeError("Can't call apply_(), map_() or map2_() on Variable that requires grad. Use var.detach() instead.")
    columns = [views.expand(other, self.shape)._read().numpy().reshape(-1).tolist() for other in (self, *others)]
    found = [call(*row) for row in zip(*columns, strict=True)]
    made = np.array(found, dtype=self.dtype.np).reshape(tuple(self.shape))
    return conversion.copy_(self, bare(host(made)))


def apply_(self: Tensor, callable: Callable) -> Tensor:
    """Each element replaced by `callable(element)`, one after the other in Python."""
    return _by_element(self, callable)


def map_(self: Tensor, tensor: Tensor, callable: Callable) -> Tensor:
    """Each element replaced by `callable(element, element of tensor)`."""
    return _by_element(self, callable, tensor)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable) -> Tensor:
    """Each element replaced by `callable(element, element of x, element of y)`."""
    return _by_element(self, callable, x, y)


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """The elements with equal indices overwritten with a number; with `wrap` again below, in a tall matrix.

    Raises:
        RuntimeError: for less than two dimensions, and for more unless all sizes are equal.
    """
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    self._check_writable()
    mask = np.zeros(tuple(self.shape), bool)
    if mask.size:
        np.fill_diagonal(mask, True, wrap)
    filled = dispatch.call(OPS["mask_into"], (self, bare(host(mask, self.device)), self.dtype.np.type(fill_value).item()))
    return self._write(filled)


# ---- the old and the odd --------------------------------------------------------------------------------------


def resize(self: Tensor, *sizes: Any) -> Tensor:
    """The same elements in another shape (deprecated in torch: `reshape`). Raises RuntimeError for another number of them."""
    warnings.warn("non-inplace resize is deprecated", stacklevel=2)
    return views.reshape(self, views.sizes(sizes))


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """The same elements in another tensor's shape (deprecated in torch: `reshape_as`)."""
    return resize(self, tensor.shape)


def reinforce(self: Tensor, reward: Any) -> None:
    """Removed from torch."""
    raise RuntimeError(
        "reinforce() was removed.\nUse torch.distributions instead.\nSee https://pytorch.org/docs/main/distributions.html"
    )


def __reversed__(self: Tensor) -> Any:
    """Reversed along the first dimension."""
    return self if not self.ndim else self.flip(0)


def __setstate__(self: Tensor, state: Any) -> None:
    """Take a state of torch's old pickles: `(storage, offset, size, stride[, requires_grad, ...])`, or a dict of attributes."""
    if isinstance(state, dict):
        attributes(self).update(state)
        return
    if self._node is not None:
        raise RuntimeError("__setstate__ can be only called on leaf Tensors")
    set_(self, *state[:4])
    if len(state) > 4 and isinstance(state[-2], bool):
        methods.requires_grad_(self, state[-2])


def as_subclass(self: Tensor, cls: type) -> Any:
    """This tensor as an instance of a subclass, with the same storage and history."""
    made = views.alias(self)
    return _of_class(cls, made, made._rg, made._node, made._nr)


def _make_subclass(cls: type, data: Tensor, require_grad: bool = False, *args: Any, **keywords: Any) -> Any:
    """An instance of a subclass of Tensor with the storage of `data` and no history."""
    return _of_class(cls, data.detach(), require_grad)


def _of_class(cls: type, source: Tensor, requires_grad: bool, node: Any = None, nr: int = 0) -> Any:
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise TypeError(f"Creating a Tensor subclass requires that the type is a subclass of Tensor, but got {cls!r}")
    out = object.__new__(cls)
    base = source._base
    out._become(source)
    out._base, out._rg, out._node, out._nr = base, bool(requires_grad), node, nr
    return out


def module_load(self: Tensor, other: Tensor, assign: bool = False) -> Tensor:
    """What `Module.load_state_dict` puts in this tensor's place: itself overwritten, or (`assign`) the other."""
    return other.detach() if assign else conversion.copy_(self, other).detach()


def record_stream(self: Tensor, stream: Any) -> None:
    """Nothing: XLA knows who still uses a buffer."""


_FALSE = (
    "is_ipu", "is_maia", "is_mkldnn", "is_mps", "is_mtia", "is_nested", "is_sparse_csr", "is_vulkan", "is_xla", "is_xpu",
    "volatile", "_has_symbolic_sizes_strides",
)  # fmt: skip
METHODS: dict[str, Any] = {
    f.__name__: f
    for f in (
        is_same_size, is_nonzero, is_conj, is_neg, is_inference, is_distributed, _is_view, dim_order, apply_, map_, map2_,
        fill_diagonal_, resize, resize_as, reinforce, __reversed__, __setstate__, as_subclass, module_load, record_stream,
    )
}  # fmt: skip
METHODS |= {
    "_make_subclass": staticmethod(_make_subclass),
    "const_data_ptr": methods.data_ptr,
    "mutable_data_ptr": methods.data_ptr,
    "_is_zerotensor": lambda self: False,
    "_is_all_true": lambda self: self.all(),
    "_is_any_true": lambda self: self.any(),
    "_conj": views.conj,
    "_neg_view": views.neg_view,
    "__nonzero__": methods.__bool__,
    "__long__": methods.__int__,
    "__array_priority__": 1000,
}
PROPERTIES: dict[str, Any] = {name: property(lambda self: False) for name in _FALSE}
PROPERTIES |= {
    "name": property(lambda self: None),
    "output_nr": property(lambda self: self._nr),
    "grad_dtype": property(lambda self: self.dtype),
    "_cdata": property(lambda self: id(self)),
    "_grad_fn": property(lambda self: self.grad_fn),
}
FUNCTIONS: dict[str, Callable] = {
    f.__name__: f for f in (is_same_size, is_nonzero, is_conj, is_neg, is_inference, is_distributed)
} | {"detach_": methods.detach_, "is_signed": methods.METHODS["is_signed"], "get_device": methods.METHODS["get_device"]}
