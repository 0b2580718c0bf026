"""Images are kept channels last inside programs: the same numbers as op by op, and few transposes."""

import re

import jax
import numpy as np
import pytest

import torchlike as torch
from torchlike import engine
from torchlike.engine import program, signature

nn = torch.nn
F = nn.functional


class Net(nn.Module):
    """Everything that meets images: convolutions, normalization, residuals, gates, masks, pooling, flattening."""

    def __init__(self, n):
        super().__init__()
        conv, norm, pool = ((nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d), (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d),
                            (nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d))[n - 1]  # fmt: skip
        self.first, self.norm = conv(2, 4, 3, padding=1, bias=False), norm(4)
        self.group, self.gate = conv(4, 4, 3, padding=1, groups=2), conv(4, 4, 1)
        self.act, self.pool = nn.PReLU(4), pool(2)
        self.axes = tuple(range(2, 2 + n))

    def forward(self, x):
        x = F.relu(self.norm(self.first(x)))
        gate = torch.sigmoid(self.gate(x.mean(self.axes, keepdim=True)))
        y = self.act(self.group(x)) * gate + x * 0.5 + 1
        y = torch.where(y > 0.1, y, y * y)
        y = y + torch.cat([x[:, :2], x[:, 2:]], 1)
        return self.pool(y).flatten(1).std(1) + y.amax(self.axes).sum(1)


def run(n):
    torch.manual_seed(0)
    net = Net(n)
    x = torch.randn(3, 2, *[4] * n, requires_grad=True)
    out = net(x)
    (out * out).sum().backward()
    return [t.detach().numpy() for t in (out, x.grad, *[p.grad for p in net.parameters()], *net.buffers())]


@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.full), 2, pytest.param(3, marks=pytest.mark.full)])
def test_recorded_equals_op_by_op(n, monkeypatch):
    recorded = run(n)
    monkeypatch.setattr(program.flags, "eager", True)
    signature.forget()
    try:
        direct = run(n)
    finally:
        monkeypatch.undo()
        signature.forget()
    for a, b in zip(recorded, direct, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_unbatched_and_transposed_convolutions(monkeypatch):
    conv, up = nn.Conv2d(2, 3, 3), nn.ConvTranspose2d(3, 2, 3, stride=2)
    x = torch.randn(2, 6, 6)
    together = up(F.relu(conv(x)))
    apart = up(torch.tensor(F.relu(torch.tensor(conv(x).tolist())).tolist()))
    np.testing.assert_allclose(together.detach().numpy(), apart.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_residual_network_transposes_images_only_at_its_ends():
    torch.manual_seed(0)
    convs = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1, bias=False) for _ in range(6))
    norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in range(6))
    x = torch.randn(2, 8, 16, 16)
    engine.flush()
    engine.clear()
    for conv, norm in zip(convs, norms, strict=True):
        x = F.relu(norm(conv(x))) + x
    x.mean((2, 3)).sum().backward()
    engine.flush()
    (found,) = engine.programs()
    with jax.enable_x64(True):
        text = str(jax.make_jaxpr(found.pure)(*found.arguments))
    images = re.findall(r"[a-z]+:f32\[(?:2,8,16,16|2,16,16,8)\] = transpose", text)
    assert len(images) <= 6  # the input, for the first convolution and the first sum; the mean; and the same backwards
