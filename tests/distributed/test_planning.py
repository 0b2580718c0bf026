"""`distributed.plan`: steps compiled for machines that are not here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import torchlike
from torchlike import distributed as dist
from torchlike.distributed.planning import CHIPS, Plan, best, report
from torchlike.distributed.roofline import collectives

EXAMPLE = Path(__file__).parents[2] / "examples" / "plan_llama.py"
SMALL = "--layers 1 --width 256 --heads 4 --vocabulary 512 --context 128 --topology v5e:2x2 --tensor 2"


def parts():
    torchlike.manual_seed(0)
    model = torchlike.nn.Sequential(torchlike.nn.Linear(64, 256), torchlike.nn.Tanh(), torchlike.nn.Linear(256, 64))
    return model, (torchlike.randn(32, 64), torchlike.randn(32, 64)), torchlike.nn.functional.mse_loss


def test_on_fake_devices():
    model, batch, loss = parts()
    before = model[0].weight.clone()
    optimizer = torchlike.optim.Adam(model.parameters())
    mesh = dist.init_device_mesh("cpu", (8,))
    whole = dist.plan(model, mesh, batch, loss_fn=loss, optimizer=optimizer)
    cut = dist.plan(model, mesh, batch, loss_fn=loss, optimizer=optimizer, parallel="fsdp")
    size = 4 * sum(p.numel() for p in model.parameters())
    assert whole.devices == 8 and whole.collectives["all-reduce"][1] >= size and set(whole.collectives) == {"all-reduce"}
    assert cut.memory["arguments"] < whole.memory["arguments"] / 4  # parameters and both moments are in parts
    assert "all-gather" in cut.collectives and "8 devices" in str(cut)
    assert torchlike.equal(model[0].weight, before) and model[0].weight.grad is None  # nothing was run
    with pytest.raises(ValueError, match="parallel must be"):
        dist.plan(model, mesh, batch, loss_fn=loss, parallel="magic")


@pytest.mark.tpu
@pytest.mark.full
def test_for_a_tpu():
    model, batch, loss = parts()
    optimizer = torchlike.optim.Adam(model.parameters())
    found = dist.plan(model, "v5e:2x2", batch, loss_fn=loss, optimizer=optimizer, parallel="fsdp")
    assert found.chip == "v5e" and found.fits and found.devices == 4
    assert found.memory["peak"] < CHIPS["v5e"][2]
    assert set(found.seconds) == {"computing", "memory", "communication"} and all(s > 0 for s in found.seconds.values())
    assert {"all-gather", "reduce-scatter"} & set(found.collectives), str(found)


HLO = """
%all-reduce-scatter.1 (input: bf16[8,4]) -> bf16[4,4] {
  %r = bf16[8,4]{1,0} all-reduce(%input), channel_id=1, replica_groups={{0,1},{2,3}}, to_apply=%add
}
%all-reduce-scatter.2 (input: bf16[8,4]) -> bf16[4,4] {
  %r = bf16[8,4]{1,0} all-reduce(%input), channel_id=1, replica_groups={{0,1},{2,3}}, to_apply=%add
}
ENTRY %main () -> f32[] {
  %g = f32[16]{0} all-gather(%a), channel_id=2, replica_groups=[2,2]<=[4], dimensions={0}
  %s = (f32[4]{0}, f32[16]{0}) all-gather-start(%a), channel_id=3, replica_groups=mesh['x'=2,'y'=2] {'x','y'}, dimensions={0}
  %t = (f32[4]{0}, f32[16]{0}) all-gather-start(%a), channel_id=3, replica_groups=mesh['x'=2,'y'=2] {'x','y'}, dimensions={0}
  %c = f32[4]{0} reduce-scatter(%b), channel_id=4, replica_groups=[1,4]<=[4], dimensions={0}
  %p = f32[4]{0} collective-permute(%b), channel_id=5, source_target_pairs={{0,1}}
  %all = f32[] all-reduce(%z), channel_id=6, replica_groups={}, to_apply=%add
}
"""


def test_what_links_carry():
    """Counts, bytes of whole arrays, bytes that a device receives in a ring."""
    assert collectives(HLO, 4) == {
        "reduce-scatter": (3, 64 + 64 + 64, 32 + 32 + 48),  # two layers' in one channel, and one that is called so
        "all-gather": (2, 64 + 64, 32 + 48),
        "collective-permute": (1, 16, 16),
        "all-reduce": (1, 4, 6),
    }


def made(peak: int, **seconds: float) -> Plan:
    return Plan(4, {"peak": peak}, 1e9, 1e9, {}, "v5e", seconds)


def test_which_is_best():
    plans = {
        "slow": made(1 << 30, computing=2.0, communication=1.0),
        "quick": made(2 << 30, computing=1.5),
        "big": made(17 << 30, computing=0.1),
    }
    assert best(plans) == "quick" and plans["slow"].step == 2.0
    said = report(plans)
    assert said.endswith("best: quick") and said.count("does not fit") == 1
    with pytest.raises(ValueError, match="none of big fits"):
        best({"big": plans["big"]})


def example(arguments: str, seconds: int) -> str:
    command = [sys.executable, str(EXAMPLE), *arguments.split()]
    out = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    assert out.returncode == 0, out.stderr[-3000:]
    return out.stdout


@pytest.mark.tpu
@pytest.mark.full
@pytest.mark.timeout(600)
def test_example():
    said = example(SMALL, 590)
    assert said.count("4 devices (v5e)") == 2 and "reduce-scatter" in said and "\nbest: FSDP" in said, said


@pytest.mark.tpu
@pytest.mark.full
@pytest.mark.timeout(7200)
def test_seven_billion_on_256_chips():
    said = example("", 7100)
    assert said.count("6.74 billion parameters") == 2 and said.count("256 devices (v5e)") == 2, said
    assert "does not fit" not in said and "\nbest: FSDP" in said, said
