"""A digit recogniser on 8-bit integers, in three ways: quantized as it runs, after calibration, and in training.

Trains a small convolutional network on scikit-learn's handwritten digits in floats, then prints the accuracy and the size of
each quantized version. Integers are multiplied as integers, with 32-bit sums.

    python examples/quantize.py --epochs 8 --out out

The program runs unchanged under PyTorch: replace the import line below by `import torch`.
"""

import argparse
import copy
import time
import warnings
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import torchlike as torch

nn = torch.nn
F = torch.nn.functional
quantization = torch.ao.quantization

FUSED = [["conv1", "norm1", "relu1"], ["conv2", "norm2", "relu2"], ["fc1", "relu3"]]


class DigitNet(nn.Module):
    """Two convolutions and two linear layers between stubs, which say where integers begin and end: (N, 1, 8, 8) -> (N, 10)."""

    def __init__(self, width=32):
        super().__init__()
        self.quant = quantization.QuantStub()
        self.conv1, self.norm1, self.relu1 = nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        self.conv2, self.norm2, self.relu2 = nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU()
        self.pool, self.flatten = nn.MaxPool2d(2), nn.Flatten()
        self.fc1, self.relu3 = nn.Linear(2 * width * 16, 128), nn.ReLU()
        self.fc2 = nn.Linear(128, 10)
        self.dequant = quantization.DeQuantStub()

    def forward(self, images):
        x = self.relu1(self.norm1(self.conv1(self.quant(images))))  # (N, 32, 8, 8)
        x = self.pool(self.relu2(self.norm2(self.conv2(x))))  # (N, 64, 4, 4)
        x = self.relu3(self.fc1(self.flatten(x)))  # (N, 128)
        return self.dequant(self.fc2(x))  # (N, 10)


def load_data():
    """Return training images and labels, and test images and labels, a fifth of all being held out."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16  # (1797, 1, 8, 8), in [0, 1]
    labels = torch.tensor(digits.target, dtype=torch.int64)
    train, test = train_test_split(range(len(labels)), test_size=0.2, stratify=digits.target, random_state=0)
    return images[train], labels[train], images[test], labels[test]


def train(model, images, labels, epochs, lr, batch_size=64):
    """Train in place; print each epoch's mean loss."""
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for epoch in range(1, epochs + 1):
        losses = []
        for batch in torch.randperm(len(images)).split(batch_size):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        print(f"  epoch {epoch}  loss {torch.stack(losses).mean().item():.4f}")


@torch.no_grad()
def report(name, model, images, labels, out):
    """Print a version's accuracy, the size of its file and the time of one pass over the test images."""
    model.eval()
    for _ in range(2):  # the first pass compiles
        start = time.perf_counter()
        correct = (model(images).argmax(1) == labels).sum().item()
    milliseconds = 1000 * (time.perf_counter() - start)
    path = out / f"{name}.pth"
    torch.save(model.state_dict(), path)
    print(f"{name:8s} accuracy {correct / len(labels):.4f}  {path.stat().st_size / 1024:7.0f} KiB  {milliseconds:6.1f} ms")


def dynamic(model):
    """Integer weights in the linear layers; what comes in is quantized by its own range."""
    return quantization.quantize_dynamic(model, {nn.Linear}, torch.qint8)


def static(model, images):
    """Integers everywhere between the stubs, with the ranges that training images show."""
    fused = quantization.fuse_modules(copy.deepcopy(model).eval(), FUSED)
    fused.qconfig = quantization.get_default_qconfig("fbgemm")
    prepared = quantization.prepare(fused)
    with torch.no_grad():
        for batch in images[:512].split(128):
            prepared(batch)
    return quantization.convert(prepared)


def trained(model, images, labels, epochs):
    """Integers everywhere, after some epochs in which all values were rounded as integers would be."""
    fused = quantization.fuse_modules_qat(copy.deepcopy(model).train(), FUSED)
    fused.qconfig = quantization.get_default_qat_qconfig("fbgemm")
    prepared = quantization.prepare_qat(fused)
    train(prepared, images, labels, epochs, lr=0.002)
    return quantization.convert(prepared.eval())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--qat-epochs", type=int, default=2)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the weights")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    warnings.filterwarnings("ignore")  # PyTorch says of each of these functions that torchao has a newer one
    torch.backends.quantized.engine = "fbgemm"

    torch.manual_seed(args.seed)
    images, labels, test_images, test_labels = load_data()
    model = DigitNet(args.width)
    print("floats")
    train(model, images, labels, args.epochs, lr=0.05)
    print("rounded")
    after_training = trained(model, images, labels, args.qat_epochs)
    versions = {"float": model, "dynamic": dynamic(model), "static": static(model, images), "qat": after_training}
    for name, version in versions.items():
        report(name, version, test_images, test_labels, args.out)


if __name__ == "__main__":
    main()
