"""Tell from one line of source which package of Python's standard library it comes from, by its words and pairs of words.

Each line becomes the numbers of its n-grams in a vocabulary; lines of a batch differ in length and are padded together.

    python examples/ngrams.py --epochs 4

The program runs unchanged under PyTorch: replace the import line below by `import torch`.
"""

import argparse
import random
import re
import sysconfig
from collections import Counter
from pathlib import Path

import torchlike as torch

nn = torch.nn
F = torch.nn.functional

PACKAGES = ["asyncio", "email", "http", "json", "logging", "unittest"]
PADDING, UNKNOWN = 0, 1


def read_lines(package, limit):
    """Return the first lines with three words at least of a package's files."""
    folder = Path(sysconfig.get_paths()["stdlib"], package)
    lines = (line for path in sorted(folder.glob("*.py")) for line in path.read_text(encoding="utf-8").splitlines())
    words = (re.findall(r"[A-Za-z]+|[^\sA-Za-z]", line.lower()) for line in lines)
    return [line for line in words if len(line) >= 3][:limit]


def ngrams(words, n):
    """Return the words and all runs of up to `n` of them."""
    return [" ".join(words[i : i + size]) for size in range(1, n + 1) for i in range(len(words) - size + 1)]


class Vocabulary:
    """Numbers the n-grams that occur twice at least; 0 is padding, 1 is everything else."""

    def __init__(self, texts, size):
        counts = Counter(gram for text in texts for gram in text)
        common = sorted((gram for gram, count in counts.items() if count > 1), key=lambda gram: (-counts[gram], gram))
        self.numbers = {gram: i for i, gram in enumerate(common[: size - 2], 2)}

    def __len__(self):
        return len(self.numbers) + 2

    def __call__(self, text):
        return torch.tensor([self.numbers.get(gram, UNKNOWN) for gram in text], dtype=torch.int64)


def collate(multiple):
    """Return a function that makes a batch of (numbers, label): padded (N, T), T a multiple of `multiple`, and labels (N,)."""

    def batch(samples):
        texts, labels = zip(*samples, strict=True)
        length = -(-max(len(text) for text in texts) // multiple) * multiple  # few lengths: few programs to compile
        padded = torch.full((len(texts), length), PADDING, dtype=torch.int64)
        for i, text in enumerate(texts):
            padded[i, : len(text)] = text[:length]
        return padded, torch.tensor(labels)

    return batch


class BagOfNgrams(nn.Module):
    """The mean of the n-grams' vectors, then two linear layers: (N, T) -> (N, classes)."""

    def __init__(self, vocabulary, width, classes):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=PADDING)
        self.hidden = nn.Linear(width, width)
        self.head = nn.Linear(width, classes)

    def forward(self, text):
        there = (text != PADDING).unsqueeze(-1)  # (N, T, 1)
        mean = (self.embedding(text) * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        return self.head(F.relu(self.hidden(mean)))


@torch.no_grad()
def accuracy(model, loader):
    """Return the share of the lines that are put into the right package."""
    right = sum((model(text).argmax(dim=1) == labels).sum().item() for text, labels in loader)
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--lines", type=int, default=1500, help="of each package")
    parser.add_argument("--grams", type=int, default=2)
    parser.add_argument("--vocabulary", type=int, default=5000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    texts = [(ngrams(line, args.grams), k) for k, package in enumerate(PACKAGES) for line in read_lines(package, args.lines)]
    random.Random(args.seed).shuffle(texts)
    held_out = len(texts) // 5
    vocabulary = Vocabulary((text for text, _ in texts[held_out:]), args.vocabulary)
    samples = [(vocabulary(text), label) for text, label in texts]
    print(f"{len(texts):,} lines, {len(vocabulary):,} n-grams")

    torch.manual_seed(args.seed)
    together = collate(32)
    DataLoader = torch.utils.data.DataLoader
    train_loader = DataLoader(samples[held_out:], args.batch_size, shuffle=True, drop_last=True, collate_fn=together)
    test_loader = DataLoader(samples[:held_out], 256, collate_fn=together)
    model = BagOfNgrams(len(vocabulary), args.width, len(PACKAGES))
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for text, labels in train_loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(text), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch:2d}  loss {total / len(train_loader):.4f}  test accuracy {accuracy(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
