"""Graphs made, changed, searched and run by hand; errors; wrap, rewriting, interpreters and passes."""

import math
import operator

import pytest
import torch

import torchlike
import torchlike.fx
from torchlike.fx.passes.shape_prop import ShapeProp

WORLDS = [pytest.param(torch, id="torch"), pytest.param(torchlike, id="torchlike")]  # the same is asked of both

torch.fx.wrap("scaled")
torchlike.fx.wrap("scaled")
torch.fx.wrap("len")
torchlike.fx.wrap("len")


def scaled(x, by):
    return x * len(by)


@pytest.mark.parametrize("world", WORLDS)
def test_made_by_hand(world):
    graph = world.fx.Graph()
    x = graph.placeholder("x", default_value=None)
    relu = graph.call_function(world.relu, (x,))
    with graph.inserting_before(relu):
        first = graph.call_method("neg", (x,))
    with graph.inserting_after(relu):
        last = graph.call_function(operator.add, (relu, 1))
    relu.replace_input_with(x, first)
    output = graph.output((last, [relu]))
    dead = graph.call_function(world.sigmoid, (x,), name="max")
    output.prepend(dead)
    assert [n.name for n in graph.nodes] == ["x", "neg", "relu", "add", "max_1", "output"]
    assert [n.name for n in reversed(graph.nodes)][:2] == ["output", "max_1"]
    assert graph.find_nodes(op="call_function", target=world.relu) == [relu]
    assert relu.all_input_nodes == [first] and list(relu.users) == [last, output] and relu.next is last and last.prev is relu
    graph.lint()
    assert graph.eliminate_dead_code() and not graph.eliminate_dead_code()
    module = world.fx.GraphModule({}, graph, "Mine")
    assert type(module).__name__ == "Mine" and len(graph.nodes) == 5
    assert [float(v.sum()) for v in (module(world.tensor([-2.0, 3.0]))[0],)] == [4.0]
    last.replace_all_uses_with(relu)
    graph.erase_node(last)
    module.recompile()
    assert module.code.endswith(
        "def forward(self, x = None):\n    neg = x.neg();  x = None\n    relu = torch.relu(neg);  neg = None\n"
        "    return (relu, [relu])\n    "
    )
    copied = world.fx.Graph()
    result = copied.graph_copy(graph, {})
    assert [n.op for n in copied.nodes] == ["placeholder", "call_method", "call_function"] and str(result) == "(relu, [relu])"
    inside = world.relu(world.fx.Proxy(relu)) + 1  # outside of any trace
    assert str(inside.node.args[0].target.__name__) == "relu" and world.relu(world.tensor([-1.0])).item() == 0


