"""Prune a network, train it on, make the zeros its own, and export it as a program that needs none of this source.

A small network learns scikit-learn's handwritten digits; most of its weights are then set to zero, the smallest first, in some
rounds with training in between. What is left is exported with a free batch size, loaded again and compared.

    python examples/prune_export.py --sparsity 0.8 --out out

The program runs unchanged under PyTorch: replace the import line below by `import torch`.
"""

import argparse
import importlib
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import torchlike as torch

nn = torch.nn
F = torch.nn.functional
# PyTorch loads this part only when it is asked for by name.
prune = importlib.import_module(f"{torch.__name__}.nn.utils.prune")


def load_data():
    """Return training images and labels, and test images and labels, a fifth of all being held out."""
    digits = load_digits()
    images = torch.tensor(digits.data, dtype=torch.float32) / 16  # (1797, 64), in [0, 1]
    labels = torch.tensor(digits.target, dtype=torch.int64)
    train, test = train_test_split(range(len(labels)), test_size=0.2, stratify=digits.target, random_state=0)
    return images[train], labels[train], images[test], labels[test]


def train(model, images, labels, epochs, batch_size=64):
    """Train in place and return the last epoch's mean loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        losses = []
        for batch in torch.randperm(len(images)).split(batch_size):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    return torch.stack(losses).mean().item()


@torch.no_grad()
def accuracy(model, images, labels):
    return (model(images).argmax(1) == labels).sum().item() / len(labels)


def sparsity(model):
    """The share of weights that are zero."""
    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    return sum((w == 0).sum().item() for w in weights) / sum(w.numel() for w in weights)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10, help="at first, and half of them after each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sparsity", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the program")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(args.seed)
    images, labels, test_images, test_labels = load_data()
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    loss = train(model, images, labels, args.epochs)
    print(f"dense     loss {loss:.4f}  accuracy {accuracy(model, test_images, test_labels):.4f}")

    pairs = [(layer, "weight") for layer in model if isinstance(layer, nn.Linear)]
    # Each round leaves the same share of what was left, so that all of them together leave 1 - sparsity.
    share = 1 - (1 - args.sparsity) ** (1 / args.rounds)
    for number in range(1, args.rounds + 1):
        prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=share)
        loss = train(model, images, labels, max(1, args.epochs // 2))
        found = accuracy(model, test_images, test_labels)
        print(f"round {number}   loss {loss:.4f}  accuracy {found:.4f}  zeros {sparsity(model):.3f}")
    for layer, name in pairs:
        prune.remove(layer, name)  # from here on the zeros are the weight's own

    model.eval()
    path = args.out / "digits.pt2"
    program = torch.export.export(model, (test_images[:2],), dynamic_shapes=({0: torch.export.Dim("batch")},))
    torch.export.save(program, path)
    restored = torch.export.load(path).module()
    apart = (restored(test_images) - model(test_images)).abs().max().item()
    assert apart < 1e-4, apart
    print(f"program   accuracy {accuracy(restored, test_images, test_labels):.4f}  {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
