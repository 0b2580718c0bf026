"""Hangs rows, overloads, views, operators and the rest on the Tensor class, and collects the public functions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from torchlike.base.errors import missing
from torchlike.engine import dispatch
from torchlike.ops.registry import OPS
from torchlike.tensor import (
    conversion,
    creation,
    functions,
    memory,
    methods,
    operators,
    overloads,
    quantized_functions,
    queries,
    random,
    random_gamma,
    removed,
    sparse_functions,
    typed_storages,
    views,
)  # fmt: skip
from torchlike.tensor.storage import Storage
from torchlike.tensor.tensor import Tensor

dispatch.bind(Tensor, Storage)


class _Lazy:
    """A method made from its row when first used."""

    def __init__(self, name: str, public: str):
        self.name = name
        self.public = public

    def __get__(self, instance: Any, owner: type) -> Any:
        made = getattr(functions, self.name)
        setattr(Tensor, self.public, made)
        return made if instance is None else made.__get__(instance, owner)


def attach(cls: type) -> None:
    """Give the Tensor class its methods. Hand-written ones win over rows."""
    for row in OPS:
        if row.method:
            for public in (row.name, *(a for a in row.aliases if "." not in a)):
                setattr(cls, public, _Lazy(row.name, public))
                if row.inplace:
                    setattr(cls, f"{public}_", _Lazy(f"{row.name}_", f"{public}_"))
    for table in (
        views.METHODS,
        memory.METHODS,
        typed_storages.METHODS,
        queries.METHODS,
        queries.PROPERTIES,
        creation.METHODS,
        random.METHODS,
        overloads.METHODS,
        operators.operators(),
        conversion.METHODS,
        methods.METHODS,
        methods.PROPERTIES,
        sparse_functions.METHODS,
        quantized_functions.METHODS,
        removed.METHODS,
    ):
        for name, method in table.items():
            setattr(cls, name, method)
    for name in ("T", "mT", "H", "mH", "real", "imag"):
        setattr(cls, name, _TRANSPOSED[name])


def _t(self: Tensor) -> Tensor:
    if self.ndim not in (0, 2):
        warnings.warn(
            "The use of `x.T` on tensors of other than 2 dimensions to reverse their shape is deprecated", stacklevel=2
        )
    return views.transpose(self, 0, 1) if self.ndim == 2 else views.permute(self, *range(self.ndim - 1, -1, -1))


def _mt(self: Tensor, name: str = "mT") -> Tensor:
    if self.ndim == 1:
        raise RuntimeError(f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return views.transpose(self, -2, -1) if self.ndim else views.alias(self)


def _h(self: Tensor) -> Tensor:
    if self.ndim not in (0, 2):
        advice = " For batches of matrices, consider using tensor.mH" if self.ndim > 2 else ""
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor.{advice}")
    return views.conj(_t(self))


def _set_part(read: Callable) -> Callable:
    return lambda self, value: read(self).copy_(value)


_TRANSPOSED = {
    "T": property(_t),
    "mT": property(_mt),
    "H": property(_h),
    "mH": property(lambda self: views.conj(_mt(self, "mH"))),
    "real": property(views.real, _set_part(views.real)),
    "imag": property(views.imag, _set_part(views.imag)),
}


def public_functions() -> dict[str, Callable]:
    """What stands in the root namespace and is not a lazily made row: name -> function."""
    found: dict[str, Callable] = {f.__name__: f for f in (*creation.FUNCTIONS, *random.FUNCTIONS, *random_gamma.FUNCTIONS)}
    for source in (views, memory, queries, typed_storages, conversion, methods, sparse_functions, quantized_functions):
        found.update(source.FUNCTIONS)
    found.update(overloads.NAMESPACES["torch"])
    return found


def public_rows(namespace: str) -> dict[str, str]:
    """Public names of a namespace ("torch", "linalg") that are rows: name -> the function's name in `functions`.

    A row called after its namespace drops that there (`linalg_svd` is `linalg.svd`). A dotted alias ("special.expit")
    stands in that namespace only, a plain one in all that the row is in.
    """
    found: dict[str, str] = {}
    for row in OPS:
        inside = namespace in row.ns.split()
        names = [row.name, *(a for a in row.aliases if "." not in a)] if inside else []
        names += [a.rpartition(".")[2] for a in row.aliases if a.rpartition(".")[0] == namespace]
        for name in names:
            public = name.removeprefix(namespace.replace(".", "_") + "_")
            found[public] = row.name
            if row.inplace and row.method:
                found[f"{public}_"] = f"{row.name}_"
    return found


def namespace(name: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a module that holds the functions of one namespace, made when first used."""
    rows, written = public_rows(name), overloads.NAMESPACES.get(name, {})

    def find(attribute: str) -> Any:
        if attribute in written:
            return written[attribute]
        if attribute in rows:
            return getattr(functions, rows[attribute])
        if attribute.startswith("__"):
            raise AttributeError(f"module 'torchlike.{name}' has no attribute {attribute!r}")
        raise missing(f"torch.{name}.{attribute}")

    names = sorted({*rows, *written})
    return find, lambda: names, names
