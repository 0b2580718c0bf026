"""Spectral decompositions: singular values and vectors, eigenvalues and eigenvectors, and the pseudo-inverse.

Derivatives are those of M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), with the phases of complex vectors as in C. Boeddeker et al., "On the computation of
complex-valued gradients with application to statistically optimum beamforming" (2017). Vectors are unique only up to a
phase (and a rotation where values repeat): the gradient is that of a loss which does not depend on either.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import lax

from torchlike.ops.linalg_common import (
    adjoint,
    diagonal,
    eye_like,
    need_float,
    need_matrix,
    need_square,
    own_width,
    real_dtype,
    times,
)
from torchlike.ops.registry import op


def _off_diagonal(numerator, gap):
    """`numerator / gap` off the diagonal, 0 on it and where two values are equal: there the rotation is free."""
    free = gap == 0
    return jnp.where(free, 0, numerator / jnp.where(free, 1, gap))


def _gaps(values):
    """`values[j] - values[i]` at (i, j)."""
    return values[..., None, :] - values[..., :, None]


# --- singular values ---------------------------------------------------------------------------------------------------


def _polar_svd(a):
    """`(u, s, vh)` by the polar decomposition, for TPUs: the eigenvectors of its Hermitian factor are the right ones.

    Y. Nakatsukasa and N. Higham, "Stable and efficient spectral divide and conquer algorithms for the symmetric eigenvalue
    decomposition and the SVD" (2013). XLA's own SVD for TPUs cannot be compiled where 64-bit types are enabled.
    """
    if a.ndim > 2:
        return jax.vmap(_polar_svd)(a)
    if a.shape[0] < a.shape[1]:
        u, s, vh = _polar_svd(adjoint(a))
        return adjoint(vh), s, adjoint(u)
    unitary, hermitian, *_ = lax.linalg.qdwh(a)
    vectors, values = lax.linalg.eigh(hermitian)
    vectors, values = vectors[:, ::-1], jnp.maximum(values[::-1], 0)
    return times(unitary, vectors), values, adjoint(vectors)


def _completed(u, size: int):
    """`size` orthonormal columns, of which `u` are the first."""
    if u.shape[-1] == size:
        return u
    basis, _ = lax.linalg.qr(u, full_matrices=True)
    return jnp.concatenate([u, basis[..., u.shape[-1] :]], -1)


def _run_svd(a, full: bool):
    """`(u, s, vh)` without derivatives."""
    rows, columns = a.shape[-2:]
    short = min(rows, columns)
    if 0 in a.shape:
        left, right = (rows, columns) if full else (short, short)
        return eye_like(a, rows, left), jnp.zeros((*a.shape[:-2], short), real_dtype(a)), eye_like(a, right, columns)

    def for_tpu(a):
        u, s, vh = _polar_svd(a)
        return (_completed(u, rows), s, adjoint(_completed(adjoint(vh), columns))) if full else (u, s, vh)

    with own_width(a):
        return lax.platform_dependent(a, tpu=for_tpu, default=lambda a: tuple(lax.linalg.svd(a, full_matrices=full)))


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def svd(a, full: bool):
    """`(u, s, vh)` with `a = u @ diag(s) @ vh`; all columns of `u` and rows of `vh` where `full`."""
    return _run_svd(a, full)


@svd.defjvp
def _svd_jvp(full, primals, tangents):
    (a,), (da,) = primals, tangents
    rows, columns = a.shape[-2:]
    short = min(rows, columns)
    u, s, vh = svd(a, full)
    ds, du, dvh = _svd_tangents(u[..., :short], s, vh[..., :short, :], da)
    if full:  # the rest of the basis is any: nothing may depend on it
        batch = ((0, 0),) * (a.ndim - 2)
        du = jnp.pad(du, (*batch, (0, 0), (0, rows - short)))
        dvh = jnp.pad(dvh, (*batch, (0, columns - short), (0, 0)))
    return (u, s, vh), (du, ds, dvh)


def _svd_tangents(u, s, vh, da):
    v, uh = adjoint(vh), adjoint(u)
    sides = s.astype(u.dtype)
    left, right = times(da, v), times(uh, da)
    inner = times(uh, left)  # U^H dA V = W_u S + dS - S W_v, with W = U^H dU and V^H dV skew-Hermitian
    ds = diagonal(inner).real
    gap = _gaps(s) * (s[..., None, :] + s[..., :, None])  # s_j^2 - s_i^2, exactly 0 for equal values
    inner_h = adjoint(inner)
    turn_u = _off_diagonal(inner * sides[..., None, :] + sides[..., :, None] * inner_h, gap)
    turn_v = _off_diagonal(sides[..., :, None] * inner + inner_h * sides[..., None, :], gap)
    zero = s == 0
    inverse = jnp.where(zero, 0, 1 / jnp.where(zero, 1, s)).astype(u.dtype)
    if jnp.iscomplexobj(u):  # the phase is free: half of it on each side
        phase = (inner - inner_h) / 4 * jnp.eye(s.shape[-1], dtype=u.dtype) * inverse[..., None, :]
        turn_u, turn_v = turn_u + phase, turn_v - phase
    du, dv = times(u, turn_u), times(v, turn_v)
    if u.shape[-2] > u.shape[-1]:
        du = du + (left - times(u, inner)) * inverse[..., None, :]
    if v.shape[-2] > v.shape[-1]:
        dv = dv + adjoint(right - times(inner, vh)) * inverse[..., None, :]
    return ds, du, adjoint(dv)


@jax.custom_jvp
def singular_values(a):
    """The singular values alone, largest first."""
    if 0 in a.shape:
        return jnp.zeros((*a.shape[:-2], min(a.shape[-2:])), real_dtype(a))
    with own_width(a):
        return lax.platform_dependent(a, tpu=lambda a: _polar_svd(a)[1], default=lambda a: lax.linalg.svd(a, compute_uv=False))


@singular_values.defjvp
def _singular_values_jvp(primals, tangents):
    u, s, vh = svd(primals[0], False)
    return s, diagonal(times(adjoint(u), tangents[0], adjoint(vh))).real


@op(ns="linalg", method=False, returns=("U", "S", "Vh"))
def linalg_svd(A, *, full_matrices=True, driver: str | None = None):
    """The singular value decomposition `A = U diag(S) Vh`: `(..., m, n) -> (..., m, m), (..., k), (..., n, n)`, k = min(m, n).

    With `full_matrices=False` only k columns of U and rows of Vh. Values that are not finite give nan here, where torch raises.

    Raises:
        RuntimeError: for a tensor without two dimensions or of whole numbers, and for a `driver` (they are CUDA's).
    """
    need_matrix(A, "linalg.svd")
    need_float(A, "linalg.svd")
    _check_driver(driver)
    return svd(A, full_matrices)


@op(ns="linalg", method=False)
def linalg_svdvals(A, *, driver: str | None = None):
    """The singular values, largest first: `(..., m, n) -> (..., min(m, n))`."""
    need_matrix(A, "linalg.svd")
    need_float(A, "linalg.svd")
    _check_driver(driver)
    return singular_values(A)


def _check_driver(driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER")


# --- eigenvalues of Hermitian matrices -----------------------------------------------------------------------------------


def _hermitian(a, upper: bool):
    """The Hermitian matrix of which one triangle is given; LAPACK does not look at the other."""
    if upper:
        a = adjoint(a)
    kept = jnp.tril(a, -1)
    on = diagonal(a).real.astype(a.dtype)
    return kept + adjoint(kept) + on[..., None] * jnp.eye(a.shape[-1], dtype=a.dtype)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def eigh(a, upper: bool):
    """`(values, vectors)` of Hermitian matrices, in ascending order, from one triangle."""
    if 0 in a.shape:
        return jnp.zeros(a.shape[:-1], real_dtype(a)), a
    with own_width(a):
        vectors, values = lax.linalg.eigh(_hermitian(a, upper), symmetrize_input=False)
    return values, vectors


@eigh.defjvp
def _eigh_jvp(upper, primals, tangents):
    values, vectors = eigh(primals[0], upper)
    inner = times(adjoint(vectors), tangents[0], vectors)
    turned = times(vectors, _off_diagonal(inner, _gaps(values)))
    return (values, vectors), (diagonal(inner).real, turned)


def _is_upper(uplo: str, name: str) -> bool:
    if uplo.upper() not in ("U", "L"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    return uplo.upper() == "U"


@op(ns="linalg", method=False, returns=("eigenvalues", "eigenvectors"))
def linalg_eigh(A, *, UPLO: str = "L"):
    """Eigenvalues (ascending) and eigenvectors (columns) of Hermitian matrices, read from their lower or upper triangle."""
    need_square(A, "linalg.eigh")
    need_float(A, "linalg.eigh")
    return eigh(A, _is_upper(UPLO, "linalg.eigh"))


@op(ns="linalg", method=False)
def linalg_eigvalsh(A, *, UPLO: str = "L"):
    """The eigenvalues of Hermitian matrices, ascending."""
    need_square(A, "linalg.eigvalsh")
    need_float(A, "linalg.eigvalsh")
    return eigh(A, _is_upper(UPLO, "linalg.eigvalsh"))[0]


# --- eigenvalues of any square matrix ------------------------------------------------------------------------------------


@jax.custom_jvp
def eig(a):
    """`(values, vectors)`, complex, of square matrices; vectors are columns of length 1."""
    if 0 in a.shape:
        kind = jnp.result_type(a.dtype, jnp.complex64)
        return jnp.zeros(a.shape[:-1], kind), a.astype(kind)
    values, vectors = lax.linalg.eig(a, compute_left_eigenvectors=False)
    return values, vectors


@eig.defjvp
def _eig_jvp(primals, tangents):
    values, vectors = eig(primals[0])
    inner = jnp.linalg.solve(vectors, times(tangents[0].astype(vectors.dtype), vectors))
    turned = times(vectors, _off_diagonal(inner, _gaps(values)))
    stretch = jnp.sum((jnp.conj(vectors) * turned).real, -2, keepdims=True)  # vectors keep their length
    return (values, vectors), (diagonal(inner), turned - vectors * stretch.astype(vectors.dtype))


@op(ns="linalg", method=False, returns=("eigenvalues", "eigenvectors"))
def linalg_eig(A):
    """Eigenvalues and eigenvectors (columns of length 1) of square matrices, always complex. Not available on TPUs."""
    need_square(A, "linalg.eig")
    need_float(A, "linalg.eig")
    return eig(A)


@op(ns="linalg", method=False)
def linalg_eigvals(A):
    """The eigenvalues of square matrices, always complex. Not available on TPUs."""
    need_square(A, "linalg.eigvals")
    need_float(A, "linalg.eigvals")
    return eig(A)[0]


# --- rank and pseudo-inverse ---------------------------------------------------------------------------------------------


def _sizes(a, hermitian: bool):
    """Singular values, largest first where not `hermitian`."""
    return jnp.abs(eigh(a, False)[0]) if hermitian else singular_values(a)


def threshold(sizes, a, atol, rtol):
    """What counts as zero among singular values: `max(atol, rtol * largest)`, with torch's defaults for those not given."""
    kind = sizes.dtype
    default = jnp.asarray(jnp.finfo(kind).eps * max(a.shape[-2:]), kind)
    if rtol is None:
        rtol = default if atol is None else jnp.where(jnp.asarray(atol) > 0, 0, default)
    atol = jnp.asarray(0 if atol is None else atol, kind)
    largest = jnp.max(sizes, -1, initial=0)
    return jnp.maximum(atol, jnp.asarray(rtol).astype(kind) * largest)


@op(ns="", method=False, wide=True)
def linalg_matrix_rank(input, atol=None, rtol=None, *, hermitian=False):
    """How many singular values are above the tolerance, int64: `(..., m, n) -> (...)`."""
    need_matrix(input, "linalg.matrix_rank", "input")
    need_float(input, "linalg.matrix_rank")
    if hermitian:
        need_square(input, "linalg.matrix_rank")
    sizes = lax.stop_gradient(_sizes(input, hermitian))
    return jnp.sum(sizes > threshold(sizes, input, atol, rtol)[..., None], -1, dtype=jnp.int64)


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def _pinv(a, atol, rtol, hermitian):
    if 0 in a.shape:
        return jnp.swapaxes(a, -1, -2)
    if hermitian:
        values, right = eigh(a, False)
        left, sizes = right, jnp.abs(values)
    else:
        left, values, right_h = svd(a, False)
        right, sizes = adjoint(right_h), values
    kept = sizes > threshold(sizes, a, atol, rtol)[..., None]
    inverse = jnp.where(kept, 1 / jnp.where(kept, values, 1), 0).astype(a.dtype)
    return times(right * inverse[..., None, :], adjoint(left))


@_pinv.defjvp
def _pinv_jvp(hermitian, primals, tangents):
    """G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems" (1973)."""
    a, da = primals[0], tangents[0]
    p = _pinv(*primals, hermitian)
    if 0 in a.shape:
        return p, jnp.swapaxes(da, -1, -2)
    ph, dah = adjoint(p), adjoint(da)
    rows = times(p, ph, dah)
    columns = times(dah, ph, p)
    change = rows - times(rows, a, p) + columns - times(p, a, columns) - times(p, da, p)
    return p, change


@op(ns="", method=False, wide=True)
def linalg_pinv(input, atol=None, rtol=None, *, hermitian=False):
    """The Moore-Penrose inverse: `(..., m, n) -> (..., n, m)`; singular values up to the tolerance count as 0."""
    need_matrix(input, "linalg.pinv", "input")
    need_float(input, "linalg.pinv")
    if hermitian:
        need_square(input, "linalg.pinv")
    return _pinv(input, atol, rtol, hermitian)
