"""Quantization schemes: how many scales a quantized tensor has, and whether 0 lies in the middle of its integers."""

from __future__ import annotations


class qscheme:
    """A torch quantization scheme (`torchlike.per_tensor_affine`). Interned: compare with `is` or `==`."""

    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    @property
    def per_channel(self) -> bool:
        """Whether each slice along one dimension has its own scale."""
        return self.name.startswith("per_channel")

    @property
    def symmetric(self) -> bool:
        """Whether the real 0 is the middle integer."""
        return self.name.endswith("symmetric")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple:
        return _lookup, (self.name,)

    def __copy__(self) -> qscheme:
        return self

    def __deepcopy__(self, memo: dict) -> qscheme:
        return self


def _lookup(name: str) -> qscheme:
    return SCHEMES[name]


per_tensor_affine = qscheme("per_tensor_affine")
per_channel_affine = qscheme("per_channel_affine")
per_tensor_symmetric = qscheme("per_tensor_symmetric")
per_channel_symmetric = qscheme("per_channel_symmetric")
per_channel_affine_float_qparams = qscheme("per_channel_affine_float_qparams")

SCHEMES: dict[str, qscheme] = {
    s.name: s
    for s in (
        per_tensor_affine, per_channel_affine, per_tensor_symmetric, per_channel_symmetric, per_channel_affine_float_qparams,
    )
}  # fmt: skip
