"""`torch.multiprocessing.spawn`: results and errors as torch's; tensors through queues."""

from __future__ import annotations

import pickle
import re
import time

import pytest
import torch.multiprocessing as theirs

import torchlike
import torchlike.multiprocessing as ours
from tests.multiprocessing import functions


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX's; these processes touch no device
@pytest.mark.parametrize("how, name", [
    ("raise", "ProcessRaisedException"), ("exit", "ProcessExitedException"), ("kill", "ProcessExitedException")
])  # fmt: skip
def test_errors_are_torchs(how, name):
    raised = []
    for lib in (theirs, ours):
        started = time.monotonic()
        with pytest.raises(getattr(lib, name)) as error:
            lib.start_processes(functions.fail_one, (how,), nprocs=3, start_method="fork")
        assert time.monotonic() - started < 30
        raised.append(error.value)
    messages = [re.sub(r'  File ".*?/spawn.py", line \d+', "  File", str(error)) for error in raised]
    assert messages[0] == messages[1]
    assert [e.error_index for e in raised] == [1, 1]
    assert pickle.loads(pickle.dumps(raised[1])).error_pid == raised[1].error_pid
    if how != "raise":
        assert raised[0].exit_code == raised[1].exit_code and raised[0].signal_name == raised[1].signal_name


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX's; these processes touch no device
def test_without_joining():
    queue = ours.get_context("fork").SimpleQueue()
    running = ours.start_processes(functions.succeed, (queue,), nprocs=3, join=False, start_method="fork")
    assert len(running.pids()) == 3
    while not running.join(timeout=20):
        pass
    assert sorted(queue.get() for _ in range(3)) == [0, 1, 2]
    late = ours.start_processes(time.sleep, nprocs=2, join=False, start_method="fork", daemon=True)
    assert late.join(timeout=0) is False
    while not late.join(timeout=20):
        pass


def test_spawn_and_tensors_in_queues():
    context = ours.get_context("spawn")
    tasks, results = context.SimpleQueue(), context.SimpleQueue()
    child = context.Process(target=functions.double, args=(tasks, results))
    child.start()
    tasks.put(torchlike.arange(5) + 1)
    assert results.get().tolist() == [2, 4, 6, 8, 10]
    child.join()
    assert ours.spawn(functions.succeed, nprocs=2) is None
    with pytest.warns(FutureWarning, match="only supports start_method=spawn"):
        ours.spawn(functions.succeed, nprocs=1, start_method="fork")


def test_names():
    assert ours.get_sharing_strategy() == "file_descriptor"
    ours.set_sharing_strategy("file_system")
    assert ours.get_sharing_strategy() == "file_system"
    ours.set_sharing_strategy("file_descriptor")
    with pytest.raises(NotImplementedError, match=r"torch\.multiprocessing\.reductions"):
        _ = ours.reductions
