"""Mixed precision: which dtype each op gives, the blocks themselves, gradients, and that a training loop is one program."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from torchlike.amp import autocast_mode
from torchlike.engine import program
from torchlike.ops import autocast as classes
from torchlike.ops.registry import OPS

_I = [0, 1, 2, 3]

# Each: f(t, x, v): t is the library, x a (4, 4) and v a (4,) tensor with positive elements.
CASES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "mm": lambda t, x, v: t.mm(x, x),
    "matmul": lambda t, x, v: x @ v,
    "bmm": lambda t, x, v: t.bmm(x[None], x[None]),
    "addmm": lambda t, x, v: t.addmm(v, x, x),
    "baddbmm": lambda t, x, v: t.baddbmm(x[None], x[None], x[None]),
    "addbmm": lambda t, x, v: t.addbmm(x, x[None], x[None]),
    "einsum": lambda t, x, v: t.einsum("ij,jk->ik", x, x),
    "tensordot": lambda t, x, v: t.tensordot(x, x, 1),
    "multi_dot": lambda t, x, v: t.linalg.multi_dot([x, x, x]),
    "matrix_power": lambda t, x, v: t.linalg.matrix_power(x, 3),
    "inner": lambda t, x, v: t.inner(x, x),
    "vecdot": lambda t, x, v: t.linalg.vecdot(x, x),
    "linear": lambda t, x, v: t.nn.functional.linear(x, x, v),
    "conv1d": lambda t, x, v: t.nn.functional.conv1d(x[None], x[:, :, None], v),
    "conv2d": lambda t, x, v: t.nn.functional.conv2d(x[None, None], x[None, None]),
    "conv_transpose1d": lambda t, x, v: t.nn.functional.conv_transpose1d(x[None], x[:, :, None], v),
    "prelu": lambda t, x, v: t.nn.functional.prelu(x, v),
    "attention": lambda t, x, v: t.nn.functional.scaled_dot_product_attention(x[None], x[None], x[None]),
    "cat": lambda t, x, v: t.cat([x, x.float()]),
    "stack": lambda t, x, v: t.stack([x, x.bfloat16()]),
    "index_copy": lambda t, x, v: t.index_copy(x, 0, t.tensor(_I), x.float()),
    "cross_entropy": lambda t, x, v: t.nn.functional.cross_entropy(x, t.tensor(_I)),
    "nll_loss": lambda t, x, v: t.nn.functional.nll_loss(x, t.tensor(_I)),
    "mse_loss": lambda t, x, v: t.nn.functional.mse_loss(x, x.float()),
    "l1_loss": lambda t, x, v: t.nn.functional.l1_loss(x, x),
    "smooth_l1_loss": lambda t, x, v: t.nn.functional.smooth_l1_loss(x, x),
    "huber_loss": lambda t, x, v: t.nn.functional.huber_loss(x, x),
    "bce": lambda t, x, v: t.nn.functional.binary_cross_entropy(x, x),
    "bce_with_logits": lambda t, x, v: t.nn.functional.binary_cross_entropy_with_logits(x, x),
    "kl_div": lambda t, x, v: t.nn.functional.kl_div(x, x, reduction="sum"),
    "poisson_nll_loss": lambda t, x, v: t.nn.functional.poisson_nll_loss(x, x),
    "gaussian_nll_loss": lambda t, x, v: t.nn.functional.gaussian_nll_loss(x, x, x),
    "soft_margin_loss": lambda t, x, v: t.nn.functional.soft_margin_loss(x, x),
    "multi_margin_loss": lambda t, x, v: t.nn.functional.multi_margin_loss(x, t.tensor(_I)),
    "multilabel_soft_margin_loss": lambda t, x, v: t.nn.functional.multilabel_soft_margin_loss(x, x),
    "triplet_margin_loss": lambda t, x, v: t.nn.functional.triplet_margin_loss(x, x, x + 1),
    "cosine_embedding_loss": lambda t, x, v: t.nn.functional.cosine_embedding_loss(x, x, v),
    "margin_ranking_loss": lambda t, x, v: t.nn.functional.margin_ranking_loss(x, x, x),
    "hinge_embedding_loss": lambda t, x, v: t.nn.functional.hinge_embedding_loss(x, x),
    "cdist": lambda t, x, v: t.cdist(x, x),
    "prod": lambda t, x, v: x.prod(),
    "prod of a dim": lambda t, x, v: x.prod(0),
    "trace": lambda t, x, v: x.trace(),
    "quantile": lambda t, x, v: t.quantile(x, 0.5),
    "polar": lambda t, x, v: t.polar(x, x),
    "cholesky": lambda t, x, v: t.linalg.cholesky(x.mm(x.mT) + 9 * t.eye(4)),
    "inv": lambda t, x, v: t.linalg.inv(x + 9 * t.eye(4)),
    "solve": lambda t, x, v: t.linalg.solve(x + 9 * t.eye(4), x),
    "qr": lambda t, x, v: t.linalg.qr(x)[0],
    "svdvals": lambda t, x, v: t.linalg.svdvals(x),
    "eigvalsh": lambda t, x, v: t.linalg.eigvalsh(x),
    "fft": lambda t, x, v: t.fft.fft(x),
    "rfft": lambda t, x, v: t.fft.rfft(x),
    "pad reflect": lambda t, x, v: t.nn.functional.pad(x[None], (1, 1), mode="reflect"),
    "pad replicate": lambda t, x, v: t.nn.functional.pad(x[None], (1, 1), mode="replicate"),
    "pad constant": lambda t, x, v: t.nn.functional.pad(x, (1, 1)),
    "pad circular": lambda t, x, v: t.nn.functional.pad(x[None], (1, 1), mode="circular"),
    "max_pool2d": lambda t, x, v: t.nn.functional.max_pool2d(x[None], 2),
    "max_pool3d": lambda t, x, v: t.nn.functional.max_pool3d(x[None, None], (1, 2, 2)),
    "avg_pool2d": lambda t, x, v: t.nn.functional.avg_pool2d(x[None], 2),
    "avg_pool3d": lambda t, x, v: t.nn.functional.avg_pool3d(x[None, None], (1, 2, 2)),
    "adaptive_avg_pool2d": lambda t, x, v: t.nn.functional.adaptive_avg_pool2d(x[None], 2),
    "adaptive_avg_pool3d": lambda t, x, v: t.nn.functional.adaptive_avg_pool3d(x[None, None], (1, 2, 2)),
    "grid_sample": lambda t, x, v: t.nn.functional.grid_sample(x[None, None], x[None, :, :2, None].mT, align_corners=False),
    # Not in the CPU's lists: the dtype that comes in goes out.
    "add": lambda t, x, v: x + x,
    "exp": lambda t, x, v: x.exp(),
    "pow": lambda t, x, v: x**2,
    "sum": lambda t, x, v: x.sum(),
    "mean": lambda t, x, v: x.mean(),
    "norm": lambda t, x, v: x.norm(),
    "var": lambda t, x, v: x.var(),
    "cumsum": lambda t, x, v: x.cumsum(0),
    "logsumexp": lambda t, x, v: x.logsumexp(0),
    "softmax": lambda t, x, v: x.softmax(-1),
    "log_softmax": lambda t, x, v: x.log_softmax(-1),
    "relu": lambda t, x, v: x.relu(),
    "gelu": lambda t, x, v: t.nn.functional.gelu(x),
    "layer_norm": lambda t, x, v: t.nn.functional.layer_norm(x, (4,), v.float(), v.float()),
    "group_norm": lambda t, x, v: t.nn.functional.group_norm(x, 2, v.float(), v.float()),
    "batch_norm": lambda t, x, v: t.nn.functional.batch_norm(x, None, None, v.float(), v.float(), True),
    "mv": lambda t, x, v: t.mv(x, v),
    "dot": lambda t, x, v: t.dot(v, v),
    "outer": lambda t, x, v: t.outer(v, v),
    "embedding": lambda t, x, v: t.nn.functional.embedding(t.tensor(_I), x),
    "addmm_": lambda t, x, v: x.clone().addmm_(x, x),
    "mm of doubles": lambda t, x, v: x.double() @ x.double(),
    "mm of integers": lambda t, x, v: x.long() @ x.long(),
}


def _given(library: Any, dtype: str) -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    x, v = (rng.uniform(0.1, 0.9, shape).astype(np.float32) for shape in ((4, 4), (4,)))
    return tuple(library.tensor(a, dtype=getattr(library, dtype)) for a in (x, v))


# One or two of each class; each costs a program.
VALUES = {"addmm", "conv2d", "attention", "cross_entropy", "fft", "cat", "pad reflect", "layer_norm"}
# They look at the dtype before the row is called, and refuse bfloat16 also where torch would have cast it.
NO_BFLOAT16 = {"polar", "quantile"}


@pytest.mark.parametrize(
    ("case", "dtype"), [(c, d) for c in CASES for d in ("float32", "bfloat16") if d == "float32" or c not in NO_BFLOAT16]
)
def test_dtypes_of_results_are_torchs(case: str, dtype: str) -> None:
    found = []
    for library in (torch, torchlike):
        x, v = _given(library, dtype)
        with library.autocast("cpu", dtype=library.bfloat16), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # size hints and the like: not what is tested here
            found.append(CASES[case](library, x, v))
    assert str(found[0].dtype) == str(found[1].dtype)
    if case not in VALUES:
        return
    want, got = (f.double().numpy() if f.dtype.is_floating_point else f.numpy() for f in found)
    np.testing.assert_allclose(got, want, rtol=3e-2, atol=3e-2)  # bfloat16 has eight bits


@pytest.fixture
def accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accelerators' lists, on this machine's CPU."""
    monkeypatch.setattr(autocast_mode, "_LISTS", {"cpu": 1})


