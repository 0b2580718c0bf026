"""A training recipe in full: one-cycle learning rate, mixed precision, gradient accumulation and clipping, a moving average of
the weights, early stopping, checkpoints.

A small transformer reads each of scikit-learn's handwritten digits as a sequence of eight rows. A run that is interrupted goes
on from its last checkpoint when started again with the same arguments, and ends on the same losses.

    python examples/recipe.py --epochs 12 --precision bfloat16 --out out

The program runs unchanged under PyTorch: replace the import line below by `import torch`.
"""

import argparse
import os
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import torchlike as torch

nn = torch.nn
F = torch.nn.functional
swa = torch.optim.swa_utils


class RowReader(nn.Module):
    """A transformer encoder over the rows of an image: (N, 8, 8) -> (N, 10)."""

    def __init__(self, width=32, layers=2):
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.position = nn.Parameter(torch.randn(8, width) * 0.02)
        block = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.1, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, 10)

    def forward(self, rows):
        hidden = self.embed(rows) + self.position  # (N, 8, W)
        return self.head(self.encoder(hidden).mean(dim=1))  # (N, 10)


class Training:
    """Everything that changes while training, and how to save it."""

    def __init__(self, args, steps_per_epoch):
        self.args = args
        self.model = RowReader()
        self.average = swa.AveragedModel(self.model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.95))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=args.lr, weight_decay=0.01)
        steps = args.epochs * steps_per_epoch
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, max_lr=args.lr, total_steps=steps)
        # Half precision needs its small gradients scaled up; bfloat16 has the range of float32, and scales nothing.
        self.scaler = torch.amp.GradScaler("cpu", init_scale=256.0, enabled=args.precision == "float16")
        self.dtype = getattr(torch, args.precision)
        self.epoch, self.best, self.waited = 0, float("inf"), 0
        self.shuffle = torch.Generator().manual_seed(args.seed)

    def parts(self):
        return {name: getattr(self, name) for name in ("model", "average", "optimizer", "scheduler", "scaler")}

    def save(self, path):
        """Write a checkpoint; whoever is interrupted meanwhile still has the one before."""
        state = {name: part.state_dict() for name, part in self.parts().items()}
        state |= {name: getattr(self, name) for name in ("epoch", "best", "waited")}
        state |= {"rng": torch.get_rng_state(), "shuffle": self.shuffle.get_state()}
        torch.save(state, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)

    def load(self, path):
        state = torch.load(path)
        for name, part in self.parts().items():
            part.load_state_dict(state[name])
        self.epoch, self.best, self.waited = state["epoch"], state["best"], state["waited"]
        torch.set_rng_state(state["rng"])
        self.shuffle.set_state(state["shuffle"])

    def loss(self, images, labels):
        with torch.autocast("cpu", dtype=self.dtype, enabled=self.dtype != torch.float32):
            logits = self.model(images)
        return F.cross_entropy(logits.float(), labels, label_smoothing=0.05)

    def train_one_epoch(self, loader):
        """One pass; every `accumulate` batches make one step. Returns the mean loss."""
        self.model.train()
        total = torch.zeros(())
        for number, (images, labels) in enumerate(loader, 1):
            loss = self.loss(images, labels)
            self.scaler.scale(loss / self.args.accumulate).backward()
            total += loss.detach()
            if number % self.args.accumulate == 0:
                self.scaler.unscale_(self.optimizer)
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.scaler.step(self.optimizer)
                self.scaler.update()
                self.scheduler.step()
                self.optimizer.zero_grad()
                self.average.update_parameters(self.model)
        return total.item() / len(loader)

    @torch.no_grad()
    def evaluate(self, loader):
        """Loss and accuracy of the averaged weights."""
        self.average.eval()
        loss, right, count = 0.0, 0, 0
        for images, labels in loader:
            logits = self.average(images)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            right += (logits.argmax(dim=1) == labels).sum().item()
            count += len(labels)
        return loss / count, right / count


def load_data(args, shuffle):
    """The training and the validation loader; batches are whole, so that every step has the same shape."""
    digits = load_digits()
    images = torch.tensor(digits.images, dtype=torch.float32) / 16  # (1797, 8, 8), in [0, 1]
    labels = torch.tensor(digits.target, dtype=torch.int64)
    train, valid = train_test_split(range(len(labels)), test_size=0.2, stratify=digits.target, random_state=0)
    sets = [torch.utils.data.TensorDataset(images[part], labels[part]) for part in (train, valid)]
    loader = torch.utils.data.DataLoader(sets[0], batch_size=args.batch_size, shuffle=True, drop_last=True, generator=shuffle)
    return loader, torch.utils.data.DataLoader(sets[1], batch_size=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--accumulate", type=int, default=2, help="batches that make one step")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--precision", choices=["float32", "bfloat16", "float16"], default="bfloat16")
    parser.add_argument("--patience", type=int, default=4, help="epochs without a better validation loss before it stops")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the checkpoint")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out / "recipe.pth"

    torch.manual_seed(args.seed)
    training = Training(args, steps_per_epoch=1437 // args.batch_size // args.accumulate)  # of 1,437 images
    train_loader, valid_loader = load_data(args, training.shuffle)
    if checkpoint.exists():
        training.load(checkpoint)
        print(f"going on after epoch {training.epoch}")
    while training.epoch < args.epochs and training.waited < args.patience:
        training.epoch += 1
        train_loss = training.train_one_epoch(train_loader)
        loss, accuracy = training.evaluate(valid_loader)
        training.waited = 0 if loss < training.best else training.waited + 1
        training.best = min(loss, training.best)
        training.save(checkpoint)
        print(
            f"epoch {training.epoch:2d}  loss {train_loss:.5f}  validation loss {loss:.5f}  accuracy {accuracy:.4f}", flush=True
        )
    checkpoint.unlink()
    print(f"best validation loss {training.best:.5f}")


if __name__ == "__main__":
    main()
