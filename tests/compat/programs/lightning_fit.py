"""lightning: Trainer.fit with validation, a checkpoint and its loading."""

from __future__ import annotations

import tempfile

import lightning
import torch


class Model(lightning.LightningModule):
    def __init__(self, width: int = 4):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(width, 2)

    def training_step(self, batch, index):
        x, y = batch
        loss = torch.nn.functional.cross_entropy(self.layer(x), y)
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, index):
        x, y = batch
        self.log("val", torch.nn.functional.cross_entropy(self.layer(x), y))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.1)


lightning.seed_everything(0)
data = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(0, 2, (32,)))
loader = torch.utils.data.DataLoader(data, batch_size=8)
model = Model()
with tempfile.TemporaryDirectory() as folder:
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="cpu", devices=1, logger=False, enable_progress_bar=False, default_root_dir=folder
    )
    trainer.fit(model, loader, loader)
    trainer.save_checkpoint(f"{folder}/last.ckpt")
    again = Model.load_from_checkpoint(f"{folder}/last.ckpt")
for name, value in trainer.callback_metrics.items():
    print(name, value.item())
print("loaded", torch.equal(again.layer.weight, model.layer.weight), again.hparams.width)
