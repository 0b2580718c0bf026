"""Captured mode: outside tensors become inputs, rebound ones outputs, and the result is a pure JAX function."""

import jax
import numpy as np
import pytest

import torchlike as torch
from torchlike.base.device import CPU
from torchlike.engine.capture import capture
from torchlike.engine.record import emit


def test_reads_become_inputs_and_writes_outputs():
    w, counter = torch.ones(3) * 2, torch.zeros(3)

    def fn():
        counter.add_(1)
        return [(w * w + counter)._read()]

    found = capture(fn, CPU)
    assert len(found.leaves) == 2 and found.outputs == 1 and found.rebound == [counter._storage]
    assert counter.tolist() == [0, 0, 0]  # undone
    with jax.enable_x64(True):
        out, new = found.program.pure(*[v.on_device() for v in found.leaves])
    np.testing.assert_array_equal(out, [5, 5, 5])
    np.testing.assert_array_equal(new, [1, 1, 1])


def test_a_captured_program_is_an_op():
    x = torch.ones(3)
    found = capture(lambda: [torch.sin(x)._read()], CPU)
    sig = found.signature("sine", jax.checkpoint)
    (out,) = emit(sig, found.leaves)
    np.testing.assert_allclose(out.numpy(), np.sin(np.ones(3, np.float32)), rtol=1e-6)


def test_asking_for_a_value_is_an_error_and_harmless():
    x = torch.ones(3)
    with pytest.raises(RuntimeError, match="cannot be captured"):
        capture(lambda: [torch.full((), (x + 1).sum().item())._read()], CPU)
    assert (x + 1).tolist() == [2, 2, 2]
