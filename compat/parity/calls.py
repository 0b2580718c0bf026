"""One sample of an entry, callable in either library."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch

import torchlike

from .entries import Entry
from .translate import function, leaves, to_torchlike

TORCH, OURS = "torch", "torchlike"


@dataclass
class Call:
    """What an entry does to one sample: `call.run(TORCH)` and `call.run(OURS)` each start from fresh copies.

    Attributes:
        form: "function", "method", "operator", "inplace" or "inplace operator".
    """

    entry: Entry
    sample: Any
    index: int
    form: str = "function"
    double: bool = False

    def operation(self, library: str) -> Callable[..., Any]:
        """The function in one library. Raises MissingAPI where torchlike has none."""
        info = self.entry.info
        found = {
            "function": info.get_op,
            "method": info.get_method,
            "operator": info.get_operator,
            "inplace": info.get_inplace,
            "inplace operator": info.get_inplace_operator,
        }[self.form]()
        return found if library == TORCH else function(found)

    def arguments(self, library: str) -> tuple[Any, tuple, dict[str, Any]]:
        """Fresh arguments: `(input, args, keywords)`."""
        s = self.sample
        given = (s.input, s.args, s.kwargs)
        given = tuple(_copied(g, self.double) for g in given)
        return given if library == TORCH else tuple(to_torchlike(g) for g in given)

    def run(self, library: str) -> Any:
        input, args, keywords = self.arguments(library)
        return self.operation(library)(input, *args, **keywords)

    def in_double(self) -> Call:
        """The same call with float64 (complex128) in place of narrower floats."""
        return Call(self.entry, self.sample, self.index, self.form, True)

    def processed(self, library: str, out: Any) -> Any:
        """The part of the result that does not depend on free choices (signs of eigenvectors ...)."""
        process = self.sample.output_process_fn_grad
        return (process if library == TORCH else function(process))(out)


def _copied(value: Any, double: bool) -> Any:
    """A copy that shares nothing with the sample and keeps strides, storage and requires_grad."""
    if isinstance(value, torch.Tensor):
        return _copied_tensor(value, double)
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        made = [_copied(v, double) for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else type(value)(made)
    if isinstance(value, dict):
        return {k: _copied(v, double) for k, v in value.items()}
    return value


_DOUBLE = {torch.float32: torch.float64, torch.float16: torch.float64, torch.bfloat16: torch.float64}
_DOUBLE |= {torch.complex64: torch.complex128, torch.complex32: torch.complex128}


def _copied_tensor(value: torch.Tensor, double: bool) -> torch.Tensor:
    plain = value.detach()
    if plain.layout is not torch.strided or plain.device.type == "meta":
        made = plain.clone()
    else:
        plain = plain.resolve_conj().resolve_neg()
        flat = torch.empty(0, dtype=plain.dtype).set_(plain.untyped_storage().clone())
        if double:
            flat = flat.to(_DOUBLE.get(plain.dtype, plain.dtype))
        made = flat.as_strided(plain.shape, plain.stride(), plain.storage_offset())
    return made.detach().requires_grad_(value.requires_grad)


@contextmanager
def quiet() -> Any:
    """Neither library warns, and both draw from the same place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(7)
        torchlike.manual_seed(7)
        yield


def settle(value: Any) -> Any:
    """Wait for every tensor in a result of torchlike's, so that errors at run time show here."""
    for found in leaves(value, torchlike.Tensor):
        if found.device.type != "meta":
            (found.values() if str(found.layout) != "torch.strided" else found).detach().tolist()
            break
    return value


def renamed(sample: Any, **changes: Any) -> Any:
    """The sample with other attributes."""
    made = copy(sample)
    for name, value in changes.items():
        setattr(made, name, value)
    return made
