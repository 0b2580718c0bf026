"""What torch refuses: the calls of `test_errors.py`, by name. Each takes the library and a `World` of its tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Calls = dict[str, Callable[[Any, Any], Any]]

SHAPES: Calls = {
    "add": lambda t, w: w.a + w.b,
    "add, gradients wanted": lambda t, w: w.h + w.b,
    "add in place": lambda t, w: w.a.add_(w.b),
    "add in place, bigger": lambda t, w: w.a.add_(t.ones(4, 2, 3)),
    "add in place, view": lambda t, w: w.a[0].add_(w.b),
    "add, out": lambda t, w: t.add(w.a, w.a, out=t.ones(2, 3, dtype=t.int64)),
    "matmul": lambda t, w: w.a @ w.b,
    "matmul vectors": lambda t, w: w.a[0] @ w.b[0],
    "mm of a vector": lambda t, w: t.mm(w.a, w.a[0]),
    "bmm": lambda t, w: t.bmm(t.ones(2, 3, 4), t.ones(2, 5, 6)),
    "linear": lambda t, w: w.F.linear(w.b, w.model.weight),
    "linear module": lambda t, w: w.model(w.b),
    "linear bias": lambda t, w: w.F.linear(w.a, w.model.weight, t.ones(7)),
    "conv channels": lambda t, w: w.F.conv2d(t.ones(1, 2, 5, 5), t.ones(4, 3, 3, 3)),
    "conv dims": lambda t, w: w.F.conv2d(w.a, t.ones(4, 3, 3, 3)),
    "conv kernel too big": lambda t, w: w.F.conv2d(t.ones(1, 3, 2, 2), t.ones(4, 3, 3, 3)),
    "conv module": lambda t, w: t.nn.Conv2d(3, 4, 3)(t.ones(1, 2, 5, 5)),
    "conv groups": lambda t, w: t.nn.Conv2d(3, 4, 3, groups=2),
    "batch norm channels": lambda t, w: t.nn.BatchNorm2d(3)(t.ones(1, 2, 5, 5)),
    "batch norm dims": lambda t, w: t.nn.BatchNorm2d(3)(w.a),
    "batch norm, one value": lambda t, w: t.nn.BatchNorm1d(3)(t.ones(1, 3)),
    "layer norm": lambda t, w: t.nn.LayerNorm(4)(w.a),
    "max pool, nothing left": lambda t, w: w.F.max_pool2d(t.ones(1, 1, 2, 2), 3),
    "cat": lambda t, w: t.cat([w.a, w.b]),
    "cat dims": lambda t, w: t.cat([w.a, t.ones(2, 2, 2)]),
    "cat nothing": lambda t, w: t.cat([]),
    "stack": lambda t, w: t.stack([w.a, w.b]),
    "stack nothing": lambda t, w: t.stack([]),
    "cross entropy batch": lambda t, w: w.F.cross_entropy(w.a, t.tensor([0, 1, 2])),
    "cross entropy target out of range": lambda t, w: w.F.cross_entropy(w.a, t.ones(2, 4)),
    "cross entropy weight": lambda t, w: w.F.cross_entropy(w.a, t.tensor([0, 1]), weight=t.ones(5)),
    "nll loss": lambda t, w: w.F.nll_loss(w.a, t.tensor([[0, 1], [0, 1]])),
    "mse loss": lambda t, w: w.F.mse_loss(w.a, w.b),
    "binary cross entropy": lambda t, w: w.F.binary_cross_entropy(w.a[0] / 9, w.b[0]),
    "reduction": lambda t, w: w.F.mse_loss(w.a, w.a, reduction="average"),
    "view": lambda t, w: w.a.view(4, 2),
    "view, guessed": lambda t, w: w.a.view(4, -1),
    "view, two guesses": lambda t, w: w.a.view(-1, -1),
    "view, negative": lambda t, w: w.a.view(-2, 3),
    "view of a transpose": lambda t, w: w.a.t().view(6),
    "reshape": lambda t, w: w.a.reshape(7),
    "expand": lambda t, w: w.a.expand(4, 3),
    "expand, fewer": lambda t, w: w.a.expand(3),
    "expand, new dimension": lambda t, w: w.a.expand(-1, 2, 3),
    "broadcast_to": lambda t, w: t.broadcast_to(w.a, (3, 3)),
    "transpose": lambda t, w: w.a.transpose(0, 2),
    "permute": lambda t, w: w.a.permute(0, 0),
    "permute, fewer": lambda t, w: w.a.permute(0),
    "t": lambda t, w: t.ones(2, 2, 2).t(),
    "squeeze": lambda t, w: w.a.squeeze(3),
    "unsqueeze": lambda t, w: w.a.unsqueeze(5),
    "split sizes": lambda t, w: w.a.split([1, 1], 1),
    "chunk": lambda t, w: w.a.chunk(0),
    "unfold": lambda t, w: w.a.unfold(1, 5, 1),
    "narrow": lambda t, w: w.a.narrow(1, 2, 2),
    "where": lambda t, w: t.where(w.mask, w.a, w.b),
    "gather": lambda t, w: w.a.gather(1, t.zeros(5, 1, dtype=t.int64)),
    "scatter": lambda t, w: w.a.scatter(1, t.zeros(2, 5, dtype=t.int64), t.ones(2, 3)),
    "copy_": lambda t, w: w.a.copy_(w.b),
    "fill_": lambda t, w: w.a.fill_(w.b),
    "set item": lambda t, w: w.a.__setitem__(0, t.ones(2)),
    "set item, mask": lambda t, w: w.a.__setitem__(w.mask, t.ones(1, 5)),
    "index mask": lambda t, w: w.a[t.ones(3, 3, dtype=t.bool)],
    "index lists": lambda t, w: w.a[[0, 1], [0, 1, 2]],
    "index too many": lambda t, w: w.a[0, 0, 0],
    "index out of range": lambda t, w: w.a[2],
    "index negative": lambda t, w: w.a[0, -4],
    "index 0-dim": lambda t, w: w.scalar[0],
    "index step": lambda t, w: w.a[::0],
    "ellipses": lambda t, w: w.a[..., ..., 0, 0, 0],
    "ragged": lambda t, w: t.tensor([[1, 2], [3]]),
    "eye": lambda t, w: t.eye(-1),
    "zeros": lambda t, w: t.zeros(2, -1),
    "arange": lambda t, w: t.arange(3, 1),
    "arange step": lambda t, w: t.arange(1, 3, 0),
    "linspace": lambda t, w: t.linspace(0, 1, -1),
    "randperm": lambda t, w: t.randperm(-1),
    "multinomial": lambda t, w: t.multinomial(t.ones(3), 4),
    "normal std": lambda t, w: t.normal(0.0, -1.0, (2,)),
    "attention": lambda t, w: w.F.scaled_dot_product_attention(t.ones(1, 2, 4), t.ones(1, 3, 5), t.ones(1, 3, 5)),
}

DIMENSIONS: Calls = {
    "sum": lambda t, w: w.a.sum(2),
    "sum, negative": lambda t, w: w.a.sum(-3),
    "sum, twice": lambda t, w: w.a.sum((0, 0)),
    "mean": lambda t, w: w.a.mean(2),
    "max": lambda t, w: w.a.max(2),
    "argmax": lambda t, w: w.a.argmax(2),
    "softmax": lambda t, w: w.a.softmax(2),
    "log_softmax": lambda t, w: w.F.log_softmax(w.a, 2),
    "cat": lambda t, w: t.cat([w.a, w.a], 2),
    "stack": lambda t, w: t.stack([w.a, w.a], 3),
    "cumsum": lambda t, w: w.a.cumsum(2),
    "sort": lambda t, w: w.a.sort(2),
    "topk": lambda t, w: w.a.topk(2, 2),
    "flatten": lambda t, w: w.a.flatten(2),
    "flatten, backwards": lambda t, w: w.a.flatten(1, 0),
    "size": lambda t, w: w.a.size(2),
    "select": lambda t, w: w.a.select(2, 0),
    "unbind": lambda t, w: w.a.unbind(2),
    "gather": lambda t, w: w.a.gather(2, w.ints),
    "index_select": lambda t, w: w.a.index_select(2, t.tensor([0])),
    "split": lambda t, w: w.a.split(1, 2),
    "movedim": lambda t, w: w.a.movedim(0, 2),
    "std": lambda t, w: w.a.std(2),
    "norm": lambda t, w: w.a.norm(dim=2),
    "flip": lambda t, w: w.a.flip(2),
    "dropout": lambda t, w: w.F.dropout(w.a, 1.5),
}

DTYPES: Calls = {
    "matmul": lambda t, w: w.a @ w.a.double().t(),
    "linear": lambda t, w: w.model(w.a.double()),
    "conv": lambda t, w: w.F.conv2d(t.ones(1, 3, 5, 5).double(), t.ones(4, 3, 3, 3)),
    "embedding": lambda t, w: w.F.embedding(w.a, t.ones(9, 2)),
    "embedding module": lambda t, w: t.nn.Embedding(3, 2)(w.a),
    "cross entropy": lambda t, w: w.F.cross_entropy(w.a, t.tensor([0, 1], dtype=t.int32)),
    "cross entropy, float": lambda t, w: w.F.cross_entropy(w.a, t.tensor([0.0, 1.0])),
    "nll loss": lambda t, w: w.F.nll_loss(w.a, t.tensor([0.0, 1.0])),
    "index": lambda t, w: w.a[t.tensor([0.0])],
    "index, number": lambda t, w: w.a[1.0],
    "index, text": lambda t, w: w.a["x"],
    "set item": lambda t, w: w.a.__setitem__(t.tensor([0.0]), 1),
    "one_hot": lambda t, w: w.F.one_hot(t.tensor([0.0])),
    "gather": lambda t, w: w.a.gather(0, w.a),
    "scatter": lambda t, w: w.a.scatter(1, w.ints, w.a.double()),
    "float into int": lambda t, w: w.ints.add_(0.5),
    "float tensor into int": lambda t, w: w.ints.mul_(w.a),
    "div of int": lambda t, w: w.ints.div_(2),
    "exp of int": lambda t, w: w.ints.exp_(),
    "int into mask": lambda t, w: w.mask.add_(1),
    "mean of int": lambda t, w: w.ints.mean(),
    "softmax of int": lambda t, w: w.ints.softmax(0),
    "var of int": lambda t, w: w.ints.var(),
    "minus mask": lambda t, w: -w.mask,
    "mask minus mask": lambda t, w: w.mask - w.mask,
    "and of floats": lambda t, w: w.a & w.a,
    "not of float": lambda t, w: ~w.a,
    "masked_fill": lambda t, w: w.a.masked_fill(w.ints, 0.0),
    "where": lambda t, w: t.where(w.a, w.a, w.a),
    "requires grad, int": lambda t, w: w.ints.requires_grad_(),
    "requires grad, made": lambda t, w: t.tensor([1], requires_grad=True),
    "parameter": lambda t, w: t.nn.Parameter(t.tensor([1])),
    "int power": lambda t, w: w.ints**-1,
    "rand": lambda t, w: t.rand(2, dtype=t.int64),
    "normal_": lambda t, w: w.ints.normal_(),
    "dot": lambda t, w: t.dot(w.a[0], w.a[0].double()),
    "lerp": lambda t, w: t.lerp(w.a, w.a.double(), 0.5),
    "allclose": lambda t, w: t.allclose(w.a, w.a.double()),
    "numpy strings": lambda t, w: t.from_numpy(w.np.array(["x"])),
    "objects": lambda t, w: t.tensor([object()]),
    "text": lambda t, w: t.tensor("text"),
    "nothing": lambda t, w: t.tensor(None),
    "default": lambda t, w: t.set_default_dtype(t.int64),
}

TYPES: Calls = {
    "add text": lambda t, w: w.a + "x",
    "text plus": lambda t, w: "x" + w.a,
    "add nothing": lambda t, w: w.a + None,
    "add list": lambda t, w: w.a + ["x"],  # noqa: RUF005 - no list
    "function of text": lambda t, w: t.exp("x"),
    "function of a number": lambda t, w: t.exp(1.0),
    "function of nothing": lambda t, w: t.exp(),
    "too many": lambda t, w: t.exp(w.a, w.a),
    "unknown name": lambda t, w: t.sum(w.a, dimension=1),
    "given twice": lambda t, w: t.exp(w.a, input=w.a),
    "dim text": lambda t, w: w.a.sum("x"),
    "dim float": lambda t, w: w.a.softmax(1.0),
    "view float": lambda t, w: w.a.view(2.0, 3.0),
    "view text": lambda t, w: w.a.view("x"),
    "zeros text": lambda t, w: t.zeros("x"),
    "zeros float": lambda t, w: t.zeros(2.5),
    "matmul number": lambda t, w: w.a @ 2,
    "matmul with text": lambda t, w: t.matmul(w.a, "x"),
    "cat tensor": lambda t, w: t.cat(w.a),
    "cat text": lambda t, w: t.cat(["a", "b"]),
    "stack numbers": lambda t, w: t.stack([1, 2]),
    "embedding of a list": lambda t, w: w.F.embedding([0], t.ones(3, 2)),
    "linear of a list": lambda t, w: w.F.linear([1.0], w.model.weight),
    "relu of a list": lambda t, w: w.F.relu([1.0]),
    "conv of numbers": lambda t, w: w.F.conv2d(1.0, t.ones(1, 1, 1, 1)),
    "mse of a number": lambda t, w: w.F.mse_loss(w.a, 1.0),
    "fill_ text": lambda t, w: w.a.fill_("x"),
    "copy_ list": lambda t, w: w.a.copy_([1.0]),
    "from a list": lambda t, w: t.from_numpy([1.0]),
    "len of a number": lambda t, w: len(w.scalar),
    "loop over a number": lambda t, w: list(w.scalar),
    "grad": lambda t, w: setattr(w.weight, "grad", 1.0),
    "grad sizes": lambda t, w: setattr(w.weight, "grad", t.ones(5)),
    "grad dtype": lambda t, w: setattr(w.weight, "grad", t.ones(2, 3).double()),
    "data": lambda t, w: setattr(w.weight, "data", 1.0),
    "default dtype": lambda t, w: t.set_default_dtype("float32"),
    "to": lambda t, w: w.a.to([1]),
    "to a dtype's name": lambda t, w: w.a.to(dtype="float32"),
    "type": lambda t, w: w.a.to("flaot32"),
    "manual seed": lambda t, w: t.manual_seed("x"),
    "where": lambda t, w: t.where(w.mask, "x", w.a),
    "set item": lambda t, w: w.a.__setitem__(0, "x"),
    "del item": lambda t, w: w.a.__delitem__(0),
    "clamp": lambda t, w: w.a.clamp(),
    "round name": lambda t, w: t.div(w.a, 2, rounding_mode="up"),
    "einsum": lambda t, w: t.einsum("ij,jk", w.a),
    "generator": lambda t, w: t.rand(2, generator=1),
    "save": lambda t, w: t.save(w.a, 5),
    "load": lambda t, w: t.load(5),
    "load nothing": lambda t, w: t.load("no/such/file.pt"),
}

VALUES: Calls = {
    "item of many": lambda t, w: w.a.item(),
    "item of none": lambda t, w: t.zeros(0).item(),
    "bool of many": lambda t, w: bool(w.a),
    "bool of none": lambda t, w: bool(t.zeros(0)),
    "if": lambda t, w: 1 if w.mask else 0,
    "float of many": lambda t, w: float(w.a),
    "int of many": lambda t, w: int(w.a),
    "index of a float": lambda t, w: [1, 2][w.scalar],
    "range of a float": lambda t, w: range(w.scalar),
    "numpy of a leaf": lambda t, w: w.weight.numpy(),
    "numpy of a result": lambda t, w: w.h.numpy(),
    "array": lambda t, w: w.np.asarray(w.h),
    "numpy of bfloat16": lambda t, w: w.a.bfloat16().numpy(),
    "max of none": lambda t, w: t.zeros(0).max(),
    "deepcopy of a result": lambda t, w: w.copy.deepcopy(w.h),
}

AUTOGRAD: Calls = {
    "not a scalar": lambda t, w: w.h.backward(),
    "no grad needed": lambda t, w: w.a.sum().backward(),
    "under no_grad": lambda t, w: _under(t.no_grad(), lambda: w.h.sum()).backward(),
    "of a gradient of another size": lambda t, w: w.h.backward(t.ones(4)),
    "of a complex": lambda t, w: (w.h.sum() * 1j).backward(),
    "grad sizes": lambda t, w: t.autograd.grad(w.h, w.weight, t.ones(4)),
    "grad of many": lambda t, w: t.autograd.grad(w.h, w.weight),
    "grad for a constant": lambda t, w: t.autograd.grad(w.h.sum(), w.a),
    "grad unused": lambda t, w: t.autograd.grad(w.h.sum(), w.model.weight),
    "no inputs": lambda t, w: w.h.sum().backward(inputs=[]),
    "in place on a leaf": lambda t, w: w.weight.add_(1),
    "in place on a leaf, operator": lambda t, w: w.weight.__iadd__(1),
    "in place on a view of a leaf": lambda t, w: w.weight[0].add_(1),
    "in place on a transpose of a leaf": lambda t, w: w.weight.t().mul_(2),
    "set item of a leaf": lambda t, w: w.weight.__setitem__(0, 1.0),
    "copy_ into a leaf": lambda t, w: w.weight.copy_(w.a),
    "zero_ of a leaf": lambda t, w: w.weight.zero_(),
    "random in place on a leaf": lambda t, w: w.weight.normal_(),
    "of an overlap": lambda t, w: w.a[:1].expand(2, 3).add_(1),
    "over its own memory": lambda t, w: w.a[0, 1:].copy_(w.a[0, :-1].add_(w.a[0, 1:])) and None,
    "leaf's flag": lambda t, w: setattr(w.h, "requires_grad", False),
    "detach_ of a view": lambda t, w: w.weight[0].detach_(),
    "hook without grad": lambda t, w: w.a.register_hook(print),
    "retain without grad": lambda t, w: w.a.retain_grad(),
    "out with gradients": lambda t, w: t.add(w.h, 1, out=t.ones(2, 3, requires_grad=True)),
    "gradients for out": lambda t, w: t.add(w.weight, 1, out=w.a),
    "twice": lambda t, w: _twice(w.weight),
    "twice, grad": lambda t, w: _twice_grad(t, w.weight),
    "function, instance": lambda t, w: _function(t)()(w.h),
    "function, too few gradients": lambda t, w: _function(t).apply(w.h, w.h).sum().backward(),
    "function, no forward": lambda t, w: type("F", (t.autograd.Function,), {}).apply(w.h),
}

MODULES: Calls = {
    "missing": lambda t, w: w.model.load_state_dict({"weight": t.ones(4, 3)}),
    "unexpected": lambda t, w: w.model.load_state_dict({**w.model.state_dict(), "more": t.ones(1)}),
    "missing and unexpected": lambda t, w: w.model.load_state_dict({"weight": t.ones(4, 3), "more": t.ones(1)}),
    "size": lambda t, w: w.model.load_state_dict({"weight": t.ones(4, 2), "bias": t.ones(4)}),
    "size and missing": lambda t, w: w.model.load_state_dict({"weight": t.ones(4, 2)}),
    "size, not strict": lambda t, w: w.model.load_state_dict({"weight": t.ones(4, 2)}, strict=False),
    "prefix": lambda t, w: t.nn.Sequential(w.model).load_state_dict({"module.0.weight": t.ones(4, 3)}),
    "no tensor": lambda t, w: w.model.load_state_dict({"weight": 1, "bias": t.ones(4)}),
    "no dict": lambda t, w: w.model.load_state_dict([1]),
    "attribute": lambda t, w: w.model.wieght,
    "parameter": lambda t, w: setattr(w.model, "weight", t.ones(4, 3)),
    "before init": lambda t, w: _before_init(t),
    "parameter's name": lambda t, w: w.model.register_parameter("a.b", None),
    "parameter's name, none": lambda t, w: w.model.register_parameter("", None),
    "parameter taken": lambda t, w: w.model.register_parameter("forward", None),
    "parameter, tensor": lambda t, w: w.model.register_parameter("p", w.a),
    "parameter, result": lambda t, w: w.model.register_parameter("p", w.h),
    "buffer": lambda t, w: w.model.register_buffer("b", 1),
    "buffer taken": lambda t, w: w.model.register_buffer("weight", w.a),
    "module": lambda t, w: w.model.add_module("m", 1),
    "module's name": lambda t, w: w.model.add_module("a.b", t.nn.ReLU()),
    "sequential": lambda t, w: t.nn.Sequential(w.model, 1),
    "sequential index": lambda t, w: t.nn.Sequential(w.model)[1],
    "list": lambda t, w: t.nn.ModuleList([1]),
    "no forward": lambda t, w: t.nn.Module()(w.a),
    "arguments": lambda t, w: w.model(w.a, w.a),
    "no arguments": lambda t, w: w.model(),
    "unknown argument": lambda t, w: t.nn.Linear(3, 4, biased=False),
    "train": lambda t, w: w.model.train("yes"),
    "get_submodule": lambda t, w: w.model.get_submodule("no"),
    "get_parameter": lambda t, w: w.model.get_parameter("no"),
    "to": lambda t, w: w.model.to(t.int64),
    "clip": lambda t, w: t.nn.utils.clip_grad_norm_(_with_grad(w, float("nan")), 1.0, error_if_nonfinite=True),
    "heads": lambda t, w: t.nn.MultiheadAttention(5, 2),
    "dropout": lambda t, w: t.nn.Dropout(2.0),
    "embedding padding": lambda t, w: t.nn.Embedding(3, 2, padding_idx=3),
    "init fan": lambda t, w: t.nn.init.kaiming_uniform_(t.ones(3)),
    "init gain": lambda t, w: t.nn.init.calculate_gain("swosh"),
    "flatten": lambda t, w: t.nn.Flatten(3)(w.a),
}

OPTIMIZERS: Calls = {
    "nothing": lambda t, w: t.optim.SGD([], lr=0.1),
    "nothing left": lambda t, w: t.optim.Adam(iter([])),
    "a tensor": lambda t, w: t.optim.SGD(w.weight, lr=0.1),
    "numbers": lambda t, w: t.optim.SGD([1.0], lr=0.1),
    "no leaf": lambda t, w: t.optim.SGD([w.h], lr=0.1),
    "twice": lambda t, w: t.optim.SGD([{"params": [w.weight]}, {"params": [w.weight]}], lr=0.1),
    "no params": lambda t, w: t.optim.SGD([{"lr": 1.0}]),
    "sgd lr": lambda t, w: t.optim.SGD([w.weight], lr=-0.1),
    "sgd momentum": lambda t, w: t.optim.SGD([w.weight], lr=0.1, momentum=-1),
    "sgd decay": lambda t, w: t.optim.SGD([w.weight], lr=0.1, weight_decay=-1),
    "sgd nesterov": lambda t, w: t.optim.SGD([w.weight], lr=0.1, nesterov=True),
    "adam lr": lambda t, w: t.optim.Adam([w.weight], lr=-1.0),
    "adam betas": lambda t, w: t.optim.Adam([w.weight], betas=(1.0, 0.9)),
    "adam second beta": lambda t, w: t.optim.Adam([w.weight], betas=(0.9, 1.0)),
    "adam eps": lambda t, w: t.optim.Adam([w.weight], eps=-1e-8),
    "adamw decay": lambda t, w: t.optim.AdamW([w.weight], weight_decay=-1.0),
    "unknown": lambda t, w: t.optim.Adam([w.weight], learning_rate=0.1),
    "load": lambda t, w: t.optim.SGD([w.weight], lr=0.1).load_state_dict(
        t.optim.SGD(w.model.parameters(), lr=0.1).state_dict()
    ),
    "load groups": lambda t, w: t.optim.SGD([w.weight], lr=0.1).load_state_dict(
        t.optim.SGD([{"params": [p]} for p in w.model.parameters()], lr=0.1).state_dict()
    ),
    "group": lambda t, w: t.optim.SGD([w.weight], lr=0.1).add_param_group([w.a]),
    "schedule of nothing": lambda t, w: t.optim.lr_scheduler.StepLR(None, 3),
    "schedule lambdas": lambda t, w: t.optim.lr_scheduler.LambdaLR(
        t.optim.SGD([w.weight], lr=0.1), [lambda e: 1.0, lambda e: 1.0]
    ),
    "one cycle": lambda t, w: t.optim.lr_scheduler.OneCycleLR(t.optim.SGD([w.weight], lr=0.1), max_lr=0.1),
}

DATA: Calls = {
    "batch size": lambda t, w: w.loader(w.data, batch_size=0),
    "batch size, negative": lambda t, w: w.loader(w.data, batch_size=-1),
    "batch size, float": lambda t, w: w.loader(w.data, batch_size=1.5),
    "workers": lambda t, w: w.loader(w.data, num_workers=-1),
    "timeout": lambda t, w: w.loader(w.data, timeout=-1),
    "prefetch": lambda t, w: w.loader(w.data, prefetch_factor=2),
    "persistent": lambda t, w: w.loader(w.data, persistent_workers=True),
    "sampler and shuffle": lambda t, w: w.loader(w.data, sampler=[0, 1], shuffle=True),
    "batch sampler and size": lambda t, w: w.loader(w.data, batch_sampler=[[0], [1]], batch_size=2),
    "no batches, drop_last": lambda t, w: w.loader(w.data, batch_size=None, drop_last=True),
    "unknown": lambda t, w: w.loader(w.data, batchsize=3),
    "empty, shuffled": lambda t, w: w.loader([], shuffle=True),
    "tensors": lambda t, w: t.utils.data.TensorDataset(w.a, w.b),
    "split": lambda t, w: t.utils.data.random_split(w.data, [1, 5]),
    "split fractions": lambda t, w: t.utils.data.random_split(w.data, [0.9, 0.9]),
    "collate sizes": lambda t, w: next(iter(w.loader([t.ones(2), t.ones(3)], batch_size=2))),
    "collate nothing": lambda t, w: next(iter(w.loader([None, None], batch_size=2))),
    "index": lambda t, w: w.data[9],
    "replacement": lambda t, w: t.utils.data.RandomSampler(w.data, replacement="yes"),
    "weights": lambda t, w: t.utils.data.WeightedRandomSampler([0.5, 0.5], 0),
    "concat nothing": lambda t, w: t.utils.data.ConcatDataset([]),
    "no length": lambda t, w: len(t.utils.data.Dataset()),
    "no items": lambda t, w: t.utils.data.Dataset()[0],
}

DEVICES: Calls = {
    "name": lambda t, w: t.device("gpu"),
    "number": lambda t, w: t.device("cuda:x"),
    "to a name": lambda t, w: w.a.to("cudda"),
    "meta item": lambda t, w: t.ones(2, device="meta").sum().item(),
    "meta meets cpu": lambda t, w: t.ones(2, 3, device="meta") + w.a,
}

GPU: Calls = {
    "cuda()": lambda t, w: w.a.cuda(),
    "to": lambda t, w: w.a.to("cuda"),
    "made": lambda t, w: t.ones(2, device="cuda"),
    "tensor": lambda t, w: t.tensor([1.0], device="cuda:0"),
    "model": lambda t, w: w.model.cuda(),
    "model to": lambda t, w: w.model.to("cuda"),
    "like": lambda t, w: t.zeros_like(w.a, device="cuda"),
}

TABLES = {
    "shape": SHAPES, "dim": DIMENSIONS, "dtype": DTYPES, "type": TYPES, "value": VALUES, "autograd": AUTOGRAD,
    "module": MODULES, "optimizer": OPTIMIZERS, "data": DATA, "device": DEVICES,
}  # fmt: skip


def _under(context: Any, fn: Callable) -> Any:
    with context:
        return fn()


def _twice(weight: Any) -> None:
    loss = (weight * weight).sum()
    before = None if weight.grad is None else weight.grad.clone()
    loss.backward()
    weight.grad = before
    loss.backward()


def _twice_grad(t: Any, weight: Any) -> None:
    loss = (weight * weight).sum()
    t.autograd.grad(loss, weight)
    t.autograd.grad(loss, weight)


def _function(t: Any) -> Any:
    class Pair(t.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad, grad, grad

    return Pair


def _before_init(t: Any) -> Any:
    class Careless(t.nn.Module):
        def __init__(self) -> None:
            self.layer = t.nn.Linear(1, 1)

    return Careless()


def _with_grad(w: Any, value: float) -> Any:
    parameter = type(w.model.weight)(w.a.clone())
    parameter.grad = w.a * value
    return [parameter]
