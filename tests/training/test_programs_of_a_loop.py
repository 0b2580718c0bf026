"""An unmodified training loop: how many programs it compiles, what it keeps, how long it runs."""

import gc
import resource

import numpy as np
import pytest

import torchlike as torch
from torchlike import engine

nn = torch.nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(4 * 4 * 4, 10)

    def forward(self, x):
        return self.head(self.drop(torch.flatten(self.features(x), 1)))


def loader(n=40, batch=16):
    torch.manual_seed(0)
    data = torch.utils.data.TensorDataset(torch.randn(n, 1, 8, 8), torch.randint(0, 10, (n,)))
    return torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True)


def epoch(net, batches, optimizer, scheduler=None, read=None, clip=False):
    for x, y in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        if read == "before":
            loss.item()
        loss.backward()
        if read == "after":
            loss.item()
        if clip:
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        if read == "end":
            loss.item()


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, dampening=0.1),
    "adam": lambda p: torch.optim.Adam(p, 1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, 1e-3, amsgrad=True),
}
SCHEDULES = {
    "none": lambda o: None,
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 20),
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 1, 0.9),
    "lambda": lambda o: torch.optim.lr_scheduler.LambdaLR(o, lambda i: 1 / (i + 1)),
}


@pytest.fixture(autouse=True)
def fresh():
    engine.flush()
    engine.clear()
    engine.stats.reset()


@pytest.mark.sampled(0.5)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_first_epoch_compiles_the_step_and_the_last_batch_the_second_nothing(optimizer, schedule):
    batches = loader()
    net = Net()
    opt = OPTIMIZERS[optimizer](net.parameters())
    scheduler = SCHEDULES[schedule](opt)
    engine.flush()
    engine.stats.reset()
    epoch(net, batches, opt, scheduler)
    assert engine.stats.compiled == 2  # the step, and the step of the last, smaller batch
    assert engine.stats.run == 3  # one program per step
    for _ in range(2):
        epoch(net, batches, opt, scheduler)
    assert engine.stats.compiled == 2
    assert engine.stats.run == 9


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("read", ["before", "after", "end"])
def test_reading_the_loss_compiles_nothing_in_the_second_epoch(read, clip):
    batches = loader()
    net = Net()
    opt = OPTIMIZERS["adam"](net.parameters())
    scheduler = SCHEDULES["cosine"](opt)
    epoch(net, batches, opt, scheduler, read, clip)
    compiled = engine.stats.compiled
    epoch(net, batches, opt, scheduler, read, clip)
    assert engine.stats.compiled == compiled


@pytest.mark.parametrize("on_device", [False, True])
def test_copied_layers_are_leaves_of_their_own_from_the_first_step(on_device):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    if on_device:  # as after a step
        for p in layer.parameters():
            p.sum().item()
    net = nn.TransformerEncoder(layer, 3)
    opt = OPTIMIZERS["adam"](net.parameters())
    x = torch.randn(2, 4, 8)
    before = engine.stats.compiled
    for _ in range(3):
        opt.zero_grad()
        net(x).pow(2).mean().backward()
        opt.step()
    assert engine.stats.compiled == before + 1


def test_set_to_none_off_settles_too():
    batches = loader(32)
    net = Net()
    opt = OPTIMIZERS["sgd"](net.parameters())
    for _ in range(3):
        for x, y in batches:
            opt.zero_grad(set_to_none=False)
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
        engine.flush()
    compiled = engine.stats.compiled
    for x, y in batches:
        opt.zero_grad(set_to_none=False)
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
    assert engine.stats.compiled == compiled


def test_gradient_accumulation_settles():
    batches = loader(64)
    net = Net()
    opt = OPTIMIZERS["adam"](net.parameters())

    def run():
        for i, (x, y) in enumerate(batches):
            (nn.functional.cross_entropy(net(x), y) / 2).backward()
            if i % 2:
                opt.step()
                opt.zero_grad()

    run()
    compiled = engine.stats.compiled
    run()
    assert engine.stats.compiled == compiled


@pytest.mark.timeout(300)
def test_soak_ten_thousand_steps():
    """Memory and the number of programs stay flat."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Dropout(0.1), nn.Linear(16, 2))
    opt = torch.optim.Adam(net.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 10_000)
    data = torch.utils.data.TensorDataset(torch.randn(1600, 8), torch.randint(0, 2, (1600,)))
    batches = torch.utils.data.DataLoader(data, batch_size=16, shuffle=True)
    marks = []
    for number in range(100):
        epoch(net, batches, opt, schedule)
        net[0].weight.sum().item()
        if number in (20, 99):
            gc.collect()
            marks.append((engine.stats.compiled, len(gc.get_objects()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
    (compiled, objects, memory), (compiled_later, objects_later, memory_later) = marks
    assert compiled_later == compiled
    assert objects_later < objects + 500
    assert memory_later < memory + 40_000  # kilobytes


@pytest.mark.timeout(300)
def test_a_chain_of_a_hundred_thousand_operations_goes_backward():
    x = torch.ones(4, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y * 1.00001
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full(4, 1.00001**100_000), rtol=2e-2)  # float32, 1e5 roundings


@pytest.mark.timeout(120)
def test_fifty_thousand_pending_operations_are_bounded():
    x = torch.zeros(4)
    for _ in range(50_000):
        x = x + 1.0
    assert x.tolist() == [50_000.0] * 4
    assert engine.stats.compiled <= 3