@pytest.mark.usefixtures("accelerator")
def test_lists_of_accelerators() -> None:
    x, v = _given(torchlike, "bfloat16")
    wide, other = _given(torchlike, "float32")
    t, low, full = torchlike, torchlike.bfloat16, torchlike.float32
    with torchlike.autocast("cpu"):
        for out in (x.exp(), x.softmax(-1), x.sum(), x**2, x.norm(), x.cumsum(0), t.nn.functional.layer_norm(x, (4,)), x.log()):
            assert out.dtype is full
        for out in (wide.mv(other), t.addmv(other, wide, other), t.addr(wide, other, other), wide @ wide):
            assert out.dtype is low
        for out in (t.dot(v, other), t.addcmul(x, wide, x), t.tensordot(wide, wide, 1), t.bilinear(x, x, wide[None], v[:1])):
            assert out.dtype is full
        assert t.dot(v, v).dtype is t.nn.functional.max_pool2d(x[None], 2).dtype is low
        with pytest.raises(RuntimeError, match="unsafe to autocast"):
            t.nn.functional.binary_cross_entropy(wide, wide)


def test_every_listed_row_exists() -> None:
    assert {*classes.CPU, *classes.ACCELERATOR} <= set(OPS.rows)


def test_blocks_nest_and_are_undone() -> None:
    x, _ = _given(torchlike, "float32")
    assert not torchlike.is_autocast_enabled("cpu")
    with torchlike.autocast("cpu"):
        assert torchlike.is_autocast_enabled("cpu") and not torchlike.is_autocast_enabled()
        assert (x @ x).dtype is torchlike.bfloat16
        with torchlike.autocast("cpu", enabled=False):
            assert (x @ x).dtype is torchlike.float32
        with torchlike.autocast("cpu", dtype=torchlike.float16):
            assert torchlike.get_autocast_dtype("cpu") is (x @ x).dtype is torchlike.float16
        assert (x @ x).dtype is torchlike.get_autocast_dtype("cpu") is torchlike.bfloat16
    with pytest.raises(ZeroDivisionError), torchlike.autocast("cpu"):
        raise ZeroDivisionError
    assert (x @ x).dtype is torchlike.float32
    assert not torchlike.is_autocast_enabled("cpu")


