"""Quantization-aware training against torch: twenty steps, statistics, the converted model; one program a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import torchlike
from tests.ao.helpers import LIBRARIES
from tests.ao.models import FUSED, SHAPE, network
from torchlike import engine


def trained(m: Any, backend: str, version: int, steps: int) -> tuple[list[float], Any]:
    q = m.ao.quantization
    m.manual_seed(0)
    model = q.fuse_modules_qat(network(m).train(), FUSED)
    model.qconfig = q.get_default_qat_qconfig(backend, version)
    model = q.prepare_qat(model)
    optimizer = m.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for step in range(steps):
        rng = np.random.default_rng(step)
        x, y = m.tensor(rng.normal(size=SHAPE).astype(np.float32)), m.tensor(rng.integers(0, 5, SHAPE[0]))
        optimizer.zero_grad()
        loss = m.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return [float(loss) for loss in losses], model


# With one scale for a whole weight all values near the edge between two integers hang on one number: a last bit of difference
# moves some of them by a step, and the loss with it.
@pytest.mark.parametrize(
    "backend, version, tolerance",
    [
        ("fbgemm", 1, 1e-5),
        pytest.param("x86", 0, 1e-5, marks=pytest.mark.full),  # each compiles two programs for many seconds
        pytest.param("qnnpack", 1, 1e-3, marks=pytest.mark.full),
    ],
)
def test_twenty_steps(backend: str, version: int, tolerance: float) -> None:
    torch.backends.quantized.engine = backend
    (expected, theirs), (found, ours) = (trained(m, backend, version, 20) for m in LIBRARIES)
    np.testing.assert_allclose(found, expected, rtol=tolerance)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(
            ours.state_dict()[key].numpy(), value.numpy(), rtol=tolerance, atol=max(tolerance, 1e-5), err_msg=key
        )
    converted = [m.ao.quantization.convert(model.eval()) for m, model in zip(LIBRARIES, (theirs, ours), strict=True)]
    assert repr(converted[1]).count("Quantized") == repr(converted[0]).count("Quantized") == 4
    x = np.random.default_rng(99).normal(size=SHAPE).astype(np.float32)
    out, mine = (model(m.tensor(x)) for m, model in zip(LIBRARIES, converted, strict=True))
    np.testing.assert_allclose(mine.numpy(), out.numpy(), atol=1.01 * converted[1].fc2.scale)


def test_one_program_a_step() -> None:
    trained(torchlike, "fbgemm", 1, 3)
    compiled = engine.stats.compiled
    trained(torchlike, "fbgemm", 1, 5)
    assert engine.stats.compiled == compiled


def test_switches() -> None:
    q = torchlike.ao.quantization
    fake = q.FakeQuantize(q.MovingAverageMinMaxObserver, 0, 255, averaging_constant=0.5)
    x = torchlike.tensor([-1.0, 0.3, 2.0])
    out, scale = fake(x), fake.scale.clone()
    assert not torchlike.equal(out, x)
    fake.apply(q.disable_observer)
    fake(x * 100)
    assert torchlike.equal(fake.scale, scale)
    fake.apply(q.disable_fake_quant)
    assert torchlike.equal(fake(x * 0.37), x * 0.37)
    fake.fake_quant_enabled[0] = 1  # the buffer, as some code writes to it
    assert not torchlike.equal(fake(x * 0.37), x * 0.37)
    fake.enable_observer()
    fake(x * 100)
    assert float(fake.scale) > float(scale)
