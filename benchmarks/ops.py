"""The sixty operations that PyTorch programs use most, one at a time on a million numbers, against the same in jitted JAX.

An operation is called as a user calls it, the pending program is run, and its result awaited; so each figure holds the
whole way from the call to the numbers. Random draws are left out: torch's own numbers are other work than JAX's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.timing import interleave

TARGET = 3.0  # times what JAX takes


@dataclass(frozen=True)
class Case:
    """One operation.

    Attributes:
        ours: `(torch, *tensors) -> result`.
        theirs: the same of JAX arrays, to be jitted.
        inputs: names of `INPUTS`.
    """

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    inputs: tuple[str, ...] = ("x",)


def inputs() -> dict[str, np.ndarray]:
    """A million numbers of each kind."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1000, 1000), np.float32)
    return {
        "x": x,
        "y": rng.standard_normal((1000, 1000), np.float32),
        "positive": np.abs(x) + np.float32(0.1),
        "double": x.astype(np.float64),
        "whole": rng.integers(0, 1000, (1000, 1000)),
        "index": rng.integers(0, 1000, (1000,)),
        "mask": x > 0,
        "image": x.reshape(1, 1, 1000, 1000),
        "row": x[:1].copy(),
        "tower": x.reshape(1000, 1, 1000),
        "heads": x.reshape(1, 10, 100, 1000)[:, :, :, :64].copy(),
    }


def _cross_entropy(x: jax.Array, index: jax.Array) -> jax.Array:
    return -jnp.take_along_axis(jax.nn.log_softmax(x), index[:, None], 1).mean()


def _nearest(image: jax.Array) -> jax.Array:
    return jnp.repeat(jnp.repeat(image, 2, 2), 2, 3)


