"""nn.functional against torch: values, gradients, dtypes, error messages, and what happens in place."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import torchlike
import torchlike.nn.functional as F
from tests.nn.functional_cases import CASES, Case, Given
from tests.nn.functional_errors import ERRORS
from tests.tolerances import assert_close


def _tensors(case: Case, dtype: str) -> tuple[list[Any], list[Any]]:
    """torch's and our inputs of a case: the same numbers."""
    rng = np.random.default_rng(7)
    theirs: list[Any] = []
    ours: list[Any] = []
    for spec in case.inputs:
        if isinstance(spec, np.ndarray):
            theirs.append(torch.from_numpy(spec))
            ours.append(torchlike.from_numpy(spec))
            continue
        numbers = spec.values if isinstance(spec, Given) else rng.standard_normal(spec)
        numbers = np.asarray(torch.tensor(numbers, dtype=getattr(torch, dtype)).double().numpy())
        theirs.append(torch.tensor(numbers, dtype=getattr(torch, dtype), requires_grad=True))
        ours.append(torchlike.tensor(numbers, dtype=getattr(torchlike, dtype), requires_grad=True))
    return theirs, ours


def _list(outs: Any) -> list[Any]:
    return list(outs) if isinstance(outs, tuple) else [outs]


def _numbers(x: Any) -> np.ndarray:
    x = x.detach()
    return (x.double() if x.dtype.is_floating_point else x).numpy()


def _check(case: Case, dtype: str) -> None:
    theirs, ours = _tensors(case, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own copies
        expected = _list(case.call(TF, *theirs))
    actual = _list(case.call(F, *ours))
    assert len(actual) == len(expected)
    for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
        assert str(a.dtype) == str(e.dtype)
        assert_close(_numbers(a), _numbers(e), dtype, f"{case.name}: output {i}")
    if not expected[0].requires_grad:
        return
    assert actual[0].requires_grad
    weight = np.linspace(0.5, 1.5, expected[0].numel()).reshape(tuple(expected[0].shape))
    expected[0].backward(torch.tensor(weight, dtype=expected[0].dtype))
    actual[0].backward(torchlike.tensor(weight, dtype=actual[0].dtype))
    for i, (a, e) in enumerate(zip(ours, theirs, strict=True)):
        if e.is_leaf and e.requires_grad and e.grad is not None:
            assert a.grad is not None, f"{case.name}: no gradient for input {i}"
            assert str(a.grad.dtype) == str(e.grad.dtype)
            assert_close(_numbers(a.grad), _numbers(e.grad), dtype, f"{case.name}: gradient {i}")


@pytest.mark.sampled(0.4)
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_float32(case: Case) -> None:
    _check(case, "float32")


@pytest.mark.full
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_float64(case: Case) -> None:
    _check(case, "float64")


BF16 = ("conv2d", "linear", "layer_norm", "batch_norm", "softmax", "gelu", "scaled_dot_product_attention", "cross_entropy")


@pytest.mark.parametrize("name", BF16)
def test_bfloat16_results_are_bfloat16(name: str) -> None:
    case = next(c for c in CASES if c.name.endswith(f"-{name}"))
    theirs, ours = _tensors(case, "bfloat16")
    expected, actual = case.call(TF, *theirs), case.call(F, *ours)
    assert str(actual.dtype) == str(expected.dtype) == "torch.bfloat16"
    np.testing.assert_allclose(_numbers(actual), _numbers(expected), rtol=2e-2, atol=2e-2)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ERRORS)
def test_errors_are_torchs(line: str) -> None:
    scope = {"F": TF, "z": torch.zeros, "torch": torch}
    with pytest.raises(Exception) as expected:  # noqa: PT011 - whatever torch raises
        eval(line, scope)
    with pytest.raises(expected.type) as actual:
        eval(line, {"F": F, "z": torchlike.zeros, "torch": torchlike})
    assert str(actual.value) == str(expected.value)


def test_sizes_that_differ_warn() -> None:
    with pytest.warns(UserWarning, match=r"Using a target size \(torch.Size\(\[3\]\)\) that is different"):
        F.mse_loss(torchlike.zeros(2, 3), torchlike.zeros(3))


def test_old_reduction_arguments_warn_and_count() -> None:
    x, y = torchlike.tensor([1.0, 2.0]), torchlike.tensor([3.0, 5.0])
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert F.l1_loss(x, y, size_average=False).item() == 5.0
    with pytest.warns(UserWarning, match="please use reduction='none' instead"):
        assert F.l1_loss(x, y, reduce=False).tolist() == [2.0, 3.0]


