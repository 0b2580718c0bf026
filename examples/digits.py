"""Recognise handwritten digits with a small convolutional network.

The 1,797 digits of 8x8 pixels come with scikit-learn, so nothing is downloaded. Trains in seconds on a laptop, then
saves the weights and a plot of the loss.

    python examples/digits.py --epochs 10 --out out

The program runs unchanged under PyTorch: replace the import line below by `import torch`.
"""

import argparse
from pathlib import Path

import matplotlib
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import torchlike as torch

nn = torch.nn
F = torch.nn.functional


class DigitNet(nn.Module):
    """Two convolutions with batch normalization, one pooling, two linear layers: (N, 1, 8, 8) -> (N, 10)."""

    def __init__(self, dropout=0.25):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1, bias=False)  # the normalization brings a bias
        self.norm1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(64)
        self.dropout = nn.Dropout(dropout)
        self.fc1 = nn.Linear(64 * 4 * 4, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))  # (N, 32, 8, 8)
        x = F.relu(self.norm2(self.conv2(x)))  # (N, 64, 8, 8)
        x = F.max_pool2d(x, 2)  # (N, 64, 4, 4)
        x = self.dropout(torch.flatten(x, 1))  # (N, 1024)
        x = self.dropout(F.relu(self.fc1(x)))  # (N, 128)
        return self.fc2(x)  # (N, 10)


def load_data(batch_size):
    """Return the training and the test loader, a fifth of the images being held out."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16  # (1797, 1, 8, 8), in [0, 1]
    labels = torch.tensor(digits.target, dtype=torch.int64)
    train, test = train_test_split(range(len(labels)), test_size=0.2, stratify=digits.target, random_state=0)
    train_set = torch.utils.data.TensorDataset(images[train], labels[train])
    test_set = torch.utils.data.TensorDataset(images[test], labels[test])
    train_loader = torch.utils.data.DataLoader(train_set, batch_size=batch_size, shuffle=True)
    test_loader = torch.utils.data.DataLoader(test_set, batch_size=256)
    return train_loader, test_loader


def train_one_epoch(model, loader, criterion, optimizer, epoch, losses):
    """Train on every batch once; append each step's loss to `losses` and return the share of right answers."""
    model.train()
    correct = 0
    progress = tqdm(loader, desc=f"epoch {epoch}", leave=False)
    for images, labels in progress:
        optimizer.zero_grad()
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()

        losses.append(loss.item())
        correct += (logits.argmax(dim=1) == labels).sum().item()
        progress.set_postfix(loss=f"{losses[-1]:.4f}")
        if len(losses) % 5 == 0:
            tqdm.write(f"epoch {epoch:2d}  step {len(losses):4d}  loss {losses[-1]:.5f}")
    return correct / len(loader.dataset)


@torch.no_grad()
def accuracy(model, loader):
    """Return the share of the images in `loader` that `model` recognises."""
    model.eval()
    correct = 0
    for images, labels in loader:
        predictions = model(images).argmax(dim=1)
        correct += (predictions == labels).sum().item()
    return correct / len(loader.dataset)


def plot_losses(losses, path):
    """Save the curve of the training loss as a picture."""
    matplotlib.use("Agg")  # draw into a file, where there may be no screen
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    axes.plot(range(1, len(losses) + 1), losses)
    axes.set(xlabel="step", ylabel="cross entropy", yscale="log", title="Training loss on handwritten digits")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the weights and the plot")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(args.seed)
    train_loader, test_loader = load_data(args.batch_size)
    model = DigitNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")

    losses = []
    for epoch in range(1, args.epochs + 1):
        train_accuracy = train_one_epoch(model, train_loader, criterion, optimizer, epoch, losses)
        test_accuracy = accuracy(model, test_loader)
        scheduler.step()
        print(f"epoch {epoch:2d}  train accuracy {train_accuracy:.4f}  test accuracy {test_accuracy:.4f}")

    weights = args.out / "digits.pth"
    torch.save(model.state_dict(), weights)
    plot_losses(losses, args.out / "digits.png")

    # The saved weights are all one needs to use the network elsewhere.
    restored = DigitNet()
    restored.load_state_dict(torch.load(weights))
    print(f"saved {weights}: test accuracy {accuracy(restored, test_loader):.4f}")


if __name__ == "__main__":
    main()