# In the order in which they are used most, a method and the function of its name counted once.
CASES: dict[str, Case] = {
    "x + y": Case(lambda _, x, y: x + y, jnp.add, ("x", "y")),
    "x * y": Case(lambda _, x, y: x * y, jnp.multiply, ("x", "y")),
    "to": Case(lambda torch, x: x.to(torch.bfloat16), lambda x: x.astype(jnp.bfloat16)),
    "cat": Case(lambda torch, x, y: torch.cat([x, y]), lambda x, y: jnp.concatenate([x, y]), ("x", "y")),
    "view": Case(lambda _, x: x.view(100, 10_000), lambda x: x.reshape(100, 10_000)),
    "unsqueeze": Case(lambda _, x: x.unsqueeze(1), lambda x: x[:, None]),
    "zeros": Case(lambda torch: torch.zeros(1000, 1000), lambda: jnp.zeros((1000, 1000), jnp.float32), ()),
    "sum": Case(lambda _, x: x.sum(), jnp.sum),
    "reshape": Case(lambda _, x: x.reshape(-1), jnp.ravel),
    "float": Case(lambda _, x: x.float(), lambda x: x.astype(jnp.float32), ("double",)),
    "arange": Case(lambda torch: torch.arange(1_000_000), lambda: jnp.arange(1_000_000), ()),
    "ones": Case(lambda torch: torch.ones(1000, 1000), lambda: jnp.ones((1000, 1000), jnp.float32), ()),
    "mean": Case(lambda _, x: x.mean(dim=-1), lambda x: x.mean(-1)),
    "stack": Case(lambda torch, x, y: torch.stack([x, y]), lambda x, y: jnp.stack([x, y]), ("x", "y")),
    "squeeze": Case(lambda _, x: x.squeeze(1), lambda x: x.squeeze(1), ("tower",)),
    "clone": Case(lambda _, x: x.clone(), jnp.copy),
    "transpose": Case(lambda _, x: x.transpose(0, 1), jnp.transpose),
    "contiguous": Case(lambda _, x: x.t().contiguous(), jnp.transpose),
    "expand": Case(lambda _, x: x.expand(1000, 1000), lambda x: jnp.broadcast_to(x, (1000, 1000)), ("row",)),
    "permute": Case(lambda _, x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1), ("tower",)),
    "zeros_like": Case(lambda torch, x: torch.zeros_like(x), jnp.zeros_like),
    "max": Case(lambda _, x: x.max(), jnp.max),
    "max of rows": Case(lambda _, x: x.max(dim=1), lambda x: (x.max(1), x.argmax(1))),
    "repeat": Case(lambda _, x: x.repeat(1000, 1), lambda x: jnp.tile(x, (1000, 1)), ("row",)),
    "flatten": Case(lambda _, x: x.flatten(), jnp.ravel),
    "all": Case(lambda _, x: x.all(), jnp.all, ("mask",)),
    "clamp": Case(lambda _, x: x.clamp(-1, 1), lambda x: jnp.clip(x, -1, 1)),
    "where": Case(lambda torch, m, x, y: torch.where(m, x, y), jnp.where, ("mask", "x", "y")),
    "softmax": Case(lambda torch, x: torch.nn.functional.softmax(x, dim=-1), jax.nn.softmax),
    "pad": Case(lambda torch, x: torch.nn.functional.pad(x, (1, 1)), lambda x: jnp.pad(x, ((0, 0), (1, 1)))),
    "matmul": Case(lambda torch, x, y: torch.matmul(x, y), jnp.matmul, ("x", "y")),
    "exp": Case(lambda torch, x: torch.exp(x), jnp.exp),
    "full": Case(lambda torch: torch.full((1000, 1000), 0.5), lambda: jnp.full((1000, 1000), 0.5, jnp.float32), ()),
    "abs": Case(lambda _, x: x.abs(), jnp.abs),
    "chunk": Case(lambda _, x: x.chunk(4), lambda x: jnp.split(x, 4)),
    "any": Case(lambda _, x: x.any(), jnp.any, ("mask",)),
    "pow": Case(lambda _, x: x.pow(2), lambda x: x**2),
    "relu": Case(lambda torch, x: torch.nn.functional.relu(x), jax.nn.relu),
    "argmax": Case(lambda _, x: x.argmax(dim=-1), lambda x: x.argmax(-1)),
    "interpolate": Case(lambda torch, x: torch.nn.functional.interpolate(x, scale_factor=2), _nearest, ("image",)),
    "linspace": Case(
        lambda torch: torch.linspace(0, 1, 1_000_000), lambda: jnp.linspace(0, 1, 1_000_000, dtype=jnp.float32), ()
    ),
    "log": Case(lambda torch, x: torch.log(x), jnp.log, ("positive",)),
    "sqrt": Case(lambda torch, x: torch.sqrt(x), jnp.sqrt, ("positive",)),
    "sin": Case(lambda torch, x: torch.sin(x), jnp.sin),
    "repeat_interleave": Case(lambda _, x: x.repeat_interleave(2, dim=0), lambda x: jnp.repeat(x, 2, 0)),
    "sigmoid": Case(lambda torch, x: torch.sigmoid(x), jax.nn.sigmoid),
    "masked_fill": Case(lambda _, x, m: x.masked_fill(m, 0.0), lambda x, m: jnp.where(m, 0.0, x), ("x", "mask")),
    "einsum": Case(lambda torch, x, y: torch.einsum("ij,kj->ik", x, y), lambda x, y: x @ y.T, ("x", "y")),
    "eye": Case(lambda torch: torch.eye(1000), lambda: jnp.eye(1000, dtype=jnp.float32), ()),
    "split": Case(lambda _, x: x.split(250, dim=1), lambda x: jnp.split(x, 4, axis=1)),
    "gather": Case(lambda _, x, i: x.gather(1, i), lambda x, i: jnp.take_along_axis(x, i, 1), ("x", "whole")),
    "cross_entropy": Case(lambda torch, x, i: torch.nn.functional.cross_entropy(x, i), _cross_entropy, ("x", "index")),
    "linear": Case(lambda torch, x, y: torch.nn.functional.linear(x, y), lambda x, y: x @ y.T, ("x", "y")),
    "norm": Case(lambda _, x: x.norm(), jnp.linalg.norm),
    "topk": Case(lambda _, x: x.topk(10), lambda x: jax.lax.top_k(x, 10)),
    "std": Case(lambda _, x: x.std(dim=-1), lambda x: x.std(-1, ddof=1)),
    "tanh": Case(lambda torch, x: torch.tanh(x), jnp.tanh),
    "cumsum": Case(lambda _, x: x.cumsum(-1), lambda x: jnp.cumsum(x, -1)),
    "mse_loss": Case(lambda torch, x, y: torch.nn.functional.mse_loss(x, y), lambda x, y: jnp.square(x - y).mean(), ("x", "y")),
    "scaled_dot_product_attention": Case(
        lambda torch, x: torch.nn.functional.scaled_dot_product_attention(x, x, x),
        lambda x: jax.nn.dot_product_attention(*[x.swapaxes(1, 2)] * 3).swapaxes(1, 2),
        ("heads",),
    ),
}


