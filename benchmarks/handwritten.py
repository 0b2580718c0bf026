"""The same training steps as a JAX programmer writes them: pure functions, optax, one jitted step with donated buffers.

Parameters are a flat dict under torch's names, so that every contender can start from the same weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.models import GPT_SIZE, SEQUENCE

Params = dict[str, jax.Array]
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
# (params, statistics, x) -> (logits, new statistics)
Forward = Callable[[Params, Params, jax.Array], tuple[jax.Array, Params]]


def mlp(params: Params, statistics: Params, x: jax.Array) -> tuple[jax.Array, Params]:
    """Linear layers with ReLU between them."""
    layers = sorted({int(name.split(".")[0]) for name in params})
    for i in layers:
        x = x @ params[f"{i}.weight"].T + params[f"{i}.bias"]
        if i != layers[-1]:
            x = jax.nn.relu(x)
    return x, statistics


def conv(x: jax.Array, weight: jax.Array, stride: int = 1) -> jax.Array:
    """A convolution that keeps the size but for the stride: (N, H, W, C), channels last as JAX is fastest on CPU."""
    pad = weight.shape[0] // 2
    return jax.lax.conv_general_dilated(
        x, weight, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def batch_norm(x: jax.Array, name: str, params: Params, statistics: Params, new: Params) -> jax.Array:
    """Normalize by the batch's statistics and put the running ones into `new`."""
    mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
    count = x.size // x.shape[-1]
    new[f"{name}.running_mean"] = 0.9 * statistics[f"{name}.running_mean"] + 0.1 * mean
    new[f"{name}.running_var"] = 0.9 * statistics[f"{name}.running_var"] + 0.1 * var * (count / (count - 1))
    new[f"{name}.num_batches_tracked"] = statistics[f"{name}.num_batches_tracked"] + 1
    scale = params[f"{name}.weight"] * jax.lax.rsqrt(var + 1e-5)
    return x * scale + (params[f"{name}.bias"] - mean * scale)


def resnet(params: Params, statistics: Params, x: jax.Array) -> tuple[jax.Array, Params]:
    """The residual network of `models.resnet`."""
    new: Params = {}

    def norm(x: jax.Array, name: str) -> jax.Array:
        return batch_norm(x, name, params, statistics, new)

    x = jax.nn.relu(norm(conv(x, params["conv.weight"]), "bn"))
    for i, stride in enumerate((1, 2, 2)):
        block = f"blocks.{i}"
        y = jax.nn.relu(norm(conv(x, params[f"{block}.conv1.weight"], stride), f"{block}.bn1"))
        y = norm(conv(y, params[f"{block}.conv2.weight"]), f"{block}.bn2")
        if stride != 1:
            x = norm(conv(x, params[f"{block}.shortcut.0.weight"], stride), f"{block}.shortcut.1")
        x = jax.nn.relu(y + x)
    return x.mean((1, 2)) @ params["fc.weight"].T + params["fc.bias"], new


def layer_norm(x: jax.Array, params: Params, name: str) -> jax.Array:
    """Normalize the last dimension. (Written with `x.var` its gradient is slower by half on CPU.)"""
    centered = x - x.mean(-1, keepdims=True)
    x = centered * jax.lax.rsqrt(jnp.square(centered).mean(-1, keepdims=True) + 1e-5)
    return x * params[f"{name}.weight"] + params[f"{name}.bias"]


def attention(q: jax.Array, k: jax.Array, v: jax.Array, causal: bool = True) -> jax.Array:
    """Attention, (B, T, heads, D) each; on CPU this beats `jax.nn.dot_product_attention`."""
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** -0.5
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
    return jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), v)


def gpt(params: Params, statistics: Params, x: jax.Array) -> tuple[jax.Array, Params]:
    """The GPT of `examples/char_lm.py`. Rows are (B * T, C): plain matrix products are the fastest."""

    def linear(x: jax.Array, name: str) -> jax.Array:
        return x @ params[f"{name}.weight"].T + params[f"{name}.bias"]

    B, T = x.shape
    x = (params["tokens.weight"][x] + params["positions.weight"][:T]).reshape(B * T, -1)
    for i in range(GPT_SIZE["layers"]):
        block = f"blocks.{i}"
        qkv = linear(layer_norm(x, params, f"{block}.norm1"), f"{block}.attention.qkv")
        q, k, v = (part.reshape(B, T, GPT_SIZE["heads"], -1) for part in jnp.split(qkv, 3, axis=-1))
        x = x + linear(attention(q, k, v).reshape(B * T, -1), f"{block}.attention.proj")
        y = jax.nn.gelu(linear(layer_norm(x, params, f"{block}.norm2"), f"{block}.mlp.0"), approximate=False)
        x = x + linear(y, f"{block}.mlp.2")
    return layer_norm(x, params, "norm") @ params["tokens.weight"].T, statistics


