"""Lazy modules and tensors without a shape, against real torch."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest
import torch

import torchlike as tl

# name -> (class, arguments, keywords, input shape)
LAZY = {
    "linear": ("LazyLinear", (3,), {}, (2, 4)),
    "linear no bias": ("LazyLinear", (3, False), {"dtype": "float64"}, (5, 2, 4)),
    "conv1d": ("LazyConv1d", (6, 3), {"stride": 2, "groups": 2}, (2, 4, 7)),
    "conv2d": ("LazyConv2d", (6, (3, 2)), {"padding": "same", "bias": False, "padding_mode": "circular"}, (2, 4, 6, 6)),
    "conv2d unbatched": ("LazyConv2d", (6, 3, 1, 1, 2), {}, (4, 8, 8)),
    "conv3d": ("LazyConv3d", (2, 2), {}, (2, 3, 4, 4, 4)),
    "transposed 1d": ("LazyConvTranspose1d", (6, 3), {"stride": 2, "output_padding": 1}, (2, 4, 6)),
    "transposed 2d": ("LazyConvTranspose2d", (6, 3, 2, 1, 1, 2, False, 2), {}, (2, 4, 6, 6)),
    "transposed 3d": ("LazyConvTranspose3d", (2, 2), {}, (2, 3, 3, 3, 3)),
    "batchnorm1d": ("LazyBatchNorm1d", (), {}, (5, 3)),
    "batchnorm2d": ("LazyBatchNorm2d", (1e-3, None), {"bias": False}, (2, 3, 4, 4)),
    "batchnorm3d": ("LazyBatchNorm3d", (), {"affine": False}, (2, 3, 2, 2, 2)),
    "instancenorm1d": ("LazyInstanceNorm1d", (), {}, (5, 3, 4)),
    "instancenorm2d": ("LazyInstanceNorm2d", (), {"track_running_stats": False, "affine": False}, (2, 3, 4, 4)),
    "instancenorm3d": ("LazyInstanceNorm3d", (), {}, (2, 3, 2, 2, 2)),
}  # fmt: skip


def build(t, name):
    kind, args, keywords, shape = LAZY[name]
    keywords = {key: getattr(t, value) if key == "dtype" else value for key, value in keywords.items()}
    x = np.random.default_rng(3).standard_normal(shape).astype(np.float64 if "dtype" in keywords else np.float32)
    return getattr(t.nn, kind)(*args, **keywords), t.from_numpy(x)


def kinds(module):
    return [type(module).__name__, *[(k, type(v).__name__, str(v.dtype)) for k, v in module.state_dict(keep_vars=True).items()]]


@pytest.mark.parametrize("name", LAZY)
def test_first_call_gives_shapes(same, name):
    def code(t):
        m, x = build(t, name)
        before = [kinds(m), repr(m), m.has_uninitialized_params(), len(m._forward_pre_hooks), len(m._load_state_dict_pre_hooks)]
        same_objects = list(m.parameters())
        out = m(x)
        out.sum().backward()
        kept = all(one is other for one, other in zip(same_objects, m.parameters(), strict=True))
        after = [len(m._forward_pre_hooks), len(m._load_state_dict_pre_hooks), hasattr(m, "_load_hook"), kept]
        return before, kinds(m), m, out, [p.grad for p in m.parameters()], after, t.rand(1)

    # A name that torch's stand-in for a buffer has, and Python's class of ours has not.
    same(code, rtol=1e-4, atol=1e-5)


STATES = {
    "lazy from full": lambda t, m, full: m.load_state_dict(full.state_dict()),
    "lazy from lazy": lambda t, m, full: m.load_state_dict(copy.deepcopy(m).state_dict()),
    "full from lazy": lambda t, m, full: full.load_state_dict(m.state_dict()),
    "lazy, assign": lambda t, m, full: m.load_state_dict(full.state_dict(), assign=True),
    "wrong size": lambda t, m, full: [
        m.load_state_dict(full.state_dict()), m.load_state_dict({"weight": t.ones(1, 2)}, strict=False)
    ],
    "missing": lambda t, m, full: m.load_state_dict({"weight": full.weight}),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_states(same, name):
    def code(t):
        m, full = t.nn.LazyLinear(3), t.nn.Linear(4, 3)
        try:
            result = str(STATES[name](t, m, full))
        except Exception as error:
            result = error
        found = [result, kinds(m), m.in_features]
        try:
            return [*found, m(t.ones(2, 4)), m]
        except Exception as error:
            return [*found, error]

    same(code)


TENSORS = {
    "shape": lambda t, p: p.shape,
    "data": lambda t, p: p.data,
    "size": lambda t, p: list(p.size()),
    "device": lambda t, p: str(p.device),
    "dtype": lambda t, p: p.dtype,
    "repr": lambda t, p: repr(p),
    "grad": lambda t, p: p.grad,
    "is_leaf": lambda t, p: [p.is_leaf, p.requires_grad, p.is_floating_point(), p.is_complex()],
    "to": lambda t, p: [p.to(t.float64).dtype, list(p.half().size())],
    "share": lambda t, p: p.share_memory_(),
    "materialize": lambda t, p: [p.materialize((2, 3), dtype=t.float64), type(p).__name__, list(p.shape), p.dtype][1:],
    "lazy": lambda t, p: [t.nn.parameter.is_lazy(p), t.nn.parameter.is_lazy(t.ones(1)), p.cls_to_become.__name__],
    "hash": lambda t, p: len({p: 1}),
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_without_shape(same, name):
    # torch's `data` of a buffer is another UninitializedBuffer, which cannot be looked at.
    for kind in ("UninitializedParameter", "UninitializedBuffer")[: 1 if name == "data" else 2]:
        same(lambda t, kind=kind: TENSORS[name](t, getattr(t.nn.parameter, kind)()))


@pytest.mark.parametrize("use", [lambda t, p: p + 1, lambda t, p: t.add(p, 1), lambda t, p: p[0], lambda t, p: p.numel(),
                                 lambda t, p: p.clone(), lambda t, p: t.nn.functional.linear(t.ones(2, 2), p),
                                 lambda t, p: t.zeros_like(p), lambda t, p: p.numpy(), lambda t, p: p.dim()])  # fmt: skip
def test_other_uses_are_refused(use):
    with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter in"):
        use(torch, torch.nn.UninitializedParameter())
    # Where a shape is asked for first, that is what is refused.
    with pytest.raises((ValueError, RuntimeError), match=r"uninitialized parameter.* Call `forward` ") as caught:
        use(tl, tl.nn.UninitializedParameter())
    assert "Attempted to use" in str(caught.value) or "Can't access the shape" in str(caught.value)


def test_to_and_copies_keep_it_lazy(same):
    def code(t):
        m = t.nn.LazyBatchNorm2d(track_running_stats=False).double()
        found = [kinds(m), kinds(copy.deepcopy(m)), kinds(pickle.loads(pickle.dumps(t.nn.LazyLinear(3))))]
        buffer = io.BytesIO()
        t.save(m.state_dict(), buffer)
        state = t.load(io.BytesIO(buffer.getvalue()), weights_only=False)
        found.append([(k, type(v).__name__) for k, v in state.items()])
        twin = copy.deepcopy(m)
        twin(t.ones(2, 3, 4, 4, dtype=t.float64))
        return [*found, kinds(twin), kinds(m), [str(p.dtype) for p in twin.parameters()]]

    same(code)
    with_buffers = copy.deepcopy(tl.nn.LazyBatchNorm1d())  # torch cannot
    with_buffers(tl.ones(2, 3))
    assert list(with_buffers.running_mean.shape) == [3]


ERRORS = {
    "rank": lambda t: t.nn.LazyConv2d(4, 3)(t.ones(3, 3)),
    "groups": lambda t: t.nn.LazyConv1d(4, 1, groups=2)(t.ones(1, 3, 4)),
    "norm rank": lambda t: t.nn.LazyBatchNorm1d()(t.ones(2, 3, 4, 5)),
    "no initialize": lambda t: type("M", (t.nn.modules.lazy.LazyModuleMixin, t.nn.Module), {})()(1),
    "not initialized": lambda t: type(
        "M", (t.nn.modules.lazy.LazyModuleMixin, t.nn.Linear), {"initialize_parameters": lambda self, x: setattr(
            self, "weight", t.nn.UninitializedParameter())})(2, 3)(t.ones(2)),
    "share": lambda t: t.nn.LazyLinear(3).share_memory(),
    "other features": lambda t: [m := t.nn.LazyLinear(3), m.load_state_dict(t.nn.Linear(4, 3).state_dict()), m(t.ones(2, 5))],
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors(same, name):
    same(ERRORS[name])


def test_training_from_before_the_first_call(same):
    def code(t):
        m = t.nn.Sequential(t.nn.LazyLinear(4), t.nn.ReLU(), t.nn.LazyLinear(1))
        optimizer = t.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)
        x, losses = t.linspace(-1, 1, 6).view(3, 2), []
        for _ in range(3):
            optimizer.zero_grad()
            loss = (m(x) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss)
        return losses, m

    same(code)


def test_kwargs_reach_a_module_of_ones_own(same):
    def code(t):
        class Scale(t.nn.modules.lazy.LazyModuleMixin, t.nn.Module):
            def __init__(self):
                super().__init__()
                self.scale = t.nn.UninitializedParameter()

            def initialize_parameters(self, x, *, fill):
                self.scale.materialize(x.shape)
                with t.no_grad():
                    self.scale.fill_(fill)

            def forward(self, x, *, fill):
                return x * self.scale

        m = Scale()
        return m(t.ones(2), fill=3.0), type(m).__name__, hasattr(m, "_initialize_hook")

    same(code)
