"""Plan the training of a Llama-shaped model on TPUs that are not here: which sharding fits, and which is fastest.

The model is on the meta device and nothing is run: the real TPU compiler (libtpu) compiles the training step for the machine.

    python examples/plan_llama.py                                    # 7B parameters on 256 chips, some minutes
    python examples/plan_llama.py --layers 2 --width 512 --heads 8 --vocabulary 4096 --context 256 --topology v5e:2x2 --tensor 2
"""

import argparse
import math
import time

import torchlike as torch
from torchlike.distributed.device_mesh import DeviceMesh
from torchlike.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torchlike.distributed.planning import plan, report
from torchlike.distributed.tensor import Replicate, Shard
from torchlike.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    SequenceParallel,
    parallelize_module,
)

nn = torch.nn
F = torch.nn.functional


def rotated(x, cosine, sine):
    """Rotary positions: (B, heads, T, C) -> (B, heads, T, C)."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.head_width = width // heads
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, x, cosine, sine):
        q, k, v = (w(x).unflatten(-1, (-1, self.head_width)).transpose(1, 2) for w in (self.wq, self.wk, self.wv))
        y = F.scaled_dot_product_attention(rotated(q, cosine, sine), rotated(k, cosine, sine), v, is_causal=True)
        return self.wo(y.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.w1, self.w3 = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.w2 = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.attention_norm, self.attention = nn.RMSNorm(width), Attention(width, heads)
        self.norm, self.feed_forward = nn.RMSNorm(width), FeedForward(width, hidden)

    def forward(self, x, cosine, sine):
        x = x + self.attention(self.attention_norm(x), cosine, sine)
        return x + self.feed_forward(self.norm(x))


class Llama(nn.Module):
    def __init__(self, vocabulary, context, layers, width, heads):
        super().__init__()
        hidden = 256 * math.ceil(8 * width / 3 / 256)
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(Block(width, heads, hidden) for _ in range(layers))
        self.norm, self.output = nn.RMSNorm(width), nn.Linear(width, vocabulary, bias=False)
        angles = torch.empty(context, width // heads)  # filled in before training
        self.register_buffer("cosine", angles)
        self.register_buffer("sine", angles.clone())

    def forward(self, tokens):
        x = self.embedding(tokens)
        cosine, sine = self.cosine.to(x.dtype), self.sine.to(x.dtype)
        for layer in self.layers:  # activations within a layer are computed again in backward
            x = torch.utils.checkpoint.checkpoint(layer, x, cosine, sine, use_reentrant=False)
        return self.output(self.norm(x))


def loss_of(logits, target):
    return F.cross_entropy(logits.flatten(0, 1).float(), target.flatten())


def tensor_parallel(model, mesh):
    """Layers cut over a mesh, and the sequence between them."""
    whole = {
        "embedding": RowwiseParallel(input_layouts=Replicate(), output_layouts=Shard(1)),
        "norm": SequenceParallel(),
        "output": ColwiseParallel(input_layouts=Shard(1), output_layouts=Shard(-1)),
    }
    block = {
        "attention_norm": SequenceParallel(),
        "attention.wq": ColwiseParallel(input_layouts=Shard(1)),
        "attention.wk": ColwiseParallel(input_layouts=Shard(1)),
        "attention.wv": ColwiseParallel(input_layouts=Shard(1)),
        "attention.wo": RowwiseParallel(output_layouts=Shard(1)),
        "norm": SequenceParallel(),
        "feed_forward.w1": ColwiseParallel(input_layouts=Shard(1)),
        "feed_forward.w3": ColwiseParallel(input_layouts=Shard(1)),
        "feed_forward.w2": RowwiseParallel(output_layouts=Shard(1)),
    }
    parallelize_module(model, mesh, whole)
    for layer in model.layers:
        parallelize_module(layer, mesh, block)


def planned(args, mesh):
    """The plan of a training step in bfloat16, parameters and AdamW's states in float32."""
    with torch.device("meta"):
        model = Llama(args.vocabulary, args.context, args.layers, args.width, args.heads)
    parallel = mesh
    if "tensor" in mesh.mesh_dim_names:
        tensor_parallel(model, mesh["tensor"])
        parallel = mesh["data"]
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    for part in [*model.layers, model]:
        fully_shard(part, mesh=parallel, mp_policy=policy)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    tokens = torch.zeros(args.batch_size, args.context, dtype=torch.int64)
    count = sum(p.numel() for p in model.parameters())
    return count, plan(model, mesh, (tokens, tokens), loss_fn=loss_of, optimizer=optimizer)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topology", default="v5e:16x16")
    parser.add_argument("--tensor", type=int, default=16, help="chips over which layers are cut, beside the rest for the batch")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--vocabulary", type=int, default=32000)
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--batch-size", type=int, default=0, help="sequences; one for each chip by default")
    args = parser.parse_args()
    chips = DeviceMesh.described(args.topology).size()
    args.batch_size = args.batch_size or chips
    shapes = {
        "FSDP": ((chips,), ("data",)),
        "FSDP x TP": ((chips // args.tensor, args.tensor), ("data", "tensor")),
    }
    plans = {}
    for name, (shape, names) in shapes.items():
        begun = time.perf_counter()
        count, plans[name] = planned(args, DeviceMesh.described(args.topology, shape, mesh_dim_names=names))
        print(f"{name}: {count / 1e9:.2f} billion parameters, compiled in {time.perf_counter() - begun:.0f} s", flush=True)
    print(report(plans))


if __name__ == "__main__":
    main()
