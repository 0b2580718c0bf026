"""Why something fails or is missing: facts about XLA, JAX or torch itself that a user can check."""

from __future__ import annotations

from fnmatch import fnmatchcase

from .worker import Result

_VALUES = "the shape (or Python value) of the result depends on values: it is read on the host, and XLA's shapes are static"
_HOST_RANDOM = "torch's own random numbers are drawn on the host, with probabilities that have to be read first"
_TIES = "torch leaves open which of several equal elements it names; XLA's sort is stable and names the first"
_HALF = "XLA rounds what stands between two operations to 16 bits, where torch's CPU kernel keeps 32"
_SUMS = "rounding: XLA sums in another order than torch, and the sum cancels"
_OVERFLOWS = "torch overflows in 16 bits (inf or nan); the value is finite, and computed in 32 bits here"
_COMPLEX_HALF = "XLA has no complex numbers of 16-bit floats (torch.complex32)"
_CUDA = "torch compiles CUDA C++ for it at run time and has it on CUDA only; XLA programs are not extended in CUDA C++"
_ATEN = "an operator of torch.ops, which stands for torch's compiled library; there is no public function"

_INDEX = "the values of indices are not looked at when a call is recorded: a row outside the table is NaN"

# (entry, check, dtype), each a pattern -> why that check fails there. The first that fits counts.
FAILURES: tuple[tuple[tuple[str, str, str], str], ...] = (
    (("jiterator_*", "*", "*"), _CUDA),
    (("max_pool2d_with_indices_backward", "*", "*"), _ATEN),
    (("chalf", "*", "*"), _COMPLEX_HALF),
    (("complex", "*", "float16"), _COMPLEX_HALF),
    (("polar", "*", "float16"), _COMPLEX_HALF),
    (("view_as_complex", "*", "float16"), _COMPLEX_HALF),
    *(
        ((name, "tpu*", "*"), _VALUES)
        for name in (
            "unique*",
            "nonzero",
            "argwhere",
            "masked_select",
            "item",
            "allclose",
            "equal",
            "tensor_split",
            "to_sparse",
            "_segment_reduce:lengths",
        )
    ),
    (("multinomial", "tpu*", "*"), _HOST_RANDOM),
    (("bernoulli", "tpu*", "*"), _HOST_RANDOM),
    (("linalg.eig*", "tpu*", "*"), "XLA has no eigendecomposition of general matrices for TPUs"),
    *(((name, "*", "*"), _TIES) for name in ("kthvalue", "topk", "mode", "sort", "argsort", "msort")),
    *(
        ((name, "forward", "*float16"), _HALF)
        for name in (
            "addcmul",
            "addcdiv",
            "cov",
            "corrcoef",
            "logspace*",
            "nn.functional.linear*",
            "nn.functional.scaled_dot_product_attention",
            "nn.functional.multi_head_attention_forward",
        )
    ),
    (("matrix_exp", "*", "*float16"), _OVERFLOWS),
    (("linalg.matrix_exp", "*", "*float16"), _OVERFLOWS),
    (("nn.functional.soft_margin_loss", "forward", "float16"), _OVERFLOWS),
    (
        ("nn.functional.conv2d", "forward", "float16"),
        "torch reads uninitialised memory here: nan, inf or another number each time",
    ),
    (("nn.functional.embedding_bag", "forward", "bfloat16"), _HALF),
    (("nn.functional.feature_alpha_dropout:with_train", "forward", "float16"), _HALF),
    (("erfinv", "gradient", "float32"), "rounding: XLA's own single-precision approximation of erfinv, 3e-6 off"),
    *(
        ((name, "gradient", "float32"), _SUMS)
        for name in ("grid_sampler_3d", "linalg.pinv:hermitian", "nn.functional.multi_head_attention_forward")
    ),
    (("nn.functional.multi_head_attention_forward", "forward", "float32"), _SUMS),
    (("cov", "gradient", "*"), _SUMS),
    (("svd", "gradient", "*"), "rounding: of float64's gradient, torch's is 4e-6 off and XLA's 2e-6, on some processors"),
    (("cov", "second", "float64"), "the weights are float32, and so are their products and rounding in both libraries"),
    (("renorm", "gradient", "complex64"), "torch's gradient is nan; that of the infinity norm is finite here"),
    (("linalg.norm*", "second", "*"), "torch gives nan, the second derivative chosen at zero is 0 here"),
    (("masked.logaddexp", "second", "*"), "torch gives nan where both operands are masked, 0 here"),
    (
        ("as_strided_scatter", "*", "*"),
        "torch gives `input` the gradient of the places that are overwritten; JAX derives the others",
    ),
    (("nn.functional.linear_cross_entropy:chunked*", "second", "*"), "torch gives 0, JAX derives the second derivative"),
    *(
        ((name, "errors", "*"), "numpy holds at most 64 dimensions, and its error is raised before an op is called")
        for name in ("amax", "amin", "aminmax")
    ),
    (("nn.Embedding", "errors", "*"), _INDEX),
    (("special.bessel_*", "forward", "float64"), "torch's series is exact to 3e-7 only; these agree with scipy to 1e-13"),
)

# public name, a pattern -> why it is missing.
MISSING: tuple[tuple[str, str], ...] = (
    ("torch.miopen_*", "AMD's kernels by name; XLA chooses kernels itself"),
    ("torch.cudnn_*", "NVIDIA's kernels by name; XLA chooses kernels itself"),
    ("torch.mkldnn_*", "Intel's kernels by name; XLA chooses kernels itself"),
    ("torch.fbgemm_*", "fbgemm's kernels by name; XLA chooses kernels itself"),
    ("torch.masked.*MaskedTensor", "a tensor class of its own, in prototype stage in torch"),
)


def reason(of: Result | str) -> str:
    """Why a check of an entry fails, or a public name is missing; "" where no reason is known."""
    if isinstance(of, str):
        return next((why for pattern, why in MISSING if fnmatchcase(of, pattern)), "")
    place = (of.name if of.suite == "modules" else of.key, of.check, of.dtype)
    return next((why for patterns, why in FAILURES if all(map(fnmatchcase, place, patterns))), "")
