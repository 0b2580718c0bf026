"""Linear algebra beyond torch's op database: errors that depend on values, laziness, the TPU's SVD, older names."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import torchlike
from torchlike import engine
from torchlike.ops import linalg_spectral

SINGULAR = [[1.0, 2.0], [2.0, 4.0]]


def both(values):
    return torch.tensor(values), torchlike.tensor(values)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: t.linalg.inv(x),
        lambda t, x: t.inverse(x),
        lambda t, x: t.linalg.inv(t.stack([t.eye(2), x])),
        lambda t, x: t.linalg.solve(x, t.ones(2)),
        lambda t, x: t.linalg.tensorinv(x, 1),
        lambda t, x: t.linalg.matrix_power(x, -1),
        lambda t, x: t.linalg.inv_ex(x, check_errors=True),
        lambda t, x: t.linalg.cholesky(-x),
        lambda t, x: t.cholesky(-x),
        lambda t, x: t.linalg.cholesky_ex(t.stack([t.eye(2), t.eye(2) - x]), check_errors=True),
    ],
)
def test_failed_factorizations_raise_in_torchs_words(call):
    theirs, ours = both(SINGULAR)
    with pytest.raises(torch.linalg.LinAlgError) as expected:
        call(torch, theirs)
    with pytest.raises(torchlike.linalg.LinAlgError) as got:
        call(torchlike, ours)
    assert str(got.value) == str(expected.value)
    assert isinstance(got.value, RuntimeError)


def test_a_zero_pivot_is_a_runtime_error():
    with pytest.raises(RuntimeError, match=r"U\[2,2\] is zero"):
        torchlike.linalg.lu_factor(torchlike.tensor(SINGULAR))


def test_info_tells_which_minor_failed():
    a = np.diag([1.0, 2.0, -1.0, 3.0]).astype(np.float32)
    batch = np.stack([np.eye(4, dtype=np.float32), a])
    assert torchlike.linalg.cholesky_ex(torchlike.tensor(batch)).info.tolist() == [0, 3]
    assert torchlike.linalg.inv_ex(torchlike.tensor(SINGULAR)).info.item() == 2


def test_rows_without_checks_do_not_wait_and_checks_do_not_hinder_tracing():
    x = torchlike.eye(3) * 2
    engine.flush()
    before = engine.stats.run
    made = torchlike.linalg.inv_ex(x).inverse, torchlike.linalg.qr(x).R, torchlike.linalg.svdvals(x)
    assert engine.stats.run == before
    assert [m.shape for m in made] == [(3, 3), (3, 3), (3,)]
    traced = jax.jit(lambda a: torchlike.linalg.inv(torchlike.as_tensor(a))._read().array)(np.eye(2, dtype=np.float32) * 4)
    np.testing.assert_allclose(traced, np.eye(2) / 4)
    assert torchlike.linalg.cholesky(torchlike.eye(3, device="meta")).shape == (3, 3)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 4, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
def test_svd_by_polar_decomposition(shape, dtype):
    draw = np.random.default_rng(3)
    a = (draw.normal(size=shape) + (1j * draw.normal(size=shape) if dtype == np.complex64 else 0)).astype(dtype)
    u, s, vh = (np.asarray(x) for x in linalg_spectral._polar_svd(jnp.asarray(a)))
    np.testing.assert_allclose((u * s[..., None, :]) @ vh, a, atol=1e-5)
    np.testing.assert_allclose(s, np.linalg.svd(a, compute_uv=False), rtol=1e-5)


def test_gradients_stay_finite_where_singular_values_repeat():
    x = torchlike.eye(4).requires_grad_()
    u, s, vh = torchlike.linalg.svd(x)
    (u @ torchlike.diag(s * s) @ vh).sum().backward()
    assert torchlike.isfinite(x.grad).all()
    y = torchlike.zeros(3, 2).requires_grad_()
    torchlike.linalg.matrix_norm(y, "nuc").backward()
    assert torchlike.isfinite(y.grad).all()


@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss"])
@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 3, 5)])
def test_lstsq_gives_what_each_driver_gives(driver, shape):
    draw = np.random.default_rng(1)
    a, b = draw.normal(size=shape), draw.normal(size=(*shape[:2], 2))
    theirs = torch.linalg.lstsq(torch.tensor(a), torch.tensor(b), driver=driver)
    ours = torchlike.linalg.lstsq(torchlike.tensor(a), torchlike.tensor(b), driver=driver)
    for expected, got in zip(theirs, ours, strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=1e-10)


def test_older_names():
    theirs, ours = both([[4.0, 1.0], [1.0, 3.0]])
    for name in ("det", "logdet", "inverse", "matrix_exp", "pinverse"):
        for owner, x in ((torchlike, ours), (torchlike.Tensor, ours)):
            np.testing.assert_allclose(getattr(owner, name)(x).numpy(), getattr(torch, name)(theirs).numpy(), rtol=1e-5)
    np.testing.assert_allclose(ours.slogdet().logabsdet.numpy(), theirs.slogdet().logabsdet.numpy(), rtol=1e-5)
    np.testing.assert_allclose(ours.matrix_power(-3).numpy(), theirs.matrix_power(-3).numpy(), rtol=1e-5)
    np.testing.assert_allclose(torchlike.chain_matmul(ours, ours, ours).numpy(), (theirs @ theirs @ theirs).numpy(), rtol=1e-5)
    u, s, v = ours.svd()
    np.testing.assert_allclose((u @ torchlike.diag(s) @ v.mH).numpy(), theirs.numpy(), rtol=1e-5)
    for n, increasing in ((None, False), (4, True), (0, False), (1, False)):
        expected = torch.vander(torch.tensor([1, 2, 3]), n, increasing)
        got = torchlike.vander(torchlike.tensor([1, 2, 3]), n, increasing)
        assert got.dtype is torchlike.int64
        assert got.tolist() == expected.tolist()


def test_lobpcg_finds_extreme_eigenpairs_of_pencils():
    draw = np.random.default_rng(5)
    a, b = draw.normal(size=(9, 9)), draw.normal(size=(9, 9))
    a, b = a + a.T, b @ b.T + 9 * np.eye(9)
    for largest in (True, False):
        values, vectors = torchlike.lobpcg(torchlike.tensor(a), 2, torchlike.tensor(b), largest=largest)
        v = vectors.numpy()
        np.testing.assert_allclose(a @ v, b @ v * values.numpy(), atol=1e-9)
        every = np.sort(np.linalg.eigvals(np.linalg.solve(b, a)).real)
        np.testing.assert_allclose(values.numpy(), every[::-1][:2] if largest else every[:2], atol=1e-9)
    with pytest.raises(ValueError, match="not applicable"):
        torchlike.lobpcg(torchlike.tensor(a), 4)


def test_matrix_exponential_of_large_norms():
    a = np.array([[-300.0, 200.0], [100.0, -250.0]])
    theirs = torch.matrix_exp(torch.tensor(a)).numpy()
    np.testing.assert_allclose(torchlike.matrix_exp(torchlike.tensor(a)).numpy(), theirs, rtol=1e-9, atol=1e-300)
