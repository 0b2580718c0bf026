"""torch.distributed with real processes."""

from __future__ import annotations

from datetime import timedelta

import pytest

import torchlike
from tests.distributed.launching import ranks
from torchlike import distributed as dist

pytestmark = pytest.mark.timeout(300)  # processes start slowly where others are at work


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.full)])
def test_collectives(count, tmp_path):
    assert all(out.endswith("ok\n") for out in ranks("collectives.py", count, tmp_path))


def test_a_world_of_one(tmp_path):
    with pytest.raises(ValueError, match="has not been initialized"):
        dist.get_rank()
    with pytest.raises(ValueError, match="rank 3 is not in a world of 2"):
        dist.init_process_group("gloo", store=dist.HashStore(), rank=3, world_size=2)
    with pytest.raises(ValueError, match="no backend 'smoke'"):
        dist.init_process_group("smoke", store=dist.HashStore(), rank=0, world_size=1)
    dist.init_process_group("nccl", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        with pytest.raises(ValueError, match="twice"):
            dist.init_process_group("nccl")
        x = torchlike.ones(2, requires_grad=True)
        (dist.nn.all_reduce(x) * 3).sum().backward()
        assert x.grad.tolist() == [3, 3]
        dist.barrier()
        assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "nccl")
        with pytest.raises(TypeError, match=r"Expected parameter `tensor` of type torch\.Tensor"):
            dist.all_reduce(3)
    finally:
        dist.destroy_process_group()
    assert not dist.is_initialized()


@pytest.mark.parametrize("kind", ["hash", "file", "tcp"])
def test_stores(kind, tmp_path):
    store = {
        "hash": dist.HashStore,
        "file": lambda: dist.FileStore(str(tmp_path / "store"), 1),
        "tcp": lambda: dist.TCPStore("localhost", 0, 1, True),
    }[kind]()
    before = store.num_keys()
    store.set("a", "1")
    assert (store.get("a"), store.add("n", 2), store.add("n", 3), store.num_keys()) == (b"1", 2, 5, before + 2)
    assert store.compare_set("a", "1", "2") == b"2"
    assert store.compare_set("a", "1", "3") == b"2"
    store.append("a", b"\x80")
    assert store.get("a") == b"2\x80"
    assert store.check(["a"]) and not store.check(["a", "b"])
    assert store.delete_key("a") and not store.delete_key("a")
    prefixed = dist.PrefixStore("p", store)
    prefixed.set("x", "y")
    assert store.get("p/x") == b"y"
    with pytest.raises(dist.DistStoreError, match="wait timeout after 50ms, keys: b"):
        store.wait(["b"], timedelta(milliseconds=50))