def test_decorator_also_recursive() -> None:
    @torchlike.amp.autocast("cpu")
    def power(x: Any, n: int) -> Any:
        """Doc."""
        return x @ power(x, n - 1) if n else x

    x, _ = _given(torchlike, "float32")
    assert power(x, 2).dtype is torchlike.bfloat16
    assert (power.__name__, power.__doc__) == ("power", "Doc.")
    assert (x @ x).dtype is torchlike.float32


def test_settings() -> None:
    t = torchlike
    assert t.get_autocast_dtype("cuda") is t.float16 and t.get_autocast_dtype("tpu") is t.bfloat16
    assert t.amp.is_autocast_available("cpu") and t.amp.is_autocast_available("cuda")
    assert not t.amp.is_autocast_available("meta")
    x, _ = _given(t, "float32")
    t.set_autocast_enabled("cpu", True)
    t.set_autocast_dtype("cpu", t.float16)
    assert (x @ x).dtype is t.float16
    t.set_autocast_enabled("cpu", False)
    t.set_autocast_dtype("cpu", t.bfloat16)
    assert t.is_autocast_cache_enabled()
    with t.autocast("cpu", cache_enabled=False):
        assert not t.is_autocast_cache_enabled()
    assert t.autocast_increment_nesting() == 1 and t.autocast_decrement_nesting() == 0
    for name, want in (("get_autocast_cpu_dtype", t.bfloat16), ("get_autocast_gpu_dtype", t.float16)):
        with pytest.warns(DeprecationWarning, match=name):
            assert getattr(t, name)() is want
    with pytest.warns(DeprecationWarning, match="is_autocast_cpu_enabled"):
        assert not t.is_autocast_cpu_enabled()


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        torchlike.autocast(3)
    with pytest.raises(RuntimeError, match="device"):
        torchlike.autocast("toaster")
    with pytest.raises(RuntimeError, match="unsupported autocast device_type 'meta'"):
        torchlike.autocast("meta")
    with pytest.warns(UserWarning, match="target dtype is not supported"):
        block = torchlike.autocast("cpu", dtype=torchlike.float64)
    with block:
        assert not torchlike.is_autocast_enabled("cpu")
    with pytest.warns(UserWarning, match="CUDA is not available"), torchlike.autocast("cuda"):
        assert not torchlike.is_autocast_enabled("cuda")
    with pytest.warns(FutureWarning, match="cpu.amp"), torchlike.cpu.amp.autocast():
        assert torchlike.is_autocast_enabled("cpu")
    with pytest.warns(UserWarning, match="CUDA"), pytest.warns(FutureWarning, match="cuda.amp"):
        torchlike.cuda.amp.autocast()


