"""What symbolic_trace writes down, against torch's: the graph, the text, and the numbers that the text gives."""

import copy
import operator
import pickle

import pytest
import torch

import torchlike
import torchlike.fx

WORLDS = {"torch": torch, "torchlike": torchlike}

# Modules by what they show. `torch`, `nn`, `F` and `fx` are either world's.
MODULES = {
    "mlp": """
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
        self.norm = nn.LayerNorm(4)
    def forward(self, x):
        return self.norm(x + self.body(self.body(x)))
""",
    "attributes": """
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(4))
        self.register_buffer("b", torch.full((4,), 2.0))
        self.pair = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.table = nn.ModuleDict({"a b": nn.Tanh()})
    def forward(self, x, scale=None, *rest, k: int = 3, **options):
        y = 2 * (self.b + x) - self.w.unsqueeze(0).expand(2, 4)
        for layer in self.pair:
            y = layer(y)
        y = self.table["a b"](y) @ self.w + self.b[:2]
        y += torch.ones(1)
        return {"y": y, "pair": (y[0], y[..., None], [y[:1]]), "k": k * 1}
""",
    "functions": """
class M(nn.Module):
    def forward(self, x):
        a = F.dropout(F.relu(x), 0.5, training=False)
        b = F.layer_norm(F.softmax(a, dim=-1), (4,))
        c = F.linear(F.gelu(b), x) + F.pad(x, (0, -2)).sum()
        d = torch.cat([a, torch.sigmoid(b)], dim=1).view(x.size(0), -1)
        e, f = torch.split(d, 4, dim=1)
        g = torch.max(e, dim=1)[0] + F.mse_loss(e, f) + torch.einsum("ij,ij->i", e, f)
        h = F.interpolate(x[None], scale_factor=2.0, mode="nearest").squeeze(0)
        d = torch.ops.aten.add.Tensor(d, 1) + torch.ops.aten.mul(d, 2)
        i = d, torch.linalg.norm(x), torch.fft.fft(x).real
        return torch.where(x > 0, x, float("nan")), c, g.float().to(torch.float64), h, i
""",
    "operators": """
class M(nn.Module):
    def forward(self, x):
        y = -x + 1 - 2 * x / 4 // 1 % 3
        z = (2 - x) + 3 ** (2 / (x.abs() + 1)) + abs(x)
        m = (x >= 0) & (x < 1) | ~(x == 0) ^ (x != 2)
        return y, z, m, x @ x.T, x.shape, x.dtype, x.flatten(1).mean([1])
""",
    "convolutions": """
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn1 = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.eval()
    def forward(self, x):
        x = F.max_pool2d(self.bn1(self.conv(x[None, None])), 2)
        x = F.adaptive_avg_pool2d(F.avg_pool2d(x, 1), 1)
        return torch.flatten(F.conv2d(x, self.conv.weight.sum((2, 3), keepdim=True).transpose(0, 1)), 1)
""",
    "unpacking": """
class M(nn.Module):
    def forward(self, x, *, flag: bool = True) -> torch.Tensor:
        (a, b), c = torch.chunk(x, 2), x.size()
        torch._assert(c[0] == 2, "two rows")
        unused = a * 3
        return (a + b).clamp(min=0.5).to(dtype=torch.float64, memory_format=torch.contiguous_format)
""",
}


def _scope(name):
    world = WORLDS[name]
    return {"torch": world, "nn": world.nn, "F": world.nn.functional, "fx": world.fx, "operator": operator}


def _made(source, name):
    scope = _scope(name)
    exec(source, scope)
    return scope["M"]()


def _text(value):
    """As text that both worlds share."""
    return str(value).replace("torchlike", "torch")


@pytest.mark.parametrize("source", MODULES.values(), ids=MODULES)
def test_graph_code_and_results(source):
    theirs, ours = _made(source, "torch"), _made(source, "torchlike")
    ours.load_state_dict({key: torchlike.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
    expected, found = torch.fx.symbolic_trace(theirs), torchlike.fx.symbolic_trace(ours)
    assert found.code == expected.code
    assert str(found.graph) == str(expected.graph)
    assert found.print_readable(print_output=False) == expected.print_readable(print_output=False)
    assert list(found.state_dict()) == list(expected.state_dict())
    for node, other in zip(found.graph.nodes, expected.graph.nodes, strict=True):
        assert (node.op, node.name, _text(node.args), _text(node.kwargs)) == (
            other.op, other.name, _text(other.args), _text(other.kwargs),
        )  # fmt: skip
        assert list(node.meta) == list(other.meta)
        assert node.is_impure() == other.is_impure()
        assert [*map(str, node.users)] == [*map(str, other.users)]
    x = torch.linspace(-1, 1, 8).reshape(2, 4)
    results = found(torchlike.tensor(x.numpy()))
    torch.testing.assert_close(_tensors(results), _tensors(expected(x)), equal_nan=True, check_dtype=False)
    for copied in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert copied.code == found.code
        torch.testing.assert_close(_tensors(copied(torchlike.tensor(x.numpy()))), _tensors(results), equal_nan=True)


def _tensors(value):
    if isinstance(value, dict):
        return [_tensors(inside) for inside in value.values()]
    if isinstance(value, (tuple, list)):
        return [_tensors(inside) for inside in value]
    return torch.as_tensor(value.detach().numpy()) if hasattr(value, "detach") else torch.zeros(())
