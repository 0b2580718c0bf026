"""accelerate: a prepared training loop with accumulation and clipping; a model without memory."""

from __future__ import annotations

import tempfile

import torch
from accelerate import Accelerator, init_empty_weights

accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)
data = torch.utils.data.TensorDataset(torch.randn(16, 4), torch.randint(0, 2, (16,)))
loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)
model, optimizer, loader, schedule = accelerator.prepare(model, optimizer, loader, schedule)
for _ in range(2):
    for x, y in loader:
        with accelerator.accumulate(model):
            loss = torch.nn.functional.cross_entropy(model(x), y)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        print("loss", loss.item())
print("gathered", accelerator.gather(loss).item(), accelerator.unwrap_model(model) is not None)
with tempfile.TemporaryDirectory() as folder:
    before = model.weight.sum().item()
    accelerator.save_state(folder)
    with torch.no_grad():
        model.weight.zero_()
    accelerator.load_state(folder)
    print("restored", model.weight.sum().item() == before)
with init_empty_weights():
    print("empty", torch.nn.Linear(1000, 1000).weight.device)
