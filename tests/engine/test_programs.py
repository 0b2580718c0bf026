"""What is compiled, when, and what it keeps alive."""

import gc
import threading

import jax
import numpy as np
import pytest

import torchlike as torch
from torchlike import engine
from torchlike.engine import compilations, signature
from torchlike.engine import program as programs
from torchlike.tensor.update import apply_update


@pytest.fixture(autouse=True)
def fresh():
    engine.flush()
    engine.clear()
    engine.stats.reset()


def sgd(params, grads, states, hyper, static):
    return tuple(p - hyper[0].astype(p.dtype) * g for p, g in zip(params, grads, strict=True)), ()


def model(n=3, width=8):
    ws = [torch.randn(width, width).requires_grad_() for _ in range(n)]
    x = torch.randn(4, width)
    engine.flush()
    return ws, x


def step(ws, x, lr=0.01, read=None):
    for w in ws:
        w.grad = None
    h = x
    for w in ws:
        h = torch.tanh(h @ w)
    loss = (h * h).mean()
    if read == "before":
        loss.item()
    loss.backward()
    if read == "after":
        loss.item()
    apply_update(sgd, ws, [w.grad for w in ws], [], [lr])
    engine.flush()
    return loss


def test_a_step_is_one_program_and_is_compiled_once():
    ws, x = model()
    for _ in range(5):
        step(ws, x)
    assert engine.stats.compiled == 1
    assert engine.stats.run == 5
    assert engine.stats.hits == 4


@pytest.mark.parametrize("read", ["before", "after"])
def test_reading_the_loss_costs_programs_but_no_recompilation(read):
    ws, x = model()
    step(ws, x, read=read)
    compiled = engine.stats.compiled
    for _ in range(4):
        step(ws, x, read=read)
    assert engine.stats.compiled == compiled <= 2


def test_a_rate_that_changes_each_step_compiles_nothing():
    ws, x = model()
    for i in range(5):
        step(ws, x, lr=0.1 / (i + 1))
    assert engine.stats.compiled == 1


def test_a_number_that_varies_becomes_an_input_once():
    x = torch.arange(4.0)
    x.tolist()
    engine.stats.reset()
    for i in range(6):
        assert (x * (i + 0.5)).tolist() == [j * (i + 0.5) for j in range(4)]
    assert engine.stats.compiled == 2


def test_int_and_bool_numbers_keep_their_kind_as_inputs():
    x = torch.tensor([1, 2, 3])
    for i in range(3):
        out = x + i
        assert out.dtype is torch.int64 and out.tolist() == [1 + i, 2 + i, 3 + i]


def test_numbers_too_large_for_the_packed_array_stay_exact():
    x = torch.tensor([0])
    for i in range(3):
        assert (x + ((1 << 60) + i)).item() == (1 << 60) + i


def test_updated_parameters_are_donated():
    ws, x = model()
    step(ws, x)
    assert len(engine.programs()[-1].donated) == len(ws)
    before = {w._read().array.unsafe_buffer_pointer() for w in ws}
    step(ws, x)
    assert {w._read().array.unsafe_buffer_pointer() for w in ws} == before
    assert x.sum().isfinite()


def test_what_somebody_holds_is_not_donated():
    ws, x = model()
    step(ws, x)
    kept = [w.detach().clone() for w in ws]
    engine.flush()
    alias = jax.numpy.asarray(ws[0]._read().array)
    step(ws, x)
    assert np.isfinite(np.asarray(alias)).all()
    assert all(np.isfinite(k.numpy()).all() for k in kept)


def test_dead_intermediates_are_not_returned():
    ws, x = model()
    step(ws, x)
    (found,) = engine.programs()
    assert len(found.outs) == 2 * len(ws) + 2  # new parameters, gradients, the loss that is held, and h, a local of the step


def test_a_stray_reference_costs_no_recompilation_of_the_step_later():
    ws, x = model()
    step(ws, x)
    for _ in range(3):
        loss = step(ws, x)
    del loss
    compiled = engine.stats.compiled
    kept = []
    for w in ws:
        w.grad = None
    h = x
    for w in ws:
        h = torch.tanh(h @ w)
        kept.append(h)  # held by chance
    (h * h).mean().backward()
    apply_update(sgd, ws, [w.grad for w in ws], [], [0.01])
    engine.flush()
    assert engine.stats.compiled <= compiled + 1
    compiled = engine.stats.compiled
    del kept, h
    for _ in range(3):
        step(ws, x)
    assert engine.stats.compiled == compiled


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(programs.flags, "max_programs", 8)
    for i in range(1, 20):
        torch.zeros(i).add(1).tolist()
    assert len(engine.programs()) <= 9


