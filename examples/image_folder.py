"""Train or fine-tune one of torchvision's networks on your own images, one folder per class.

An ordinary PyTorch program. Without PyTorch it runs under torchlike as it is:

    python -m torchlike.compat run examples/image_folder.py --data pictures --arch resnet18 --weights resnet18-f37072fd.pth

The folder holds `train/CLASS/*.jpg` and `val/CLASS/*.jpg`. `--weights` names a file of torchvision's published weights (or of
your own) to start from; only the last layer is drawn anew. `--freeze` trains nothing but that layer.
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, models, transforms

NORMALIZE = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])


def load_data(args):
    """Return the loaders of the two folders; training images are cut out and flipped at random."""
    changed = transforms.Compose(
        [
            transforms.RandomResizedCrop(args.size, scale=(0.5, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.2, 0.2, 0.2),
            transforms.ToTensor(),
            NORMALIZE,
        ]
    )
    usual = transforms.Compose(
        [transforms.Resize(args.size * 8 // 7), transforms.CenterCrop(args.size), transforms.ToTensor(), NORMALIZE]
    )
    train_set = datasets.ImageFolder(Path(args.data, "train"), changed)
    val_set = datasets.ImageFolder(Path(args.data, "val"), usual)
    train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True, drop_last=True, num_workers=args.workers)
    return train_loader, DataLoader(val_set, batch_size=args.batch_size, num_workers=args.workers)


def last_layer(model):
    """Return the last layer with weights, its parent and its name there."""
    found = [name for name, m in model.named_modules() if isinstance(m, (nn.Linear, nn.Conv2d))][-1]
    parent, _, name = found.rpartition(".")
    return model.get_submodule(found), model.get_submodule(parent), name


def make_model(args, classes):
    """Return a network for so many classes, its weights from the file if there is one."""
    if args.weights is None:
        return models.get_model(args.arch, num_classes=classes)
    model = models.get_model(args.arch)
    model.load_state_dict(torch.load(args.weights, map_location="cpu", weights_only=True))
    for parameter in model.parameters():
        parameter.requires_grad = not args.freeze
    layer, parent, name = last_layer(model)
    if isinstance(layer, nn.Conv2d):
        new = nn.Conv2d(layer.in_channels, classes, kernel_size=layer.kernel_size)
    else:
        new = nn.Linear(layer.in_features, classes)
    setattr(parent, name, new)
    return model


def run(model, loader, criterion, optimizer=None):
    """Go through the loader once, training if there is an optimizer; return the mean loss and the share of right answers."""
    model.train(optimizer is not None)
    total, right, count = 0.0, 0, 0
    for images, labels in loader:
        with torch.set_grad_enabled(optimizer is not None):
            logits = model(images)
            loss = criterion(logits, labels)
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(labels)
        right += (logits.argmax(dim=1) == labels).sum().item()
        count += len(labels)
    return total / count, right / count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="the folder with train/ and val/ in it")
    parser.add_argument("--arch", default="resnet18", choices=models.list_models(), metavar="NAME")
    parser.add_argument("--weights", help="a file of weights to start from")
    parser.add_argument("--freeze", action="store_true", help="train the last layer only")
    parser.add_argument("--size", type=int, default=224, help="of the images, in pixels")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="model.pth", help="where the best weights are saved")
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    train_loader, val_loader = load_data(args)
    classes = train_loader.dataset.classes
    model = make_model(args, len(classes))
    trained = [p for p in model.parameters() if p.requires_grad]
    print(f"{args.arch}, {len(classes)} classes, {sum(p.numel() for p in trained):,} parameters to train")
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(trained, lr=args.lr, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.epochs)
    best = 0.0
    for epoch in range(1, args.epochs + 1):
        loss, _ = run(model, train_loader, criterion, optimizer)
        val_loss, accuracy = run(model, val_loader, criterion)
        scheduler.step()
        print(f"epoch {epoch:2d}  train loss {loss:.4f}  val loss {val_loss:.4f}  val accuracy {accuracy:.4f}", flush=True)
        if accuracy >= best:
            best = accuracy
            torch.save(model.state_dict(), args.out)
    print(f"best accuracy {best:.4f}, weights in {args.out}")


if __name__ == "__main__":
    main()
