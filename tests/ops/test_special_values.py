"""What samples do not show of elementwise ops: overflow, signs of zero, numbers that do not fit, long sums, deep functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special
import torch

import torchlike

NEAR = np.concatenate([np.linspace(0.05, 12.0, 160), np.linspace(12.0, 120.0, 40)])
BOTH = np.concatenate([-NEAR[::-1], NEAR])
EXACT = {
    "bessel_j0": (scipy.special.j0, BOTH),
    "bessel_j1": (scipy.special.j1, BOTH),
    "bessel_y0": (scipy.special.y0, NEAR),
    "bessel_y1": (scipy.special.y1, NEAR),
    "modified_bessel_k0": (scipy.special.k0, NEAR[NEAR < 60]),
    "modified_bessel_k1": (scipy.special.k1, NEAR[NEAR < 60]),
    "scaled_modified_bessel_k0": (scipy.special.k0e, NEAR),
    "scaled_modified_bessel_k1": (scipy.special.k1e, NEAR),
    "airy_ai": (lambda x: scipy.special.airy(x)[0], BOTH[np.abs(BOTH) < 20]),
}
SLOPES = {
    "bessel_j0": lambda x: -scipy.special.j1(x),
    "bessel_y0": lambda x: -scipy.special.y1(x),
    "modified_bessel_k0": lambda x: -scipy.special.k1(x),
    "airy_ai": lambda x: scipy.special.airy(x)[1],
}


@pytest.mark.parametrize("name", EXACT)
def test_bessel_functions_against_scipy(name: str) -> None:
    """torch's own Bessel functions are off by up to 4e-6 in double precision, so they are no measure."""
    exact, x = EXACT[name]
    ours = getattr(torchlike.special, name)(torchlike.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours, exact(x), rtol=1e-12, atol=2e-14)
    narrow = x.astype(np.float32)
    ours = getattr(torchlike.special, name)(torchlike.from_numpy(narrow)).numpy()
    np.testing.assert_allclose(ours, exact(narrow.astype(np.float64)), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", SLOPES)
def test_bessel_functions_have_gradients(name: str) -> None:
    x = torchlike.tensor(EXACT[name][1], requires_grad=True)
    getattr(torchlike.special, name)(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), SLOPES[name](x.detach().numpy()), rtol=1e-9, atol=1e-11)


def test_polynomials_have_gradients_of_any_order() -> None:
    x = torchlike.tensor([0.3, -0.7, 1.4], dtype=torchlike.float64, requires_grad=True)
    value = torchlike.special.legendre_polynomial_p(x, 3)  # (5 x^3 - 3 x) / 2
    (first,) = torchlike.autograd.grad(value.sum(), x, create_graph=True)
    (second,) = torchlike.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(first.detach().numpy(), 7.5 * x.detach().numpy() ** 2 - 1.5, rtol=1e-12)
    np.testing.assert_allclose(second.numpy(), 15 * x.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("operation", ["add", "sub", "mul", "true_divide"])
def test_gradients_of_a_broadcast_bfloat16_operand_add_up_in_float32(operation: str) -> None:
    scale = torchlike.ones(1, dtype=torchlike.bfloat16, requires_grad=True)
    out = getattr(torchlike, operation)(torchlike.ones(4099, 1, dtype=torchlike.bfloat16), scale)
    out.sum().backward()
    assert abs(float(scale.grad)) == 4096.0  # 4099 rounded once; added up in bfloat16 it would stop at 256


@pytest.mark.parametrize("dtype", ["int16", "int32"])
@pytest.mark.parametrize("operation", ["bitwise_and", "bitwise_or"])
def test_bits_after_narrowing_casts(operation: str, dtype: str) -> None:
    """XLA's CPU compiler died of this program."""
    a, b = np.arange(8), np.arange(8) + 3
    ours = getattr(torchlike, operation)(*(torchlike.tensor(v).to(getattr(torchlike, dtype)) for v in (a, b)))
    assert ours.tolist() == getattr(np, operation)(a, b).tolist()


LIMITS = {"int8": [-128, 127, 0, -1, 2, 7], "int64": [-(2**63) + 1, 2**63 - 1, 0, -1, 3, 70], "uint8": [0, 255, 1, 2, 9, 200]}


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("operation", ["add", "mul", "bitwise_left_shift", "bitwise_right_shift", "pow", "square"])
def test_integers_wrap_around(operation: str, dtype: str) -> None:
    a, b = (np.ravel(x).tolist() for x in np.meshgrid(LIMITS[dtype], LIMITS[dtype]))
    if operation == "pow":
        a, b = zip(*((x, y) for x, y in zip(a, b, strict=True) if y >= 0), strict=True)

    def run(library: Any) -> list[int]:
        operands = [library.tensor(list(x), dtype=getattr(library, dtype)) for x in (a, b)]
        return getattr(library, operation)(*operands[: 1 if operation == "square" else 2]).tolist()

    assert run(torchlike) == run(torch)


def test_gcd_of_the_lowest_number_ends() -> None:
    lowest = torchlike.tensor([-128], dtype=torchlike.int8)
    assert torchlike.gcd(lowest, torchlike.tensor([6], dtype=torchlike.int8)).tolist() == [2]


@pytest.mark.parametrize("name", ["sqrt", "acos", "asin", "atan", "acosh", "asinh", "atanh"])
def test_branch_cuts_mind_the_sign_of_zero(name: str) -> None:
    numbers = [complex(a, b) for a in (-3.0, -0.0, 0.0, 3.0) for b in (-0.0, 0.0, -3.0, 3.0)]
    ours = getattr(torchlike, name)(torchlike.tensor(numbers)).numpy()
    theirs = getattr(torch, name)(torch.tensor(numbers)).numpy()
    np.testing.assert_allclose(ours.real, theirs.real, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.imag, theirs.imag, rtol=1e-5, atol=1e-6)


def test_frexp_of_numbers_below_the_normal_ones() -> None:
    x = np.array([1e-40, -3e-45, 0.0, 6.0], np.float32)
    mantissa, exponent = torchlike.frexp(torchlike.from_numpy(x))
    assert mantissa.tolist() == np.frexp(x)[0].tolist()
    assert exponent.tolist() == np.frexp(x)[1].tolist()


@pytest.mark.parametrize(("call", "error"), [
    (lambda library: library.tensor([1], dtype=library.uint8).clamp(max=300), RuntimeError),
    (lambda library: library.tensor([1], dtype=library.int8) ** 300, RuntimeError),
    (lambda library: library.tensor([1j]).abs_(), RuntimeError),
    (lambda library: library.tensor([1.0]).float_power_(2), RuntimeError),
    (lambda library: library.floor(library.tensor([True])), NotImplementedError),
    (lambda library: library.clamp(library.tensor([1j]), 0), NotImplementedError),
    (lambda library: library.special.bessel_j0(library.tensor([1.0], dtype=library.float16)), NotImplementedError),
    (lambda library: library.atan2(library.tensor([1.0]), 2), TypeError),
    (lambda library: library.eq(2, library.tensor([1.0])), TypeError),
    (lambda library: library.pow(2, 3), TypeError),
])  # fmt: skip
def test_what_torch_refuses(call: Any, error: type[Exception]) -> None:
    for library in (torch, torchlike):
        with pytest.raises(error):
            call(library)


def test_special_has_all_of_torch() -> None:
    assert set(torch.special.__all__) <= set(dir(torchlike.special))
