"""Gradient accumulation: as the large batch, in a constant number of programs, with clipping and scaled losses."""

import numpy as np
import pytest

import torchlike as torch
from torchlike import engine

nn = torch.nn
PARTS, BATCH = 3, 4
CLIPS = {
    "none": lambda params: None,
    "norm": lambda params: nn.utils.clip_grad_norm_(params, 0.05),
    "value": lambda params: nn.utils.clip_grad_value_(params, 0.01),
}


@pytest.fixture(autouse=True)
def fresh():
    engine.flush()
    engine.clear()
    engine.stats.reset()


def made():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    return net, torch.optim.AdamW(net.parameters(), 0.05)


def data(cycle):
    rng = np.random.default_rng(cycle)
    x, y = rng.standard_normal((PARTS * BATCH, 6)).astype(np.float32), rng.integers(0, 3, PARTS * BATCH)
    return torch.tensor(x), torch.tensor(y)


def train(parts, clip, set_to_none, scaler=None, cycles=5):
    """Train; returns the parameters, and how many programs had been compiled and run after each cycle."""
    net, optimizer = made()
    scaler = scaler or torch.amp.GradScaler("cpu", enabled=False)
    engine.flush()
    engine.stats.reset()
    counts = []
    for cycle in range(cycles):
        x, y = data(cycle)
        for xs, ys in zip(x.chunk(parts), y.chunk(parts), strict=True):
            scaler.scale(nn.functional.cross_entropy(net(xs), ys) / parts).backward()
        if clip != "none":
            scaler.unscale_(optimizer)
        CLIPS[clip](net.parameters())
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=set_to_none)
        counts.append((engine.stats.compiled, engine.stats.run))
    return [param.detach().numpy() for param in net.parameters()], counts


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("scaled", [False, True], ids=["unscaled", "scaled"])
@pytest.mark.parametrize("set_to_none", [True, False], ids=["none", "zero"])
@pytest.mark.parametrize("clip", CLIPS)
def test_accumulated_is_the_large_batch_and_a_cycle_one_program(clip, set_to_none, scaled):
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0) if scaled else None
    params, counts = train(PARTS, clip, set_to_none, scaler)
    compiled = [count for count, _ in counts]
    # Gradients set to nought are there at the second cycle, and were not at the first.
    assert compiled == ([1] * 5 if set_to_none else [1, 2, 2, 2, 2])
    assert [run for _, run in counts] == [1, 2, 3, 4, 5]
    large, _ = train(1, clip, True)
    for own, other in zip(params, large, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-5)


def test_an_overflow_in_one_part_skips_the_whole_cycle():
    net, optimizer = made()
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    before = net[0].weight.detach().clone()
    for factor in (1.0, float("inf"), 1.0):
        scaler.scale(net(data(0)[0] * factor).square().mean()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert torch.equal(before, net[0].weight)
    assert scaler.get_scale() == 4.0
    assert optimizer.state[net[0].weight]["step"] == 0


def test_a_loader_between_the_parts_compiles_nothing_after_the_second_cycle():
    net, optimizer = made()
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    x, y = data(0)
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=2)  # 6 batches: 2 cycles
    compiled = []
    for _ in range(3):
        for i, (xs, ys) in enumerate(batches, 1):
            scaler.scale(nn.functional.cross_entropy(net(xs), ys) / PARTS).backward()
            if i % PARTS == 0:
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad()
        compiled.append(engine.stats.compiled)
    assert compiled[0] == compiled[1] == compiled[2]
