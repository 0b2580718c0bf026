"""torch.layout: how a tensor's elements are kept. Only `strided` tensors exist here; the other names serve comparisons."""

from __future__ import annotations

from torchlike.base.errors import missing


class layout:
    """A way of keeping elements (`torch.strided`, `torch.sparse_coo` ...). Interned: compare with `is` or `==`."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


strided = layout("strided")
sparse_coo = layout("sparse_coo")
sparse_csr = layout("sparse_csr")
sparse_csc = layout("sparse_csc")
sparse_bsr = layout("sparse_bsr")
sparse_bsc = layout("sparse_bsc")
jagged = layout("jagged")
LAYOUTS = (strided, sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc, jagged)


def check_strided(given: object) -> None:
    """Raises NotImplementedError where another layout than `strided` (or None) is asked for, TypeError for what is none."""
    name = getattr(given, "name", None)
    if given is None or given is strided or repr(given) == "torch.strided":
        return
    if not isinstance(given, layout):
        raise TypeError(f"argument 'layout' must be torch.layout, not {type(given).__name__}")
    raise missing(f"tensors of layout torch.{name}")
