"""One sample of an entry, callable in either library."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol

import torch

import torchlike

from .entries import Entry
from .translate import function, leaves, to_torchlike

TORCH, OURS = "torch", "torchlike"
GETTERS = {
    "function": "get_op",
    "method": "get_method",
    "operator": "get_operator",
    "inplace": "get_inplace",
    "inplace operator": "get_inplace_operator",
}


def library_of(name: str) -> Any:
    """The library of this name."""
    return torch if name == TORCH else torchlike


class Comparable(Protocol):
    """What the checks need to know of a call: `Call` for ops, `ModuleCall` for modules."""

    index: int

    @property
    def values(self) -> bool: ...
    @property
    def by_largest(self) -> bool: ...
    @property
    def choosing(self) -> bool: ...

    def run(self, library: str) -> Any: ...
    def in_double(self) -> Comparable: ...
    def differentiable(self, library: str) -> tuple[list[Any], Any]: ...
    def processed(self, library: str, out: Any) -> Any: ...


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
        found = getattr(self.entry.info, GETTERS[self.form])()
        return found if library == TORCH else function(found)

    @property
    def values(self) -> bool:
        """Whether the elements of the result are to agree; not so for `empty` and its like."""
        return not (self.entry.info.has_nondeterministic_output or "empty" in self.entry.name)

    @property
    def by_largest(self) -> bool:
        """Whether rounding errors are of the size of the largest element."""
        return self.entry.transforms

    @property
    def choosing(self) -> bool:
        """Whether parts of the result are free choices (signs of eigenvectors ...), which `processed` takes away."""
        code = getattr(self.sample.output_process_fn_grad, "__code__", None)
        return code is None or code.co_code != (lambda x: x).__code__.co_code

    def arguments(self, library: str) -> tuple[Any, tuple, dict[str, Any]]:
        """Fresh arguments: `(input, args, keywords)`."""
        s = self.sample
        return fresh((s.input, s.args, s.kwargs), library, self.double)

    def run(self, library: str) -> Any:
        input, args, keywords = self.arguments(library)
        return self.operation(library)(input, *args, **keywords)

    def in_double(self) -> Call:
        """The same call with float64 (complex128) in place of narrower floats."""
        return Call(self.entry, self.sample, self.index, self.form, True)

    def differentiable(self, library: str) -> tuple[list[Any], Any]:
        """`(what gradients are taken of, the result)`."""
        input, args, keywords = self.arguments(library)
        of = [x for x in leaves([input, args, keywords], library_of(library).Tensor) if x.requires_grad]
        wrapper = self.entry.info.gradcheck_wrapper
        wrapper = wrapper if library == TORCH else function(wrapper)
        return of, self.processed(library, wrapper(self.operation(library), input, *args, **keywords))

    def processed(self, library: str, out: Any) -> Any:
        """The part of the result that does not depend on free choices (signs of eigenvectors ...)."""
        process = self.sample.output_process_fn_grad
        return (process if library == TORCH else function(process))(out)


def fresh(given: Any, library: str, double: bool = False) -> Any:
    """Arguments that share nothing with the sample's, in one library's types."""
    made = _copied(given, double)
    return made if library == TORCH else to_torchlike(made)


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
