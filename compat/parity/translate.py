"""From torch to torchlike: values (strides and storages included) and functions."""

from __future__ import annotations

import copy
import dataclasses
import functools
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import torch

import torchlike
from torchlike.base.errors import MissingAPI

_VIEWED = {  # dtypes that numpy lacks: how torch shows their bits, and what numpy calls them with ml_dtypes
    torch.bfloat16: (torch.int16, ml_dtypes.bfloat16),
    torch.float8_e4m3fn: (torch.uint8, ml_dtypes.float8_e4m3fn),
    torch.float8_e5m2: (torch.uint8, ml_dtypes.float8_e5m2),
}


class Untranslatable(Exception):
    """A value that torchlike has no counterpart for."""


def to_torchlike(value: Any) -> Any:
    """The same value in torchlike's types: tensors, dtypes, sizes, devices, and containers of them."""
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, torch.Size):
        return torchlike.Size(value)
    if isinstance(value, tuple):
        made = [to_torchlike(v) for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if isinstance(value, list):
        return [to_torchlike(v) for v in value]
    if isinstance(value, dict):
        return {k: to_torchlike(v) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(*(to_torchlike(v) for v in (value.start, value.stop, value.step)))
    if isinstance(value, (torch.dtype, torch.memory_format, torch.layout)):
        found = getattr(torchlike, str(value).removeprefix("torch."), None)
        if found is None or isinstance(found, type):
            raise Untranslatable(f"torchlike has no {value}")
        return found
    if isinstance(value, torch.device):
        return torchlike.device(str(value))
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        return function(value)
    if isinstance(value, torch.nn.Module):
        return _module(value)
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith("torch.nn."):
        fields = {f.name: to_torchlike(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return getattr(torchlike.nn, type(value).__name__)(**fields)
    return value


def tensor(source: torch.Tensor) -> Any:
    """The same elements with the same strides, offset and storage size; a leaf that requires grad where `source` does."""
    plain = source.detach().resolve_conj().resolve_neg()
    if plain.layout is not torch.strided:
        return _sparse(plain).requires_grad_(source.requires_grad)
    if plain.device.type == "meta":
        return torchlike.empty(tuple(plain.shape), dtype=to_torchlike(plain.dtype), device="meta")
    if plain.is_contiguous() and plain.untyped_storage().nbytes() == plain.nbytes:
        made = torchlike.from_numpy(array(plain))
    else:
        flat = torch.empty(0, dtype=plain.dtype).set_(plain.untyped_storage())
        with torchlike.no_grad():
            made = torchlike.from_numpy(array(flat)).as_strided(plain.shape, plain.stride(), int(plain.storage_offset()))
    return made.requires_grad_() if source.requires_grad else made


def _module(source: torch.nn.Module) -> Any:
    """The same module: a transformer's layer, or one without parameters, whose settings say all."""
    if isinstance(source, (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)):
        return _transformer_layer(source)
    made = getattr(torchlike.nn, type(source).__name__)()
    made.__dict__.update({k: v for k, v in source.__dict__.items() if k in getattr(source, "__constants__", ())})
    return made


def _transformer_layer(source: Any) -> Any:
    attention = source.self_attn
    made = getattr(torchlike.nn, type(source).__name__)(
        attention.embed_dim,
        attention.num_heads,
        source.linear1.out_features,
        source.dropout.p,
        to_torchlike(source.activation),
        source.norm1.eps,
        attention.batch_first,
        source.norm_first,
        source.linear1.bias is not None,
        dtype=to_torchlike(source.linear1.weight.dtype),
    )
    made.load_state_dict(state_to_torchlike(source.state_dict()))
    return made.train(source.training)


def _sparse(plain: torch.Tensor) -> Any:
    if plain.layout is torch.sparse_coo:
        made = torchlike.sparse_coo_tensor(tensor(plain._indices()), tensor(plain._values()), tuple(plain.shape))
        return made.coalesce() if plain.is_coalesced() else made
    if plain.layout is torch.sparse_csr:
        starts, columns, values = map(tensor, (plain.crow_indices(), plain.col_indices(), plain.values()))
        return torchlike.sparse_csr_tensor(starts, columns, values, tuple(plain.shape))
    raise Untranslatable(f"torchlike has no {plain.layout}")


def array(source: Any) -> np.ndarray:
    """The elements of a tensor of either library, copied."""
    if isinstance(source, torch.Tensor):
        plain = source.detach().resolve_conj().resolve_neg()
        if plain.dtype in _VIEWED:
            bits, kind = _VIEWED[plain.dtype]
            return plain.contiguous().view(bits).numpy().view(kind).copy()
        if plain.dtype is torch.complex32:
            raise Untranslatable("there is no complex32")
        return plain.numpy(force=True).copy()
    return np.asarray(source.detach())


def to_torch(source: Any) -> torch.Tensor:
    """The elements of a tensor of torchlike's as one of torch's."""
    kind = getattr(torch, str(source.dtype).removeprefix("torch."))
    found = array(source)
    if kind in _VIEWED:
        bits = _VIEWED[kind][0]
        return torch.from_numpy(found.view(str(bits).removeprefix("torch."))).view(kind)
    return torch.from_numpy(found)


def state_to_torchlike(state: Mapping[str, Any]) -> OrderedDict[str, Any]:
    """A `state_dict` of torch's as one of torchlike's."""
    return _state(state, torch.Tensor, tensor)


def state_to_torch(state: Mapping[str, Any]) -> OrderedDict[str, Any]:
    """A `state_dict` of torchlike's as one of torch's."""
    return _state(state, torchlike.Tensor, to_torch)


def _state(state: Mapping[str, Any], kind: type, translated: Callable[[Any], Any]) -> OrderedDict[str, Any]:
    made = OrderedDict((name, translated(value) if isinstance(value, kind) else value) for name, value in state.items())
    if hasattr(state, "_metadata"):  # versions, by which modules recognise old files
        made._metadata = copy.deepcopy(state._metadata)  # type: ignore[attr-defined]
    return made


# ---- functions ----------------------------------------------------------------------------------------------------

_SPACES = (
    "", "Tensor", "nn.functional", "linalg", "fft", "special", "masked", "signal.windows", "sparse", "functional", "_C._nn",
)  # fmt: skip


def _resolve(root: Any, path: str) -> Any:
    for part in path.split(".") if path else ():
        root = getattr(root, part)
    return root


@cache
def _paths() -> dict[int, str]:
    """Where each public torch function stands, by identity; the first place in `_SPACES` counts."""
    found: dict[int, str] = {}
    for space in _SPACES:
        holder = _resolve(torch, space)
        for name in dir(holder):
            try:
                member = getattr(holder, name)
            except Exception:  # some attributes of torch only exist on some builds
                continue
            if callable(member):
                found.setdefault(id(member), f"{space}.{name}" if space else name)
    return found


def function(source: Callable) -> Callable:
    """torchlike's function of the same name; a function of torch's test suite is run with torchlike as its torch.

    Raises:
        MissingAPI: where torchlike has no such function.
    """
    if getattr(source, "__module__", "") == "_operator":
        return source
    if isinstance(source, functools.partial):
        return functools.partial(function(source.func), *source.args, **source.keywords)
    if isinstance(source, types.FunctionType) and source.__module__.startswith("torch.testing."):
        return _rebound(source)
    path = _paths().get(id(source)) or _aten(source)
    if path is None:
        if isinstance(source, types.FunctionType) and not source.__module__.startswith("torch"):
            return source
        raise Untranslatable(f"nothing public in torch is {source}")
    space, _, name = path.rpartition(".")
    if space in ("functional", "_C._nn"):
        path = name if space == "functional" else f"nn.functional.{name}"
    try:
        found = _resolve(torchlike, path)
    except MissingAPI:
        if not (operator := _aten(source)):
            raise
        found = _resolve(torchlike, f"ops.aten.{operator}")  # an operator that is no public function
    if found is None:
        raise MissingAPI(f"torchlike has no torch.{path} yet")
    return found


def _aten(source: Any) -> str | None:
    """The public name of an operator of `torch.ops.aten`."""
    name = str(getattr(source, "_qualified_op_name", "") or getattr(source, "name", lambda: "")())
    return name.removeprefix("aten::").partition(".")[0] if name.startswith("aten::") else None


def _rebound(source: types.FunctionType) -> Callable:
    scope = _Scope(source.__globals__)
    cells = tuple(types.CellType(_inside(cell.cell_contents)) for cell in source.__closure__ or ())
    made = types.FunctionType(source.__code__, scope, source.__name__, source.__defaults__, cells or None)
    made.__kwdefaults__ = source.__kwdefaults__
    return made


def _inside(value: Any) -> Any:
    return function(value) if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)) else value


def _seeded(call: Callable, *args: Any, **keywords: Any) -> Any:
    torchlike.manual_seed(42)  # torch's test suite draws from this seed
    return call(*args, **keywords)


class _Scope(dict):
    """The globals of a function of torch's test suite, with torchlike in torch's place."""

    def __init__(self, original: dict[str, Any]):
        super().__init__(original)
        self["torch"] = torchlike
        self["wrapper_set_seed"] = _seeded
        for name, value in original.items():
            if isinstance(value, types.FunctionType) and value.__module__ == original.get("__name__") and name in _HELPERS:
                self[name] = types.FunctionType(value.__code__, self, name, value.__defaults__, value.__closure__)


_HELPERS = {"mul_with_mask", "_tensor_is_complex"}


def leaves(value: Any, kind: type) -> Iterator[Any]:
    """The tensors in nested containers, in order."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from leaves(v, kind)
    elif isinstance(value, dict):
        for v in value.values():
            yield from leaves(v, kind)
