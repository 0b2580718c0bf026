"""`compare.py MODEL FILE write` under torch, then `compare.py MODEL FILE compare` under torchlike: the same numbers?

Outputs and loss agree to 5e-5, gradients to 5e-4 (in the L2 norm, relative to the reference's; a gradient that is zero up to
rounding is measured by a fifty-thousandth of the largest, as torch's own are: those of gmixer's biases are zero in float64),
parameters after a step of AdamW to 1e-3. Generated tokens are the same, with a cache and without.
"""

from __future__ import annotations

import sys

import torch
from models import CONTINUED, MODELS

name, path, mode = sys.argv[1:]
torch.manual_seed(0)
model, arguments = MODELS[name]()
model.eval()
write = mode == "write"
if not write:
    found = torch.load(path)
    model.load_state_dict(found["state"])
    arguments = found["arguments"]
out = model(**arguments)
if isinstance(out, torch.Tensor):
    y, loss = out, out.square().mean()
else:
    y, loss = out.get("logits", out.get("logits_per_image")), out.loss
loss.backward()
gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
texts = []
if name in CONTINUED:
    given = {k: v for k, v in arguments.items() if k in ("input_ids", "input_features")}
    texts = [model.generate(**given, max_new_tokens=8, do_sample=False, use_cache=cache) for cache in (True, False)]
# A first step is the gradient's sign; with this eps it is not where the gradient is nothing but rounding.
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, eps=1e-5)
state = {n: v.clone() for n, v in model.state_dict().items()}
optimizer.step()
stepped = {n: p.detach() for n, p in model.named_parameters()}
if write:
    results = {"y": y.detach(), "loss": loss.detach(), "gradients": gradients, "texts": texts, "stepped": stepped}
    torch.save({"state": state, "arguments": arguments, **results}, path)
    sys.exit()
assert torch.__name__ == "torchlike"
assert list(gradients) == list(found["gradients"])
floor = 2e-5 * max(float(g.norm()) for g in found["gradients"].values())
outputs = [("y", y, found["y"], 5e-5, 1e-6), ("loss", loss, found["loss"], 5e-5, 1e-6)]
for what, ours, theirs, limit, least in [
    *outputs,
    *((n, g, found["gradients"][n], 5e-4, floor) for n, g in gradients.items()),
    *((n + " after a step", p, found["stepped"][n], 1e-3, 1e-2) for n, p in stepped.items()),
]:
    error = float((ours - theirs).norm() / theirs.norm().clamp(min=least))
    assert error < limit, (what, error)
for ours, theirs in zip(texts, found["texts"], strict=True):
    assert torch.equal(ours, theirs)
print("same", len(gradients), len(texts))
