"""`torch.ops.aten`: the operators of torch's compiled library by their own names, over the functions that are here.

`aten.add`, `aten.add.default` and `aten.add.Tensor` are one and the same function here: the arguments decide. What is an
operator only, and no public function of torch's, stands in `operators`.
"""

from __future__ import annotations

from collections.abc import Callable as _Callable

from torchlike.aten.operators import OPERATORS as _OPERATORS
from torchlike.aten.packet import OpOverloadPacket as _Packet
from torchlike.base.errors import missing as _missing
from torchlike.nn import functional as _functional
from torchlike.tensor import Tensor as _Tensor
from torchlike.tensor import attach as _attach
from torchlike.tensor import functions as _rows

_WRITTEN = {**_attach.public_functions(), **_OPERATORS}
_ROWS = _attach.public_rows("torch")
_SPACES = {f"{space}_": _attach.namespace(space)[0] for space in ("linalg", "fft", "special")}
# Of nn.functional: what takes its arguments in the operator's order.
_FUNCTIONAL = frozenset(
    "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d avg_pool2d avg_pool3d gelu hardsigmoid hardswish hardtanh "
    "leaky_relu linear log_sigmoid max_pool2d_with_indices max_pool3d_with_indices mish one_hot pad relu6 "
    "scaled_dot_product_attention silu softplus".split()
)


def _find(name: str) -> _Callable | None:
    """torchlike's function of an operator's name: a function, or else a method of Tensor."""
    if name in _WRITTEN:
        return _WRITTEN[name]
    if name in _ROWS:
        return getattr(_rows, _ROWS[name])
    if name in _FUNCTIONAL:
        return getattr(_functional, name)
    for prefix, find in _SPACES.items():
        if name.startswith(prefix):
            return find(name.removeprefix(prefix))
    method = getattr(_Tensor, name, None)
    return method if callable(method) else None


def __getattr__(name: str) -> _Packet:
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.ops.aten' has no attribute {name!r}")
    function = _find(name)
    if function is None:
        raise _missing(f"torch.ops.aten.{name}")
    made = globals()[name] = _Packet(name, function)
    return made
