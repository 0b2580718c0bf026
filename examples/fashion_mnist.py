"""Tell articles of clothing apart with a small convolutional network, on FashionMNIST or any set of its format.

An ordinary PyTorch program. Without PyTorch it runs under torchlike as it is:

    python -m torchlike.compat run examples/fashion_mnist.py --data data --download

The folder `data/FashionMNIST/raw` has the files of the set (train-images-idx3-ubyte and so on); `--download` fetches them.
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


class ClothingNet(nn.Module):
    """Three convolutions with batch normalization: (N, 1, 28, 28) -> (N, 10)."""

    def __init__(self, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 64, kernel_size=3, padding=1, bias=False)
        self.norm3 = nn.BatchNorm2d(64)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(64, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)  # (N, 16, 14, 14)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)  # (N, 32, 7, 7)
        x = F.relu(self.norm3(self.conv3(x)))  # (N, 64, 7, 7)
        return self.head(self.dropout(x.mean(dim=(2, 3))))


def load_data(args):
    """Return the training and the test loader; training images are shifted and flipped at random."""
    usual = [transforms.ToTensor(), transforms.Normalize((0.2860,), (0.3530,))]
    changed = [transforms.RandomCrop(28, padding=2), transforms.RandomHorizontalFlip()]
    train_set = datasets.FashionMNIST(
        args.data, train=True, download=args.download, transform=transforms.Compose(changed + usual)
    )
    test_set = datasets.FashionMNIST(args.data, train=False, download=args.download, transform=transforms.Compose(usual))
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True, drop_last=True, num_workers=args.workers)
    return train_loader, DataLoader(test_set, batch_size=500, num_workers=args.workers)


def train_one_epoch(model, loader, optimizer, scheduler):
    """Train on every image once and return the mean loss."""
    model.train()
    total = 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels, label_smoothing=0.05)
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.detach()
    return float(total) / len(loader)


@torch.no_grad()
def accuracy(model, loader):
    """Return the share of the images in `loader` that `model` recognises."""
    model.eval()
    right = sum((model(images).argmax(dim=1) == labels).sum().item() for images, labels in loader)
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data", help="the folder with FashionMNIST/raw in it")
    parser.add_argument("--download", action="store_true")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    train_loader, test_loader = load_data(args)
    model = ClothingNet(len(train_loader.dataset.classes))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=True, weight_decay=1e-4)
    steps = args.epochs * len(train_loader)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=args.lr, total_steps=steps)
    for epoch in range(1, args.epochs + 1):
        loss = train_one_epoch(model, train_loader, optimizer, scheduler)
        print(f"epoch {epoch:2d}  loss {loss:.4f}  test accuracy {accuracy(model, test_loader):.4f}", flush=True)


if __name__ == "__main__":
    main()