def test_shapes_that_never_repeat_are_told(monkeypatch):
    monkeypatch.setattr(compilations, "MANY", 4)
    monkeypatch.setattr(compilations, "SECONDS", 0.0)
    engine.clear()

    def grow(start, end):
        for n in range(start, end):
            (torch.ones(n) * 2).cumsum(0).sum().item()

    grow(1, 4)
    with pytest.warns(RuntimeWarning, match=r"4 programs of the same \d+ operations .*test_programs.py:\d+"):
        grow(4, 6)
    grow(6, 8)
    with pytest.warns(RuntimeWarning, match="^8 programs"):
        grow(8, 10)
    assert engine.stats.seconds > 0


def test_nothing_is_run_for_values_nobody_wants():
    x = torch.ones(3)
    x.tolist()
    engine.stats.reset()
    y = x + 1
    del y
    engine.flush()
    assert engine.stats.run == 0


def test_a_value_pending_in_another_thread_is_run_there():
    made = []
    thread = threading.Thread(target=lambda: made.append(torch.ones(3) + 1))
    thread.start()
    thread.join()
    assert (made[0] * 2).tolist() == [4, 4, 4]


def test_threads_record_side_by_side():
    results = {}

    def work(n):
        x = torch.full((4,), float(n))
        for _ in range(50):
            x = x + 1
        results[n] = x.tolist()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == {n: [n + 50.0] * 4 for n in range(4)}


def test_a_failed_call_leaves_tensors_and_graph_as_they_were():
    a, b = torch.ones(2, 3), torch.ones(4, 5)
    c = a * 2
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        a @ b
    with pytest.raises(RuntimeError, match="must match the size"):
        a + b
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        a.add_(torch.ones(7, 2, 3))
    assert c.sum().item() == 12 and a.sum().item() == 6


def test_a_long_pending_chain_is_run_in_pieces_of_one_program():
    x = torch.zeros(4)
    x.tolist()
    engine.stats.reset()
    for _ in range(3 * programs.flags.max_pending):
        x = x + 1
    assert x.tolist() == [3.0 * programs.flags.max_pending] * 4
    assert engine.stats.compiled <= 2


def test_jax_tracers_run_ops_directly():
    def f(a):
        t = torch.from_jax(a)
        return jax.numpy.asarray(torch.sin(t * 2).sum())

    a = jax.numpy.arange(3.0)
    np.testing.assert_allclose(jax.jit(f)(a), np.sin(2 * np.arange(3.0)).sum(), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(f)(a), 2 * np.cos(2 * np.arange(3.0)), rtol=1e-6)


def test_a_pending_tensor_is_run_outside_a_jax_trace():
    w = torch.ones(3) + 1

    def f(a):
        return jax.numpy.asarray(torch.from_jax(a) * w)

    np.testing.assert_array_equal(jax.jit(f)(jax.numpy.ones(3)), [2, 2, 2])
    assert w.tolist() == [2, 2, 2]


def test_x64_is_a_matter_of_context_only():
    assert torch.arange(3).dtype is torch.int64
    assert torch.tensor([1.0], dtype=torch.float64).exp().numpy().dtype == np.float64
    assert jax.numpy.arange(3).dtype == np.int32


def test_no_reference_cycles():
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        ws, x = model()
        for _ in range(3):
            step(ws, x)
        del ws, x
        gc.collect()
        found = {type(o).__name__ for o in gc.garbage if type(o).__module__.startswith("torchlike")}
        assert not found & {"Tensor", "Value", "Storage", "GradNode", "Graph"}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def test_eager_mode_gives_the_same(monkeypatch):
    ws, x = model()
    start = [w.detach().clone() for w in ws]
    expected = [step(ws, x).item() for _ in range(2)]
    monkeypatch.setattr(programs.flags, "eager", True)
    signature.forget()
    try:
        for w, s in zip(ws, start, strict=True):
            w.data = s
        compiled = engine.stats.compiled
        np.testing.assert_allclose([step(ws, x).item() for _ in range(2)], expected, rtol=1e-6)
        assert engine.stats.compiled == compiled
    finally:
        monkeypatch.undo()
        signature.forget()


def test_xla_compiles_a_step_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first step's leaves lie where JAX likes them to, as the next one's do: a bound one would make another program."""
    model = torch.nn.Linear(300, 7)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    counts = []
    for step in range(3):
        x = torch.tensor(np.full((11, 300), step, np.float32))  # more than what is handed over by value, and held below
        caplog.clear()
        with caplog.at_level("WARNING", logger="jax"), jax.log_compiles():
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
            model.weight.detach().numpy()
        counts.append(sum("Finished XLA compilation of jit(pure)" in r.getMessage() for r in caplog.records))
    assert counts[1:] == [0, 0] and counts[0] <= 1