def lstm_step(params: Params, layer: int, state: tuple[jax.Array, jax.Array], x: jax.Array) -> tuple[Any, jax.Array]:
    """One step of an LSTM; x is what `weight_ih` made of the input."""
    h, c = state
    gates = x + h @ params[f"rnn.weight_hh_l{layer}"].T + params[f"rnn.bias_hh_l{layer}"]
    i, f, g, o = jnp.split(gates, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru_step(params: Params, layer: int, state: tuple[jax.Array], x: jax.Array) -> tuple[Any, jax.Array]:
    """One step of a GRU; x is what `weight_ih` made of the input."""
    (h,) = state
    xr, xz, xn = jnp.split(x, 3, axis=-1)
    hr, hz, hn = jnp.split(h @ params[f"rnn.weight_hh_l{layer}"].T + params[f"rnn.bias_hh_l{layer}"], 3, axis=-1)
    r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
    h = (1 - z) * jnp.tanh(xn + r * hn) + z * h
    return (h,), h


def recurrent(step: Callable[..., Any], states: int) -> Forward:
    """The language models of `models.recurrent`: one `lax.scan` for each layer, fed by one product over all steps."""

    def forward(params: Params, statistics: Params, x: jax.Array) -> tuple[jax.Array, Params]:
        x = params["tokens.weight"][x.T]  # (T, B, C)
        zero = jnp.zeros(x.shape[1:], x.dtype)
        for layer in range(SEQUENCE["layers"]):
            fed = x @ params[f"rnn.weight_ih_l{layer}"].T + params[f"rnn.bias_ih_l{layer}"]
            _, x = jax.lax.scan(partial(step, params, layer), (zero,) * states, fed)
        x = x.swapaxes(0, 1)
        return x.reshape(-1, x.shape[-1]) @ params["fc.weight"].T + params["fc.bias"], statistics

    return forward


def transformer(params: Params, statistics: Params, x: jax.Array) -> tuple[jax.Array, Params]:
    """The encoder of `models.transformer`. Rows are (B * T, C)."""

    def linear(x: jax.Array, name: str) -> jax.Array:
        return x @ params[f"{name}weight"].T + params[f"{name}bias"]

    B, T = x.shape
    x = params["tokens.weight"][x].reshape(B * T, -1)
    for i in range(SEQUENCE["layers"]):
        layer = f"encoder.layers.{i}"
        qkv = linear(x, f"{layer}.self_attn.in_proj_")
        q, k, v = (part.reshape(B, T, SEQUENCE["heads"], -1) for part in jnp.split(qkv, 3, axis=-1))
        y = linear(attention(q, k, v, causal=False).reshape(B * T, -1), f"{layer}.self_attn.out_proj.")
        x = layer_norm(x + y, params, f"{layer}.norm1")
        y = linear(jax.nn.relu(linear(x, f"{layer}.linear1.")), f"{layer}.linear2.")
        x = layer_norm(x + y, params, f"{layer}.norm2")
    return linear(x, "fc."), statistics


FORWARD: dict[str, Forward] = {
    "tiny": mlp,
    "mid": mlp,
    "deep": mlp,
    "resnet": resnet,
    "gpt": gpt,
    "lstm": recurrent(lstm_step, 2),
    "gru": recurrent(gru_step, 1),
    "transformer": transformer,
}
OPTIMIZER = {
    "tiny": optax.adam(1e-3),
    "mid": optax.adam(1e-3),
    "deep": optax.adam(1e-3),
    "resnet": optax.chain(optax.add_decayed_weights(5e-4), optax.sgd(0.05, momentum=0.9)),
    "gpt": optax.adamw(1e-3, weight_decay=0.01),
    "lstm": optax.adam(1e-3),
    "gru": optax.adam(1e-3),
    "transformer": optax.adam(1e-3),
}


def from_torch(name: str, weights: dict[str, np.ndarray]) -> tuple[Params, Params, Any]:
    """Turn a state_dict into parameters, running statistics and optimizer state for `training_step(name)`."""
    own = {key: array for key, array in weights.items() if key != "head.weight"}  # the GPT's is tokens.weight
    own = {key: jnp.asarray(array.transpose(2, 3, 1, 0) if array.ndim == 4 else array) for key, array in own.items()}
    statistics = {key: own.pop(key) for key in weights if key.endswith(STATISTICS)}
    return own, statistics, OPTIMIZER[name].init(own)


def batch_from_torch(x: np.ndarray, y: np.ndarray) -> tuple[jax.Array, jax.Array]:
    """Turn a batch into JAX's: images with channels last, 32-bit class numbers."""
    return jnp.asarray(np.moveaxis(x, 1, -1) if x.ndim == 4 else x), jnp.asarray(y)


def training_step(name: str) -> Callable[..., Any]:
    """Return the jitted `(params, statistics, state, x, y) -> (params, statistics, state, loss)`, which donates three."""
    forward, optimizer = FORWARD[name], OPTIMIZER[name]

    def loss_of(params: Params, statistics: Params, x: jax.Array, y: jax.Array) -> tuple[jax.Array, Params]:
        logits, statistics = forward(params, statistics, x)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), statistics

    def step(params: Params, statistics: Params, state: Any, x: jax.Array, y: jax.Array) -> tuple[Any, ...]:
        (loss, statistics), grads = jax.value_and_grad(loss_of, has_aux=True)(params, statistics, x, y)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), statistics, state, loss

    return jax.jit(step, donate_argnums=(0, 1, 2))
