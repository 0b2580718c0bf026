"""transformers' Trainer for ten steps, then an evaluation: prints losses."""

from __future__ import annotations

import tempfile

import torch
from transformers import GPT2Config, GPT2LMHeadModel, PrinterCallback, Trainer, TrainingArguments

torch.manual_seed(0)
sizes = {"vocab_size": 50, "n_positions": 16, "n_embd": 16, "n_layer": 1, "n_head": 2}
model = GPT2LMHeadModel(GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **sizes))


class Numbers(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, i: int) -> dict:
        x = torch.arange(i, i + 8) % 50
        return {"input_ids": x, "labels": x}


with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder, max_steps=10, per_device_train_batch_size=4, logging_steps=1, report_to=[], save_strategy="no",
        use_cpu=True, seed=0, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(model=model, args=arguments, train_dataset=Numbers(), eval_dataset=Numbers())
    trainer.remove_callback(PrinterCallback)  # it prints how long training took, too
    trainer.train()
    trainer.save_model(folder)
    found = [x["loss"] for x in trainer.state.log_history if "loss" in x]
    evaluation = trainer.evaluate()["eval_loss"]
    again = GPT2LMHeadModel.from_pretrained(folder).eval()
print("losses", *found)
print("evaluation", evaluation)
print("saved and loaded", again(**{k: v[None] for k, v in Numbers()[3].items()}).loss.item())