def _model(library: Any, weights: dict | None = None) -> Any:
    nn = library.nn
    model = nn.Sequential(
        nn.Conv1d(1, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 8), nn.LayerNorm(8),
        nn.Linear(8, 3),
    )  # fmt: skip
    if weights is not None:
        model.load_state_dict({k: library.tensor(v.numpy()) for k, v in weights.items()})
    return model


def test_gradients_are_torchs_and_in_the_parameters_dtype() -> None:
    theirs = _model(torch)
    ours = _model(torchlike, theirs.state_dict())
    for library, model in ((torch, theirs), (torchlike, ours)):
        x, _ = _given(library, "float32")
        with library.autocast("cpu"):
            out = model(x[:, None])
            loss = library.nn.functional.cross_entropy(out, library.tensor([0, 1, 2, 0]))
        assert (out.dtype, loss.dtype) == (library.bfloat16, library.float32)
        loss.backward()
    for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert b.grad.dtype is torchlike.float32
        np.testing.assert_allclose(b.grad.numpy(), a.grad.numpy(), rtol=0.1, atol=0.03)  # both rounded to bfloat16 on the way


def test_a_parameter_is_cast_once_until_it_is_written() -> None:
    w = torchlike.nn.Parameter(torchlike.ones(4, 4))
    x = torchlike.ones(4, 4)
    cache = autocast_mode._state.cache
    with torchlike.autocast("cpu"):
        first = x @ w
        with torchlike.autocast("cpu"):
            kept = cache[id(w), torchlike.bfloat16][3]
            x @ w
        assert cache[id(w), torchlike.bfloat16][3] is kept
        with torchlike.no_grad():
            assert not (x @ w).requires_grad
            w.mul_(2)
        second = x @ w
        assert second.requires_grad
    assert not cache
    assert (first[0, 0].item(), second[0, 0].item()) == (4, 8)
    (first.sum() + second.sum()).backward()
    assert w.grad.tolist() == [[8.0] * 4] * 4


def test_training_compiles_once() -> None:
    model = _model(torchlike)
    optimizer = torchlike.optim.AdamW(model.parameters(), lr=0.01)
    x, _ = _given(torchlike, "float32")
    x, target = x[:, None], torchlike.tensor([0, 1, 2, 0])
    losses, compiled = [], []
    for _ in range(6):
        optimizer.zero_grad()
        with torchlike.autocast("cpu"):
            loss = torchlike.nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        compiled.append(program.stats.compiled)
    assert losses[-1] < losses[0]
    assert compiled[-1] == compiled[2]  # optimizer state and gradients are new in the first steps only
    assert all(p.dtype is torchlike.float32 for p in model.parameters())


@pytest.mark.parametrize("cast_inputs", [None, "float32"])
def test_custom_function(cast_inputs: str | None) -> None:
    def run(t: Any) -> list[Any]:
        seen = []
        to = None if cast_inputs is None else getattr(t, cast_inputs)

        class Product(t.autograd.Function):
            @staticmethod
            @t.amp.custom_fwd(device_type="cpu", cast_inputs=to)
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                seen.append((str(a.dtype), t.is_autocast_enabled("cpu")))
                return a @ b

            @staticmethod
            @t.amp.custom_bwd(device_type="cpu")
            def backward(ctx, grad):
                a, b = ctx.saved_tensors
                seen.append((str(grad.dtype), t.is_autocast_enabled("cpu"), str((grad @ b.mT).dtype)))
                return grad @ b.mT, a.mT @ grad

        x, _ = _given(t, "bfloat16")
        w = _given(t, "float32")[0].requires_grad_()
        with t.autocast("cpu"):
            out = Product.apply(x, w)
        seen.append(str(out.dtype))
        out.float().sum().backward()
        seen.append(str(w.grad.dtype))
        return seen

    assert [str(s) for s in run(torchlike)] == [str(s) for s in run(torch)]
