"""ZeroRedundancyOptimizer against torch's, wrapping policies, activation checkpointing, and modules by older addresses."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from functools import partial
from typing import Any

import pytest
import torch
import torch.distributed.algorithms._checkpoint.checkpoint_wrapper
import torch.distributed.algorithms.ddp_comm_hooks
import torch.distributed.fsdp.wrap

import torchlike
import torchlike.distributed.algorithms._checkpoint.checkpoint_wrapper
import torchlike.distributed.algorithms.ddp_comm_hooks
import torchlike.distributed.fsdp.wrap
from tests.distributed.launching import SCRIPTS, ranks
from tests.nn.conftest import assert_same, outcome
from torchlike.distributed.wire import free_port


def _of_torch(count: int) -> list[dict]:
    facts = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(count), "OMP_NUM_THREADS": "1"}
    environment = {k: v for k, v in os.environ.items() if k != "TORCHLIKE_CACHE"} | facts
    command = [sys.executable, "-W", "ignore", str(SCRIPTS / "zero.py")]
    started = [
        subprocess.Popen(command, env=environment | {"RANK": str(r)}, stdout=subprocess.PIPE, text=True) for r in range(count)
    ]
    return [json.loads(p.communicate(timeout=100)[0].splitlines()[-1]) for p in started]


@pytest.mark.full
@pytest.mark.timeout(300)  # processes start slowly where others are at work
def test_zero_redundancy(tmp_path):
    """Two ranks: who has which parameters, losses, the consolidated state and what training goes on with it."""
    got = [json.loads(out.splitlines()[-1]) for out in ranks("zero.py", 2, tmp_path)]
    for ours, theirs in zip(got, _of_torch(2), strict=True):
        assert "has not been consolidated on this rank" in ours.pop("refused") and theirs.pop("refused")
        assert list(ours) == list(theirs)
        for name, value in theirs.items():
            if name in ("losses", "average", "again", "weight"):
                torch.testing.assert_close(torch.tensor(ours[name]), torch.tensor(value), rtol=2e-5, atol=1e-6)
            else:
                assert ours[name] == value


def test_zero_redundancy_alone():
    """One process: the optimizer itself, its state and what it refuses."""
    t, dist = torchlike, torchlike.distributed
    zero = importlib.import_module("torchlike.distributed.optim").ZeroRedundancyOptimizer
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        weights = [t.ones(3, requires_grad=True), t.ones(2, requires_grad=True)]
        optimizer = zero(weights, t.optim.SGD, lr=0.5, momentum=0.9)
        sum(w.square().sum() for w in weights).backward()
        assert optimizer.step(lambda: 7.0) == 7.0 and weights[0].tolist() == [0.0, 0.0, 0.0]
        with pytest.raises(RuntimeError, match="has not been consolidated"):
            optimizer.state_dict()
        optimizer.consolidate_state_dict()
        saved = optimizer.state_dict()
        assert [state["momentum_buffer"].tolist() for state in saved["state"].values()] == [[2.0] * 3, [2.0] * 2]
        optimizer.add_param_group({"params": [t.ones(1, requires_grad=True)], "lr": 0.1})
        assert [group["lr"] for group in optimizer.optim.param_groups] == [0.5, 0.1]
        again = zero([{"params": [w]} for w in weights[:1]] + [{"params": weights[1:], "lr": 2.0}], t.optim.SGD, lr=1.0)
        with pytest.raises(ValueError, match="different number of parameter groups"):
            again.load_state_dict(saved)
        again = zero(weights, t.optim.SGD, lr=1.0)
        again.load_state_dict(saved)
        assert again.param_groups[0]["lr"] == 0.5 and again.state[weights[1]]["momentum_buffer"].tolist() == [2.0, 2.0]
        for error, params in ((TypeError, t.ones(1)), (TypeError, [3]), (ValueError, [])):
            with pytest.raises(error):
                zero(params, t.optim.SGD, lr=1.0)
        with pytest.raises(NotImplementedError, match="overlap_with_ddp"):
            zero(weights, t.optim.SGD, overlap_with_ddp=True, lr=1.0)
    finally:
        dist.destroy_process_group()


HOOKS = ("allreduce_hook", "fp16_compress_hook", "fp16_compress_wrapper", "bf16_compress_wrapper", "bf16_compress_hook")


@pytest.mark.parametrize("name", HOOKS)
def test_communication_hooks(name):
    """The gradients of one process, rounded to what the hook sends."""

    def run(t: Any, name: str = name) -> Any:
        t.manual_seed(0)
        dist, hooks = t.distributed, t.distributed.algorithms.ddp_comm_hooks
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        try:
            model = t.nn.parallel.DistributedDataParallel(t.nn.Linear(3, 2))
            hook = getattr(hooks.default_hooks, name)
            if "wrapper" in name:
                model.register_comm_hook(None, hook(hooks.default.allreduce_hook))
            else:
                kind = {"a": "ALLREDUCE", "f": "FP16_COMPRESS", "b": "BF16_COMPRESS"}[name[0]]
                hooks.register_ddp_comm_hook(hooks.DDPCommHookType[kind], model)
            model(t.arange(6.0).reshape(2, 3) / 7).square().sum().backward()
            return [p.grad for p in model.parameters()]
        finally:
            dist.destroy_process_group()

    if name.startswith("bf16"):  # torch has it for GPUs only
        ours, plain = run(torchlike), run(torchlike, "allreduce_hook")
        assert [g.tolist() for g in ours] == [g.bfloat16().float().tolist() for g in plain]
        return
    ours, theirs = (outcome(run, library)[0] for library in (torchlike, torch))
    assert_same(ours, theirs)


def _net(t: Any) -> Any:
    t.manual_seed(0)
    block = t.nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True)
    return t.nn.Sequential(t.nn.Linear(3, 4), block, t.nn.ModuleList([t.nn.Linear(40, 4), t.nn.Linear(4, 2)])[0:1], t.nn.Tanh())


class Marked:
    """A wrapper that says what it wraps."""

    def __init__(self, t: Any):
        self.wrapped: list[Any] = []

        class Wrapper(t.nn.Module):
            def __init__(wrapper, module: Any, **options: Any) -> None:  # noqa: N805 - self is outside
                super().__init__()
                wrapper.module = module
                self.wrapped.append((type(getattr(module, "module", module)).__name__, sorted(options.items())))

        self.wrapper = Wrapper


POLICIES = {
    "all": lambda t, w: w.always_wrap_policy,
    "lambda": lambda t, w: partial(w.lambda_auto_wrap_policy, lambda_fn=lambda m: isinstance(m, t.nn.LayerNorm)),
    "transformer": lambda t, w: partial(w.transformer_auto_wrap_policy, transformer_layer_cls={t.nn.TransformerEncoderLayer}),
    "classes": lambda t, w: w.ModuleWrapPolicy([t.nn.Linear, t.nn.Dropout]),
    "custom": lambda t, w: w.CustomPolicy(lambda m: {"k": 1} if isinstance(m, t.nn.Tanh) else isinstance(m, t.nn.LayerNorm)),
    "custom, refused": lambda t, w: w.CustomPolicy(lambda m: 3),
    "size": lambda t, w: partial(w.size_based_auto_wrap_policy, min_num_params=40),
    "size, small": lambda t, w: partial(w.size_based_auto_wrap_policy, min_num_params=4),
    "size, none": lambda t, w: w.size_based_auto_wrap_policy,
    "either": lambda t, w: partial(
        w._or_policy, policies=[partial(w._module_wrap_policy, module_classes={c}) for c in (t.nn.Tanh, t.nn.LayerNorm)]
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policies(name):
    """Through `apply_activation_checkpointing`, which asks a policy as FSDP does: the same modules in the same order."""

    def run(t: Any) -> Any:
        marked, net, wrap = Marked(t), _net(t), t.distributed.fsdp.wrap
        apply = t.distributed.algorithms._checkpoint.checkpoint_wrapper.apply_activation_checkpointing
        policy = POLICIES[name](t, wrap)
        apply(net, lambda m, **options: marked.wrapper(m, **options), auto_wrap_policy=policy)
        return marked.wrapped, [n for n, _ in net.named_modules()]

    if "custom" in name or name == "classes":  # torch's function asks a callable; FSDP asks these

        def run(t: Any) -> Any:  # fmt: skip
            net = _net(t)
            found = POLICIES[name](t, t.distributed.fsdp.wrap)._run_policy(net, set(), {"root": 0})
            return [(type(m).__name__, sorted(options.items())) for m, options in found.items()]

    ours, theirs = (outcome(run, library)[0] for library in (torchlike, torch))
    assert_same(ours, theirs)


def _wrapped(t: Any) -> Any:
    marked, wrap = Marked(t), t.distributed.fsdp.wrap
    plain = wrap.wrap(t.nn.ReLU())
    with wrap.enable_wrap(wrapper_cls=marked.wrapper, a=1, b=2):
        wrap.wrap(t.nn.Tanh(), b=3)
    return type(plain).__name__, marked.wrapped


def _nested(t: Any) -> Any:
    wrap = t.distributed.fsdp.wrap
    with wrap.enable_wrap(wrapper_cls=t.nn.Sequential), wrap.enable_wrap(wrapper_cls=t.nn.Sequential):
        pass


def _checkpointed(t: Any) -> Any:
    c = t.distributed.algorithms._checkpoint.checkpoint_wrapper
    net, seen = _net(t)[:2], []
    before = list(net.state_dict())
    net[0] = c.checkpoint_wrapper(net[0], c.CheckpointImpl.REENTRANT)
    net[1] = c.offload_wrapper(net[1])
    x = t.arange(6.0).reshape(1, 2, 3).requires_grad_()
    out = net(x)
    out.sum().backward()
    seen += [out, x.grad, list(net.state_dict()) == before, [n for n, _ in net.named_parameters()] == before]
    net.load_state_dict(_net(t)[:2].state_dict())
    apart = c.checkpoint_wrapper(t.nn.Linear(3, 4), checkpoint_fn=lambda f, *args, k: f(*args) * k, k=2.0)
    apart.load_state_dict(net[0].state_dict())
    seen += [apart(x.detach()), apart.in_features, isinstance(apart, c.ActivationWrapper), type(apart).__name__]
    scaled = t.nn.Bilinear(2, 2, 2)
    again = c.checkpoint_wrapper(scaled, checkpoint_impl=c.CheckpointImpl.REENTRANT)
    y = t.ones(1, 2, requires_grad=True)
    again(y, input2=y * 2).sum().backward()
    c.apply_activation_checkpointing(net, check_fn=lambda m: isinstance(m, t.nn.Dropout))
    return *seen, y.grad, [n for n, m in net.named_modules() if isinstance(m, c.CheckpointWrapper)], c._CHECKPOINT_PREFIX


@pytest.mark.parametrize("code", [_wrapped, _nested, _checkpointed])
def test_wrappers(code):
    ours, theirs = (outcome(code, library)[0] for library in (torchlike, torch))
    assert_same(ours, theirs)


OLD = {
    "_composable.fsdp.fully_shard": "fsdp.fully_shard", "_composable.fsdp.FSDPModule": "fsdp.FSDPModule",
    "_composable.fsdp.MixedPrecisionPolicy": "fsdp.MixedPrecisionPolicy", "_tensor.DTensor": "tensor.DTensor",
    "_tensor.api.distribute_tensor": "tensor.distribute_tensor", "_tensor.Shard": "tensor.Shard",
    "_tensor.placement_types.Replicate": "tensor.Replicate", "_tensor.device_mesh.init_device_mesh": "init_device_mesh",
}  # fmt: skip


@pytest.mark.parametrize("old", OLD)
def test_older_addresses(old):
    def look(name: str) -> Any:
        space, _, last = f"torchlike.distributed.{name}".rpartition(".")
        return getattr(importlib.import_module(space), last)

    assert look(old) is look(OLD[old])


def test_fsdp_asks_policies():
    """Which children put their parameters together by themselves, by a function and by a policy; outputs are one device's."""
    from torchlike.distributed.fsdp import FSDPModule, FullyShardedDataParallel
    from torchlike.engine import placement

    t, wrap = torchlike, torchlike.distributed.fsdp.wrap
    x, plain = t.ones(2, 2, 3), _net(t)[:2].eval()
    expected, mesh = plain(x), torchlike.distributed.init_device_mesh("cpu", (2,))
    linear = partial(wrap.transformer_auto_wrap_policy, transformer_layer_cls={t.nn.Linear})
    try:
        for policy, wanted in (
            (linear, ["0", "1.self_attn.out_proj", "1.linear1", "1.linear2"]),
            (wrap.ModuleWrapPolicy([t.nn.TransformerEncoderLayer]), ["1"]),
            (wrap.CustomPolicy(lambda m: isinstance(m, t.nn.Dropout)), []),  # nothing to put together
        ):
            model = FullyShardedDataParallel(_net(t)[:2].eval(), auto_wrap_policy=policy, device_mesh=mesh)
            assert [n for n, m in model.module.named_modules() if n and isinstance(m, FSDPModule)] == wanted
            t.testing.assert_close(model(x).detach().cpu(), expected.detach())
        with pytest.raises(NotImplementedError, match="options of a module's own"):
            FullyShardedDataParallel(_net(t), auto_wrap_policy=wrap.CustomPolicy(lambda m: {"k": 1}), device_mesh=mesh)
    finally:
        placement.spread.active = False
