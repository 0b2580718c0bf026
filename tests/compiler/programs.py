"""Programs that run alike, plain and with a part of them compiled. Each takes `compile` and gives back numbers to compare."""

from __future__ import annotations

import warnings

import numpy as np

import torchlike as torch
from torchlike.nn import functional as F

STEPS = 6
PROGRAMS = {}


def program(fn):
    PROGRAMS[fn.__name__] = fn
    return fn


def batches(count=STEPS, width=6, classes=3, size=4):
    g = torch.Generator().manual_seed(1)
    return [(torch.randn(size, width, generator=g), torch.randint(0, classes, (size,), generator=g)) for _ in range(count)]


def network(drop=0.3):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Dropout(drop), torch.nn.Linear(8, 3)
    )


def numbers(*things):
    """Every number in tensors, modules, optimizers and containers."""
    found = []
    for thing in things:
        if isinstance(thing, torch.Tensor):
            found.append(thing.detach().float().numpy().copy())
        elif isinstance(thing, torch.nn.Module):
            found.extend(numbers(*thing.state_dict().values()))
            found.extend(numbers(*[p.grad for p in thing.parameters() if p.grad is not None]))
        elif isinstance(thing, torch.optim.Optimizer):
            state = thing.state_dict()
            found.extend(numbers(*[v for entry in state["state"].values() for v in entry.values()]))
            found.extend(numbers(*[group["lr"] for group in state["param_groups"]]))
        elif isinstance(thing, dict):
            found.extend(numbers(*thing.values()))
        elif isinstance(thing, (list, tuple)):
            found.extend(numbers(*thing))
        elif thing is not None:
            found.append(np.asarray(thing, np.float64))
    return found


def trained(optimizer_of, compile, schedule=None, clip=False, drop=0.3):
    model = network(drop)
    optimizer = optimizer_of(model.parameters())
    scheduler = schedule and schedule(optimizer)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        return loss

    step = compile(step)
    losses = [step(x, y).item() for x, y in batches()]
    return numbers(losses, model, optimizer)


for _name, _make in {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw_amsgrad": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
    "nadam": lambda p: torch.optim.NAdam(p, lr=0.01),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.01, lr_decay=0.1),
}.items():
    PROGRAMS[f"step_{_name}"] = lambda compile, make=_make: trained(make, compile)


@program
def step_with_schedule_and_clipping(compile):
    return trained(
        lambda p: torch.optim.AdamW(p, lr=0.01),
        compile,
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=STEPS + 1),
        clip=True,
    )


@program
def step_with_chained_schedules(compile):
    def schedule(optimizer):
        one = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3)
        other = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, [one, other], [3])

    return trained(lambda p: torch.optim.SGD(p, lr=0.1), compile, schedule)


