"""torch.profiler: schedules as torch's, traces that hold what was named, files that can be read."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
import torch

import torchlike


@pytest.mark.filterwarnings("ignore:Profiler won't be using warmup")
def test_schedules() -> None:
    for wait, warmup, active, repeat, skip, late in itertools.product((0, 2), (0, 1), (1, 2), (0, 2), (0, 3), (0, 1)):
        options = {"wait": wait, "warmup": warmup, "active": active, "repeat": repeat, "skip_first": skip}
        plans = [t.profiler.schedule(**options, skip_first_wait=late) for t in (torchlike, torch)]
        ours, theirs = ([plan(i).name for i in range(16)] for plan in plans)
        assert ours == theirs, (options, late)


def test_profile(tmp_path: Path) -> None:
    kept = []
    handler = torchlike.profiler.tensorboard_trace_handler(str(tmp_path / "logs"), "worker")
    plan = torchlike.profiler.schedule(wait=1, warmup=1, active=1, repeat=1)
    with torchlike.profiler.profile(schedule=plan, on_trace_ready=lambda p: (kept.append(p.step_num), handler(p))) as profiler:
        for i in range(4):
            with torchlike.profiler.record_function(f"step {i}"):
                torchlike.ones(3).add(i).sum().item()
            profiler.step()
    assert kept == [3]
    (written,) = (tmp_path / "logs").iterdir()
    names = {e.get("name") for e in json.loads(written.read_text())["traceEvents"]}
    assert "step 2" in names
    assert not {"step 0", "step 1", "step 3"} & names
    averages = profiler.key_averages()
    assert [e.count for e in averages if e.key == "step 2"] == [1]
    assert "step 2" in averages.table(sort_by="cpu_time_total", row_limit=-1)
    with pytest.raises(RuntimeError, match="no trace yet"):
        torchlike.profiler.profile().events()
