"""What each row does with its floating-point operands under `torch.autocast`, as torch's own lists have it.

torch has one list for the CPU and another for accelerators, so a row has two classes:

* "lower": operands in the autocast dtype (products and convolutions).
* "float32": operands in float32 (losses, norms, powers and sums).
* "widest": float32 where an operand is float32 (operands must meet in one dtype).
* "banned": an error, with any operand of a 16-bit float's range.

Other rows take what comes. A row that stands for several of torch's ops has a function of its static parameters instead.
"""

from __future__ import annotations

from collections.abc import Callable

Class = str | Callable[..., str | None] | None

_PRODUCTS = """conv linear matmul mm bmm addmm baddbmm addbmm einsum prelu linalg_vecdot linalg_multi_dot
    linalg_matrix_power cov corrcoef scaled_dot_product_attention multi_head_attention _recurrent"""
_LOSSES = """binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy nll_loss hinge_embedding_loss
    huber_loss kl_div l1_loss linear_cross_entropy margin_ranking_loss mse_loss multi_margin_loss
    multilabel_margin_loss poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss"""

_CPU = {
    "lower": f"{_PRODUCTS} tensordot inner rnn_tanh_cell rnn_relu_cell",
    "float32": f"""{_LOSSES} binary_cross_entropy _ctc_loss cdist prod trace quantile nanquantile polar grid_sample stft_of
        fractional_max_pool fft_fft fft_ifft fft_fft2 fft_ifft2 fft_fftn fft_ifftn fft_rfft fft_rfft2 fft_rfftn
        fft_irfft fft_irfft2 fft_irfftn fft_hfft fft_ihfft linalg_cholesky_ex cholesky_solve cholesky_inverse
        triangular_solve linalg_lu_solve linalg_solve_ex linalg_inv_ex linalg_lstsq linalg_cond linalg_qr geqrf
        linalg_householder_product ormqr linalg_svd linalg_svdvals linalg_eigh linalg_eigvalsh linalg_eig
        linalg_eigvals linalg_matrix_rank linalg_tensorinv linalg_tensorsolve""",
    "widest": "cat stack index_copy",
}
_ACCELERATOR = {
    "lower": f"{_PRODUCTS} mv addmv addr rnn_tanh_cell rnn_relu_cell gru_cell _lstm_cell",
    "float32": f"""{_LOSSES} gaussian_nll_loss acos asin cosh tan sinh erfinv exp expm1 log log10 log2 log1p reciprocal rsqrt
        pow softplus softmax log_softmax sum prod cumsum cumprod logsumexp layer_norm layer_norm_with_statistics
        group_norm group_norm_with_statistics rms_norm local_response_norm normalize cosine_similarity
        pairwise_distance cdist pdist dist vector_norm nuclear_norm frobenius_norm linalg_vector_norm
        linalg_matrix_norm linalg_norm renorm_slices _interpolate""",
    "widest": "addcdiv addcmul atan2 bilinear cross cat stack dot vdot grid_sample index_put_into scatter_add tensordot",
    "banned": "binary_cross_entropy",
}


def _spatial(*, ndim: int, **_: object) -> str | None:
    """Pooling, which on CPUs has no 16-bit floats in three dimensions."""
    return "float32" if ndim == 3 else None


def _unpooling(*, ndim: int, **_: object) -> str | None:
    return "float32" if ndim > 1 else None


def _padding(*, pad: tuple[int, ...], mode: str, **_: object) -> str | None:
    dims = len(pad) // 2
    return "float32" if mode == "replicate" or (mode == "reflect" and dims < 3) else None


def _by_row(lists: dict[str, str], **special: Class) -> dict[str, Class]:
    return {row: name for name, rows in lists.items() for row in rows.split()} | special


_POOLS = ("max_pool", "max_pool_with_indices", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool_with_indices")
CPU = _by_row(_CPU, max_unpool=_unpooling, pad=_padding, **dict.fromkeys(_POOLS, _spatial))
ACCELERATOR = _by_row(_ACCELERATOR)


def classes(row: str) -> tuple[Class, Class] | None:
    """A row's class on the CPU and on accelerators; None where it has neither."""
    found = CPU.get(row), ACCELERATOR.get(row)
    return None if found == (None, None) else found