# What fails: the text of a function of x, and the error.
ERRORS = {
    "for a in x: pass": "TraceError",
    "bool(x)": "TraceError",
    "[*x]": "TraceError",
    "dict(**x)": "TraceError",
    "x.__len__()": "RuntimeError",
    "range(x)": "TypeError",
    "float(x)": "TypeError",
    "x[0] == 1 or 3": "TraceError",
    "x.__setitem__(0, 1) and 0": "TraceError",
    "graph.erase_node(relu)": "RuntimeError",
    "graph.create_node('x', 'y')": "AssertionError",
    "graph.placeholder(3)": "AssertionError",
    "relu.args[0].args.append(1)": "AttributeError",
    "relu.graph.output([1]).args[0].append(1)": "TypeError",
    "graph.inserting_before(fx.Graph().placeholder('z'))": "AssertionError",
    "fx.GraphModule(3, graph)": "RuntimeError",
    "fx.symbolic_trace(3)": "AssertionError",
    "fx.wrap(3)": "RuntimeError",
    "fx.wrap(math.sqrt)": "NotImplementedError",
    "(graph.call_module('a'), fx.GraphModule({}, graph))": "RuntimeError",
    "relu.prepend(fx.Graph().placeholder('z'))": "AssertionError",
    "graph.output_node()": "AssertionError",
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors_are_torchs(text):
    raised = []
    for world in (torch, torchlike):
        graph = world.fx.Graph()
        relu = graph.call_function(world.relu, (graph.placeholder("x"),))
        graph.call_function(world.tanh, (relu,))
        scope = {"torch": world, "fx": world.fx, "graph": graph, "relu": relu, "math": math}
        exec(f"def f(x):\n    {text}", scope)
        try:
            if text.startswith(("graph", "fx", "relu", "(graph")):
                scope["f"](None)
            else:
                world.fx.symbolic_trace(scope["f"])
        except Exception as error:
            raised.append((type(error).__name__, str(error).replace("torchlike", "torch")))
        else:
            raised.append(None)
    assert raised[1] is not None and raised[1][0] == ERRORS[text]
    assert raised[0] is not None and raised[0][0] == raised[1][0]
    if raised[0][0] in ("TraceError", "RuntimeError") and "0x" not in raised[0][1]:
        assert raised[1][1] == raised[0][1]


@pytest.mark.parametrize("world", WORLDS)
def test_wrapped_functions_and_concrete_args(world):
    def fn(x, y, flag, d):
        return scaled(x, y) * math.sqrt(x.sum()) if flag else x - d["a"][0]

    traced = world.fx.symbolic_trace(fn, concrete_args={"flag": True})
    assert [n.name for n in traced.graph.nodes if n.meta.get("is_wrapped")] == ["scaled", "sqrt"]
    assert 'wrap("math_sqrt")' in traced.code and float(traced(world.ones(4), [1, 2], True, 0)[0]) == 4.0
    with pytest.raises(AssertionError, match="flag has been specialized to have value True but got another value"):
        traced(world.ones(4), [1, 2], False, 0)
    nested = world.fx.symbolic_trace(fn, concrete_args={"flag": False, "d": {"a": [world.fx.PH]}})
    assert "x, y, flag_1, d_1, = fx_pytree.tree_flatten_spec([x, y, flag, d], self._in_spec)" in nested.code
    assert float(nested(world.ones(1), 0, False, {"a": [3.0]})) == -2.0


@pytest.mark.parametrize("world", WORLDS)
def test_patterns_are_replaced(world):
    def fn(x, w):
        a = world.add(world.relu(x), w) + 1
        return world.add(world.relu(a), w), world.relu(x * 2)

    traced = world.fx.symbolic_trace(fn)
    found = world.fx.replace_pattern(traced, lambda a, b: world.add(world.relu(a), b), lambda a, b: world.sub(world.tanh(b), a))
    assert [m.anchor.name for m in found] == ["add", "add"]
    assert [n.name for n in traced.graph.nodes] == [
        "x", "w", "tanh", "sub", "add_1", "mul", "relu_2", "tanh_1", "sub_1", "output",
    ]  # fmt: skip
    traced.graph.lint()
    x, w = world.tensor([0.5]), world.tensor([2.0])
    a = w.tanh() - x + 1
    assert float(traced(x, w)[0]) == pytest.approx(float(w.tanh() - a))
    assert world.fx.replace_pattern(traced, lambda x: x.exp(), lambda x: x.log()) == []


@pytest.mark.parametrize("world", WORLDS)
def test_interpreters_and_transformers(world):
    class Negated(world.fx.Transformer):
        def call_function(self, target, args, kwargs):
            return world.neg(super().call_function(world.sigmoid if target is world.tanh else target, args, kwargs))

        def call_method(self, target, args, kwargs):
            return super().call_method("abs" if target == "exp" else target, args, kwargs)

    class Counting(world.fx.Interpreter):
        count = 0

        def run_node(self, n):
            self.count += 1
            return super().run_node(n)

    layer = world.nn.Linear(2, 2)
    module = world.nn.Sequential(layer, world.nn.Tanh())
    traced = world.fx.symbolic_trace(lambda x: world.tanh(x).exp())
    changed = Negated(traced).transform()
    assert [str(n.target if n.op == "call_method" else n.name) for n in changed.graph.nodes] == [
        "x", "sigmoid", "neg", "abs", "output",
    ]  # fmt: skip
    assert float(changed(world.zeros(()))) == 0.5
    counting = Counting(world.fx.symbolic_trace(module))
    x = world.ones(1, 2)
    assert world.equal(counting.run(x), module(x)) and counting.count == 4 and len(counting.env) == 1
    with pytest.raises(RuntimeError, match="Expected positional argument for parameter input"):
        counting.run()


class Leafless(torchlike.fx.Tracer):
    def is_leaf_module(self, m, module_qualified_name):
        return False


def test_modules_of_torch_can_be_gone_through():
    module = torchlike.nn.Sequential(torchlike.nn.Linear(3, 4), torchlike.nn.ReLU(), torchlike.nn.LayerNorm(4))
    graph = Leafless().trace(module)
    assert [n.name for n in graph.nodes if n.op == "call_function"] == ["linear", "relu", "layer_norm"]
    assert [n.target for n in graph.nodes if n.op == "get_attr"] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    traced = torchlike.fx.GraphModule(module, graph)
    x = torchlike.rand(2, 3)
    assert torchlike.equal(traced(x), module(x))
    traced(x).sum().backward()
    assert module[0].weight.grad is not None and set(traced.state_dict()) == set(module.state_dict())


def test_shapes_are_noted():
    module = torchlike.nn.Sequential(torchlike.nn.Conv2d(1, 2, 3), torchlike.nn.Flatten())
    traced = torchlike.fx.symbolic_trace(module)
    ShapeProp(traced).propagate(torchlike.rand(2, 1, 5, 5))
    assert [tuple(n.meta["tensor_meta"].shape) for n in traced.graph.nodes] == [(2, 1, 5, 5), (2, 2, 3, 3), (2, 18), (2, 18)]


def test_nothing_is_left_behind():
    before = torchlike.relu.__code__, vars(torchlike.Tensor).get("add"), vars(torchlike.nn.Module)["__call__"], math.sqrt
    with pytest.raises(torchlike.fx.proxy.TraceError):
        torchlike.fx.symbolic_trace(lambda x: math.sqrt(torchlike.relu(x)) if x else 0)
    after = torchlike.relu.__code__, vars(torchlike.Tensor).get("add"), vars(torchlike.nn.Module)["__call__"], math.sqrt
    assert all(a is b for a, b in zip(before, after, strict=True))