def recorded(case: Case, given: dict[str, np.ndarray]) -> Callable[[int], Any]:
    """Calls the operation of torchlike that often, and awaits each result."""
    torch = importlib.import_module("torchlike")
    tensors = [torch.from_numpy(given[name]) for name in case.inputs]
    jax.block_until_ready([t.__jax_array__() for t in tensors])  # they are on the device from now on

    def steps(count: int) -> Any:
        for _ in range(count):
            result = case.ours(torch, *tensors)
            torch.engine.flush()
            made = [result] if isinstance(result, torch.Tensor) else result
            arrays = jax.block_until_ready([t.__jax_array__() for t in made])
        return arrays

    return steps


def jitted(case: Case, arrays: dict[str, np.ndarray]) -> Callable[[int], Any]:
    """Calls the jitted JAX function that often, and awaits each result."""
    with jax.enable_x64(True):  # indices are of 64 bits on both sides
        given = [jax.device_put(arrays[name]) for name in case.inputs]
        fn = jax.jit(case.theirs)

    def steps(count: int) -> Any:
        with jax.enable_x64(True):
            for _ in range(count):
                result = jax.block_until_ready(fn(*given))
        return result

    return steps


def measure(rounds: int = 7, seconds: float = 0.02) -> dict[str, dict[str, float]]:
    """Milliseconds of both and their ratio, by operation. Raises AssertionError where the results are not the same."""
    arrays = inputs()
    results = {}
    for name, case in CASES.items():
        pair = {"torchlike": recorded(case, arrays), "jax": jitted(case, arrays)}
        agree(name, pair)
        times = interleave(pair, seconds, rounds)
        ours, theirs = times["torchlike"].median, times["jax"].median
        results[name] = {"ms": ours * 1e3, "jax ms": theirs * 1e3, "ratio": ours / theirs}
    return results


def agree(name: str, pair: dict[str, Callable[[int], Any]]) -> None:
    """Raise AssertionError unless both contenders compute the same numbers."""
    for mine, other in zip(*(jax.tree.leaves(steps(2)) for steps in pair.values()), strict=True):
        if not np.allclose(np.asarray(mine, np.float32), np.asarray(other, np.float32), 1e-3, 1e-4):
            raise AssertionError(f"{name}: torchlike and JAX do other work")


def table(results: dict[str, dict[str, float]]) -> str:
    """The results in Markdown, the worst ratio first."""
    lines = [
        f"| operation on 1e6 numbers | torchlike, ms | jitted JAX, ms | ratio (target <= {TARGET:g}) |",
        "|---|---|---|---|",
    ]
    for name, row in sorted(results.items(), key=lambda item: -item[1]["ratio"]):
        lines.append(f"| {name} | {row['ms']:.3g} | {row['jax ms']:.3g} | {row['ratio']:.2f} |")
    return "\n".join(lines)
