# Written by `python .ci/stubs.py`; changes go into what it reads: the op table and the functions themselves.
"""The named tuples that rows with several results return; made at run time, see `torchlike.tensor.named`."""

from typing import NamedTuple

from torchlike.tensor.tensor import Tensor

class adaptive_max_pool_with_indices(NamedTuple):
    output: Tensor
    indices: Tensor

class aminmax(NamedTuple):
    min: Tensor
    max: Tensor

class batch_norm_train(NamedTuple):
    output: Tensor
    mean: Tensor
    variance: Tensor

class batch_norm_with_statistics(NamedTuple):
    output: Tensor
    mean: Tensor
    rstd: Tensor
    variance: Tensor

class cummax(NamedTuple):
    values: Tensor
    indices: Tensor

class cummin(NamedTuple):
    values: Tensor
    indices: Tensor

class embedding_bag_sizes(NamedTuple):
    bag: Tensor
    sizes: Tensor

class fractional_max_pool(NamedTuple):
    output: Tensor
    indices: Tensor

class frexp(NamedTuple):
    mantissa: Tensor
    exponent: Tensor

class geqrf(NamedTuple):
    a: Tensor
    tau: Tensor

class group_norm_with_statistics(NamedTuple):
    output: Tensor
    mean: Tensor
    rstd: Tensor

class instance_norm_train(NamedTuple):
    output: Tensor
    mean: Tensor
    variance: Tensor

class kthvalue(NamedTuple):
    values: Tensor
    indices: Tensor

class layer_norm_with_statistics(NamedTuple):
    output: Tensor
    mean: Tensor
    rstd: Tensor

class linalg_cholesky_ex(NamedTuple):
    L: Tensor
    info: Tensor

class linalg_eig(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor

class linalg_eigh(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor

class linalg_inv_ex(NamedTuple):
    inverse: Tensor
    info: Tensor

class linalg_ldl_factor_ex(NamedTuple):
    LD: Tensor
    pivots: Tensor
    info: Tensor

class linalg_lstsq(NamedTuple):
    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

class linalg_lu(NamedTuple):
    P: Tensor
    L: Tensor
    U: Tensor

class linalg_lu_factor_ex(NamedTuple):
    LU: Tensor
    pivots: Tensor
    info: Tensor

class linalg_qr(NamedTuple):
    Q: Tensor
    R: Tensor

class linalg_slogdet(NamedTuple):
    sign: Tensor
    logabsdet: Tensor

class linalg_solve_ex(NamedTuple):
    result: Tensor
    info: Tensor

class linalg_svd(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor

class lu_unpack(NamedTuple):
    P: Tensor
    L: Tensor
    U: Tensor

class max(NamedTuple):
    values: Tensor
    indices: Tensor

class max_pool_with_indices(NamedTuple):
    output: Tensor
    indices: Tensor

class median(NamedTuple):
    values: Tensor
    indices: Tensor

class min(NamedTuple):
    values: Tensor
    indices: Tensor

class mode(NamedTuple):
    values: Tensor
    indices: Tensor

class multi_head_attention(NamedTuple):
    output: Tensor
    weights: Tensor

class nanmedian(NamedTuple):
    values: Tensor
    indices: Tensor

class sort(NamedTuple):
    values: Tensor
    indices: Tensor

class topk(NamedTuple):
    values: Tensor
    indices: Tensor

class triangular_solve(NamedTuple):
    solution: Tensor
    cloned_coefficient: Tensor
