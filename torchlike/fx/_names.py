"""How functions and types are written in a graph's text: by torch's names."""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Callable
from importlib import import_module
from typing import Any

from torchlike import _interpose

# torch has these in its compiled library and writes them so.
_NN = frozenset(
    "avg_pool2d avg_pool3d elu_ gelu hardtanh_ leaky_relu_ linear logsigmoid one_hot scaled_dot_product_attention softplus "
    "softshrink".split()
)
# These it has in Python, apart from the others.
FUNCTIONAL = frozenset(
    "atleast_1d atleast_2d atleast_3d align_tensors block_diag broadcast_shapes broadcast_tensors cartesian_prod cdist "
    "chain_matmul einsum istft lu meshgrid norm split stft tensordot unique unique_consecutive unravel_index".split()
)
# Names of nn.functional that torch takes as they are called, since they are compiled; the others are written out with defaults.
_COMPILED = _NN | frozenset(
    "adaptive_avg_pool1d avg_pool1d bilinear celu_ channel_shuffle conv1d conv2d conv3d conv_tbc conv_transpose1d "
    "conv_transpose2d conv_transpose3d cosine_similarity hardshrink native_channel_shuffle pairwise_distance pdist "
    "pixel_shuffle pixel_unshuffle prelu relu_ rrelu_ selu_ threshold_".split()
)
_LIBRARIES = {"torch.linalg": "linalg", "torch.fft": "fft", "torch.special": "special"}


def site_name(site: _interpose.Site) -> str:
    """The qualified name that torch writes for a function of its own."""
    space, name = site.space, site.name
    if space == "torch.nn.functional":
        if name in _NN:
            return f"torch._C._nn.{'log_sigmoid' if name == 'logsigmoid' else name}"
        return f"torch.{name}" if name in _COMPILED else f"{space}.{name}"
    if space == "torch" and name in FUNCTIONAL:
        return f"torch.functional.{name}"
    if space in _LIBRARIES:
        library = _LIBRARIES[space]
        return f"torch._C._{library}.{library}_{name}"
    return f"{space}.{name}"


def written_out(site: _interpose.Site) -> bool:
    """Whether torch writes a call of it with every default as a keyword, since the function is one in Python."""
    if site.space == "torch.nn.functional":
        return site.name not in _COMPILED
    return site.space == "torch" and site.name in FUNCTIONAL


def _theirs(module: str) -> str:
    return "torch" + module.removeprefix("torchlike") if module.partition(".")[0] == "torchlike" else module


def is_ours(value: Any) -> bool:
    """Whether it comes from torch's modules, by whatever name."""
    module = getattr(value, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] in ("torchlike", "torch")


def find_module_of_method(method: Callable) -> str:
    """The module that a function is in."""
    known = _interpose.site(method)
    if known is not None:
        return site_name(known).rpartition(".")[0]
    module = getattr(method, "__module__", None)
    if module is None:
        raise RuntimeError(f"cannot find module for {method}")
    return _theirs(module)


def qualified_name(func: Any) -> str:
    """The dotted name of a function or class, in torch's words where it is torch's."""
    known = _interpose.site(func)
    if known is not None:
        return site_name(known)
    if type(func).__name__ in ("OpOverload", "OpOverloadPacket"):
        return f"torch.ops.{func}"
    name = getattr(func, "__name__", None)
    if name is None:
        name = type(func).__name__
    if getattr(builtins, name, None) is func:
        return name
    if name == "<lambda>":
        try:
            name = inspect.getsource(func).split("=")[0].strip()
        except Exception as error:
            raise RuntimeError("Unable to represent lambda") from error
    if is_ours(func) and getattr(import_module("torchlike"), name, None) is func:
        return f"torch.{name}"  # a class of the root's
    module = find_module_of_method(func)
    return f"{module}.{name}"


def function_name(func: Any) -> str:
    """The name that nodes calling it are called after."""
    known = _interpose.site(func)
    return func.__name__ if known is None else site_name(known).rpartition(".")[2]


def type_repr(kind: Any) -> str:
    """A type as text: short for builtins, dotted otherwise."""
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias):
        if kind.__module__ == "builtins":
            return kind.__qualname__
        return f"{'torch' if kind.__name__ == 'Tensor' and is_ours(kind) else _theirs(kind.__module__)}.{kind.__qualname__}"
    if kind is ...:
        return "..."
    if isinstance(kind, types.FunctionType):
        return kind.__name__
    return repr(kind).replace("torchlike.tensor.tensor.Tensor", "torch.Tensor")
