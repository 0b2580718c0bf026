"""Why something fails or is missing: facts about XLA, JAX or torch itself that a user can check."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .worker import Result

_VALUES = "the shape (or Python value) of the result depends on values: it is read on the host, and XLA's shapes are static"
_TIES = "torch leaves open which of several equal elements it names; XLA's sort is stable and names the first"
_HALF = "16-bit floats: XLA rounds intermediate results in another order than torch's CPU kernel"
_FLOAT32 = "float32 rounding: XLA's kernels sum in another order than torch's"
_WRAPS = "torch computes in uint8, which wraps; operands are promoted to floats first here"
_COMPLEX_HALF = "XLA has no complex numbers of 16-bit floats (torch.complex32)"
_CUDA = "torch compiles CUDA C++ for it at run time and has it on CUDA only; XLA programs are not extended in CUDA C++"

# (entry, check, dtype), each a pattern -> why that check fails there. The first that fits counts.
FAILURES: tuple[tuple[tuple[str, str, str], str], ...] = (
    (("jiterator_*", "*", "*"), _CUDA),
    (("chalf", "*", "*"), _COMPLEX_HALF),
    (("complex", "*", "float16"), _COMPLEX_HALF),
    (("polar", "*", "float16"), _COMPLEX_HALF),
    (("view_as_complex", "*", "float16"), _COMPLEX_HALF),
    (("unique*", "tpu*", "*"), _VALUES),
    (("nonzero", "tpu*", "*"), _VALUES),
    (("argwhere", "tpu*", "*"), _VALUES),
    (("masked_select", "tpu*", "*"), _VALUES),
    (("item", "tpu*", "*"), _VALUES),
    (("allclose", "tpu*", "*"), _VALUES),
    (("equal", "tpu*", "*"), _VALUES),
    (("tensor_split", "tpu*", "*"), _VALUES),
    (("to_sparse", "tpu*", "*"), _VALUES),
    (("linalg.eig*", "tpu*", "*"), "XLA has no eigendecomposition of general matrices for TPUs"),
    (("kthvalue", "*", "*"), _TIES),
    (("topk", "*", "*"), _TIES),
    (("mode", "*", "*"), _TIES),
    (("sort", "*", "*"), _TIES),
    (("argsort", "*", "*"), _TIES),
    (("msort", "*", "*"), _TIES),
)

# public name, a pattern -> why it is missing.
MISSING: tuple[tuple[str, str], ...] = (
    ("torch.miopen_*", "AMD's kernels by name; XLA chooses kernels itself"),
    ("torch.cudnn_*", "NVIDIA's kernels by name; XLA chooses kernels itself"),
    ("torch.mkldnn_*", "Intel's kernels by name; XLA chooses kernels itself"),
    ("torch.fbgemm_*", "fbgemm's kernels by name; XLA chooses kernels itself"),
    ("torch.complex32", _COMPLEX_HALF),
    ("torch.chalf", _COMPLEX_HALF),
    ("torch.masked.*MaskedTensor", "a tensor class of its own, in prototype stage in torch"),
)


def reason(of: Result | str) -> str:
    """Why a check of an entry fails, or a public name is missing; "" where no reason is known."""
    if isinstance(of, str):
        return next((why for pattern, why in MISSING if fnmatchcase(of, pattern)), "")
    place = (of.key, of.check, of.dtype)
    return next((why for patterns, why in FAILURES if all(map(fnmatchcase, place, patterns))), "")
