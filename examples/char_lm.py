"""Train a small GPT, character by character, on the source text of Python's own standard library.

The text is on every machine that runs Python, so nothing is downloaded. After training the model writes some Python.

    python examples/char_lm.py --steps 300 --sample 400

The program runs unchanged under PyTorch: replace the import line below by `import torch`.
"""

import argparse
import math
import os
from pathlib import Path

from tqdm import tqdm

import torchlike as torch

nn = torch.nn
F = torch.nn.functional

# Long-lived modules, the same in all supported versions of Python.
MODULES = ("argparse", "ast", "calendar", "configparser", "csv", "datetime", "dataclasses", "difflib", "fractions", "heapq")


class CausalSelfAttention(nn.Module):
    """Multi-head attention in which a position sees itself and those before it: (B, T, C) -> (B, T, C)."""

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).split(C, dim=2)  # each (B, T, C)
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in (q, k, v))  # (B, heads, T, C / heads)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y = y.transpose(1, 2).contiguous().view(B, T, C)
        return F.dropout(self.proj(y), self.dropout, self.training)


class Block(nn.Module):
    """One layer of the transformer, normalizing before attention and before the MLP."""

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = CausalSelfAttention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), nn.Dropout(dropout))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """A decoder-only transformer: characters (B, T) int64 -> logits (B, T, vocabulary)."""

    def __init__(self, vocabulary, context, layers, width, heads, dropout):
        super().__init__()
        self.context = context
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList([Block(width, heads, dropout) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight  # one matrix reads characters and writes them
        self.apply(self.initialize)

    @staticmethod
    def initialize(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, x):
        x = self.tokens(x) + self.positions(torch.arange(x.shape[1], device=x.device))  # (B, T, width)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))

    @torch.no_grad()
    def sample(self, prompt, length, temperature=0.8):
        """Continue `prompt`, (T,) characters, by `length` characters."""
        self.eval()
        window = prompt[None, -self.context :]  # (1, T): it slides, so that every step has the same shape
        written = []
        for _ in range(length):
            logits = self(window)[:, -1] / temperature  # (1, vocabulary)
            choice = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)  # (1, 1)
            window = torch.cat([window[:, 1:], choice], dim=1)
            written.append(choice.item())
        return written


def load_text(limit):
    """Return the first `limit` characters of some modules of the standard library."""
    library = Path(os.__file__).parent
    return "\n".join((library / f"{name}.py").read_text(encoding="utf-8") for name in MODULES)[:limit]


def get_batch(data, batch_size, context):
    """Return `batch_size` random pieces of `data` and the same pieces one character on, both (B, T)."""
    starts = torch.randint(len(data) - context, (batch_size,))
    x = torch.stack([data[i : i + context] for i in starts])
    y = torch.stack([data[i + 1 : i + 1 + context] for i in starts])
    return x, y


@torch.no_grad()
def evaluate(model, data, batch_size, batches=10):
    """Return the mean loss, in nats per character, over some random batches of `data`."""
    model.eval()
    total = 0.0
    for _ in range(batches):
        x, y = get_batch(data, batch_size, model.context)
        total += F.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    model.train()
    return total / batches


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--sample", type=int, default=400, help="characters to write at the end")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    text = load_text(limit=500_000)
    alphabet = sorted(set(text))
    index = {character: i for i, character in enumerate(alphabet)}
    data = torch.tensor([index[character] for character in text])  # (characters,) int64
    train_data, test_data = data[: int(0.9 * len(data))], data[int(0.9 * len(data)) :]

    model = GPT(len(alphabet), args.context, args.layers, args.width, args.heads, args.dropout)
    decay = [p for p in model.parameters() if p.dim() >= 2]
    no_decay = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.95))
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 20, 0.5 + 0.5 * math.cos(math.pi * step / args.steps))
    )
    print(f"{len(text):,} characters of {len(alphabet)} kinds, {sum(p.numel() for p in model.parameters()):,} parameters")

    model.train()
    progress = tqdm(range(1, args.steps + 1), leave=False)
    for step in progress:
        x, y = get_batch(train_data, args.batch_size, args.context)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if step == 1 or step % 10 == 0:
            progress.set_postfix(loss=f"{loss.item():.4f}")
            tqdm.write(f"step {step:4d}  loss {loss.item():.5f}")

    print(f"test loss {evaluate(model, test_data, args.batch_size):.5f} nats per character")
    written = model.sample(test_data[: args.context], args.sample)
    print("".join(alphabet[i] for i in written))


if __name__ == "__main__":
    main()
