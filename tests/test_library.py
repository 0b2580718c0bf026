"""torch.library: the same operators made with torch and here do the same, refuse the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import torchlike

LIBS = {"torch": torch, "torchlike": torchlike}


def scenario(t: Any) -> list[Any]:
    """Everything that one of the two libraries answers."""
    seen: list[Any] = []

    def scaled(x, n=2, *, s=1.0, at=None):
        return x * n * s, x + 1

    hints = {"x": t.Tensor, "n": int, "s": float, "at": list[int] | None, "return": tuple[t.Tensor, t.Tensor]}
    scaled.__annotations__ = hints
    op = t.library.custom_op("torchlike_test::scaled", scaled, mutates_args=())
    seen += [repr(op), str(t.ops.torchlike_test.scaled.default), str(t.ops.torchlike_test.scaled.default._schema)]
    seen += [t.ops.torchlike_test.scaled.overloads(), t.ops.torchlike_test.scaled.default.name()]

    def setup(ctx, inputs, keyword_only_inputs, output):
        ctx.factor = inputs[1] * keyword_only_inputs["s"]
        ctx.save_for_backward(inputs[0])

    def backward(ctx, first, second):
        (x,) = ctx.saved_tensors
        return first * ctx.factor + second * x, None  # not the true gradient, so that it is seen to be used

    op.register_autograd(backward, setup_context=setup)
    x = t.tensor([1.0, 2.0], requires_grad=True)
    first, second = t.ops.torchlike_test.scaled(x, 3, s=2.0)
    (first.sum() + second.sum()).backward()
    seen += [first.tolist(), second.tolist(), x.grad.tolist(), first.grad_fn.name()]

    lib = t.library.Library("torchlike_test_lib", "FRAGMENT")
    seen.append(lib.define("mul(Tensor x, float by=3, int[] sizes=[], *, bool flip=False) -> Tensor"))
    lib.impl("mul", lambda x, by=3, sizes=(), flip=False: -x * by if flip else x * by, "CPU")
    t.library.register_fake("torchlike_test_lib::mul", lambda x, by=3, sizes=(), flip=False: t.empty_like(x), lib=lib)
    call = t.ops.torchlike_test_lib.mul
    seen += [call(t.ones(2)).tolist(), call(t.ones(2), 2.0, flip=True).tolist(), call.default(t.ones(1), by=5.0).tolist()]
    seen.append(tuple(call(t.ones(2, 3, device="meta")).shape))
    t.library.define("torchlike_test_lib2::neg", "(Tensor x) -> Tensor")
    t.library.impl("torchlike_test_lib2::neg", "default")(lambda x: -x)
    seen.append(t.ops.torchlike_test_lib2.neg(t.ones(2)).tolist())

    def fill(x, value):
        x.fill_(value)

    fill.__annotations__ = {"x": t.Tensor, "value": float, "return": None}
    filled, target = t.library.custom_op("torchlike_test::fill", fill, mutates_args={"x"}), t.zeros(2)
    filled(target, 4.0)
    seen += [target.tolist(), filled._opoverload._schema.is_mutable]
    seen.append(t.library.infer_schema(fill, mutates_args=()))
    return seen


def untyped(x):
    return x


REFUSED = {
    "missing argument": lambda t: t.ops.torchlike_refused.one(),
    "unknown argument": lambda t: t.ops.torchlike_refused.one(t.ones(1), y=2),
    "too many": lambda t: t.ops.torchlike_refused.one(t.ones(1), 2),
    "twice": lambda t: t.library.define("torchlike_refused::one", "(Tensor x) -> Tensor"),
    "no such operator": lambda t: t.ops.torchlike_refused.two,
    "no such overload": lambda t: t.ops.torchlike_refused.one.out,
    "no kernel": lambda t: t.ops.torchlike_refused.one(t.ones(1)),
    "no annotation": lambda t: t.library.custom_op("torchlike_refused::three", untyped, mutates_args=()),
    "bad kind": lambda t: t.library.Library("a", "NONE"),
    "reserved": lambda t: t.library.Library("prim", "DEF"),
    "not callable": lambda t: t.library.Library("torchlike_refused", "IMPL").impl("one", 3, "CPU"),
}


def test_same_as_torch() -> None:
    ours, theirs = scenario(torchlike), scenario(torch)
    assert ours == theirs


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_as_torch(name: str) -> None:
    errors = []
    for t in LIBS.values():
        if not hasattr(t.ops.torchlike_refused, "one"):
            t.library.define("torchlike_refused::one", "(Tensor x) -> Tensor")
        with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever torch raises
            REFUSED[name](t)
        errors.append(type(caught.value))
    assert issubclass(errors[1], errors[0]), errors


def test_operators_train() -> None:
    """A recorded loop goes through an operator with a gradient of its own; without one, through what it does."""

    @torchlike.library.custom_op("torchlike_test::cube", mutates_args=())
    def cube(x: torchlike.Tensor) -> torchlike.Tensor:
        return x * x * x

    x = torchlike.tensor(2.0, requires_grad=True)
    cube(x).backward()
    assert x.grad.item() == 12.0
    cube.register_autograd(lambda ctx, g: g * 5)
    cube(x).backward()
    assert x.grad.item() == 17.0
