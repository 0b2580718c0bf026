"""The doors to JAX: models as pure functions, JAX functions as ops, Flax modules both ways, arrays without a copy."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx
from jax.sharding import PartitionSpec as P

import torchlike as torch
import torchlike._higher_order_ops
from tests.agree import eager
from torchlike import nn
from torchlike.engine import stats
from torchlike.func import flax, from_jax, from_jax_array, to_jax, to_jax_array


def _model(*extra: Any) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), *extra, nn.Tanh(), nn.Linear(4, 1))


def test_a_model_under_jit_grad_and_vmap():
    model, x = _model(), torch.randn(6, 3)
    apply = to_jax(model)
    loss = lambda params, x: (apply(params, {}, None, x)[0] ** 2).sum()  # noqa: E731
    arrays = to_jax_array(x)
    (model(x) ** 2).sum().backward()
    grads = jax.jit(jax.grad(loss))(apply.params, arrays)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(grads[name], p.grad.numpy(), rtol=2e-5, atol=1e-6)
    each = jax.vmap(jax.grad(loss), in_axes=(None, 0))(apply.params, arrays[:, None])
    np.testing.assert_allclose(each["0.weight"].sum(0), grads["0.weight"], rtol=2e-5, atol=1e-6)
    assert jax.hessian(lambda b: loss({**apply.params, "2.bias": b}, arrays))(apply.params["2.bias"]).shape == (1, 1)


def test_buffers_and_random_numbers_are_arguments():
    model = _model(nn.BatchNorm1d(4), nn.Dropout(0.5))
    apply = to_jax(model)
    x = jnp.arange(15.0).reshape(5, 3)
    run = jax.jit(apply)
    params, buffers = apply.params, apply.buffers
    out, new = run(params, buffers, jax.random.key(0), x)
    again, _ = run(params, buffers, jax.random.key(0), x)
    other, _ = run(params, buffers, jax.random.key(1), x)
    np.testing.assert_array_equal(out, again)
    assert not np.array_equal(out, other)
    assert int(new["1.num_batches_tracked"]) == 1 and int(buffers["1.num_batches_tracked"]) == 0
    assert model[1].num_batches_tracked.item() == 0  # the model itself is as it was
    model(from_jax_array(x))
    np.testing.assert_allclose(new["1.running_mean"], model[1].running_mean.numpy(), rtol=1e-5)
    with pytest.raises(RuntimeError, match="rng="):
        apply(params, buffers, None, x)
    apply.load(params, new)
    np.testing.assert_allclose(model[1].running_mean.numpy(), new["1.running_mean"], rtol=1e-6)


def test_a_model_under_shard_map_on_eight_devices():
    apply = to_jax(_model())
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    x = jnp.linspace(-1, 1, 48).reshape(16, 3)

    @partial(jax.shard_map, mesh=mesh, in_specs=(P(), P("data")), out_specs=P())
    def mean_gradient(params: Any, x: Any) -> Any:
        loss = lambda p: jax.lax.pmean((apply(p, {}, None, x)[0] ** 2).mean(), "data")  # noqa: E731
        return jax.grad(loss)(params)

    everywhere = jax.device_put(apply.params, jax.NamedSharding(mesh, P()))
    found = jax.jit(mean_gradient)(everywhere, x)
    expected = jax.grad(lambda p: (apply(p, {}, None, x)[0] ** 2).mean())(apply.params)
    for name, grad in expected.items():
        np.testing.assert_allclose(found[name], grad, rtol=1e-4, atol=1e-6)


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.round()

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        return grad * ctx.saved_tensors[0]


def test_jax_sees_detach_and_a_users_backward():
    fn = lambda x: to_jax_array((from_jax_array(x).detach() * from_jax_array(x)).sum())  # noqa: E731
    np.testing.assert_allclose(jax.grad(fn)(jnp.array([2.0, 3.0])), [2.0, 3.0])
    straight = lambda x: to_jax_array(_Straight.apply(from_jax_array(x)).sum())  # noqa: E731
    np.testing.assert_allclose(jax.jit(jax.grad(straight))(jnp.array([2.2, 3.4])), [2.2, 3.4], rtol=1e-6)


def test_a_jax_function_is_one_differentiable_op():
    @from_jax
    def fn(tree: Any, power: int, *, scale: Any) -> Any:
        return {"out": jnp.sum(tree["x"] ** power) * scale, "shape": jnp.zeros(2)}

    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    scale = torch.tensor(2.0, requires_grad=True)
    found = fn({"x": x}, 3, scale=scale)
    assert found["shape"].dtype is torch.float32
    found["out"].backward()
    np.testing.assert_allclose(x.grad.numpy(), [6, 24, 54])
    assert scale.grad.item() == 36
    assert torch.func.hessian(lambda v: fn({"x": v}, 3, scale=1.0)["out"])(x.detach()).diagonal().tolist() == [6, 12, 18]
    assert torch.vmap(lambda v: fn({"x": v}, 2, scale=1.0)["out"])(torch.ones(4, 3)).tolist() == [3, 3, 3, 3]


class _Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.linear = nnx.Linear(3, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.drop(self.norm(self.linear(x)))


def test_an_nnx_module_is_a_layer():
    layer = flax.from_nnx(_Net(nnx.Rngs(0)))
    model = nn.Sequential(layer, nn.Linear(4, 1))
    assert {"0.linear.kernel", "0.norm.scale", "0.norm.mean", "0.drop.rngs.count"} <= model.state_dict().keys()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    x = torch.randn(8, 3)
    before = layer.linear.kernel.detach().clone()
    for step in range(4):
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()
        torch.engine.flush()
        if step == 1:
            stats.reset()
    assert stats.compiled == 0
    assert not torch.equal(before, layer.linear.kernel) and layer.drop.rngs.count.item() == 4
    model.eval()
    assert torch.equal(model(x), model(x))
    net = _Net(nnx.Rngs(0))
    net.eval()
    fresh = flax.from_nnx(net).eval()
    np.testing.assert_allclose(fresh(x).detach().numpy(), net(to_jax_array(x)), rtol=1e-5, atol=1e-6)


class _Linen(linen.Module):
    @linen.compact
    def __call__(self, x: Any, train: bool = False) -> Any:
        x = linen.BatchNorm(use_running_average=not train)(linen.Dense(4)(x))
        return linen.Dropout(0.5, deterministic=not train)(x)


def test_a_linen_module_is_a_layer():
    module = _Linen()
    variables = module.init(jax.random.key(0), jnp.ones((5, 3)))
    layer = flax.from_linen(module, variables, rngs=jax.random.key(1), train_argument="train")
    x = torch.randn(5, 3)
    first, second = layer(x), layer(x)
    assert not torch.equal(first, second)  # another mask
    second.sum().backward()
    assert layer.Dense_0.kernel.grad.shape == (3, 4)
    expected = flax.from_linen(module, variables, train_argument="train").eval()(x)
    np.testing.assert_allclose(expected.detach().numpy(), module.apply(variables, to_jax_array(x)), rtol=1e-5, atol=1e-6)


def test_a_model_is_an_nnx_module():
    model = flax.to_nnx(_model(nn.BatchNorm1d(4), nn.Dropout(0.1)), nnx.Rngs(0))
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    x = jnp.linspace(-1, 1, 24).reshape(8, 3)

    @nnx.jit
    def step(model: Any, optimizer: Any) -> Any:
        loss, grads = nnx.value_and_grad(lambda m: (m(x) ** 2).mean())(model)
        optimizer.update(model, grads)
        return loss

    losses = [float(step(model, optimizer)) for _ in range(8)]
    assert losses[-1] < losses[0] and int(model.buffers["1/num_batches_tracked"][...]) == 8


def test_arrays_are_exchanged_without_a_copy():
    array = jnp.arange(4.0)
    tensor = from_jax_array(array)
    assert to_jax_array(tensor) is array
    pointer = array.unsafe_buffer_pointer()
    assert torch.from_dlpack(array)._read().on_device().unsafe_buffer_pointer() == pointer
    assert torch.as_tensor(array)._read().on_device() is array
    assert jax.dlpack.from_dlpack(tensor).unsafe_buffer_pointer() == pointer
    assert torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(tensor)).tolist() == [0, 1, 2, 3]
    assert jnp.asarray(tensor).unsafe_buffer_pointer() == pointer
    assert float(jnp.sum(jnp.asarray(tensor * 2))) == 12
    tensor.add_(1)
    assert array.tolist() == [0, 1, 2, 3]


def test_transforms_and_control_flow_inside_jaxs_own():
    w = from_jax_array(jnp.array([1.0, 2.0, 3.0]))

    def fn(x: Any) -> Any:
        t = from_jax_array(x)
        batch = torch.vmap(lambda v, u: (v * u * w).sum(), in_dims=(0, None))(t, t[0])
        grad = torch.func.grad(lambda v: (v**3).sum())(t).sum()
        chosen = torch.cond(t.sum() > 0, lambda v: v.sin().sum(), lambda v: v.sum(), (t,))
        total, _ = torch._higher_order_ops.scan(lambda c, v: (c * 0.5 + v.sum(), c), t.sum() * 0, t)
        count, _ = torch.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), (t.sum().detach() * 0, t.detach()))
        return to_jax_array(batch.sum() + grad + chosen + total + count)

    def plain(x: Any) -> Any:
        total = x[0].sum() * 0.5 + x[1].sum()
        return (x * x[0] * jnp.array([1.0, 2.0, 3.0])).sum() + (3 * x**2).sum() + jnp.sin(x).sum() + total

    x = jnp.linspace(0.1, 1, 6).reshape(2, 3)
    np.testing.assert_allclose(fn(x), plain(x) + 3, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.grad(fn))(x), jax.grad(plain)(x), rtol=1e-4)


def test_vmap_with_every_op_at_once():
    with eager(True):
        x = torch.arange(6.0).reshape(2, 3).requires_grad_()
        torch.vmap(lambda v, u: v.sin() * u, in_dims=(0, None))(x, torch.ones(3) * 2).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * np.cos(np.arange(6.0).reshape(2, 3)), rtol=1e-5)
