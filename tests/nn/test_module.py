"""Module against real torch: names, state, errors, conversions, copying."""

from __future__ import annotations

import copy
import io
import pickle
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest

import torchlike as tl


def net(t):
    class Net(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = t.nn.Linear(2, 3)
            self.norm = t.nn.BatchNorm1d(3)
            self.blocks = t.nn.ModuleList([t.nn.Linear(3, 3), t.nn.ReLU()])
            self.scale = t.nn.Parameter(t.ones(3))
            self.register_buffer("steps", t.zeros(2))
            self.register_buffer("cache", t.zeros(1), persistent=False)
            self.register_parameter("absent", None)
            self.note = "plain"

        def forward(self, x):
            return self.norm(self.fc(x)) * self.scale

    return Net()


def tied(t):
    model = net(t)
    model.again = model.fc
    model.same = model.scale
    return model


def raising(t, name):
    """A module whose __init__ forgets super().__init__()."""

    class Early(t.nn.Module):
        def __init__(self):
            value = {
                "module": lambda: t.nn.ReLU(),
                "parameter": lambda: t.nn.Parameter(t.ones(1)),
                "buffer": lambda: t.nn.Buffer(t.ones(1)),
            }[name]()
            self.a = value

    return Early()


NAMES = {
    "no attribute": lambda t: net(t).missing,
    "del missing": lambda t: delattr(net(t), "missing"),
    "module over int": lambda t: setattr(net(t), "fc", 3),
    "tensor over parameter": lambda t: setattr(net(t), "scale", t.ones(3)),
    "module over parameter": lambda t: setattr(net(t), "scale", t.nn.ReLU()),
    "int over buffer": lambda t: setattr(net(t), "steps", 3),
    "None over all": lambda t: [setattr(m := net(t), n, None) for n in ("fc", "scale", "steps")] and m,
    "early module": lambda t: raising(t, "module"),
    "early parameter": lambda t: raising(t, "parameter"),
    "early buffer": lambda t: raising(t, "buffer"),
    "init args": lambda t: t.nn.Module(2),
    "init kwargs": lambda t: t.nn.Module(b=2),
    "no forward": lambda t: t.nn.Module()(1),
    "parameter dot": lambda t: net(t).register_parameter("a.b", None),
    "parameter empty": lambda t: net(t).register_parameter("", None),
    "parameter taken": lambda t: net(t).register_parameter("fc", None),
    "parameter tensor": lambda t: net(t).register_parameter("q", t.ones(3)),
    "parameter name": lambda t: net(t).register_parameter(3, None),
    "buffer dot": lambda t: net(t).register_buffer("a.b", None),
    "buffer empty": lambda t: net(t).register_buffer("", None),
    "buffer taken": lambda t: net(t).register_buffer("fc", None),
    "buffer int": lambda t: net(t).register_buffer("q", 3),
    "buffer name": lambda t: net(t).register_buffer(3, None),
    "module dot": lambda t: net(t).add_module("a.b", None),
    "module empty": lambda t: net(t).add_module("", None),
    "module taken": lambda t: net(t).add_module("forward", None),
    "module int": lambda t: net(t).add_module("q", 3),
    "module name": lambda t: net(t).register_module(3, None),
    "get_parameter": lambda t: net(t).get_parameter("fc.weight"),
    "get_parameter none": lambda t: net(t).get_parameter("fc.nope"),
    "get_parameter module": lambda t: net(t).get_parameter("fc"),
    "get_parameter path": lambda t: net(t).get_parameter("z.w"),
    "get_buffer": lambda t: net(t).get_buffer("norm.running_var"),
    "get_buffer none": lambda t: net(t).get_buffer("q"),
    "get_buffer module": lambda t: net(t).get_buffer("fc"),
    "get_buffer parameter": lambda t: net(t).get_buffer("fc.weight"),
    "get_submodule": lambda t: net(t).get_submodule("blocks.1"),
    "get_submodule none": lambda t: net(t).get_submodule("q"),
    "get_submodule parameter": lambda t: net(t).get_submodule("fc.weight"),
    "set_submodule": lambda t: [m := net(t), m.set_submodule("blocks.0", t.nn.Tanh())],
    "set_submodule new": lambda t: [m := net(t), m.set_submodule("extra", t.nn.Tanh())],
    "set_submodule strict": lambda t: net(t).set_submodule("zz", t.nn.Tanh(), strict=True),
    "set_submodule empty": lambda t: net(t).set_submodule("", t.nn.Tanh()),
    "set_submodule parameter": lambda t: net(t).set_submodule("fc.weight", t.nn.Tanh()),
    "set_submodule path": lambda t: net(t).set_submodule("fc.b.c", t.nn.Tanh()),
    "set_submodule int": lambda t: net(t).set_submodule("fc", 3),
    "train": lambda t: net(t).train(3),
    "to int": lambda t: net(t).to(t.int64),
    "two kinds of backward hooks": lambda t: [
        m := net(t), m.register_backward_hook(print) and 0, m.register_full_backward_hook(print)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_and_errors(same, name):
    same(NAMES[name])


def test_attributes_move_between_kinds(same):
    def code(t):
        m, seen = t.nn.Module(), []
        for value in (3, t.nn.Parameter(t.ones(1)), None, t.nn.ReLU(), t.nn.Parameter(t.ones(2)), t.nn.Buffer(t.ones(1))):
            try:
                m.x = value
            except TypeError as error:
                seen.append(error)
            seen.append([list(m._parameters), list(m._buffers), list(m._modules), "x" in m.__dict__])
        del m.x
        seen.append([list(m._parameters), list(m._buffers), list(m._modules), hasattr(m, "x")])
        m.b = t.nn.Buffer(t.ones(1), persistent=False)
        seen.append([list(m._buffers), sorted(m._non_persistent_buffers_set), list(m.state_dict())])
        m.b = t.zeros(2)
        seen.append([m.b, sorted(m._non_persistent_buffers_set)])
        return seen

    same(code)


def test_dictionaries_are_the_truth(same):
    def code(t):
        m = net(t)
        m._parameters["scale"] = t.nn.Parameter(t.zeros(3))
        m._buffers["late"] = t.ones(1)
        m._modules["act"] = t.nn.Tanh()
        return m.scale, m.late, m.act, [n for n, _ in m.named_parameters()], list(m.state_dict())

    same(code)


@pytest.mark.parametrize("build", [net, tied])
def test_walks(same, build):
    def code(t):
        m = build(t)
        return {
            "modules": [n for n, _ in m.named_modules()],
            "all modules": [n for n, _ in m.named_modules(prefix="p", remove_duplicate=False)],
            "children": [n for n, _ in m.named_children()],
            "parameters": [n for n, _ in m.named_parameters()],
            "all parameters": [n for n, _ in m.named_parameters("p", remove_duplicate=False)],
            "own": [n for n, _ in m.named_parameters(recurse=False)],
            "buffers": [n for n, _ in m.named_buffers()],
            "own buffers": [n for n, _ in m.named_buffers("p", recurse=False)],
            "counts": [len(list(m.parameters())), len(list(m.buffers())), len(list(m.modules())), len(list(m.children()))],
            "dir": [n for n in dir(m) if n in ("fc", "scale", "steps", "blocks", "note", "training", "forward")],
            "digits": [n for n in dir(m.blocks) if n.isdigit()],
            "repr": m,
        }

    same(code)


def test_state_dict(same):
    def code(t):
        m = net(t)
        state = m.state_dict(prefix="p.")
        kept = m.state_dict(keep_vars=True)
        return {
            "state": state,
            "metadata": state._metadata,
            "type": type(state).__name__,
            "kept": [v.requires_grad for v in kept.values()],
            "given": list(m.state_dict(destination=OrderedDict(a=1))),
            "positional": list(m.state_dict(OrderedDict(), "q.")),
            "shares": [state["p.scale"].requires_grad, kept["scale"] is m.scale],
        }

    same(code)


def broken(t):
    return {"fc.weight": t.ones(2), "q": t.ones(2), "norm.weight": 3, "zz.a": t.ones(1), "fc.bias": t.ones(3)}


LOADS = {
    "all": lambda t, m: m.load_state_dict(net(t).state_dict()),
    "not a dict": lambda t, m: m.load_state_dict(3),
    "broken": lambda t, m: m.load_state_dict(broken(t)),
    "broken, lax": lambda t, m: m.load_state_dict(broken(t), strict=False),
    "missing, lax": lambda t, m: m.load_state_dict({"fc.bias": t.ones(3), "u": t.ones(1)}, strict=False),
    "other dtype": lambda t, m: m.load_state_dict({k: v.double() for k, v in m.state_dict().items()}),
    "scalar from one": lambda t, m: m.load_state_dict({**m.state_dict(), "norm.num_batches_tracked": t.tensor([7])}),
    "assign": lambda t, m: m.load_state_dict({k: v.double() for k, v in m.state_dict().items()}, assign=True),
}


@pytest.mark.parametrize("name", LOADS)
def test_load_state_dict(same, name):
    def code(t):
        m = net(t)
        try:
            result = str(LOADS[name](t, m))
        except Exception as error:
            result = error
        return result, m, m.scale.requires_grad, type(m.scale).__name__

    same(code)


def test_load_keeps_parameter_objects(same):
    def code(t):
        m, other = net(t), net(t)
        before = m.scale
        m.load_state_dict(other.state_dict())
        kept = m.scale is before
        m.load_state_dict(other.state_dict(keep_vars=True), assign=True)
        return kept, m.scale is other.scale

    same(code)


def test_extra_state_and_state_hooks(same):
    def code(t):
        trace = []

        class Counted(t.nn.Module):
            def get_extra_state(self):
                return {"n": 3}

            def set_extra_state(self, state):
                trace.append(("set", state["n"]))

        m = t.nn.Sequential(Counted(), t.nn.Linear(1, 1))
        m.register_state_dict_pre_hook(lambda m, prefix, keep: trace.append(("pre", type(m).__name__, prefix, keep)))
        m[1].register_state_dict_post_hook(lambda m, state, prefix, meta: trace.append(("post", prefix, list(state), meta)))
        m[1]._register_state_dict_hook(lambda m, state, prefix, meta: trace.append(("private", prefix)))
        m[1].register_load_state_dict_pre_hook(lambda m, state, prefix, *rest: trace.append(("load pre", prefix, list(state))))
        m.register_load_state_dict_post_hook(lambda m, keys: trace.append(("load post", str(keys))))
        m[1].register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
        state = m.state_dict()
        m.load_state_dict(state)
        del state["1.weight"], state["0._extra_state"]
        try:
            m.load_state_dict(state)
        except RuntimeError as error:
            trace.append(str(error))
        return trace

    same(code)


def test_old_batchnorm_files(same):
    def code(t):
        m = t.nn.BatchNorm1d(2)
        state = m.state_dict()
        del state["num_batches_tracked"]
        try:
            m.load_state_dict(state)
        except RuntimeError as error:
            first = error
        state._metadata[""]["version"] = 1
        return first, str(m.load_state_dict(state))

    same(code)


def test_modes_and_conversions(same):
    def code(t):
        m = net(t)
        before = m.scale
        m.eval()
        modes = [x.training for x in m.modules()]
        m.blocks.train()
        modes += [x.training for x in m.modules()]
        kinds = [str(v.dtype) for v in m.double().state_dict().values()]
        kinds += [str(v.dtype) for v in m.half().state_dict().values()]
        kinds += [str(v.dtype) for v in m.to(t.bfloat16).state_dict().values()]
        kinds += [str(v.dtype) for v in m.to("cpu", t.float32, non_blocking=True).state_dict().values()]
        kinds += [str(v.dtype) for v in m.to(t.ones(1, dtype=t.float64)).state_dict().values()]
        m.float().requires_grad_(False)
        flags = [p.requires_grad for p in m.parameters()]
        names = []
        returned = m.apply(lambda x: names.append(type(x).__name__))
        return modes, kinds, flags, names, m.scale is before, returned is m, m.cpu() is m

    same(code)


def test_gradients_are_cleared_and_converted(same):
    def code(t):
        m = t.nn.Linear(2, 1)
        m(t.ones(1, 2)).sum().backward()
        m.double()
        seen = [str(m.weight.grad.dtype), m.weight.grad.tolist(), m.weight.is_leaf, m.weight.requires_grad]
        m.zero_grad(set_to_none=False)
        seen.append(m.weight.grad.tolist())
        m.zero_grad()
        return [*seen, m.weight.grad]

    same(code)


def test_meta(same):
    def code(t):
        m = t.nn.Linear(2, 3, device="meta")
        kinds = [m.weight.is_meta, str(m.weight.device)]
        m.to_empty(device="cpu")
        t.manual_seed(3)
        m.reset_parameters()
        return kinds, str(m.weight.device), m

    same(code)


def test_copies_and_pickles(same):
    def code(t):
        m = tied(t)
        m.eval()
        other = copy.deepcopy(m)
        shared = [other.again is other.fc, other.same is other.scale, other.fc is not m.fc]
        other.scale.data.fill_(5)
        return shared, other.training, list(other._non_persistent_buffers_set), m.scale, other

    same(code)


def test_pickle(same):
    def code(t):
        m = t.nn.Sequential(OrderedDict(a=t.nn.Linear(2, 3), b=t.nn.BatchNorm1d(3)))
        again = pickle.loads(pickle.dumps(m))
        stored = io.BytesIO(pickle.dumps(m.state_dict()))
        return again, again.a.weight.requires_grad, type(again.a.weight).__name__, list(pickle.load(stored))

    same(code)


def test_calling_without_hooks_goes_straight_to_forward():
    class Probe(tl.nn.Module):
        def forward(self, *args, **kwargs):
            import sys

            return sys._getframe(1).f_code.co_name

    assert Probe()(1, a=2) == "__call__"


def test_registry_holds_plain_values():
    m = tl.nn.Module()
    m.config = SimpleNamespace(a=1)
    m.array = np.ones(2)
    assert not m._parameters
    assert not m._buffers
    assert {"config", "array"} <= set(m.__dict__)
