"""The entries of torch's operator database, and their samples."""

from __future__ import annotations

import random
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
import torch

from .worker import Plan

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal import common_methods_invocations as database
    from torch.testing._internal import common_utils
    from torch.testing._internal.opinfo import core

DTYPES = ("float32", "float64", "bfloat16", "float16", "int64", "int32", "uint8", "bool", "complex64")
_KINDS = (
    (core.UnaryUfuncInfo, "unary"),
    (core.BinaryUfuncInfo, "binary"),
    (core.ReductionOpInfo, "reduction"),
    (core.ShapeFuncInfo, "shape"),
)
_SPACES = ("nn.functional", "linalg", "fft", "special", "masked", "signal.windows", "sparse")


_TRANSFORMS = {
    "addbmm", "addmm", "addmm:decomposed", "addmv", "baddbmm", "bmm", "cdist", "cov", "corrcoef", "dot", "einsum", "inner",
    "matmul", "mm", "mv", "nn.functional.bilinear", "nn.functional.linear", "tensordot", "vdot", "__rmatmul__",
    "cholesky", "cholesky_inverse", "cholesky_solve", "geqrf", "istft", "logdet", "lu", "lu_solve", "matrix_exp", "ormqr",
    "pca_lowrank", "pinverse", "qr", "stft", "svd", "svd_lowrank", "triangular_solve",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One entry of the database; `key` is its name, with a variant behind a colon where there are several."""

    key: str
    info: Any

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def family(self) -> str:
        """The namespace, or in the root namespace the kind of op that the database says it is."""
        for space in _SPACES:
            if self.name.startswith(f"{space}."):
                return space
        if not public(self.name):
            return "private"
        return next((kind for cls, kind in _KINDS if isinstance(self.info, cls)), "torch")

    @property
    def transforms(self) -> bool:
        """Whether each element of the result is a sum over many, as in transforms, decompositions and products."""
        return self.family in ("linalg", "fft") or self.name in _TRANSFORMS or self.name.startswith("nn.functional.conv")

    def dtypes(self) -> list[str]:
        """The names of the dtypes that torch supports on CPU, of those that are compared."""
        supported = {str(d).removeprefix("torch.") for d in self.info.supported_dtypes("cpu")}
        return [name for name in DTYPES if name in supported]

    def samples(self, dtype: str, seed: int, requires_grad: bool = False) -> list[Any]:
        """All samples; the same for the same seed, in whatever order entries are run."""
        seed_database(seed, self.key, dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(self.info.sample_inputs("cpu", getattr(torch, dtype), requires_grad=requires_grad))

    def error_inputs(self, seed: int) -> list[Any]:
        if self.info.error_inputs_func is None:
            return []
        seed_database(seed, self.key, "errors")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(self.info.error_inputs("cpu"))


def public(name: str) -> bool:
    """Whether a user may call the op by this name: a function or method of torch's that does not begin with an underscore."""
    if name.startswith("torch.") or (name.startswith("_") and not name.startswith("__")):
        return False  # operators that are not meant to be called
    try:
        return attrgetter(name)(torch) is not None
    except AttributeError:
        return hasattr(torch.Tensor, name) or hasattr(torch.Tensor, f"{name}_")


def seed_database(seed: int, *parts: str) -> None:
    mixed = zlib.crc32(" ".join([str(seed), *parts]).encode())
    random.seed(mixed)
    np.random.seed(mixed)  # noqa: NPY002  # the database draws from numpy's global generator
    torch.manual_seed(mixed)
    common_utils.SEED = mixed  # what the database starts each sample from


def chosen(count: int, rate: float, seed: int, *parts: str) -> list[int]:
    """Which of `count` samples a run at a sampling rate takes: at least one."""
    if rate >= 1 or not count:
        return list(range(count))
    draw = random.Random(" ".join([str(seed), *parts]))
    return sorted(draw.sample(range(count), max(1, round(count * rate))))


def picked(samples: Sequence[int], plan: Plan, *parts: str) -> list[int]:
    """Which of these samples, by their numbers, a plan runs."""
    if plan.sample is not None:
        return [i for i in samples if i == plan.sample]
    return [samples[i] for i in chosen(len(samples), plan.rate, plan.seed, *parts)][: plan.most]


def has_elements(sample: Any) -> bool:
    """Whether any tensor of a sample has elements."""
    given = [sample.input, *sample.args, *sample.kwargs.values()]
    flat = [x for g in given for x in (g if isinstance(g, (list, tuple)) else [g])]
    return any(isinstance(x, torch.Tensor) and x.numel() for x in flat)


@cache
def all_entries() -> dict[str, Entry]:
    """Every entry by key, in the database's order."""
    found: dict[str, Entry] = {}
    for info in database.op_db:
        key = f"{info.name}:{info.variant_test_name}" if info.variant_test_name else info.name
        while key in found:
            key += "'"
        found[key] = Entry(key, info)
    return found


def select(only: list[str] | None, table: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Entries of a table (by default the operator database) by key, by name, or by namespace ("linalg.*"); else all of them.

    Raises:
        ValueError: for a name that the table does not have.
    """
    table = all_entries() if table is None else table
    if not only:
        yield from table.values()
        return
    for wanted in only:
        prefix = wanted.removesuffix("*") if wanted.endswith("*") else None
        found = [e for e in table.values() if wanted in (e.key, e.name) or (prefix is not None and e.name.startswith(prefix))]
        if not found:
            raise ValueError(f"torch's database has no entry {wanted!r}")
        yield from found