@program
def model_alone(compile):
    model = network()
    called = compile(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for x, y in batches():
        optimizer.zero_grad()
        loss = F.cross_entropy(called(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return numbers(losses, model, optimizer)


@program
def layers_that_work_in_place(compile):
    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.norm, self.act = torch.nn.Linear(6, 6), torch.nn.BatchNorm1d(6), torch.nn.ReLU(inplace=True)

        def forward(self, x):
            y = self.act(self.norm(self.linear(x)))
            y += x
            return self.act(y)

    torch.manual_seed(0)
    model = torch.nn.Sequential(Block(), Block())
    called = compile(model)
    losses = []
    for x, _ in batches():
        loss = called(x).square().mean()
        loss.backward()
        losses.append(loss.item())
    return numbers(losses, model)


@program
def model_compiled_in_place(compile):
    model = network()
    if compile is torch.compile:
        model.compile()
    losses = []
    for x, y in batches():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        losses.append(loss.item())
    return numbers(losses, model)


@program
def inputs_get_gradients(compile):
    model = network(0.0)
    called = compile(model)
    found = []
    for x, _ in batches():
        x.requires_grad_()
        called(x * 2).square().sum().backward()
        found.append(x.grad)
    return numbers(found, model)


@program
def training_and_evaluation_take_turns(compile):
    model = network()
    called = compile(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = []
    for x, y in batches() * 2:
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(called(x), y).backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            found.append(called(x))
    return numbers(found, model)


@program
def accumulation(compile):
    model = network(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def backward(x, y):
        loss = F.cross_entropy(model(x), y) / 2
        loss.backward()
        return loss.detach()

    found = []
    for i, (x, y) in enumerate(batches() * 3):
        found.append(backward(x, y))
        if i % 2:
            optimizer.step()
            optimizer.zero_grad(set_to_none=i % 4 == 1)
    return numbers(found, model)


@program
def the_step_alone(compile):
    model = network(0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    step = compile(lambda: optimizer.step())
    for x, y in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        step()
    return numbers(model, optimizer)


@program
def mixed_precision(compile):
    model = network(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss

    losses = [step(x, y).item() for x, y in batches()]
    return numbers(losses, model, scaler.get_scale())


@program
def averaged_weights(compile):
    model = network(0.0)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            for mine, other in zip(average.module.parameters(), model.parameters(), strict=True):
                mine.lerp_(other, 0.1)

    for x, y in batches():
        step(x, y)
    return numbers(model, average)


@program
def arguments_written_in_place(compile):
    @compile
    def grow(x, by):
        x.add_(by)
        return x, x * 2

    x, found = torch.zeros(3), []
    for i in range(STEPS):
        same, double = grow(x, torch.tensor([1.0, 2.0, float(i)]))
        assert same is x
        found.extend([x, double])
    return numbers(found)


@program
def views_of_arguments(compile):
    @compile
    def fill(x, row):
        x[1] = row
        return x[1] + x[0]

    x = torch.arange(6.0).reshape(2, 3)
    found = [fill(x, torch.full((3,), float(i))) for i in range(STEPS)]
    return numbers(found, x)


@program
def structures(compile):
    @compile
    def fn(pair, *, scale=2.0, table=None):
        a, b = pair
        return {"sum": a + b, "more": [a * scale, None, "name"], "table": (table["x"], table["x"] - 1)}

    found = []
    for i in range(STEPS):
        result = fn((torch.ones(2) * i, torch.ones(2)), table={"x": torch.full((2,), 3.0 + i)})
        assert result["more"][1:] == [None, "name"]
        found.append([result["sum"], result["more"][0], *result["table"]])
    return numbers(found)


@program
def random_numbers(compile):
    @compile
    def fn(n):
        return torch.rand(n), torch.randn(17), torch.randint(0, 9, (4,)), torch.randperm(5), torch.ones(3).bernoulli_(0.5)

    torch.manual_seed(3)
    found = [fn(4) for _ in range(STEPS)]
    torch.manual_seed(3)
    return numbers(found, [fn(4) for _ in range(2)], torch.rand(2))


@program
def an_outside_generator(compile):
    generator = torch.Generator().manual_seed(5)
    fn = compile(lambda: torch.rand(3, generator=generator))
    return numbers([fn() for _ in range(STEPS)])


@program
def hidden_state_in_a_buffer(compile):
    class Counter(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(2))
            self.scale = torch.nn.Parameter(torch.ones(2))

        def forward(self, x):
            self.seen.mul_(0.5).add_(x.detach())
            return (x * self.scale + self.seen).sum()

    model = Counter()
    called = compile(model)
    found = []
    for i in range(STEPS):
        loss = called(torch.full((2,), float(i)))
        loss.backward()
        found.append(loss)
    return numbers(found, model)


@program
def second_order(compile):
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    torch.manual_seed(0)
    for p in model.parameters():
        torch.nn.init.normal_(p)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    @compile
    def step(x):
        optimizer.zero_grad()
        x = x.clone().requires_grad_()
        (grad,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        loss = (grad.norm(dim=1) - 1).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    g = torch.Generator().manual_seed(2)
    return numbers([step(torch.randn(5, 3, generator=g)).item() for _ in range(STEPS)], model)


@program
def a_checkpointed_part(compile):
    from torchlike.utils.checkpoint import checkpoint

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        hidden = checkpoint(model[:4], x, use_reentrant=False)
        loss = F.cross_entropy(model[4](hidden), y)
        loss.backward()
        optimizer.step()
        return loss

    return numbers([step(x, y).item() for x, y in batches()], model)


@program
def a_compiled_model_in_a_compiled_step(compile):
    model = network()
    called = compile(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(called(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return numbers([step(x, y).item() for x, y in batches()], model)


@program
def changes_between_calls(compile):
    """Weights loaded, frozen, replaced and moved; learning rates set; a state loaded."""
    model = network(0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    @compile
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    found = []
    many = batches(40)
    start = {key: value.clone() for key, value in model.state_dict().items()}
    for i, (x, y) in enumerate(many):
        if i == 5:
            optimizer.param_groups[0]["lr"] = 0.003
        if i == 8:
            model.load_state_dict(start)
        if i == 12:
            model[0].weight.requires_grad_(False)
        if i == 17:
            model[0].weight.requires_grad_(True)
        if i == 22:
            model[4].weight.data = torch.ones(3, 8) * 0.1
        if i == 27:
            optimizer.load_state_dict(optimizer.state_dict())
        if i == 32:
            model[2] = torch.nn.Tanh()
        if i == 36:
            model.eval()
        found.append(step(x, y).item())
    return numbers(found, model, optimizer)


@program
def several_shapes(compile):
    model = network(0.0)
    called = compile(model)
    return numbers([called(torch.ones(n, 6) * n).sum() for n in (2, 3, 2, 3, 2, 3, 4, 2)], model)


@program
def copies_of_parameters_outlive_the_step(compile):
    """The copy may share the very value that the step overwrites."""
    weight = torch.nn.Parameter(torch.ones(4))
    kept = torch.zeros(4)

    @compile
    def step(x):
        weight.grad = None
        (weight * x).sum().backward()
        with torch.no_grad():
            kept.copy_(weight)
            weight.sub_(weight.grad * 0.1)
        return weight.detach() * 1

    found, views = [], []
    for i in range(STEPS):
        found.append(step(torch.full((4,), float(i))))
        found.append(kept.clone())
        views.append(weight.detach().clone())
        shared = torch.empty(4)
        shared.copy_(weight.detach())
        views.append(shared)
    return numbers(found, views)


@program
def a_rate_that_is_a_tensor(compile):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight], lr=torch.tensor(0.1))

    @compile
    def step(x):
        optimizer.zero_grad()
        (weight * x).square().sum().backward()
        optimizer.step()

    for i in range(STEPS):
        step(torch.full((3,), float(i)))
    return numbers(weight)


@program
def constants_made_within(compile):
    @compile
    def fn(x):
        mask = torch.tril(torch.ones(3, 3))
        table = torch.tensor([1.0, 2.0, 3.0])
        return x @ mask + table

    return numbers([fn(torch.ones(2, 3) * i) for i in range(STEPS)])


# What cannot be one op, told by a warning, and has to work all the same.
TOLD = {}


def told(fn):
    TOLD[fn.__name__] = fn
    return fn


class Recurrent(torch.nn.Module):
    """Keeps what it computes in attributes, and in a cache that it is given."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(3, 3)
        self.hidden = torch.zeros(2, 3)

    def forward(self, x, cache=None):
        self.hidden = torch.tanh(self.linear(x) + self.hidden.detach())
        if cache is not None:
            cache.append(self.hidden if not cache else torch.cat([cache[-1], self.hidden]))
        return self.hidden.sum()


@told
def state_kept_in_an_attribute(compile):
    model = Recurrent()
    called = compile(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = []
    for x, _ in batches(width=3, size=2):
        optimizer.zero_grad()
        loss = called(x)
        loss.backward()
        optimizer.step()
        found.append([loss, model.hidden])
    return numbers(found, model)


@told
def a_cache_that_grows(compile):
    model = Recurrent()
    called = compile(model)
    cache = []
    found = [called(x, cache) for x, _ in batches(width=3, size=2)]
    found[-1].backward()
    return numbers(found, cache, model)


@told
def backward_within_the_model(compile):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(3))

        def forward(self, x):
            loss = (self.w * x).square().sum()
            loss.backward()
            with torch.no_grad():
                self.w.sub_(0.01 * self.w.grad)
            self.w.grad = None
            return (self.w * x).sum()

    model = Net()
    called = compile(model)
    found = [called(x) for x, _ in batches(width=3, size=1)]
    found[-1].backward()
    return numbers(found, model)


@told
def a_value_asked_for_midway(compile):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(3))
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            self.count.add_(1)
            y = self.w * torch.dropout(x, 0.5, True)
            if y.sum().item() > 0:
                y = y * 2
            return (y + self.count).sum()

    torch.manual_seed(0)
    model = Net()
    called = compile(model)
    found = []
    for x, _ in batches(width=3, size=1):
        loss = called(x)
        loss.backward()
        found.append(loss)
    return numbers(found, model)


@told
def an_error_after_a_write(compile):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(3))
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            self.count.add_(1)
            if x.shape[0] == 1:
                raise KeyError("mine")
            return (self.w * x).sum()

    model = Net()
    called = compile(model)
    found = []
    for x, _ in batches(width=3, size=1):
        try:
            called(x)
        except KeyError:
            found.append(model.count)
    return numbers(found, model)


def quiet(name, compile):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TOLD[name](compile)
