"""torch.distributed.checkpoint: saved on one mesh, loaded on another; a process killed amid."""

from __future__ import annotations

import json

import pytest

import torchlike
from tests.distributed.launching import ranks
from torchlike.distributed import checkpoint as dcp
from torchlike.distributed.device_mesh import init_device_mesh
from torchlike.distributed.tensor import Replicate, Shard, distribute_tensor
from torchlike.engine import placement

pytest.importorskip("orbax.checkpoint")
pytestmark = pytest.mark.filterwarnings("ignore")  # orbax's own


@pytest.fixture(autouse=True)
def on_one_device_again():
    yield
    placement.spread.active = False


def test_another_mesh(tmp_path):
    whole = torchlike.arange(32.0).reshape(8, 4)
    first = distribute_tensor(whole, init_device_mesh("cpu", (8,)), [Shard(0)])
    state = {
        "a": first,
        "nested": {"b": torchlike.tensor([1, 2]), "lr": 0.5},
        "list": [torchlike.ones(2, dtype=torchlike.bfloat16)],
    }
    dcp.save(state, checkpoint_id=tmp_path)
    mesh = init_device_mesh("cpu", (2, 4))
    other = distribute_tensor(torchlike.zeros(8, 4), mesh, [Replicate(), Shard(1)])
    found = {
        "a": other,
        "nested": {"b": torchlike.zeros(2, dtype=torchlike.int64), "lr": 0.0},
        "list": [torchlike.zeros(2).bfloat16()],
    }
    work = dcp.async_save({"a": first + 1}, checkpoint_id=tmp_path / "b")
    dcp.load(found, checkpoint_id=tmp_path)
    work.result()
    assert torchlike.equal(other.full_tensor(), whole) and other.placements == (Replicate(), Shard(1))
    assert found["nested"]["b"].tolist() == [1, 2] and found["nested"]["lr"] == 0.5 and found["list"][0].tolist() == [1, 1]
    again = torchlike.zeros(8, 4)
    dcp.load({"a": again}, storage_reader=dcp.FileSystemReader(tmp_path / "b"))
    assert torchlike.equal(again, whole + 1)
    with pytest.raises(dcp.CheckpointException, match="Missing key in checkpoint state_dict: z"):
        dcp.load({"z": again}, checkpoint_id=tmp_path)
    with pytest.raises(dcp.CheckpointException, match="Size mismatch"):
        dcp.load({"a": torchlike.zeros(4, 4)}, checkpoint_id=tmp_path)
    with pytest.raises(dcp.CheckpointException, match="no complete checkpoint"):
        dcp.load({"a": again}, checkpoint_id=tmp_path / "none")


@pytest.mark.full
@pytest.mark.timeout(400)
def test_processes(tmp_path):
    """Saved by two processes, loaded by one with two devices and by four; a save that is killed leaves the last one whole."""
    folder = str(tmp_path / "checkpoint")

    def losses(mode, count, devices):
        said = ranks("checkpoint.py", count, tmp_path / f"{mode}{count}{devices}", mode, folder, str(devices), devices=devices)
        return json.loads(said[0].splitlines()[-1])

    wanted = losses("save", 2, 0)
    with pytest.raises(AssertionError, match="exit code -9"):
        losses("kill", 2, 0)
    for count, devices in ((1, 2), (4, 0), (2, 0)):
        assert losses("load", count, devices) == pytest.approx(wanted, rel=1e-5)
