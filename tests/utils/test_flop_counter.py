"""FlopCounterMode counts what torch's counts, per module and operation."""

from __future__ import annotations

import pytest
import torch as real
import torch.utils.flop_counter as theirs

import torchlike
import torchlike.utils.flop_counter as ours


def network(lib):
    model = lib.nn.Sequential(
        lib.nn.Conv2d(3, 8, 3, padding=1), lib.nn.ReLU(), lib.nn.Flatten(), lib.nn.Sequential(lib.nn.Linear(8 * 16, 10))
    )
    model(lib.randn(2, 3, 4, 4)).sum().backward()


def products(lib):
    lib.nn.functional.linear(lib.randn(2, 3, 4), lib.randn(5, 4), lib.randn(5))
    lib.nn.functional.linear(lib.randn(3, 4), lib.randn(5, 4))
    lib.randn(4) @ lib.randn(4)
    lib.randn(3, 4) @ lib.randn(4)
    lib.randn(3, 4) @ lib.randn(4, 5)
    lib.einsum("bij,bjk->bik", lib.randn(2, 3, 4), lib.randn(2, 4, 5))
    lib.nn.functional.conv_transpose2d(lib.randn(1, 4, 5, 5), lib.randn(4, 2, 3, 3), groups=2)
    lib.nn.functional.conv1d(lib.randn(4, 9), lib.randn(2, 4, 3), stride=2)
    lib.empty(3, 4, device="meta") @ lib.empty(4, 7, device="meta")


def gradients(lib):
    x, w = lib.randn(2, 4, 6, 6, requires_grad=True), lib.randn(4, 2, 3, 3, requires_grad=True)
    lib.nn.functional.conv2d(x, w, groups=2, stride=2).sum().backward()
    lib.nn.functional.conv_transpose2d(x, w, stride=2).sum().backward()
    a, b = lib.randn(2, 3, 4, requires_grad=True), lib.randn(2, 4, 5, requires_grad=True)
    (a @ b).sum().backward()
    lib.baddbmm(lib.ones(2, 3, 5), a, b).sum().backward()
    lib.addmm(lib.ones(3, 5), a[0], b[0]).sum().backward()
    (a @ b[0]).sum().backward()
    (a.detach() @ b[0]).sum().backward()


def printed_between(lib):
    model = lib.nn.Linear(3, 4)
    out = model(lib.randn(2, 3))
    str(out)  # the forward runs by itself: its gradients are not those of a module any more
    out.sum()


@pytest.mark.parametrize("run", [network, products, gradients, printed_between])
def test_counts(run):
    found = []
    for lib, counter in ((real, theirs), (torchlike, ours)):
        with counter.FlopCounterMode(display=False) as mode:
            run(lib)
        counts = {name: {str(op): n for op, n in ops.items()} for name, ops in mode.get_flop_counts().items()}
        found.append((mode.get_total_flops(), counts))
    assert found[0] == found[1]


def test_table(capsys):
    with ours.FlopCounterMode(depth=1):
        network(torchlike)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Module", "FLOP", "%", "Total"]
    assert lines[2].split() == ["Global", "43.008K", "100.00%"]
    assert not any("Sequential.0" in line for line in lines)


def test_attention_and_own_formulas():
    query = torchlike.randn(2, 4, 8, 16, requires_grad=True)
    with ours.FlopCounterMode(display=False) as mode:
        torchlike.nn.functional.scaled_dot_product_attention(query, query, query).sum().backward()
    assert mode.get_total_flops() == theirs.sdpa_flop_count(*[query.shape] * 3) * 7 // 2
    own = {torchlike.ops.aten.exp: lambda shape, out_shape: 7 * shape[0]}
    with ours.FlopCounterMode(display=False, custom_mapping=own) as mode:
        torchlike.ones(3).exp()
    assert mode.get_total_flops() == 21
    with ours.FlopCounterMode(display=False) as mode:
        torchlike.ones(3).exp()
    assert mode.get_total_flops() == 0
