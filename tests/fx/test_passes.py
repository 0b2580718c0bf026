"""Passes over graphs, against torch's; and the answers to questions about symbols."""

import warnings
from importlib import import_module

import pytest
import torch
import torch.fx.experimental.symbolic_shapes
import torch.fx.passes.infra.pass_manager
import torch.fx.passes.split_module
import torch.fx.passes.split_utils

import torchlike
import torchlike.fx.experimental.symbolic_shapes
import torchlike.fx.passes.infra.pass_manager
import torchlike.fx.passes.split_module
import torchlike.fx.passes.split_utils

WORLDS = (torch, torchlike)


def _split(world):
    class M(world.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.w = world.nn.Linear(2, 2), world.nn.Parameter(world.ones(2))

        def forward(self, x, y):
            z = self.a(x) + self.w
            t = z.relu()
            return t + y + z, t

    module = M()
    traced = world.fx.symbolic_trace(module)
    made = world.fx.passes.split_module.split_module(traced, module, lambda n: int(n.name not in ("a", "w", "add")))
    x = world.ones(1, 2)
    assert world.equal(made(x, x)[0], module(x, x)[0])
    return made.code, made.submod_0.code, made.submod_1.code, list(made.state_dict())


def _split_by_tags(world):
    traced = world.fx.symbolic_trace(world.nn.Sequential(world.nn.ReLU(), world.nn.Tanh(), world.nn.ReLU()))
    for node in traced.graph.nodes:
        node.tag = "red" if node.target == "1" else "blue" if node.target == "0" else "green"
    made, names = world.fx.passes.split_utils.split_by_tags(traced, ["blue", "red", "green"], return_fqn_mapping=True)
    assert float(made(world.ones(()))) == pytest.approx(float(world.ones(()).tanh()))
    return [n.target for n in made.graph.nodes if n.op == "call_module"], names


def _fuse(world):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's module uses torch.jit
        fuse = import_module(f"{world.__name__}.fx.experimental.optimization").fuse
    world.manual_seed(0)
    model = world.nn.Sequential(world.nn.Conv2d(1, 2, 3), world.nn.BatchNorm2d(2), world.nn.ReLU()).eval()
    model[1].running_mean.add_(0.5)
    made = fuse(model)
    x = world.rand(1, 1, 5, 5)
    world.testing.assert_close(made(x), model(x))
    return [n.name for n in made.graph.nodes], sorted(made.state_dict())


def _managed(world):
    manager = world.fx.passes.infra.pass_manager
    done = []

    def change(gm):
        done.append(len(gm.graph.nodes))
        gm.graph.eliminate_dead_code()

    def fn(x):
        x.neg()
        return x.exp()

    wrapped = manager.pass_result_wrapper(change)
    result = manager.PassManager(passes=[wrapped, wrapped], steps=1)(world.fx.symbolic_trace(fn))
    with pytest.raises(RuntimeError):
        manager.PassManager(
            [wrapped, change], [manager.this_before_that_pass_constraint(change, wrapped)]
        ).validate_constraints()
    return done, result.modified, [n.name for n in result.graph_module.graph.nodes]


def _symbols(world):
    shapes = world.fx.experimental.symbolic_shapes
    asked = (shapes.guard_or_false, shapes.guard_or_true, shapes.statically_known_true)
    return [ask(value) for ask in asked for value in (True, False)], shapes.free_symbols(3), shapes.has_free_symbols(3)


@pytest.mark.parametrize("asked", [_split, _split_by_tags, _fuse, _managed, _symbols])
def test_same_answers(asked):
    expected, found = map(asked, WORLDS)
    assert found == expected


def test_function_modes():
    class Doubling(torchlike.overrides.TorchFunctionMode):
        def __init__(self, seen):
            self.seen = seen

        def __torch_function__(self, func, types, args=(), kwargs=None):
            self.seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    seen: list = []
    x = torchlike.ones(2)
    with Doubling(seen), torchlike.overrides.BaseTorchFunctionMode():
        y = torchlike.relu(x).sum()
    assert seen[:2] == ["relu", "sum"] and y.item() == 2 and torchlike.relu(x).sum().item() == 2 and len(seen) == 2


def test_futures_and_named_results():
    futures = [torchlike.futures.Future() for _ in range(2)]
    after = futures[0].then(lambda f: f.value() * 2)
    everything = torchlike.futures.collect_all(futures)
    futures[0].set_result(2)
    assert after.wait() == 4 and not everything.done()
    futures[1].set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        torchlike.futures.wait_all(futures)
    with pytest.raises(RuntimeError, match="once"):
        futures[0].set_result(3)
    assert isinstance(torchlike.topk(torchlike.arange(3.0), 1), torchlike.return_types.topk)


def test_printing_by_parts():
    x, y = torch.arange(3.0), torchlike.arange(3.0)
    expected, found = torch._tensor_str, torchlike._tensor_str
    assert found._tensor_str(y, 7) == expected._tensor_str(x, 7) and found._str_intern(y) == expected._str_intern(x)
    assert found._add_suffixes("t(1", ["a=1", "b=2"], 2) == expected._add_suffixes("t(1", ["a=1", "b=2"], 2, False)
    assert found.PRINT_OPTS.precision == expected.PRINT_OPTS.precision
    assert torchlike._logging.trace_structured("graph", payload_fn=lambda: 1 / 0) is None
