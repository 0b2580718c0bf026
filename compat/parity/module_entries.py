"""The entries of torch's module database, and their inputs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

import torch

from .entries import DTYPES, seed_database
from .module_more import more

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal import common_modules as database

_SUMS = ("attention", "conv", "linear", "rnn", "transformer")


@dataclass(frozen=True)
class Sample:
    """One input: how the module is made, in which mode, and what it is given.

    Attributes:
        constructor, forward: `.args` and `.kwargs`; forward is None where the constructor itself raises.
    """

    training: bool
    constructor: Any
    forward: Any


@dataclass(frozen=True)
class Entry:
    """One entry of the database, or of what is beside it; `key` is the name of its class."""

    key: str
    info: Any
    beside: bool = False

    @property
    def name(self) -> str:
        """As users write it, without torch: `nn.Linear`."""
        return f"nn.{self.key}"

    @property
    def family(self) -> str:
        """The file that torch keeps the class in; "beside" where torch's database does not have it."""
        return "beside" if self.beside else self.info.module_cls.__module__.rpartition(".")[2]

    @property
    def transforms(self) -> bool:
        """Whether each element of the output is a sum over many."""
        return self.info.module_cls.__module__.rpartition(".")[2] in _SUMS

    def dtypes(self) -> list[str]:
        """The names of the dtypes that the database names, of those that are compared."""
        named = {str(d).removeprefix("torch.") for d in self.info.supported_dtypes("cpu")}
        return [name for name in DTYPES if name in named]

    def samples(self, dtype: str, seed: int) -> list[Sample]:
        """All inputs, those of training mode and of evaluation mode by turns; the same for the same seed."""
        modes = [[*self._inputs(dtype, seed, training)] for training in (True, False)]
        return [sample for pair in zip_longest(*modes) for sample in pair if sample is not None]

    def _inputs(self, dtype: str, seed: int, training: bool) -> Iterator[Sample]:
        for given in self._asked(self.info.module_inputs_func, dtype, seed, training):
            if given.forward_input is not None:
                yield Sample(training, given.constructor_input, given.forward_input)

    def error_inputs(self, dtype: str, seed: int) -> list[Sample]:
        """Inputs that the constructor or the call refuses."""
        if self.info.module_error_inputs_func is None:
            return []
        found = []
        for error in self._asked(self.info.module_error_inputs_func, dtype, seed, True):
            given, built = error.module_error_input, error.error_on is database.ModuleErrorEnum.FORWARD_ERROR
            found.append(Sample(True, given.constructor_input, given.forward_input if built else None))
        return found

    def _asked(self, inputs: Any, dtype: str, seed: int, training: bool) -> list[Any]:
        seed_database(seed, self.key, dtype, str(training))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(inputs(self.info, "cpu", getattr(torch, dtype), requires_grad=True, training=training))


@cache
def all_entries() -> dict[str, Entry]:
    """Every entry by the name of its class: the database's in its order, then those beside it."""
    known = [Entry(info.module_cls.__name__, info) for info in database.module_db]
    return {entry.key: entry for entry in (*known, *(Entry(info.module_cls.__name__, info, True) for info in more()))}
