"""`quantize_`: how far weights in 8 and 4 bits are off, what is stored, what is multiplied."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

import torchlike as torch
from torchlike.ao import quantization as q
from torchlike.func import to_jax

# The largest error of an output, as a share of the largest output: half a step of each weight, of random sign.
CONFIGS: dict[str, tuple[Any, float, str, float]] = {
    "int8": (q.Int8WeightOnlyConfig(), 0.01, "torch.int8", 0.27),
    "int8, dynamic": (q.Int8DynamicActivationInt8WeightConfig(), 0.02, "torch.int8", 0.27),
    "int4": (q.Int4WeightOnlyConfig(group_size=32), 0.15, "torch.uint8", 0.2),
    "float8": (q.Float8WeightOnlyConfig(), 0.05, "torch.float8_e4m3fn", 0.27),
    "float8, wide": (q.Float8WeightOnlyConfig(torch.float8_e5m2), 0.1, "torch.float8_e5m2", 0.27),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_error_and_size(case: str) -> None:
    config, tolerance, dtype, share = CONFIGS[case]
    model = torch.nn.Sequential(torch.nn.Linear(128, 64), torch.nn.ReLU(), torch.nn.Linear(64, 128))
    x = torch.tensor(np.random.default_rng(0).normal(size=(16, 128)).astype(np.float32))
    expected, size = model(x).detach(), sum(p.nbytes for p in model.parameters())
    q.quantize_(model, config)
    assert str(model[0].weight.dtype) == dtype
    error = (model(x) - expected).abs().max() / expected.abs().max()
    assert 1e-5 < float(error) < tolerance
    assert sum(b.nbytes for b in model.buffers()) < share * size + 4 * (64 + 128) * 5  # and biases and scales
    other = torch.nn.Sequential(torch.nn.Linear(128, 64), torch.nn.ReLU(), torch.nn.Linear(64, 128))
    q.quantize_(other, config)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(x), model(x))


def test_dynamic_products_are_of_integers() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(8, 4))
    q.quantize_(model, q.Int8DynamicActivationInt8WeightConfig())
    apply = to_jax(model)
    text = jax.jit(lambda x: apply({}, apply.buffers, None, x)[0]).lower(jax.numpy.ones((2, 8))).as_text()
    assert "(tensor<2x8xi8>, tensor<4x8xi8>) -> tensor<2x4xi32>" in text


def test_choice_and_errors() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 6))
    q.quantize_(model, q.Int8WeightOnlyConfig(), lambda module, name: name == "1")
    assert [type(m).__name__ for m in model] == ["Linear", "SmallLinear"]
    with pytest.raises(ValueError, match="wrap it"):
        q.quantize_(torch.nn.Linear(2, 2), q.Int8WeightOnlyConfig())
    with pytest.raises(ValueError, match="group_size=128"):
        q.quantize_(model, q.Int4WeightOnlyConfig())