def test_a_class_that_does_not_exist_gives_nan() -> None:
    for wrong in (3, -1):
        assert np.isnan(F.cross_entropy(torchlike.zeros(1, 3), torchlike.tensor([wrong])).item())
    assert F.embedding(torchlike.tensor([5]), torchlike.zeros(3, 2)).isnan().all()


# --- running statistics, randomness -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_running_statistics_move_in_place(name: str) -> None:
    numbers = np.random.default_rng(0).standard_normal((4, 3, 5))
    results = []
    for T, functional in ((torch, TF), (torchlike, F)):
        x = T.tensor(numbers, dtype=T.float32, requires_grad=True)
        mean, variance = T.zeros(3), T.ones(3)
        flag = {"training": True} if name == "batch_norm" else {"use_input_stats": True}
        for _ in range(2):
            out = getattr(functional, name)(x, mean, variance, momentum=0.3, **flag)
        assert out.requires_grad
        assert not mean.requires_grad
        assert mean.grad_fn is None
        results.append((mean.numpy(), variance.numpy(), out.detach().numpy()))
    for a, e in zip(results[1], results[0], strict=True):
        assert_close(a, e, "float32", name)


DROPS = [
    ("dropout", (4, 5)),
    ("dropout1d", (3, 4)),
    ("dropout1d", (2, 3, 4)),
    ("dropout2d", (2, 5, 3, 3)),
    ("dropout3d", (4, 2, 2, 2)),
    ("alpha_dropout", (4, 5)),
    ("feature_alpha_dropout", (4, 5, 2)),
]


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("name", "shape"), DROPS)
def test_dropout_draws_torchs_masks(name: str, shape: tuple[int, ...], p: float) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    torch.manual_seed(3)
    torchlike.manual_seed(3)
    for inplace in (False, True):
        expected = getattr(TF, name)(torch.tensor(x), p, True, inplace)
        actual = getattr(F, name)(torchlike.tensor(x), p, True, inplace)
        assert_close(actual.numpy(), expected.numpy(), "float32", name)


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_alpha_dropout"])
def test_dropout_of_a_permuted_tensor_draws_in_the_order_of_memory(name: str) -> None:
    masks = []
    for lib in (torch, torchlike):
        lib.manual_seed(3)
        x = lib.ones(6, 5, 7).permute(1, 0, 2)
        out = getattr(lib.nn.functional, name)(x, 0.4, True)
        masks.append((np.asarray(out), out.stride(), np.asarray(lib.rand(2))))
    np.testing.assert_allclose(masks[1][0], masks[0][0], rtol=1e-6)
    assert masks[1][1] == masks[0][1]
    np.testing.assert_array_equal(masks[1][2], masks[0][2])


def test_dropout_without_training_is_the_input_itself() -> None:
    x = torchlike.ones(3)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x


def test_dropout_has_the_gradient_of_its_mask() -> None:
    x = torchlike.ones(50, requires_grad=True)
    out = F.dropout(x, 0.4)
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), out.detach().numpy(), rtol=1e-6)


def test_attention_dropout_draws_torchs_mask() -> None:
    q, k, v = (np.random.default_rng(i).standard_normal((2, 3, 4, 5)).astype(np.float32) for i in range(3))
    torch.manual_seed(3)
    torchlike.manual_seed(3)
    expected = TF.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), dropout_p=0.3)
    actual = F.scaled_dot_product_attention(*map(torchlike.tensor, (q, k, v)), dropout_p=0.3)
    assert_close(actual.numpy(), expected.numpy(), "float32", "attention")


def test_rrelu_slopes_lie_between_the_bounds() -> None:
    out = F.rrelu(torchlike.full((100,), -1.0), 0.1, 0.3, training=True)
    assert -0.3 <= out.min().item() < out.max().item() <= -0.1


def test_gumbel_softmax_is_a_distribution_and_hard_is_one_hot() -> None:
    logits = torchlike.zeros(6, 4, requires_grad=True)
    soft = F.gumbel_softmax(logits, tau=0.7)
    np.testing.assert_allclose(soft.sum(-1).detach().numpy(), np.ones(6), rtol=1e-5)
    hard = F.gumbel_softmax(logits, hard=True)
    assert sorted(np.unique(hard.detach().numpy().round(5))) == [0.0, 1.0]
    hard[:, 0].sum().backward()
    assert logits.grad.abs().sum().item() > 0


def test_every_function_has_torchs_parameters() -> None:
    """Names and order, where torch's function can be asked."""
    for name in F.__all__:
        try:
            wanted = list(inspect.signature(getattr(TF, name)).parameters)
        except (ValueError, TypeError, AttributeError):
            continue
        if wanted == ["args", "kwargs"]:
            continue
        have = [p for p in inspect.signature(getattr(F, name)).parameters if p != "out" or "out" in wanted]
        assert have == wanted, name
